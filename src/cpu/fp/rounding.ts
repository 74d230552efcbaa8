/**
 * The end of every slow path in the generated arithmetic: one rounding to a format, with exact flags; and the NaN rules.
 *
 * The unrounded result is (-1)^sign * significand * 2^(exponent - bias - 62): a 64-bit significand with its leading bit at
 * 62, whose lowest bit is sticky (1 if anything was lost below it), and the exponent field that the result would get.
 *
 * Interface: FpContext, makeContext (defines the shared functions), raise, and helpers for the fields of a format.
 * Follows IEEE 754-2019 sections 4.3 and 7; tininess is detected after rounding.
 */
import type { FuncRef } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { F32, F64, FLAG, RM } from './format.ts';
import type { FpFormat } from './format.ts';
import { bitsOfF64, call, constant, Value, wrap, writeFunction, zeroExtend } from './value.ts';
import type { FunctionWriter, Variable } from './value.ts';

/** What the generated functions share. */
export interface FpContext {
  readonly module: ModuleBuilder;
  /** Address of fflags, an i32. */
  readonly fflags: number;
  /** (sign bit in place: i64, exponent: i32, significand: i64, rm: i32) -> bits. The leading bit must be at 62. */
  readonly round: Readonly<Record<'f32' | 'f64', FuncRef>>;
  /** The same for a leading bit anywhere; the significand is not zero. */
  readonly normalizeAndRound: Readonly<Record<'f32' | 'f64', FuncRef>>;
  /** (bits, bits, bits) -> the canonical NaN, raising NV if one of them is signalling. */
  readonly nan: Readonly<Record<'f32' | 'f64', FuncRef>>;
}

/** Position of the leading bit of an unrounded significand. */
export const LEADING_BIT = 62;

export function makeContext(module: ModuleBuilder, fflags: number): FpContext {
  const roundParams = ['i64', 'i32', 'i64', 'i32'] as const;
  const nanParams = ['i64', 'i64', 'i64'] as const;
  const context: FpContext = {
    module,
    fflags,
    round: {
      f32: module.declare('round.f32', roundParams, ['i64']),
      f64: module.declare('round.f64', roundParams, ['i64']),
    },
    normalizeAndRound: {
      f32: module.declare('normalizeAndRound.f32', roundParams, ['i64']),
      f64: module.declare('normalizeAndRound.f64', roundParams, ['i64']),
    },
    nan: { f32: module.declare('nan.f32', nanParams, ['i64']), f64: module.declare('nan.f64', nanParams, ['i64']) },
  };
  for (const format of [F32, F64]) {
    defineRound(context, format);
    defineNormalizeAndRound(context, format);
    defineNan(context, format);
  }
  return context;
}

/** fflags |= flags. */
export function raise(context: FpContext, f: FunctionWriter, flags: Value | number): void {
  f.code.i32(context.fflags);
  f.code.i32(context.fflags).mem('i32.load');
  constant('i32', flags).emit(f.code);
  f.code.op('i32.or').mem('i32.store');
}

/** Raises NV and returns the canonical NaN. */
export function returnInvalid(context: FpContext, f: FunctionWriter, format: FpFormat): void {
  raise(context, f, FLAG.NV);
  f.return(constant('i64', format.canonicalNan));
}

/** Not 0 where the NX flag is set already. */
export function inexactIsSet(context: Pick<FpContext, 'fflags'>): Value {
  return new Value('i32', (code) => code.i32(context.fflags).mem('i32.load').i32(FLAG.NX).op('i32.and'));
}

export const nameOf = (format: FpFormat): 'f32' | 'f64' => (format.width === 32 ? 'f32' : 'f64');
export const signBit = (format: FpFormat): bigint => 1n << BigInt(format.width - 1);
export const fractionMask = (format: FpFormat): bigint => (1n << BigInt(format.fractionBits)) - 1n;
export const hiddenBit = (format: FpFormat): bigint => 1n << BigInt(format.fractionBits);
/** The exponent field of infinities and NaNs. */
export const topExponent = (format: FpFormat): number => 2 * format.bias + 1;
export const infinityBits = (format: FpFormat): bigint => BigInt(topExponent(format)) << BigInt(format.fractionBits);

/** The exponent field, an i32. */
export function exponentField(format: FpFormat, bits: Value): Value {
  return wrap(bits.shrU(format.fractionBits)).and(topExponent(format));
}

/** Whether a result is normal and cannot have been rounded up to the smallest normal number. */
export function isSafelyNormal(format: FpFormat, bits: Value): Value {
  return exponentField(format, bits)
    .sub(2)
    .ltU(topExponent(format) - 2);
}

