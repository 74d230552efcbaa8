/**
 * Assembly text of an instruction, as `objdump -d -M no-aliases` prints it.
 *
 * Interface: disassemble.
 */
import { decode, instructionLength, type Decoded } from './decode.ts';
import { CSR_NAMES, F_NAMES, X_NAMES } from './registers.ts';

const ROUNDING = ['rne', 'rtz', 'rdn', 'rup', 'rmm', 'unknown', 'unknown', 'dyn'];

/** Mnemonic and operands, separated by one space. `pc` is the instruction's address, for branch targets. */
export function disassemble(word: number, pc: bigint): string {
  const decoded = decode(word);
  if (!decoded) {
    const size = instructionLength(word);
    return size === 2 ? `.2byte 0x${(word & 0xffff).toString(16)}` : `.4byte 0x${(word >>> 0).toString(16)}`;
  }
  const template = (decoded.compressed ?? decoded.insn.format).asm;
  const operands = template.replace(/[a-z]+\d?/g, (token) => operand(token, decoded, word, pc));
  const name = mnemonic(decoded, word);
  const text = operands.replace(/,$/, '');
  return text === '' || template === 'nop' ? name : `${name} ${text}`;
}

function mnemonic({ insn, compressed }: Decoded, word: number): string {
  if (compressed) return compressed.name;
  if (insn.name === 'fence' && word >>> 20 === 0x833) return 'fence.tso';
  const order = /^(amo|lr|sc)/.test(insn.name) ? (word >>> 25) & 3 : 0;
  return insn.name + ['', '.rl', '.aq', '.aqrl'][order];
}

function operand(token: string, { insn, operands }: Decoded, word: number, pc: bigint): string {
  const imm = operands.imm ?? 0;
  switch (token) {
    case 'rd':
    case 'rs1':
    case 'rs2':
      return X_NAMES[operands[token] ?? (word >>> (token === 'rd' ? 7 : token === 'rs1' ? 15 : 20)) & 31]!;
    case 'fd':
    case 'fs1':
    case 'fs2':
    case 'fs3':
      return F_NAMES[operands[token]!]!;
    case 'imm':
      return String(imm);
    case 'hex':
      return `0x${imm.toString(16)}`;
    case 'upper':
      return `0x${((imm >>> 12) & 0xfffff).toString(16)}`;
    case 'target':
      return `0x${BigInt.asUintN(64, pc + BigInt(imm)).toString(16)}`;
    case 'csr':
      return CSR_NAMES[word >>> 20] ?? `0x${(word >>> 20).toString(16)}`;
    case 'zimm':
      return String((word >>> 15) & 31);
    case 'rm':
      return roundingText(insn.name, operands.rm!);
    case 'pred':
      return insn.name === 'fence' && word >>> 20 === 0x833 ? '' : fenceSet((word >>> 24) & 15);
    case 'succ':
      return insn.name === 'fence' && word >>> 20 === 0x833 ? '' : fenceSet((word >>> 20) & 15);
    default:
      return token;
  }
}

/** The dynamic mode is not written; neither is RNE on conversions that are exact. */
function roundingText(name: string, rm: number): string {
  const exact = /^fcvt\.d\.(w|wu|s)$/.test(name);
  return rm === 7 || (exact && rm === 0) ? '' : ROUNDING[rm]!;
}

function fenceSet(set: number): string {
  return ['i', 'o', 'r', 'w'].filter((_, i) => set & (8 >> i)).join('') || 'unknown';
}
