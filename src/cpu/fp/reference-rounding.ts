/**
 * The foundation of the bigint reference: a format's values taken apart, and the one place where a result is rounded.
 *
 * Interface: FpResult, Unpacked, Magnitude, unpack, round, roundToInteger, and constructors of results.
 * Follows IEEE 754-2019 sections 3.4 and 4.3; tininess is detected after rounding (RISC-V "F" extension).
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
export interface Unpacked {
  readonly kind: 'finite' | 'infinite' | 'quiet-nan' | 'signalling-nan';
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}

/** An exact non-negative number: numerator / denominator * 2^exponent. */
export interface Magnitude {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly exponent: number;
}

/** The one place where a result is rounded to a format. */
export function round(format: FpFormat, negative: boolean, value: Magnitude, rm: RoundingMode): FpResult {
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
export function roundToInteger(
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

export function unpack(format: FpFormat, bits: bigint): Unpacked {
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

export function exact(bits: bigint): FpResult {
  return { bits, flags: 0 };
}

export function zero(format: FpFormat, negative: boolean): bigint {
  return negative ? 1n << BigInt(format.width - 1) : 0n;
}

export function infinity(format: FpFormat, negative: boolean): bigint {
  return zero(format, negative) | (((1n << BigInt(format.exponentBits)) - 1n) << BigInt(format.fractionBits));
}

export function isNan(x: Unpacked): boolean {
  return x.kind === 'quiet-nan' || x.kind === 'signalling-nan';
}

export function isZero(x: Unpacked): boolean {
  return x.kind === 'finite' && x.significand === 0n;
}

export function magnitude(numerator: bigint, exponent: number): Magnitude {
  return { numerator, denominator: 1n, exponent };
}

/** floor(log2(value)) of a positive value. */
function binaryExponent({ numerator, denominator, exponent }: Magnitude): number {
  const guess = bitLength(numerator) - bitLength(denominator);
  const reaches = guess >= 0 ? numerator >= denominator << BigInt(guess) : numerator << BigInt(-guess) >= denominator;
  return exponent + (reaches ? guess : guess - 1);
}

export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - (Math.clz32(parseInt(hex.charAt(0), 16)) - 28);
}
