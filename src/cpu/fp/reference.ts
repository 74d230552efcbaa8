/**
 * IEEE 754-2019 arithmetic on bigint: the definition against which everything else is tested.
 *
 * Every operation computes its exact rational result and rounds it once, in `round` (reference-rounding.ts). Nothing here is fast.
 *
 * Interface: fpAdd, fpSub, fpMul, fpDiv, fpSqrt, fpFma, fpEq, fpLt, fpLe, fpMin, fpMax, fpConvert, fpToInt, fpFromInt,
 * fpClass. Values are bit patterns (unsigned bigint of the format's width). Results carry the flags that the operation raises.
 * Invariants: a NaN result is the canonical one; tininess is detected after rounding (RISC-V "F" extension).
 */
import { FLAG, RM } from './format.ts';
import type { FpFormat, RoundingMode } from './format.ts';
import {
  bitLength,
  exact,
  infinity,
  isNan,
  isZero,
  magnitude,
  round,
  roundToInteger,
  unpack,
  zero,
} from './reference-rounding.ts';
import type { FpResult, Unpacked } from './reference-rounding.ts';

export function fpAdd(format: FpFormat, a: bigint, b: bigint, rm: RoundingMode): FpResult {
  const [x, y] = [unpack(format, a), unpack(format, b)];
  if (isNan(x) || isNan(y)) return nanOf(format, x, y);
  if (x.kind === 'infinite' && y.kind === 'infinite' && x.negative !== y.negative) return invalid(format);
  if (x.kind === 'infinite') return exact(a);
  if (y.kind === 'infinite') return exact(b);
  return roundSum(format, x, y, rm);
}

export function fpSub(format: FpFormat, a: bigint, b: bigint, rm: RoundingMode): FpResult {
  return fpAdd(format, a, isNan(unpack(format, b)) ? b : negate(format, b), rm);
}

export function fpMul(format: FpFormat, a: bigint, b: bigint, rm: RoundingMode): FpResult {
  const [x, y] = [unpack(format, a), unpack(format, b)];
  if (isNan(x) || isNan(y)) return nanOf(format, x, y);
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinite' || y.kind === 'infinite') {
    return isZero(x) || isZero(y) ? invalid(format) : exact(infinity(format, negative));
  }
  return round(format, negative, magnitude(x.significand * y.significand, x.exponent + y.exponent), rm);
}

export function fpDiv(format: FpFormat, a: bigint, b: bigint, rm: RoundingMode): FpResult {
  const [x, y] = [unpack(format, a), unpack(format, b)];
  if (isNan(x) || isNan(y)) return nanOf(format, x, y);
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinite') return y.kind === 'infinite' ? invalid(format) : exact(infinity(format, negative));
  if (y.kind === 'infinite') return exact(zero(format, negative));
  if (isZero(y)) return isZero(x) ? invalid(format) : { bits: infinity(format, negative), flags: FLAG.DZ };
  const quotient = { numerator: x.significand, denominator: y.significand, exponent: x.exponent - y.exponent };
  return round(format, negative, quotient, rm);
}

export function fpSqrt(format: FpFormat, a: bigint, rm: RoundingMode): FpResult {
  const x = unpack(format, a);
  if (isNan(x)) return nanOf(format, x);
  if (isZero(x)) return exact(a);
  if (x.negative) return invalid(format);
  if (x.kind === 'infinite') return exact(a);
  // An even exponent, and enough bits that the integer root has more than twice the precision that we need.
  const shift = 256 + (x.exponent & 1);
  const radicand = x.significand << BigInt(shift);
  const root = integerSqrt(radicand);
  // A root that is not exact lies strictly between root and root + 1: one more bit says so to every rounding mode.
  const sticky = root * root === radicand ? 0n : 1n;
  return round(format, false, magnitude(2n * root + sticky, (x.exponent - shift) / 2 - 1), rm);
}

