/**
 * The pre-decoded record of an instruction:
 *
 *   op u16, rd u16, rs1 u16, rs2 u16 (register numbers x 8), imm i32, left u16, rs3 u16
 *
 * Interface: FIELD, PSEUDO, REGION_FLAG. Ops of instructions: opcodes.ts; where records lie: layout.ts.
 */
export const FIELD = { op: 0, rd: 2, rs1: 4, rs2: 6, imm: 8, left: 12, rs3: 14 } as const;

/** Ops that belong to no row. Fresh memory reads as `undecoded`. */
export const PSEUDO = { undecoded: 0, pageEnd: 1, cross: 2, illegal: 3, fpOff: 4 } as const;

/** Set in the op of a record at which translated code begins. */
export const REGION_FLAG = 0x8000;
