/**
 * The interpreter's own instruction set: numbers for the `op` field of records.
 *
 * Each row has one op for each length in which it occurs (2 and 4 bytes), and for relative jumps one for targets in the
 * same page (near: imm is the distance in record bytes) and one for others (far: imm is the distance in guest bytes).
 *
 * Frequent sequences (fusion.ts) have ops of their own, which the first record of the sequence carries; the other ones' fields stay in
 * their own records, so that they can also be jumped to. A chained instruction reads, as rs1 or rs2, what the one before it wrote.
 *
 * Interface: OPCODES, Opcode, opcodeOf, isRelative, FUSED, Fused, FusedPart, Chain.
 */
import type { Stmt } from '../../isa/graph.ts';
import type { Insn } from '../../isa/riscv/insn.ts';
import { RV64C } from '../../isa/riscv/rv64c.ts';
import { graphOf, insnByName, INSNS } from '../../isa/riscv/table.ts';
import { FUSED_SEQUENCES } from './fusion.ts';
import { PSEUDO } from './record.ts';

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

/** How an instruction of a sequence gets the result of the one before: from the register, or directly as one of its operands. */
export type Chain = 'none' | 'rs1' | 'rs2';

export interface FusedPart {
  readonly opcode: Opcode;
  readonly chain: Chain;
}

/** A sequence of instructions that is done in one dispatch. */
export interface Fused {
  readonly op: number;
  readonly parts: readonly FusedPart[];
}

export const FUSED: readonly Fused[] = FUSED_SEQUENCES.map((sequence, i) => ({
  op: OPCODES.length + Object.keys(PSEUDO).length + i,
  parts: sequence.split(' ').map(parsePart),
}));

function parsePart(text: string): FusedPart {
  const [name, length, chain = 'none'] = text.split(/[/:]/) as [string, string, Chain?];
  const insn = insnByName(name);
  return { opcode: opcodeOf(insn, length === '2' ? 2 : 4, isRelative(insn)), chain };
}
