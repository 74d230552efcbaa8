/**
 * From instruction words to rows, by tables built from the rows' patterns.
 *
 * Interface: decode, Decoded, instructionLength.
 * The tables are filled as words are met: compressed encodings by their 16 bits, the others by opcode, funct3 and funct7.
 */
import type { Operand } from './formats.ts';
import type { Insn } from './insn.ts';
import { RV64C, type CompressedInsn } from './rv64c.ts';
import { insnByName, INSNS } from './table.ts';

export interface Decoded {
  /** The row whose semantics apply. */
  readonly insn: Insn;
  readonly compressed: CompressedInsn | undefined;
  readonly length: 2 | 4;
  /** Register numbers 0..31, and the immediate as a signed 32-bit number; rm goes by its own name. */
  readonly operands: Readonly<Partial<Record<Operand, number>>>;
}

/** Length in bytes, from the low halfword. Longer encodings do not exist in RV64GC and are illegal. */
export function instructionLength(low: number): 2 | 4 {
  return (low & 3) === 3 ? 4 : 2;
}

const candidates = new Map<number, readonly Insn[]>();
/** Null: illegal. */
const compressedRows = new Map<number, CompressedInsn | null>();
/** Rows by quadrant and funct3, which every compressed pattern fixes at least in part. */
const compressedCandidates = new Map<number, readonly CompressedInsn[]>();
const QUADRANT_FUNCT3 = 0xe003;

/** Decodes a word (for a compressed instruction the low 16 bits count); undefined when it is illegal. */
export function decode(word: number): Decoded | undefined {
  if (instructionLength(word) === 2) return decodeCompressed(word & 0xffff);
  const key = word & 0xfe00_707f;
  let rows = candidates.get(key);
  if (!rows) {
    rows = INSNS.filter((row) => ((key ^ row.value) & row.mask & 0xfe00_707f) === 0);
    candidates.set(key, rows);
  }
  const insn = rows.find((row) => ((word ^ row.value) & row.mask) === 0);
  return insn && { insn, compressed: undefined, length: 4, operands: extract(insn.format.operands, word) };
}

function decodeCompressed(word: number): Decoded | undefined {
  let row = compressedRows.get(word);
  if (row === undefined) {
    row = rowsOf(word).find((candidate) => ((word ^ candidate.value) & candidate.mask) === 0) ?? null;
    if (row?.notZero?.(word) === 0) row = null;
    compressedRows.set(word, row);
  }
  if (row === null) return undefined;
  return { insn: insnByName(row.expandsTo), compressed: row, length: 2, operands: extract(row.operands, word) };
}

function rowsOf(word: number): readonly CompressedInsn[] {
  const key = word & QUADRANT_FUNCT3;
  let rows = compressedCandidates.get(key);
  if (!rows) {
    rows = RV64C.filter((row) => ((key ^ row.value) & row.mask & QUADRANT_FUNCT3) === 0);
    compressedCandidates.set(key, rows);
  }
  return rows;
}

function extract(fields: CompressedInsn['operands'], word: number): Decoded['operands'] {
  const operands: Partial<Record<Operand, number>> = {};
  for (const name in fields) operands[name as Operand] = fields[name as Operand]!(word);
  return operands;
}
