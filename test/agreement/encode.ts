/**
 * From instructions to words. A row says where each operand lies by the function that takes it out of the word; the word is found by
 * asking those functions which bit of the word moves which bit of the operand, so that no encoding is written down a second time.
 *
 * Interface: Instruction, instruction, whole, encode, encodeCompressed.
 */
import { decode } from '../../src/isa/riscv/decode.ts';
import type { Operand } from '../../src/isa/riscv/formats.ts';
import { RV64C, type CompressedInsn } from '../../src/isa/riscv/rv64c.ts';
import { insnByName } from '../../src/isa/riscv/table.ts';

export type OperandValues = Readonly<Partial<Record<Operand, number>>>;

export interface Instruction {
  readonly name: string;
  readonly operands: OperandValues;
  /** Takes the 16-bit form where there is one. */
  readonly compress: boolean;
}

export function instruction(name: string, operands: OperandValues, compress = true): Instruction {
  return { name, operands, compress };
}

/** An instruction whose one operand is its whole word (Zicsr, fences, privileged ones): `bits` are those that the row leaves open. */
export function whole(name: string, bits = 0): Instruction {
  return { name, operands: { imm: insnByName(name).value | bits }, compress: true };
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

interface Plan {
  readonly value: number;
  readonly fields: readonly Field[];
}

const plans = new Map<string, Plan>();
const compressedPlans = new Map<string, readonly { readonly row: CompressedInsn; readonly plan: Plan }[]>();

/** The 32-bit word. Throws RangeError where an operand cannot be had. */
export function encode({ name, operands }: Instruction): number {
  let plan = plans.get(name);
  if (!plan) {
    const { mask, value, format } = insnByName(name);
    plans.set(name, (plan = planOf({ mask, value, operands: format.operands }, 32)));
  }
  const word = solve(plan, operands);
  if (word === undefined) throw new RangeError(`${name} cannot have ${JSON.stringify(operands)}`);
  return word;
}

/** The 16-bit form, where there is one with these operands. */
export function encodeCompressed({ name, operands }: Instruction): number | undefined {
  let rows = compressedPlans.get(name);
  if (!rows) {
    rows = RV64C.filter((row) => row.expandsTo === name).map((row) => ({ row, plan: planOf(row, 16) }));
    compressedPlans.set(name, rows);
  }
  for (const { row, plan } of rows) {
    const word = solve(plan, operands);
    if (word !== undefined && decode(word)?.compressed === row) return word;
  }
  return undefined;
}

function planOf(row: Pick<CompressedInsn, 'mask' | 'value' | 'operands'>, width: 16 | 32): Plan {
  const fields = Object.entries(row.operands) as [Operand, (word: number) => number][];
  return { value: row.value, fields: fields.map(([operand, extract]) => fieldOf(row, width, operand, extract)) };
}

function fieldOf(
  { mask, value }: Pick<CompressedInsn, 'mask' | 'value'>,
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

function solve({ value, fields }: Plan, operands: OperandValues): number | undefined {
  let word = value;
  for (const { operand, base, movable, places } of fields) {
    const wanted = (operands[operand] ?? 0) ^ base;
    if ((wanted & ~movable) !== 0) return undefined;
    if (wanted === 0) continue;
    for (let i = 0; i < places.length; i += 2) if ((wanted >>> places[i + 1]!) & 1) word |= 1 << places[i]!;
  }
  for (const { operand, extract } of fields) if (extract(word) !== (operands[operand] ?? 0)) return undefined;
  return word;
}
