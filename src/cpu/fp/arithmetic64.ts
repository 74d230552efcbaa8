/**
 * Generated add, sub, mul, div and sqrt of binary64.
 *
 * Fast path: to nearest even, the result well inside the normal range. Then the host's own instruction gives the value, and
 * only NX is in question: nothing to do if it is set already, else the result's residual is zero or not.
 * Slow path, out of line: any mode, any operand. Sums are integer arithmetic. Products, quotients and roots take the host's
 * result on significands in [1, 2), where nothing can go wrong, and correct it by the exact residual: that is so small that
 * its low 64 bits tell it whole.
 */
import { F64, FLAG, RM } from './format.ts';
import {
  exponentField,
  fractionMask,
  hiddenBit,
  inexactIsSet,
  infinityBits,
  isNan,
  isSafelyNormal,
  raise,
  returnInvalid,
  shiftRightSticky,
  signBit,
  topExponent,
} from './rounding.ts';
import type { FpContext } from './rounding.ts';
import { asF64, bitsOfF64, call, constant, wrap, writeFunction, zeroExtend } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';
import type { FuncRef } from '../../wasm/code.ts';

const SIGN = signBit(F64);
const FRACTION = fractionMask(F64);
const HIDDEN = hiddenBit(F64);
const INFINITY = infinityBits(F64);
const TOP = topExponent(F64);
const ONE = BigInt(F64.bias) << 52n;

export interface Arithmetic64 {
  readonly fadd: FuncRef;
  readonly fsub: FuncRef;
  readonly fmul: FuncRef;
  readonly fdiv: FuncRef;
  readonly fsqrt: FuncRef;
  /** The complete multiplication, without the fast path. */
  readonly slowMul: FuncRef;
}

export function defineArithmetic64(context: FpContext): Arithmetic64 {
  const slowAdd = defineSlowAdd(context);
  const slowMul = defineSlowMul(context);
  return {
    fadd: defineSum(context, 'fadd', slowAdd),
    fsub: defineSum(context, 'fsub', slowAdd),
    fmul: defineMul(context, slowMul),
    fdiv: defineDiv(context),
    fsqrt: defineSqrt(context),
    slowMul,
  };
}

function defineSum(context: FpContext, name: 'fadd' | 'fsub', slow: FuncRef): FuncRef {
  const ref = context.module.declare(`${name}.f64`, ['i64', 'i64', 'i32'], ['i64']);
  const subtracts = name === 'fsub';
  writeFunction(context.module, ref, (f, a, b, rm) => {
    f.if(rm.eqz(), () => {
      const x = f.let(asF64(a));
      const y = f.let(asF64(b));
      const sum = f.let(subtracts ? x.sub(y) : x.add(y));
      const bits = f.let(bitsOfF64(sum));
      // A subnormal sum is exact; the topmost binade is left to the slow path, so that nothing below overflows.
      f.if(exponentField(F64, bits).ltU(TOP - 1), () => {
        f.if(inexactIsSet(context), () => f.return(bits));
        const signedY = f.let(subtracts ? y.to('f64', 'f64.neg') : y);
        f.if(twoSumError(f, x, signedY, sum).ne(0), () => raise(context, f, FLAG.NX));
        f.return(bits);
      });
    });
    return call(slow, a, subtracts ? b.xor(SIGN) : b, rm);
  });
  return ref;
}

/** x + y - sum, exactly (Knuth). */
export function twoSumError(f: FunctionWriter, x: Value, y: Value, sum: Variable): Value {
  const partOfY = f.let(sum.sub(x));
  return x.sub(sum.sub(partOfY)).add(y.sub(partOfY));
}

function isNormal(exponent: Value): Value {
  return exponent.sub(1).ltU(TOP - 1);
}

export function significandOfNormal(bits: Value): Value {
  return bits.and(FRACTION).or(HIDDEN);
}

function defineSlowAdd(context: FpContext): FuncRef {
  const ref = context.module.declare('fadd.f64.slow', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    const swapped = f.let(a);
    f.if(a.shl(1).ltU(b.shl(1)), () => {
      f.set(a, b);
      f.set(b, swapped);
    });
    // Now |a| >= |b|, and a NaN or infinity is in a.
    const exponent = f.let(exponentField(F64, a));
    const exponentB = f.let(exponentField(F64, b));
    f.if(exponent.eq(TOP), () => {
      f.if(isNan(F64, a).or(isNan(F64, b)), () => f.return(call(context.nan.f64, a, b, constant('i64', 0))));
      f.if(exponentB.eq(TOP).and(a.ne(b)), () => returnInvalid(context, f, F64));
      f.return(a);
    });
    const sign = f.let(a.and(SIGN));
    // Ten bits below the last place hold what the shift brings; with fewer than two places of shift nothing is lost.
    const x = unpackSignificand(f, a, exponent);
    const y = unpackSignificand(f, b, exponentB);
    f.set(y, y.shl(10));
    f.set(y, shiftRightSticky(f, y, exponent.sub(exponentB)));
    f.set(x, x.shl(10));
    f.if(
      a.xor(b).geS(0),
      () => {
        f.set(x, x.add(y));
        f.if(x.eqz(), () => f.return(sign));
      },
      () => {
        f.set(x, x.sub(y));
        f.if(x.eqz(), () => f.return(zeroExtend(rm.eq(RM.RDN)).shl(63)));
      },
    );
    return call(context.normalizeAndRound.f64, sign, exponent, x, rm);
  });
  return ref;
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

