/**
 * IEEE 754-2019 arithmetic on bigint: the definition against which everything else is tested.
 *
 * Every operation computes its exact rational result and rounds it once, in `round`. Nothing here is fast.
 *
 * Interface: fpAdd, fpSub, fpMul, fpDiv, fpSqrt, fpFma, fpEq, fpLt, fpLe, fpMin, fpMax, fpConvert, fpToInt, fpFromInt,
 * fpClass. Values are bit patterns (unsigned bigint of the format's width). Results carry the flags that the operation raises.
 * Invariants: a NaN result is the canonical one; tininess is detected after rounding (RISC-V "F" extension).
 */
import { FLAG, RM } from './format.ts';
import type { FpFormat, RoundingMode } from './format.ts';

export interface FpResult {
  /** Bit pattern in the result's format, or the integer, or 0/1 of a comparison; never negative. */
  readonly bits: bigint;
  /** Union of FLAG. */
  readonly flags: number;
}

/** A decoded value: (-1)^negative * significand * 2^exponent where finite. */
interface Unpacked {
  readonly kind: 'finite' | 'infinite' | 'quiet-nan' | 'signalling-nan';
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}

/** An exact non-negative number: numerator / denominator * 2^exponent. */
interface Magnitude {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly exponent: number;
}

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

/** The one place where a result is rounded to a format. */
function round(format: FpFormat, negative: boolean, value: Magnitude, rm: RoundingMode): FpResult {
  if (value.numerator === 0n) return exact(zero(format, negative));
  const precision = format.fractionBits + 1;
  const lowestExponent = 1 - format.bias;
  const exponent = binaryExponent(value);

  /** The value in units of 2^quantum, rounded to a whole number of them. */
  const inUnitsOf = (quantum: number) => roundToInteger(negative, { ...value, exponent: value.exponent - quantum }, rm);

  const unbounded = exponent - (precision - 1);
  const quantum = Math.max(unbounded, lowestExponent - (precision - 1));
  const { integer, inexact } = inUnitsOf(quantum);

  // Tiny after rounding: rounded as though the exponent had no lower bound, it would be below the smallest normal number.
  const asUnbounded = inUnitsOf(unbounded).integer;
  const tiny = unbounded + bitLength(asUnbounded) - 1 < lowestExponent;

  if (quantum + bitLength(integer) - 1 > format.bias) {
    const toInfinity = rm === RM.RNE || rm === RM.RMM || (negative ? rm === RM.RDN : rm === RM.RUP);
    const largest = infinity(format, negative) - 1n;
    return { bits: toInfinity ? infinity(format, negative) : largest, flags: FLAG.OF | FLAG.NX };
  }
  const bits = pack(format, negative, integer, quantum);
  return { bits, flags: (inexact ? FLAG.NX : 0) | (inexact && tiny ? FLAG.UF : 0) };
}

/** The nearest whole number in the direction of `rm`, as a magnitude. */
function roundToInteger(
  negative: boolean,
  value: Magnitude,
  rm: RoundingMode,
): { readonly integer: bigint; readonly inexact: boolean } {
  const scale = BigInt(Math.abs(value.exponent));
  const numerator = value.exponent > 0 ? value.numerator << scale : value.numerator;
  const denominator = value.exponent < 0 ? value.denominator << scale : value.denominator;
  const floor = numerator / denominator;
  const twiceRemainder = 2n * (numerator - floor * denominator);
  const inexact = twiceRemainder !== 0n;
  const away = {
    [RM.RNE]: twiceRemainder > denominator || (twiceRemainder === denominator && (floor & 1n) === 1n),
    [RM.RTZ]: false,
    [RM.RDN]: inexact && negative,
    [RM.RUP]: inexact && !negative,
    [RM.RMM]: twiceRemainder >= denominator,
  }[rm];
  return { integer: away ? floor + 1n : floor, inexact };
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

function unpack(format: FpFormat, bits: bigint): Unpacked {
  const fractionBits = BigInt(format.fractionBits);
  const negative = bits >> BigInt(format.width - 1) === 1n;
  const biased = Number((bits >> fractionBits) & ((1n << BigInt(format.exponentBits)) - 1n));
  const fraction = bits & ((1n << fractionBits) - 1n);
  if (biased === 2 * format.bias + 1) {
    const quiet = fraction >> (fractionBits - 1n) === 1n;
    const kind = fraction === 0n ? 'infinite' : quiet ? 'quiet-nan' : 'signalling-nan';
    return { kind, negative, significand: 0n, exponent: 0 };
  }
  const significand = biased === 0 ? fraction : fraction | (1n << fractionBits);
  const exponent = Math.max(biased, 1) - format.bias - format.fractionBits;
  return { kind: 'finite', negative, significand, exponent };
}

/** Packs integer * 2^quantum, which is known to fit. */
function pack(format: FpFormat, negative: boolean, integer: bigint, quantum: number): bigint {
  const fractionBits = BigInt(format.fractionBits);
  // Rounding up to the next power of two leaves one bit too many, which is zero.
  const carried = integer >> (fractionBits + 1n) !== 0n;
  const significand = carried ? integer >> 1n : integer;
  const subnormal = significand >> fractionBits === 0n;
  const biased = subnormal ? 0 : quantum + (carried ? 1 : 0) + format.fractionBits + format.bias;
  return zero(format, negative) | (BigInt(biased) << fractionBits) | (significand & ((1n << fractionBits) - 1n));
}

function nanOf(format: FpFormat, ...operands: Unpacked[]): FpResult {
  const signalling = operands.some((operand) => operand.kind === 'signalling-nan');
  return { bits: format.canonicalNan, flags: signalling ? FLAG.NV : 0 };
}

function invalid(format: FpFormat): FpResult {
  return { bits: format.canonicalNan, flags: FLAG.NV };
}

function exact(bits: bigint): FpResult {
  return { bits, flags: 0 };
}

function zero(format: FpFormat, negative: boolean): bigint {
  return negative ? 1n << BigInt(format.width - 1) : 0n;
}

function infinity(format: FpFormat, negative: boolean): bigint {
  return zero(format, negative) | (((1n << BigInt(format.exponentBits)) - 1n) << BigInt(format.fractionBits));
}

function negate(format: FpFormat, bits: bigint): bigint {
  return bits ^ zero(format, true);
}

function isNan(x: Unpacked): boolean {
  return x.kind === 'quiet-nan' || x.kind === 'signalling-nan';
}

function isZero(x: Unpacked): boolean {
  return x.kind === 'finite' && x.significand === 0n;
}

function magnitude(numerator: bigint, exponent: number): Magnitude {
  return { numerator, denominator: 1n, exponent };
}

/** floor(log2(value)) of a positive value. */
function binaryExponent({ numerator, denominator, exponent }: Magnitude): number {
  const guess = bitLength(numerator) - bitLength(denominator);
  const reaches = guess >= 0 ? numerator >= denominator << BigInt(guess) : numerator << BigInt(-guess) >= denominator;
  return exponent + (reaches ? guess : guess - 1);
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - (Math.clz32(parseInt(hex.charAt(0), 16)) - 28);
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
