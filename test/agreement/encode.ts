/**
 * From instructions to words, compressed where they can be.
 *
 * Interface: Instruction, instruction, whole, encode, encodeCompressed.
 */
import { decode } from '../../src/isa/riscv/decode.ts';
import { encode as encodeRow, type EncodableRow, type OperandValues } from '../../src/isa/riscv/encode.ts';
import { RV64C, type CompressedInsn } from '../../src/isa/riscv/rv64c.ts';
import { insnByName } from '../../src/isa/riscv/table.ts';

export type { OperandValues };

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

const rows = new Map<string, EncodableRow>();
const compressedRows = new Map<string, readonly CompressedInsn[]>();

/** The 32-bit word. Throws RangeError where an operand cannot be had. */
export function encode({ name, operands }: Instruction): number {
  let row = rows.get(name);
  if (!row) {
    const { mask, value, format } = insnByName(name);
    rows.set(name, (row = { mask, value, operands: format.operands }));
  }
  const word = encodeRow(row, operands, 32);
  if (typeof word === 'string') throw new RangeError(`${name} cannot have ${word} = ${operands[word] ?? 0}`);
  return word;
}

/** The 16-bit form, where there is one with these operands. */
export function encodeCompressed({ name, operands }: Instruction): number | undefined {
  let forms = compressedRows.get(name);
  if (!forms) compressedRows.set(name, (forms = RV64C.filter((row) => row.expandsTo === name)));
  for (const row of forms) {
    const word = encodeRow(row, operands, 16);
    if (typeof word === 'number' && decode(word)?.compressed === row) return word;
  }
  return undefined;
}
