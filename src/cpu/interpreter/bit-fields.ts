/**
 * Operands out of instruction words, in generated code. Formats give them as functions of the word (isa/riscv/formats.ts, rv64c.ts) that
 * move bits, repeat a sign bit and add constant ones. Such a function is known from what it gives for no bit and for each bit alone.
 *
 * Interface: emitExtract, Extract.
 */
import type { CodeEmitter, Local } from '../../wasm/code.ts';

export type Extract = (word: number) => number;

/** Pushes `extract` of the word in `word`, an i32, of which the low `width` bits count. */
export function emitExtract(code: CodeEmitter, word: Local, width: 16 | 32, extract: Extract): void {
  const base = extract(0) | 0;
  /** By how far they move: the bits that each become one bit. */
  const moved = new Map<number, number>();
  const repeated: { readonly from: number; readonly to: number }[] = [];
  for (let bit = 0; bit < width; bit++) {
    const effect = extract(1 << bit) ^ base;
    if (effect === 0) continue;
    const distance = 31 - Math.clz32(effect) - bit;
    if ((effect & (effect - 1)) === 0) moved.set(distance, (moved.get(distance) ?? 0) | (1 << bit));
    else repeated.push({ from: bit, to: effect });
  }
  requireBitwise(extract, width);
  code.i32(base);
  for (const [distance, mask] of moved) {
    code.get(word).i32(mask).op('i32.and');
    if (distance !== 0) code.i32(Math.abs(distance)).op(distance > 0 ? 'i32.shl' : 'i32.shr_u');
    code.op('i32.xor');
  }
  for (const { from, to } of repeated) {
    code
      .get(word)
      .i32(31 - from)
      .op('i32.shl')
      .i32(31)
      .op('i32.shr_s')
      .i32(to);
    code.op('i32.and', 'i32.xor');
  }
}

/** Holds a function to the kind described above, on words with many bits. */
function requireBitwise(extract: Extract, width: 16 | 32): void {
  const base = extract(0) | 0;
  let sum = base;
  for (let bit = 0, word = 0; bit < width; bit++) {
    word |= 1 << bit;
    sum ^= extract(1 << bit) ^ base;
    if ((extract(word) | 0) !== sum) throw new Error('an operand that is not made of single bits');
  }
}
