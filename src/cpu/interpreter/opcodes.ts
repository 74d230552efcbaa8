/**
 * The interpreter's own instruction set: numbers for the `op` field of records.
 *
 * Each row has one op for each length in which it occurs (2 and 4 bytes), and for relative jumps one for targets in the
 * same page (near: imm is the distance in record bytes) and one for others (far: imm is the distance in guest bytes).
 *
 * Interface: OPCODES, Opcode, opcodeOf, PSEUDO.
 */
import type { Stmt } from '../../isa/graph.ts';
import type { Insn } from '../../isa/riscv/insn.ts';
import { RV64C } from '../../isa/riscv/rv64c.ts';
import { graphOf, INSNS } from '../../isa/riscv/table.ts';

/** Ops that belong to no row. Fresh memory reads as `undecoded`. */
export const PSEUDO = { undecoded: 0, pageEnd: 1, cross: 2, illegal: 3, fpOff: 4 } as const;

export interface Opcode {
  readonly op: number;
  readonly insn: Insn;
  readonly graph: readonly Stmt[];
  readonly length: 2 | 4;
  readonly near: boolean;
}

const compressible = new Set(RV64C.map((row) => row.expandsTo));

export const OPCODES: readonly Opcode[] = INSNS.flatMap((insn) => {
  const graph = graphOf(insn);
  const lengths = compressible.has(insn.name) ? ([2, 4] as const) : ([4] as const);
  const ranges = isRelative(graph) ? [true, false] : [false];
  return lengths.flatMap((length) => ranges.map((near) => ({ insn, graph, length, near })));
}).map((entry, i) => ({ op: i + Object.keys(PSEUDO).length, ...entry }));

const byKey = new Map(OPCODES.map((opcode) => [key(opcode.insn.name, opcode.length, opcode.near), opcode]));

export function opcodeOf(insn: Insn, length: 2 | 4, near: boolean): Opcode {
  const opcode = byKey.get(key(insn.name, length, near));
  if (!opcode) throw new Error(`${insn.name} has no form of ${length} bytes`);
  return opcode;
}

/** Whether the row jumps relative to its own address, so that it has a near form. */
export function isRelative(graph: readonly Stmt[]): boolean {
  return graph.some((statement) => statement.do === 'branchIf' || statement.do === 'jumpRelative');
}

function key(name: string, length: number, near: boolean): string {
  return `${name}/${length}${near ? '/near' : ''}`;
}
