/**
 * The interpreter's own instruction set: numbers for the `op` field of records.
 *
 * Each row has one op for each length in which it occurs (2 and 4 bytes), and for relative jumps one for targets in the
 * same page (near: imm is the distance in record bytes) and one for others (far: imm is the distance in guest bytes).
 *
 * Frequent pairs (fusion.ts) have ops of their own, which the first record of the pair carries; the second one's fields stay in
 * its own record, so that it can also be jumped to. A chained pair is one whose second instruction reads, as rs1 or rs2, what
 * the first one wrote.
 *
 * REGION_FLAG is set in the op of a record at which translated code begins; the rest is the op as before.
 *
 * Interface: OPCODES, Opcode, opcodeOf, FUSED, Fused, fusedOp, unfused, PSEUDO, REGION_FLAG.
 */
import type { Stmt } from '../../isa/graph.ts';
import type { Insn } from '../../isa/riscv/insn.ts';
import { RV64C } from '../../isa/riscv/rv64c.ts';
import { graphOf, insnByName, INSNS } from '../../isa/riscv/table.ts';
import { FUSED_PAIRS } from './fusion.ts';

/** Ops that belong to no row. Fresh memory reads as `undecoded`. */
export const PSEUDO = { undecoded: 0, pageEnd: 1, cross: 2, illegal: 3, fpOff: 4 } as const;

export const REGION_FLAG = 0x8000;

export interface Opcode {
  readonly op: number;
  readonly insn: Insn;
  /** Recorded when it is asked for: where the interpreter was generated beforehand, most never are. */
  readonly graph: readonly Stmt[];
  readonly length: 2 | 4;
  readonly near: boolean;
}

const compressible = new Set(RV64C.map((row) => row.expandsTo));

export const OPCODES: readonly Opcode[] = INSNS.flatMap((insn) => {
  const lengths = compressible.has(insn.name) ? ([2, 4] as const) : ([4] as const);
  const ranges = isRelative(insn) ? [true, false] : [false];
  return lengths.flatMap((length) => ranges.map((near) => ({ insn, length, near })));
}).map(({ insn, length, near }, i) => ({
  op: i + Object.keys(PSEUDO).length,
  insn,
  length,
  near,
  get graph() {
    return graphOf(insn);
  },
}));

const byKey = new Map(OPCODES.map((opcode) => [key(opcode.insn.name, opcode.length, opcode.near), opcode]));

export function opcodeOf(insn: Insn, length: 2 | 4, near: boolean): Opcode {
  const opcode = byKey.get(key(insn.name, length, near));
  if (!opcode) throw new Error(`${insn.name} has no form of ${length} bytes`);
  return opcode;
}

/** Whether the row jumps relative to its own address, so that it has a near form. */
export function isRelative({ format }: Insn): boolean {
  return format.asm.includes('target');
}

function key(name: string, length: number, near: boolean): string {
  return `${name}/${length}${near ? '/near' : ''}`;
}

/** How the second of a pair gets the first one's result: from the register, or directly as one of its operands. */
export type Chain = 'none' | 'rs1' | 'rs2';

export interface Fused {
  readonly op: number;
  readonly first: Opcode;
  readonly second: Opcode;
  readonly chain: Chain;
}

const CHAINS: readonly Chain[] = ['none', 'rs1', 'rs2'];

export const FUSED: readonly Fused[] = FUSED_PAIRS.map((pair, i) => {
  const [first, second, chain] = pair.split(' ') as [string, string, Chain];
  const op = OPCODES.length + Object.keys(PSEUDO).length + i;
  return { op, first: parseForm(first), second: parseForm(second), chain };
});

const fusedByKey = new Map(FUSED.map((fused) => [fusedKey(fused.first.op, fused.second.op, fused.chain), fused.op]));
const firstOf = new Map(FUSED.map((fused) => [fused.op, fused.first.op]));

const pairStarts = new Set(FUSED.map((fused) => fused.first.op));

/** Whether any pair begins with this op. */
export function startsPair(op: number): boolean {
  return pairStarts.has(op);
}

/** The op of a pair, if it has one. */
export function fusedOp(first: number, second: number, chain: Chain): number | undefined {
  return fusedByKey.get(fusedKey(first, second, chain));
}

/** The op of the record's own instruction. */
export function unfused(op: number): number {
  return firstOf.get(op) ?? op;
}

function fusedKey(first: number, second: number, chain: Chain): number {
  return (first * 1024 + second) * 3 + CHAINS.indexOf(chain);
}

function parseForm(text: string): Opcode {
  const [name, length] = text.split('/') as [string, string];
  const insn = insnByName(name);
  return opcodeOf(insn, length === '2' ? 2 : 4, isRelative(insn));
}