/** Whether a float is infinite, a NaN, or has an exponent field below `from`. */
export function isOutside(x: Value, from: number): Value {
  const [high, shift, top] =
    x.type === 'f32'
      ? [x.to('i32', 'i32.reinterpret_f32'), 24, topExponent(F32)]
      : [wrap(bitsOfF64(x).shrU(32)), 21, topExponent(F64)];
  const aboveFrom = from === 0 ? high.shl(1) : high.shl(1).sub(from << shift);
  return aboveFrom.geU((top - from) << shift);
}

export function isNan(format: FpFormat, bits: Value): Value {
  return bits.and(signBit(format) - 1n).gtU(infinityBits(format));
}

/** x >> count for 0 <= count, with a one in the lowest bit if a one was lost. */
export function shiftRightSticky(f: FunctionWriter, x: Variable, count: Value): Value {
  const distance = f.let(count);
  f.if(distance.gtS(63), () => f.set(distance, 63));
  const long = f.let(zeroExtend(distance));
  const lost = f.let(x.and(constant('i64', 1).shl(long).sub(1)));
  return x.shrU(long).or(zeroExtend(lost.ne(0)));
}

function defineRound(context: FpContext, format: FpFormat): void {
  // Bits below the last one that is kept.
  const guardBits = LEADING_BIT - format.fractionBits;
  const half = 1n << BigInt(guardBits - 1);
  const guardMask = 2n * half - 1n;
  const top = topExponent(format);

  writeFunction(context.module, context.round[nameOf(format)], (f, sign, exponent, significand, rm) => {
    // What is added before the guard bits are cut off.
    const increment = f.let(constant('i64', half));
    f.if(rm.ne(RM.RNE).and(rm.ne(RM.RMM)), () => {
      const away = rm.ne(RM.RTZ).and(rm.eq(RM.RUP).eq(sign.eqz()));
      f.set(increment, away.select(constant('i64', guardMask), 0));
    });
    /** Whether rounding carries into the next power of two. */
    const carries = significand.add(increment).ltS(0);

    f.if(exponent.leS(0), () => {
      const tiny = f.let(exponent.ltS(0).or(carries.eqz()));
      f.set(significand, shiftRightSticky(f, significand, constant('i32', 1).sub(exponent)));
      // The hidden bit, if rounding brings it back, makes the exponent field 1 by itself.
      f.set(exponent, 1);
      f.if(significand.and(guardMask).ne(0).and(tiny), () => raise(context, f, FLAG.UF));
    });
    f.if(exponent.geS(top - 1), () => {
      f.if(exponent.gtS(top - 1).or(carries), () => {
        raise(context, f, FLAG.OF | FLAG.NX);
        const toInfinity = increment.ne(0);
        f.return(sign.or(constant('i64', infinityBits(format)).sub(zeroExtend(toInfinity.eqz()))));
      });
    });
    const guard = f.let(significand.and(guardMask));
    f.if(guard.ne(0), () => raise(context, f, FLAG.NX));
    const rounded = f.let(significand.add(increment).shrU(guardBits));
    f.if(guard.eq(half).and(rm.eq(RM.RNE)), () => f.set(rounded, rounded.and(-2)));
    return sign.or(rounded.add(zeroExtend(exponent.sub(1)).shl(format.fractionBits)));
  });
}

function defineNormalizeAndRound(context: FpContext, format: FpFormat): void {
  const round = context.round[nameOf(format)];
  writeFunction(context.module, context.normalizeAndRound[nameOf(format)], (f, sign, exponent, significand, rm) => {
    f.if(significand.ltS(0), () => {
      const halved = significand.shrU(1).or(significand.and(1));
      f.return(call(round, sign, exponent.add(1), halved, rm));
    });
    const distance = f.let(significand.clz().sub(1));
    return call(round, sign, exponent.sub(wrap(distance)), significand.shl(distance), rm);
  });
}

function defineNan(context: FpContext, format: FpFormat): void {
  const quietBit = 1n << BigInt(format.fractionBits - 1);
  writeFunction(context.module, context.nan[nameOf(format)], (f, a, b, c) => {
    const isSignalling = (x: Value): Value => isNan(format, x).and(x.and(quietBit).eq(0));
    f.if(isSignalling(a).or(isSignalling(b)).or(isSignalling(c)), () => raise(context, f, FLAG.NV));
    return constant('i64', format.canonicalNan);
  });
}
