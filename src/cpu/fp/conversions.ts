/**
 * Generated conversions between floats and integers, and between the two formats.
 *
 * To an integer: the host rounds to a whole number in the wanted direction (exactly), then the range is checked; RISC-V table
 * "Domains of float-to-integer conversions and behavior for invalid inputs". A float is widened first, which is exact.
 * From an integer: the host's conversion rounds to nearest even, once; other modes round the integer themselves.
 */
import type { IntFormat, FpFormat as FormatName } from '../../isa/fp-ops.ts';
import type { FuncRef } from '../../wasm/code.ts';
import { F32, F64, FLAG, RM } from './format.ts';
import type { FpFormat } from './format.ts';
import { isNan, LEADING_BIT, nameOf, raise, signBit } from './rounding.ts';
import type { FpContext } from './rounding.ts';
import {
  asF32,
  asF64,
  bitsOfF32,
  bitsOfF64,
  call,
  constant,
  demote,
  promote,
  signExtend,
  wrap,
  writeFunction,
} from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

interface IntRange {
  readonly bits: 32 | 64;
  readonly signed: boolean;
  /** Whole numbers x with low <= x < limit are in range; both are exact doubles. */
  readonly low: number;
  readonly limit: number;
}

const INTS: Readonly<Record<IntFormat, IntRange>> = {
  i32: { bits: 32, signed: true, low: -(2 ** 31), limit: 2 ** 31 },
  u32: { bits: 32, signed: false, low: 0, limit: 2 ** 32 },
  i64: { bits: 64, signed: true, low: -(2 ** 63), limit: 2 ** 63 },
  u64: { bits: 64, signed: false, low: 0, limit: 2 ** 64 },
};

/** (i64, rm: i32) -> i64 for each of `fToInt.f32.i32` … `intToF.f64.u64`, `fToF.f32` and `fToF.f64`. */
export function defineConversions(context: FpContext, narrow: FuncRef): Map<string, FuncRef> {
  const refs = new Map<string, FuncRef>();
  const define = (name: string, body: (f: FunctionWriter, a: Variable, rm: Variable) => Value): void => {
    const ref = context.module.declare(name, ['i64', 'i32'], ['i64']);
    writeFunction(context.module, ref, (f, a, rm) => body(f, a!, rm!));
    refs.set(name, ref);
  };
  const roundToWhole = defineRoundToWhole(context);

  for (const [name, range] of Object.entries(INTS)) {
    define(`fToInt.f32.${name}`, (f, a, rm) => toInt(context, f, range, roundToWhole, f.let(promote(asF32(a))), rm));
    define(`fToInt.f64.${name}`, (f, a, rm) => toInt(context, f, range, roundToWhole, f.let(asF64(a)), rm));
    if (range.bits === 32) {
      const exactF64 = (a: Value): Value => wrap(a).to('f64', range.signed ? 'f64.convert_i32_s' : 'f64.convert_i32_u');
      define(`intToF.f32.${name}`, (f, a, rm) => {
        const wide = f.let(exactF64(a));
        const float = f.let(demote(wide));
        f.if(promote(float).eq(wide), () => f.return(bitsOfF32(float)));
        return call(narrow, wide, rm);
      });
      define(`intToF.f64.${name}`, (_f, a) => bitsOfF64(exactF64(a)));
    } else {
      define(`intToF.f32.${name}`, (f, a, rm) => from64(context, f, 'f32', range.signed, a, rm));
      define(`intToF.f64.${name}`, (f, a, rm) => from64(context, f, 'f64', range.signed, a, rm));
    }
  }

  define('fToF.f32', (f, a, rm) => {
    f.if(isNan(F64, a), () => returnNanOf(context, f, F64, a, F32));
    return call(narrow, asF64(a), rm);
  });
  define('fToF.f64', (f, a) => {
    const low = f.let(a.and(0xffff_ffff));
    f.if(isNan(F32, low), () => returnNanOf(context, f, F32, low, F64));
    return bitsOfF64(promote(asF32(low)));
  });
  return refs;
}

/** Returns the NaN of another format, raising NV if this one is signalling. */
function returnNanOf(context: FpContext, f: FunctionWriter, from: FpFormat, bits: Value, to: FpFormat): void {
  const zero = constant('i64', 0);
  f.let(call(context.nan[nameOf(from)], bits, zero, zero));
  f.return(constant('i64', to.canonicalNan));
}

/** (f64, rm) -> f64: a whole number, in any mode, without flags. A NaN stays one. */
function defineRoundToWhole(context: FpContext): FuncRef {
  const ref = context.module.declare('roundToWhole', ['f64', 'i32'], ['f64']);
  writeFunction(context.module, ref, (f, x, rm) => {
    f.if(rm.eq(RM.RTZ), () => f.return(x.trunc()));
    f.if(rm.eq(RM.RNE), () => f.return(x.nearest()));
    f.if(rm.eq(RM.RDN), () => f.return(x.floor()));
    f.if(rm.eq(RM.RUP), () => f.return(x.ceil()));
    const whole = f.let(x.trunc());
    const isHalfOrMore = x.sub(whole).abs().ge(0.5);
    f.if(isHalfOrMore, () => f.set(whole, whole.add(constant('f64', 1).copysign(x))));
    return whole;
  });
  return ref;
}

function toInt(
  context: FpContext,
  f: FunctionWriter,
  range: IntRange,
  roundToWhole: FuncRef,
  x: Variable,
  rm: Value,
): Value {
  const whole = f.let(x.trunc());
  f.if(rm.ne(RM.RTZ), () => f.set(whole, call(roundToWhole, x, rm)));
  f.if(
    whole.ge(range.low).and(whole.lt(range.limit)),
    () => f.if(whole.ne(x), () => raise(context, f, FLAG.NX)),
    () => {
      raise(context, f, FLAG.NV);
      // The host saturates alike, but takes a NaN for zero.
      f.if(x.ne(x), () => f.set(whole, range.limit));
    },
  );
  const suffix = range.signed ? 's' : 'u';
  if (range.bits === 64) return whole.to('i64', `i64.trunc_sat_f64_${suffix}`);
  return signExtend(whole.to('i32', `i32.trunc_sat_f64_${suffix}`));
}

/** From a 64-bit integer. */
function from64(
  context: FpContext,
  f: FunctionWriter,
  format: FormatName,
  signed: boolean,
  a: Variable,
  rm: Value,
): Value {
  const { precision, sign } = format === 'f32' ? { precision: 24, sign: 32n } : { precision: 53, sign: 0n };
  const { bias } = format === 'f32' ? F32 : F64;
  const suffix = signed ? 's' : 'u';
  const nearest =
    format === 'f32'
      ? bitsOfF32(a.to('f32', `f32.convert_i64_${suffix}`))
      : bitsOfF64(a.to('f64', `f64.convert_i64_${suffix}`));
  const magnitude = f.let(a);
  if (signed) f.if(a.ltS(0), () => f.set(magnitude, constant('i64', 0).sub(a)));
  // From the first one bit to the last. Zero has none.
  const significantBits = constant('i64', 64).sub(magnitude.clz()).sub(magnitude.ctz());
  f.if(significantBits.leS(precision), () => f.return(nearest));
  f.if(rm.eqz(), () => {
    raise(context, f, FLAG.NX);
    f.return(nearest);
  });
  const signInPlace = signed ? a.and(signBit(F64)).shrU(sign) : constant('i64', 0);
  return call(context.normalizeAndRound[format], signInPlace, constant('i32', bias + LEADING_BIT), magnitude, rm);
}
