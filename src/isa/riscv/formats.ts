/**
 * Instruction formats: where the operands lie in the word, and how the operands are written in assembly.
 * RISC-V Unprivileged ISA, "Base Instruction Formats" and "Compressed Instruction Formats".
 *
 * The assembly template names operands: rd rs1 rs2 (x registers), fd fs1 fs2 fs3 (f registers), imm (decimal), and
 * target (pc + imm), hex (imm in hex), upper (imm >> 12 in hex), csr, zimm, rm, fence sets (pred, succ).
 *
 * Interface: Format, Operand, the formats.
 */
export type Operand = 'rd' | 'rs1' | 'rs2' | 'fd' | 'fs1' | 'fs2' | 'fs3' | 'imm' | 'rm';

export interface Format {
  readonly asm: string;
  readonly operands: Readonly<Partial<Record<Operand, (word: number) => number>>>;
}

const bits = (from: number, count: number) => (word: number) => (word >>> from) & ((1 << count) - 1);
const rd = bits(7, 5);
const rs1 = bits(15, 5);
const rs2 = bits(20, 5);
const fs3 = bits(27, 5);
const rm = bits(12, 3);
const immI = (word: number): number => word >> 20;
const immS = (word: number): number => ((word >> 25) << 5) | rd(word);
const immB = (word: number): number =>
  ((word >> 31) << 12) | (((word >>> 7) & 1) << 11) | (((word >>> 25) & 63) << 5) | (((word >>> 8) & 15) << 1);
const immU = (word: number): number => word & ~0xfff;
const immJ = (word: number): number =>
  ((word >> 31) << 20) | (word & 0xff000) | (((word >>> 20) & 1) << 11) | (((word >>> 21) & 0x3ff) << 1);
const whole = (word: number): number => word | 0;

export const R: Format = { asm: 'rd,rs1,rs2', operands: { rd, rs1, rs2 } };
export const I: Format = { asm: 'rd,rs1,imm', operands: { rd, rs1, imm: immI } };
export const JALR: Format = { asm: 'rd,imm(rs1)', operands: { rd, rs1, imm: immI } };
export const LOAD: Format = JALR;
export const SHIFT: Format = { asm: 'rd,rs1,hex', operands: { rd, rs1, imm: bits(20, 6) } };
export const SHIFTW: Format = { asm: 'rd,rs1,hex', operands: { rd, rs1, imm: bits(20, 5) } };
export const S: Format = { asm: 'rs2,imm(rs1)', operands: { rs1, rs2, imm: immS } };
export const B: Format = { asm: 'rs1,rs2,target', operands: { rs1, rs2, imm: immB } };
export const U: Format = { asm: 'rd,upper', operands: { rd, imm: immU } };
export const J: Format = { asm: 'rd,target', operands: { rd, imm: immJ } };
export const AMO: Format = { asm: 'rd,rs2,(rs1)', operands: { rd, rs1, rs2 } };
export const LR: Format = { asm: 'rd,(rs1)', operands: { rd, rs1 } };
/** Instructions that the privileged part carries out: the operand is the whole word. */
export const SYSTEM: Format = { asm: '', operands: { imm: whole } };
export const FENCE: Format = { asm: 'pred,succ', operands: { imm: whole } };
export const SFENCE: Format = { asm: 'rs1,rs2', operands: { imm: whole } };
export const CSR: Format = { asm: 'rd,csr,rs1', operands: { imm: whole } };
export const CSRI: Format = { asm: 'rd,csr,zimm', operands: { imm: whole } };

export const FLOAD: Format = { asm: 'fd,imm(rs1)', operands: { fd: rd, rs1, imm: immI } };
export const FSTORE: Format = { asm: 'fs2,imm(rs1)', operands: { rs1, fs2: rs2, imm: immS } };
export const F4: Format = { asm: 'fd,fs1,fs2,fs3,rm', operands: { fd: rd, fs1: rs1, fs2: rs2, fs3, rm } };
export const FR: Format = { asm: 'fd,fs1,fs2,rm', operands: { fd: rd, fs1: rs1, fs2: rs2, rm } };
export const FR1: Format = { asm: 'fd,fs1,rm', operands: { fd: rd, fs1: rs1, rm } };
export const FF: Format = { asm: 'fd,fs1,fs2', operands: { fd: rd, fs1: rs1, fs2: rs2 } };
export const FCMP: Format = { asm: 'rd,fs1,fs2', operands: { rd, fs1: rs1, fs2: rs2 } };
export const F2X: Format = { asm: 'rd,fs1', operands: { rd, fs1: rs1 } };
export const F2XR: Format = { asm: 'rd,fs1,rm', operands: { rd, fs1: rs1, rm } };
export const X2F: Format = { asm: 'fd,rs1', operands: { fd: rd, rs1 } };
export const X2FR: Format = { asm: 'fd,rs1,rm', operands: { fd: rd, rs1, rm } };
