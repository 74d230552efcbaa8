/**
 * Error-free transformations: what a rounded sum or product lost, and rounding to odd with it.
 */
import { asF64, bitsOfF64 } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

/** x + y - sum, exactly (Knuth). */
export function twoSumError(f: FunctionWriter, x: Value, y: Value, sum: Variable): Value {
  const partOfY = f.let(sum.sub(x));
  return x.sub(sum.sub(partOfY)).add(y.sub(partOfY));
}

/**
 * x * y - product, exactly, of doubles (G. W. Veltkamp, T. J. Dekker): each factor is split into two of 26 bits and a sign.
 * |product| >= 2^-960. Where something overflows on the way, the result is infinite or a NaN.
 */
export function productError(f: FunctionWriter, x: Value, y: Value, product: Value): Value {
  const [xHigh, xLow] = split(f, x);
  const [yHigh, yLow] = split(f, y);
  return xHigh.mul(yHigh).sub(product).add(xHigh.mul(yLow)).add(xLow.mul(yHigh)).add(xLow.mul(yLow));
}

function split(f: FunctionWriter, x: Value): [high: Variable, low: Variable] {
  const scaled = f.let(x.mul(2 ** 27 + 1));
  const high = f.let(scaled.sub(scaled.sub(x)));
  return [high, f.let(x.sub(high))];
}

/** Whether `sum`, which is x + y to nearest, lost nothing. */
export function sumIsExact(x: Value, y: Value, sum: Value): Value {
  // Taking the greater term away is exact, so that one of the two equations tells.
  return sum.sub(x).eq(y).and(sum.sub(y).eq(x));
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