function defineMul(context: FpContext, slow: FuncRef): FuncRef {
  const ref = context.module.declare('fmul.f64', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    f.if(rm.eqz(), () => {
      const product = f.let(bitsOfF64(asF64(a).mul(asF64(b))));
      f.if(isSafelyNormal(F64, product), () => {
        f.if(inexactIsSet(context), () => f.return(product));
        const exponentA = f.let(exponentField(F64, a));
        const exponentB = f.let(exponentField(F64, b));
        f.if(isNormal(exponentA).and(isNormal(exponentB)), () => {
          // The integer product has 105 bits, or 106 where the exponent shows a carry; 53 of them may be other than zero.
          const carry = exponentField(F64, product).sub(exponentA).sub(exponentB).add(F64.bias);
          const trailingZeros = wrap(a.or(HIDDEN).ctz().add(b.or(HIDDEN).ctz()));
          f.if(trailingZeros.ltS(carry.add(52)), () => raise(context, f, FLAG.NX));
          f.return(product);
        });
      });
    });
    return call(slow, a, b, rm);
  });
  return ref;
}

function defineSlowMul(context: FpContext): FuncRef {
  const ref = context.module.declare('fmul.f64.slow', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    const sign = f.let(a.xor(b).and(SIGN));
    const exponentA = f.let(exponentField(F64, a));
    const exponentB = f.let(exponentField(F64, b));
    f.if(exponentA.eq(TOP).or(exponentB.eq(TOP)), () => {
      f.if(isNan(F64, a).or(isNan(F64, b)), () => f.return(call(context.nan.f64, a, b, constant('i64', 0))));
      f.if(a.shl(1).eqz().or(b.shl(1).eqz()), () => returnInvalid(context, f, F64));
      f.return(sign.or(INFINITY));
    });
    f.if(a.shl(1).eqz().or(b.shl(1).eqz()), () => f.return(sign));
    const x = unpackNormalized(f, a, exponentA);
    const y = unpackNormalized(f, b, exponentB);
    const { rounded, carry } = hostResult(f, unitFloat(x).mul(unitFloat(y)), F64.bias);
    // x * y = rounded * 2^(52 + carry) + residual. Ten bits of the residual are kept, the rest is sticky.
    const residual = f.let(x.mul(y).sub(rounded.shl(zeroExtend(carry.add(52)))));
    const keep = f.let(zeroExtend(carry.add(42)));
    const lost = residual.and(constant('i64', 1).shl(keep).sub(1)).ne(0);
    const significand = f.let(rounded.shl(10).add(residual.shrS(keep)).or(zeroExtend(lost)));
    return call(
      context.normalizeAndRound.f64,
      sign,
      exponentA.add(exponentB).add(carry).sub(F64.bias),
      significand,
      rm,
    );
  });
  return ref;
}

/** The float in [1, 2) with this normalized significand. */
function unitFloat(significand: Value): Value {
  return asF64(significand.and(FRACTION).or(ONE));
}

/** A normal result taken apart: its significand, and its exponent less `exponent`. */
function hostResult(f: FunctionWriter, result: Value, exponent: number): { rounded: Variable; carry: Variable } {
  const bits = f.let(bitsOfF64(result));
  return {
    rounded: f.let(significandOfNormal(bits)),
    carry: f.let(wrap(bits.shrU(52)).sub(exponent)),
  };
}

function defineDiv(context: FpContext): FuncRef {
  const slow = defineSlowDiv(context);
  const ref = context.module.declare('fdiv.f64', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    f.if(rm.eqz(), () => {
      const quotient = f.let(bitsOfF64(asF64(a).div(asF64(b))));
      f.if(isSafelyNormal(F64, quotient), () => {
        f.if(inexactIsSet(context), () => f.return(quotient));
        const exponentA = f.let(exponentField(F64, a));
        const exponentB = f.let(exponentField(F64, b));
        f.if(isNormal(exponentA).and(isNormal(exponentB)), () => {
          // Exact if a * 2^shift = quotient * b as integers; their difference is less than 2^53.
          const shift = exponentA
            .sub(exponentB)
            .sub(exponentField(F64, quotient))
            .add(F64.bias + 52);
          const scaled = significandOfNormal(a).shl(zeroExtend(shift));
          const back = significandOfNormal(quotient).mul(significandOfNormal(b));
          f.if(scaled.ne(back), () => raise(context, f, FLAG.NX));
          f.return(quotient);
        });
      });
    });
    return call(slow, a, b, rm);
  });
  return ref;
}