/** a * b + c, rounded once. The sign variants negate a and/or c first (`negateProduct`, `negateAddend`). */
export function fpFma(
  format: FpFormat,
  a: bigint,
  b: bigint,
  c: bigint,
  rm: RoundingMode,
  signs: { readonly negateProduct?: boolean; readonly negateAddend?: boolean } = {},
): FpResult {
  const [x, y, z] = [unpack(format, a), unpack(format, b), unpack(format, c)];
  const infiniteByZero = (x.kind === 'infinite' && isZero(y)) || (isZero(x) && y.kind === 'infinite');
  // RISC-V: infinity times zero is invalid even where the addend is a quiet NaN.
  if (infiniteByZero) return invalid(format);
  if (isNan(x) || isNan(y) || isNan(z)) return nanOf(format, x, y, z);
  const productNegative = (x.negative !== y.negative) !== (signs.negateProduct ?? false);
  const addendNegative = z.negative !== (signs.negateAddend ?? false);
  if (x.kind === 'infinite' || y.kind === 'infinite') {
    const opposed = z.kind === 'infinite' && addendNegative !== productNegative;
    return opposed ? invalid(format) : exact(infinity(format, productNegative));
  }
  if (z.kind === 'infinite') return exact(infinity(format, addendNegative));
  const product: Unpacked = {
    kind: 'finite',
    negative: productNegative,
    significand: x.significand * y.significand,
    exponent: x.exponent + y.exponent,
  };
  return roundSum(format, product, { ...z, negative: addendNegative }, rm);
}

/** Quiet equality: only a signalling NaN is invalid. */
export function fpEq(format: FpFormat, a: bigint, b: bigint): FpResult {
  return compare(format, a, b, (x, y) => x === y, false);
}

/** Signalling: any NaN is invalid. */
export function fpLt(format: FpFormat, a: bigint, b: bigint): FpResult {
  return compare(format, a, b, (x, y) => x < y, true);
}

/** Signalling: any NaN is invalid. */
export function fpLe(format: FpFormat, a: bigint, b: bigint): FpResult {
  return compare(format, a, b, (x, y) => x <= y, true);
}

/** minimumNumber of IEEE 754-2019: -0 < +0, a NaN loses against a number, a signalling one is invalid as well. */
export function fpMin(format: FpFormat, a: bigint, b: bigint): FpResult {
  return select(format, a, b, (x, y) => totalKey(format, x) <= totalKey(format, y));
}

/** maximumNumber of IEEE 754-2019. */
export function fpMax(format: FpFormat, a: bigint, b: bigint): FpResult {
  return select(format, a, b, (x, y) => totalKey(format, x) >= totalKey(format, y));
}

/** From one format to the other. */
export function fpConvert(from: FpFormat, to: FpFormat, a: bigint, rm: RoundingMode): FpResult {
  const x = unpack(from, a);
  if (isNan(x)) return nanOf(to, x);
  if (x.kind === 'infinite') return exact(infinity(to, x.negative));
  return round(to, x.negative, magnitude(x.significand, x.exponent), rm);
}

/**
 * To an integer of 32 or 64 bits, as an unsigned pattern of that width (the instruction sign-extends 32-bit ones).
 * Out of range saturates and is invalid (not inexact); NaN counts as +infinity. RISC-V table "Domains of float-to-integer
 * conversions".
 */
export function fpToInt(format: FpFormat, a: bigint, width: 32 | 64, signed: boolean, rm: RoundingMode): FpResult {
  const x = unpack(format, a);
  const lowest = signed ? -(1n << BigInt(width - 1)) : 0n;
  const highest = (1n << BigInt(signed ? width - 1 : width)) - 1n;
  const saturate = (value: bigint): FpResult => ({ bits: BigInt.asUintN(width, value), flags: FLAG.NV });
  if (isNan(x)) return saturate(highest);
  if (x.kind === 'infinite') return saturate(x.negative ? lowest : highest);
  const { integer, inexact } = roundToInteger(x.negative, magnitude(x.significand, x.exponent), rm);
  const value = x.negative ? -integer : integer;
  if (value < lowest || value > highest) return saturate(value < lowest ? lowest : highest);
  return { bits: BigInt.asUintN(width, value), flags: inexact ? FLAG.NX : 0 };
}

