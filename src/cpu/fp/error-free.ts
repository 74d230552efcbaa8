/**
 * Error-free transformations: what a rounded sum lost, and rounding to odd with it.
 */
import { asF64, bitsOfF64 } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

/** x + y - sum, exactly (Knuth). */
export function twoSumError(f: FunctionWriter, x: Value, y: Value, sum: Variable): Value {
  const partOfY = f.let(sum.sub(x));
  return x.sub(sum.sub(partOfY)).add(y.sub(partOfY));
}

/** x + lost rounded to odd, where x is x + lost to nearest: the neighbour on the side of `lost` if x is even. */
export function toOdd(f: FunctionWriter, x: Value, lost: Value): Value {
  const bits = f.let(bitsOfF64(x));
  f.if(lost.ne(0).and(bits.and(1).eq(0)), () => {
    // One up in magnitude where lost has the sign of x, else one down.
    const direction = bits.xor(bitsOfF64(lost)).shrS(63).or(1);
    f.set(bits, bits.add(direction));
  });
  return asF64(bits);
}
