/**
 * The "C" extension: 16-bit encodings, each of which expands to one 32-bit instruction and has no meaning of its own.
 * RISC-V Unprivileged ISA, chapter "C", tables "Instruction listing for RVC, Quadrant 0..2".
 *
 * HINTs (rd = x0, shift by 0, c.nop with an immediate …) are executed as what they expand to, which changes nothing.
 * Reserved encodings have a field that is 0 and are illegal.
 *
 * Interface: RV64C, CompressedInsn. Rows are in order of preference where patterns overlap.
 */
import type { Operand } from './formats.ts';
import { parsePattern } from './insn.ts';

type Extract = (word: number) => number;

export interface CompressedInsn {
  readonly name: string;
  /** Name of the row that it expands to. */
  readonly expandsTo: string;
  /** Template as in formats.ts. */
  readonly asm: string;
  readonly mask: number;
  readonly value: number;
  readonly operands: Readonly<Partial<Record<Operand, Extract>>>;
  /** Where this is 0 the encoding is reserved. */
  readonly notZero: Extract | undefined;
}

/** Collects bit runs [from, count, to] of the word. */
const gather =
  (...runs: readonly (readonly [number, number, number])[]): Extract =>
  (word) =>
    runs.reduce((sum, [from, count, to]) => sum | (((word >>> from) & ((1 << count) - 1)) << to), 0);
const signed =
  (width: number, extract: Extract): Extract =>
  (word) =>
    (extract(word) << (32 - width)) >> (32 - width);
const fixed =
  (value: number): Extract =>
  () =>
    value;

const full = gather([7, 5, 0]);
const low = gather([2, 5, 0]);
/** The three-bit fields name x8..x15. */
const high3: Extract = (word) => 8 + ((word >>> 7) & 7);
const low3: Extract = (word) => 8 + ((word >>> 2) & 7);
const imm6 = signed(6, gather([12, 1, 5], [2, 5, 0]));
const shamt = gather([12, 1, 5], [2, 5, 0]);
const offsetW = gather([10, 3, 3], [6, 1, 2], [5, 1, 6]);
const offsetD = gather([10, 3, 3], [5, 2, 6]);
const offsetWsp = gather([12, 1, 5], [4, 3, 2], [2, 2, 6]);
const offsetDsp = gather([12, 1, 5], [5, 2, 3], [2, 3, 6]);
const storeWsp = gather([9, 4, 2], [7, 2, 6]);
const storeDsp = gather([10, 3, 3], [7, 3, 6]);
const addi4spn = gather([11, 2, 4], [7, 4, 6], [6, 1, 2], [5, 1, 3]);
const addi16sp = signed(10, gather([12, 1, 9], [6, 1, 4], [5, 1, 6], [3, 2, 7], [2, 1, 5]));
const jump = signed(
  12,
  gather([12, 1, 11], [11, 1, 4], [9, 2, 8], [8, 1, 10], [7, 1, 6], [6, 1, 7], [3, 3, 1], [2, 1, 5]),
);
const branch = signed(9, gather([12, 1, 8], [10, 2, 3], [5, 2, 6], [3, 2, 1], [2, 1, 5]));
const upper: Extract = (word) => imm6(word) << 12;
const zero = fixed(0);
const ra = fixed(1);
const sp = fixed(2);

function c(
  name: string,
  expandsTo: string,
  pattern: string,
  asm: string,
  operands: CompressedInsn['operands'],
  notZero?: Extract,
): CompressedInsn {
  return { name, expandsTo, asm, ...parsePattern(pattern, 16), operands, notZero };
}