function defineSlowDiv(context: FpContext): FuncRef {
  const ref = context.module.declare('fdiv.f64.slow', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    const sign = f.let(a.xor(b).and(SIGN));
    const exponentA = f.let(exponentField(F64, a));
    const exponentB = f.let(exponentField(F64, b));
    f.if(exponentA.eq(TOP).or(exponentB.eq(TOP)), () => {
      f.if(isNan(F64, a).or(isNan(F64, b)), () => f.return(call(context.nan.f64, a, b, constant('i64', 0))));
      f.if(exponentB.eq(TOP), () => {
        f.if(exponentA.eq(TOP), () => returnInvalid(context, f, F64));
        f.return(sign);
      });
      f.return(sign.or(INFINITY));
    });
    f.if(b.shl(1).eqz(), () => {
      f.if(a.shl(1).eqz(), () => returnInvalid(context, f, F64));
      raise(context, f, FLAG.DZ);
      f.return(sign.or(INFINITY));
    });
    f.if(a.shl(1).eqz(), () => f.return(sign));
    const x = unpackNormalized(f, a, exponentA);
    const y = unpackNormalized(f, b, exponentB);
    const { rounded, carry } = hostResult(f, unitFloat(x).div(unitFloat(y)), F64.bias);
    // carry is 0 or -1. A quotient is never half way between two doubles, so the residual's sign is enough.
    const residual = f.let(x.shl(zeroExtend(constant('i32', 52).sub(carry))).sub(rounded.mul(y)));
    return call(
      context.normalizeAndRound.f64,
      sign,
      exponentA.sub(exponentB).add(carry).add(F64.bias),
      rounded.shl(10).add(signOf(residual)),
      rm,
    );
  });
  return ref;
}

/** -1, 0 or 1. */
function signOf(x: Variable): Value {
  return x.shrS(63).or(zeroExtend(x.ne(0)));
}

function defineSqrt(context: FpContext): FuncRef {
  const slow = defineSlowSqrt(context);
  const ref = context.module.declare('fsqrt.f64', ['i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, rm) => {
    // Positive and normal.
    f.if(rm.eqz().and(a.sub(HIDDEN).ltU(INFINITY - HIDDEN)), () => {
      const root = f.let(bitsOfF64(asF64(a).sqrt()));
      f.if(inexactIsSet(context), () => f.return(root));
      // Exact if a * 2^shift = root^2 as integers.
      const shift = wrap(a.shrU(52))
        .sub(wrap(root.shrU(52)).shl(1))
        .add(F64.bias + 52);
      const scaled = significandOfNormal(a).shl(zeroExtend(shift));
      const rootInteger = f.let(significandOfNormal(root));
      f.if(scaled.ne(rootInteger.mul(rootInteger)), () => raise(context, f, FLAG.NX));
      f.return(root);
    });
    return call(slow, a, rm);
  });
  return ref;
}

function defineSlowSqrt(context: FpContext): FuncRef {
  const ref = context.module.declare('fsqrt.f64.slow', ['i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, rm) => {
    f.if(isNan(F64, a), () => f.return(call(context.nan.f64, a, constant('i64', 0), constant('i64', 0))));
    f.if(a.shl(1).eqz(), () => f.return(a));
    f.if(a.ltS(0), () => returnInvalid(context, f, F64));
    f.if(a.eq(INFINITY), () => f.return(a));
    const exponent = f.let(exponentField(F64, a));
    const x = unpackNormalized(f, a, exponent);
    // a = x * 2^odd * 4^quarters with x in [1, 2).
    const odd = f.let(exponent.sub(F64.bias).and(1));
    const quarters = exponent.sub(F64.bias).shrS(1);
    const scale = zeroExtend(odd).shl(52);
    // A root below 2 never rounds up to it, so its exponent is 0.
    const { rounded } = hostResult(f, asF64(bitsOfF64(unitFloat(x)).add(scale)).sqrt(), F64.bias);
    const residual = f.let(x.shl(zeroExtend(odd.add(52))).sub(rounded.mul(rounded)));
    return call(
      context.normalizeAndRound.f64,
      constant('i64', 0),
      quarters.add(F64.bias),
      rounded.shl(10).add(signOf(residual)),
      rm,
    );
  });
  return ref;
}
