/**
 * Generated division and square root of binary64.
 *
 * Fast path: nearest64.ts, and likewise for the root; multiplying back as integers tells whether the result is exact.
 * Slow path, out of line: any mode, any operand; the host's result on significands, corrected by the sign of its residual.
 */
import type { FuncRef } from '../../wasm/code.ts';
import { F64, FLAG } from './format.ts';
import { defineNearest64, returnIfNan, type NearestCase } from './nearest64.ts';
import { exponentField, inexactIsSet, isNan, raise, returnInvalid } from './rounding.ts';
import type { FpContext } from './rounding.ts';
import {
  HIDDEN,
  hostResult,
  INFINITY,
  SIGN,
  significandOfNormal,
  signOf,
  TOP,
  unitFloat,
  unpackNormalized,
} from './significand64.ts';
import { asF64, bitsOfF64, call, constant, wrap, writeFunction, zeroExtend } from './value.ts';
import type { Value } from './value.ts';

export function defineDiv64(context: FpContext): FuncRef {
  return defineNearest64(context, 'fdiv.f64', (x, y) => x.div(y), quotientIsInexact, defineSlowDiv(context));
}

function quotientIsInexact({ a, b, result, exponentA, exponentB, exponent }: NearestCase): Value {
  // Exact if a * 2^shift = quotient * b as integers; their difference is less than 2^53.
  const shift = exponentA
    .sub(exponentB)
    .sub(exponent)
    .add(F64.bias + 52);
  const scaled = significandOfNormal(a).shl(zeroExtend(shift));
  return scaled.ne(significandOfNormal(result).mul(significandOfNormal(b)));
}

function defineSlowDiv(context: FpContext): FuncRef {
  const ref = context.module.declare('fdiv.f64.slow', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    const sign = f.let(a.xor(b).and(SIGN));
    const exponentA = f.let(exponentField(F64, a));
    const exponentB = f.let(exponentField(F64, b));
    f.if(exponentA.eq(TOP).or(exponentB.eq(TOP)), () => {
      returnIfNan(context, f, a, b);
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

export function defineSqrt64(context: FpContext): FuncRef {
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