// prettier-ignore
export const RV64C: readonly CompressedInsn[] = [
  c('c.addi4spn', 'addi', '000 ........ ... 00', 'rd,rs1,imm', { rd: low3, rs1: sp, imm: addi4spn }, addi4spn),
  c('c.fld', 'fld', '001 ... ... .. ... 00', 'fd,imm(rs1)', { fd: low3, rs1: high3, imm: offsetD }),
  c('c.lw',  'lw',  '010 ... ... .. ... 00', 'rd,imm(rs1)', { rd: low3, rs1: high3, imm: offsetW }),
  c('c.ld',  'ld',  '011 ... ... .. ... 00', 'rd,imm(rs1)', { rd: low3, rs1: high3, imm: offsetD }),
  c('c.fsd', 'fsd', '101 ... ... .. ... 00', 'fs2,imm(rs1)', { fs2: low3, rs1: high3, imm: offsetD }),
  c('c.sw',  'sw',  '110 ... ... .. ... 00', 'rs2,imm(rs1)', { rs2: low3, rs1: high3, imm: offsetW }),
  c('c.sd',  'sd',  '111 ... ... .. ... 00', 'rs2,imm(rs1)', { rs2: low3, rs1: high3, imm: offsetD }),

  c('c.nop',   'addi',  '000 . 00000 ..... 01', 'nop', { rd: zero, rs1: zero, imm: imm6 }),
  c('c.addi',  'addi',  '000 . ..... ..... 01', 'rd,imm', { rd: full, rs1: full, imm: imm6 }),
  c('c.addiw', 'addiw', '001 . ..... ..... 01', 'rd,imm', { rd: full, rs1: full, imm: imm6 }, full),
  c('c.li',    'addi',  '010 . ..... ..... 01', 'rd,imm', { rd: full, rs1: zero, imm: imm6 }),
  c('c.addi16sp', 'addi', '011 . 00010 ..... 01', 'rd,imm', { rd: sp, rs1: sp, imm: addi16sp }, addi16sp),
  c('c.lui',   'lui',   '011 . ..... ..... 01', 'rd,upper', { rd: full, imm: upper }, upper),
  c('c.srli',  'srli',  '100 . 00 ... ..... 01', 'rd,hex', { rd: high3, rs1: high3, imm: shamt }),
  c('c.srai',  'srai',  '100 . 01 ... ..... 01', 'rd,hex', { rd: high3, rs1: high3, imm: shamt }),
  c('c.andi',  'andi',  '100 . 10 ... ..... 01', 'rd,imm', { rd: high3, rs1: high3, imm: imm6 }),
  c('c.sub',   'sub',   '100 0 11 ... 00 ... 01', 'rd,rs2', { rd: high3, rs1: high3, rs2: low3 }),
  c('c.xor',   'xor',   '100 0 11 ... 01 ... 01', 'rd,rs2', { rd: high3, rs1: high3, rs2: low3 }),
  c('c.or',    'or',    '100 0 11 ... 10 ... 01', 'rd,rs2', { rd: high3, rs1: high3, rs2: low3 }),
  c('c.and',   'and',   '100 0 11 ... 11 ... 01', 'rd,rs2', { rd: high3, rs1: high3, rs2: low3 }),
  c('c.subw',  'subw',  '100 1 11 ... 00 ... 01', 'rd,rs2', { rd: high3, rs1: high3, rs2: low3 }),
  c('c.addw',  'addw',  '100 1 11 ... 01 ... 01', 'rd,rs2', { rd: high3, rs1: high3, rs2: low3 }),
  c('c.j',     'jal',   '101 ........... 01', 'target', { rd: zero, imm: jump }),
  c('c.beqz',  'beq',   '110 ... ... ..... 01', 'rs1,target', { rs1: high3, rs2: zero, imm: branch }),
  c('c.bnez',  'bne',   '111 ... ... ..... 01', 'rs1,target', { rs1: high3, rs2: zero, imm: branch }),

  c('c.slli',  'slli', '000 . ..... ..... 10', 'rd,hex', { rd: full, rs1: full, imm: shamt }),
  c('c.fldsp', 'fld',  '001 . ..... ..... 10', 'fd,imm(rs1)', { fd: full, rs1: sp, imm: offsetDsp }),
  c('c.lwsp',  'lw',   '010 . ..... ..... 10', 'rd,imm(rs1)', { rd: full, rs1: sp, imm: offsetWsp }, full),
  c('c.ldsp',  'ld',   '011 . ..... ..... 10', 'rd,imm(rs1)', { rd: full, rs1: sp, imm: offsetDsp }, full),
  c('c.jr',    'jalr', '100 0 ..... 00000 10', 'rs1', { rd: zero, rs1: full, imm: zero }, full),
  c('c.mv',    'add',  '100 0 ..... ..... 10', 'rd,rs2', { rd: full, rs1: zero, rs2: low }),
  c('c.ebreak', 'ebreak', '100 1 00000 00000 10', '', { imm: fixed(0x0010_0073) }),
  c('c.jalr',  'jalr', '100 1 ..... 00000 10', 'rs1', { rd: ra, rs1: full, imm: zero }),
  c('c.add',   'add',  '100 1 ..... ..... 10', 'rd,rs2', { rd: full, rs1: full, rs2: low }),
  c('c.fsdsp', 'fsd',  '101 ...... ..... 10', 'fs2,imm(rs1)', { fs2: low, rs1: sp, imm: storeDsp }),
  c('c.swsp',  'sw',   '110 ...... ..... 10', 'rs2,imm(rs1)', { rs2: low, rs1: sp, imm: storeWsp }),
  c('c.sdsp',  'sd',   '111 ...... ..... 10', 'rs2,imm(rs1)', { rs2: low, rs1: sp, imm: storeDsp }),
];