/** From an integer (a signed or unsigned value, not a pattern). Zero gives +0. */
export function fpFromInt(format: FpFormat, value: bigint, rm: RoundingMode): FpResult {
  return round(format, value < 0n, magnitude(value < 0n ? -value : value, 0), rm);
}

/** The ten-bit mask of FCLASS. */
export function fpClass(format: FpFormat, a: bigint): number {
  const x = unpack(format, a);
  if (x.kind === 'signalling-nan') return 1 << 8;
  if (x.kind === 'quiet-nan') return 1 << 9;
  if (x.kind === 'infinite') return x.negative ? 1 << 0 : 1 << 7;
  if (isZero(x)) return x.negative ? 1 << 3 : 1 << 4;
  const subnormal = x.significand >> BigInt(format.fractionBits) === 0n;
  if (x.negative) return subnormal ? 1 << 2 : 1 << 1;
  return subnormal ? 1 << 5 : 1 << 6;
}

function roundSum(format: FpFormat, x: Unpacked, y: Unpacked, rm: RoundingMode): FpResult {
  const exponent = Math.min(x.exponent, y.exponent);
  const sum = signedAt(x, exponent) + signedAt(y, exponent);
  if (sum !== 0n) return round(format, sum < 0n, magnitude(sum < 0n ? -sum : sum, exponent), rm);
  // Two zeros of one sign keep it; otherwise an exact zero is positive except when rounding down.
  const negative = x.negative === y.negative ? x.negative : rm === RM.RDN;
  return exact(zero(format, negative));
}

function signedAt(x: Unpacked, exponent: number): bigint {
  const scaled = x.significand << BigInt(x.exponent - exponent);
  return x.negative ? -scaled : scaled;
}

function compare(
  format: FpFormat,
  a: bigint,
  b: bigint,
  holds: (x: bigint, y: bigint) => boolean,
  signalling: boolean,
): FpResult {
  const [x, y] = [unpack(format, a), unpack(format, b)];
  if (isNan(x) || isNan(y)) {
    const raises = signalling || x.kind === 'signalling-nan' || y.kind === 'signalling-nan';
    return { bits: 0n, flags: raises ? FLAG.NV : 0 };
  }
  // Zeros of either sign are equal.
  const key = (u: Unpacked, bits: bigint): bigint => (isZero(u) ? 0n : totalKey(format, bits));
  return exact(holds(key(x, a), key(y, b)) ? 1n : 0n);
}

function select(format: FpFormat, a: bigint, b: bigint, first: (x: bigint, y: bigint) => boolean): FpResult {
  const [x, y] = [unpack(format, a), unpack(format, b)];
  const flags = x.kind === 'signalling-nan' || y.kind === 'signalling-nan' ? FLAG.NV : 0;
  if (isNan(x) && isNan(y)) return { bits: format.canonicalNan, flags };
  if (isNan(x)) return { bits: b, flags };
  if (isNan(y)) return { bits: a, flags };
  return { bits: first(a, b) ? a : b, flags };
}

/** Orders patterns of numbers as -infinity … -0 < +0 … +infinity; -0 gives -1 and +0 gives 0. */
function totalKey(format: FpFormat, bits: bigint): bigint {
  const signBit = 1n << BigInt(format.width - 1);
  return bits & signBit ? -1n - (bits ^ signBit) : bits;
}

function nanOf(format: FpFormat, ...operands: Unpacked[]): FpResult {
  const signalling = operands.some((operand) => operand.kind === 'signalling-nan');
  return { bits: format.canonicalNan, flags: signalling ? FLAG.NV : 0 };
}

function invalid(format: FpFormat): FpResult {
  return { bits: format.canonicalNan, flags: FLAG.NV };
}

function negate(format: FpFormat, bits: bigint): bigint {
  return bits ^ zero(format, true);
}

/** floor(sqrt(value)), by Newton's iteration from above. */
function integerSqrt(value: bigint): bigint {
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
