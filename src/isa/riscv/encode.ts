/**
 * From a row and operands to a word: the way back of decode.ts. A row says where each operand lies by the function that takes it out of
 * the word; the word is found by asking those functions which bit of the word moves which bit of the operand, so that no encoding is
 * written down a second time.
 *
 * Interface: encode, EncodableRow, OperandValues.
 */
import type { Operand } from './formats.ts';

export type OperandValues = Readonly<Partial<Record<Operand, number>>>;

/** What an encoding needs of a row, of 32 or 16 bits. */
export interface EncodableRow {
  readonly mask: number;
  readonly value: number;
  readonly operands: Readonly<Partial<Record<Operand, (word: number) => number>>>;
}

interface Field {
  readonly operand: Operand;
  readonly extract: (word: number) => number;
  /** What the operand is while all open bits are 0. */
  readonly base: number;
  /** Bits of the operand that can be otherwise. */
  readonly movable: number;
  /** Bit of the word and bit of the operand, in turn. */
  readonly places: readonly number[];
}

/** Fields by row. */
const plans = new WeakMap<EncodableRow, readonly Field[]>();

/** The word of a row with these operands (0 where none is given), or the first operand that cannot be had. */
export function encode(row: EncodableRow, values: OperandValues, width: 16 | 32): number | Operand {
  let fields = plans.get(row);
  if (!fields) {
    const operands = Object.entries(row.operands) as [Operand, (word: number) => number][];
    fields = operands.map(([operand, extract]) => fieldOf(row, width, operand, extract));
    plans.set(row, fields);
  }
  let word = row.value;
  for (const { operand, base, movable, places } of fields) {
    const wanted = (values[operand] ?? 0) ^ base;
    if ((wanted & ~movable) !== 0) return operand;
    if (wanted === 0) continue;
    for (let i = 0; i < places.length; i += 2) if ((wanted >>> places[i + 1]!) & 1) word |= 1 << places[i]!;
  }
  for (const { operand, extract } of fields) if (extract(word) !== (values[operand] ?? 0)) return operand;
  return word;
}

function fieldOf(
  { mask, value }: EncodableRow,
  width: 16 | 32,
  operand: Operand,
  extract: (word: number) => number,
): Field {
  const base = extract(value);
  const places: number[] = [];
  let movable = 0;
  for (let bit = 0; bit < width; bit++) {
    const moved = (mask >>> bit) & 1 ? 0 : extract(value | (1 << bit)) ^ base;
    movable |= moved;
    // A sign bit moves all bits above it as well.
    if (moved !== 0) places.push(bit, 31 - Math.clz32(moved & -moved));
  }
  return { operand, extract, base, movable, places };
}
