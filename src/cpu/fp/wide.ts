/**
 * 128-bit integers in two locals, for the sum of a product and an addend.
 */
import { constant, zeroExtend } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

/** A 128-bit integer in two locals. */
export interface Wide {
  readonly high: Variable;
  readonly low: Variable;
}

/** The 128-bit product, by halves of 32 bits; both factors are below 2^64. */
export function multiplyWide(f: FunctionWriter, x: Variable, y: Variable): Wide {
  const [xl, xh, yl, yh] = [x.and(0xffff_ffff), x.shrU(32), y.and(0xffff_ffff), y.shrU(32)];
  const lowest = f.let(xl.mul(yl));
  const middle = f.let(xh.mul(yl).add(lowest.shrU(32)));
  const otherMiddle = f.let(xl.mul(yh).add(middle.and(0xffff_ffff)));
  const high = f.let(xh.mul(yh).add(middle.shrU(32)).add(otherMiddle.shrU(32)));
  return { high, low: f.let(x.mul(y)) };
}

/** x >> count, sticky, for count >= 0. */
export function shiftRightWide(f: FunctionWriter, x: Wide, count: Variable): void {
  f.if(count.geU(64), () => {
    f.set(x.low, x.high.or(zeroExtend(x.low.ne(0))));
    f.set(x.high, 0);
    f.set(count, count.sub(64));
    // Everything is lost: one sticky bit is left.
    f.if(count.geU(64), () => {
      f.set(x.low, zeroExtend(x.low.ne(0)));
      f.set(count, 0);
    });
  });
  const distance = f.let(zeroExtend(count));
  const lost = f.let(x.low.and(constant('i64', 1).shl(distance).sub(1)));
  const fromHigh = x.high.shl(1).shl(constant('i64', 63).sub(distance));
  f.set(
    x.low,
    x.low
      .shrU(distance)
      .or(fromHigh)
      .or(zeroExtend(lost.ne(0))),
  );
  f.set(x.high, x.high.shrU(distance));
}

/** x += y. */
export function addWide(f: FunctionWriter, x: Wide, y: Wide): void {
  f.set(x.low, x.low.add(y.low));
  f.set(x.high, x.high.add(y.high).add(zeroExtend(x.low.ltU(y.low))));
}

/** x -= y. */
export function subtractWide(f: FunctionWriter, x: Wide, y: Wide): void {
  f.set(x.high, x.high.sub(y.high).sub(zeroExtend(x.low.ltU(y.low))));
  f.set(x.low, x.low.sub(y.low));
}

export function isBelow(x: Wide, y: Wide): Value {
  return x.high.ltU(y.high).or(x.high.eq(y.high).and(x.low.ltU(y.low)));
}

export function swapWide(f: FunctionWriter, x: Wide, y: Wide): void {
  for (const part of ['high', 'low'] as const) {
    const kept = f.let(x[part]);
    f.set(x[part], y[part]);
    f.set(y[part], kept);
  }
}
