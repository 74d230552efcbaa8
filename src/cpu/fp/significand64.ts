/**
 * Binary64 taken apart and put together, for the generated slow paths.
 *
 * A significand is an integer of 53 bits. The host's result on significands in [1, 2) cannot overflow or underflow; it is
 * off by a residual so small that the low 64 bits of integer arithmetic tell it whole.
 */
import { F64 } from './format.ts';
import { fractionMask, hiddenBit, infinityBits, signBit, topExponent } from './rounding.ts';
import { asF64, bitsOfF64, wrap, zeroExtend } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

export const SIGN = signBit(F64);
export const FRACTION = fractionMask(F64);
export const HIDDEN = hiddenBit(F64);
export const INFINITY = infinityBits(F64);
export const TOP = topExponent(F64);
const ONE = BigInt(F64.bias) << 52n;

export function isNormal(exponent: Value): Value {
  return exponent.sub(1).ltU(TOP - 1);
}

export function significandOfNormal(bits: Value): Value {
  return bits.and(FRACTION).or(HIDDEN);
}

/** The significand as an integer below 2^53; the exponent field of a subnormal number becomes 1. */
export function unpackSignificand(f: FunctionWriter, bits: Value, exponent: Variable): Variable {
  const significand = f.let(bits.and(FRACTION));
  f.if(
    exponent.eqz(),
    () => f.set(exponent, 1),
    () => f.set(significand, significand.or(HIDDEN)),
  );
  return significand;
}

/** The same with the leading bit at 52 also for subnormal numbers, whose exponent field goes below 1. Not for zero. */
export function unpackNormalized(f: FunctionWriter, bits: Value, exponent: Variable): Variable {
  const significand = unpackSignificand(f, bits, exponent);
  f.if(significand.ltU(HIDDEN), () => {
    const distance = f.let(significand.clz().sub(11));
    f.set(significand, significand.shl(distance));
    f.set(exponent, exponent.sub(wrap(distance)));
  });
  return significand;
}

/** The float in [1, 2) with this normalized significand. */
export function unitFloat(significand: Value): Value {
  return asF64(significand.and(FRACTION).or(ONE));
}

/** A normal result taken apart: its significand, and its exponent less `exponent`. */
export function hostResult(f: FunctionWriter, result: Value, exponent: number): { rounded: Variable; carry: Variable } {
  const bits = f.let(bitsOfF64(result));
  return {
    rounded: f.let(significandOfNormal(bits)),
    carry: f.let(wrap(bits.shrU(52)).sub(exponent)),
  };
}

/** -1, 0 or 1. */
export function signOf(x: Variable): Value {
  return x.shrS(63).or(zeroExtend(x.ne(0)));
}
