/**
 * Generated arithmetic of binary32, by way of binary64 and one narrowing.
 *
 * A product of two floats is exact in binary64. A sum is rounded to odd there. A quotient or root of floats cannot come so
 * close to a float, or to the middle of two, that rounding it to binary64 would hide on which side it lies, and is exact in
 * binary64 only if it is exact. So every result is `narrow` of a double, in every mode, flags included.
 *
 * Fast path: to nearest even and safely normal; the host narrows, and widening back tells whether that was exact.
 */
import type { FuncRef } from '../../wasm/code.ts';
import { toOdd, twoSumError } from './error-free.ts';
import { F32, F64, FLAG, RM } from './format.ts';
import {
  exponentField,
  fractionMask,
  hiddenBit,
  inexactIsSet,
  infinityBits,
  isSafelyNormal,
  raise,
  returnInvalid,
  signBit,
  topExponent,
} from './rounding.ts';
import type { FpContext } from './rounding.ts';
import { asF32, bitsOfF32, bitsOfF64, call, constant, demote, promote, writeFunction } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

const TOP = topExponent(F32);
/** What is given for an operand that an operation does not have. */
const NONE = constant('i64', 0);

export interface Arithmetic32 {
  readonly fadd: FuncRef;
  readonly fsub: FuncRef;
  readonly fmul: FuncRef;
  readonly fdiv: FuncRef;
  readonly fsqrt: FuncRef;
  readonly fma: FuncRef;
  /** (f64, rm) -> bits of binary32, rounded, with flags. A NaN gives the canonical one and no flag. */
  readonly narrow: FuncRef;
}

export function defineArithmetic32(context: FpContext): Arithmetic32 {
  const narrow = defineNarrow(context);
  return {
    fadd: defineSum(context, narrow, 'fadd'),
    fsub: defineSum(context, narrow, 'fsub'),
    fmul: defineMul(context, narrow),
    fdiv: defineDiv(context, narrow),
    fsqrt: defineSqrt(context, narrow),
    fma: defineFma(context, narrow),
    narrow,
  };
}

const widen = (bits: Value): Value => promote(asF32(bits));

function defineNarrow(context: FpContext): FuncRef {
  const ref = context.module.declare('narrow', ['f64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, x, rm) => {
    returnIfNear(context, f, x, rm);
    f.if(x.ne(x), () => f.return(constant('i64', F32.canonicalNan)));
    const bits = f.let(bitsOfF64(x));
    const sign = f.let(bits.and(signBit(F64)).shrU(32));
    const exponent = f.let(exponentField(F64, bits));
    f.if(exponent.eq(topExponent(F64)), () => f.return(sign.or(infinityBits(F32))));
    f.if(bits.shl(1).eqz(), () => f.return(sign));
    // A subnormal double is far below every float: its leading bit does not matter.
    const significand = bits.and(fractionMask(F64)).or(hiddenBit(F64)).shl(10);
    return call(context.round.f32, sign, exponent.sub(F64.bias - F32.bias), significand, rm);
  });
  return ref;
}

/** Returns the float nearest to `wide`, if the mode is to nearest even and the result safely normal. */
function returnIfNear(context: FpContext, f: FunctionWriter, wide: Variable, rm: Value): void {
  f.if(rm.eqz(), () => {
    const result = f.let(demote(wide));
    const bits = f.let(bitsOfF32(result));
    f.if(isSafelyNormal(F32, bits), () => {
      f.if(promote(result).ne(wide), () => raise(context, f, FLAG.NX));
      f.return(bits);
    });
  });
}

function defineSum(context: FpContext, narrow: FuncRef, name: 'fadd' | 'fsub'): FuncRef {
  const subtracts = name === 'fsub';
  const slow = context.module.declare(`${name}.f32.slow`, ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, slow, (f, a, b, rm) => {
    const x = f.let(widen(a));
    const y = f.let(subtracts ? widen(b).to('f64', 'f64.neg') : widen(b));
    const sum = f.let(x.add(y));
    f.if(sum.ne(sum), () => returnNan(context, f, [a, b, NONE], [x, y]));
    f.if(sum.eq(0), () => returnZeroSum(f, x, y, sum, rm));
    return call(narrow, roundedToOdd(f, x, y, sum), rm);
  });

  const ref = context.module.declare(`${name}.f32`, ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    f.if(rm.eqz(), () => {
      const x = f.let(asF32(a));
      const y = f.let(asF32(b));
      const sum = f.let(subtracts ? x.sub(y) : x.add(y));
      const bits = f.let(bitsOfF32(sum));
      // As in binary64: subnormal sums are exact, the topmost binade is left out.
      f.if(exponentField(F32, bits).ltU(TOP - 1), () => {
        f.if(inexactIsSet(context), () => f.return(bits));
        const signedY = f.let(subtracts ? y.to('f32', 'f32.neg') : y);
        f.if(twoSumError(f, x, signedY, sum).ne(0), () => raise(context, f, FLAG.NX));
        f.return(bits);
      });
    });
    return call(slow, a, b, rm);
  });
  return ref;
}

/** x + y rounded to odd, where `sum` is x + y to nearest. An infinite sum is exact here and stays. */
function roundedToOdd(f: FunctionWriter, x: Variable, y: Variable, sum: Variable): Value {
  const result = f.let(sum);
  f.if(sum.sub(sum).eq(0), () => f.set(result, toOdd(f, sum, f.let(twoSumError(f, x, y, sum)))));
  return result;
}

/** The sum is exactly zero: two zeros of one sign keep it, otherwise it is positive except when rounding down. */
function returnZeroSum(f: FunctionWriter, x: Value, y: Value, sum: Value, rm: Value): void {
  const cancels = bitsOfF64(x).xor(bitsOfF64(y)).ltS(0);
  f.if(cancels.and(rm.eq(RM.RDN)), () => f.return(constant('i64', signBit(F32))));
  f.return(bitsOfF32(demote(sum)));
}

/** The result is a NaN. Where no operand of it is one, or no factor is while the product is, the operation was invalid. */
function returnNan(
  context: FpContext,
  f: FunctionWriter,
  bits: readonly [Value, Value, Value],
  operands: readonly Value[],
): void {
  const anyNan = operands.map((x) => x.ne(x)).reduce((x, y) => x.or(y));
  f.if(anyNan.eqz(), () => returnInvalid(context, f, F32));
  f.return(call(context.nan.f32, ...bits));
}

function defineMul(context: FpContext, narrow: FuncRef): FuncRef {
  const ref = context.module.declare('fmul.f32', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    const x = f.let(widen(a));
    const y = f.let(widen(b));
    const product = f.let(x.mul(y));
    returnIfNear(context, f, product, rm);
    f.if(product.ne(product), () => returnNan(context, f, [a, b, NONE], [x, y]));
    return call(narrow, product, rm);
  });
  return ref;
}

function defineDiv(context: FpContext, narrow: FuncRef): FuncRef {
  const ref = context.module.declare('fdiv.f32', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    const x = f.let(widen(a));
    const y = f.let(widen(b));
    const quotient = f.let(x.div(y));
    returnIfNear(context, f, quotient, rm);
    f.if(quotient.ne(quotient), () => returnNan(context, f, [a, b, NONE], [x, y]));
    const isFinite = x.sub(x).eq(0);
    f.if(y.eq(0).and(isFinite), () => raise(context, f, FLAG.DZ));
    return call(narrow, quotient, rm);
  });
  return ref;
}

function defineSqrt(context: FpContext, narrow: FuncRef): FuncRef {
  const ref = context.module.declare('fsqrt.f32', ['i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, rm) => {
    const x = f.let(widen(a));
    const root = f.let(x.sqrt());
    returnIfNear(context, f, root, rm);
    f.if(root.ne(root), () => returnNan(context, f, [a, NONE, NONE], [x]));
    return call(narrow, root, rm);
  });
  return ref;
}

function defineFma(context: FpContext, narrow: FuncRef): FuncRef {
  const ref = context.module.declare('fma.f32', ['i64', 'i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, c, rm) => {
    const x = f.let(widen(a));
    const y = f.let(widen(b));
    const z = f.let(widen(c));
    const product = f.let(x.mul(y));
    const sum = f.let(product.add(z));
    const odd = f.let(roundedToOdd(f, product, z, sum));
    returnIfNear(context, f, odd, rm);
    f.if(sum.ne(sum), () => {
      // Infinity times zero is invalid even where the addend is a quiet NaN.
      const factorsAreNumbers = x.eq(x).and(y.eq(y));
      f.if(product.ne(product).and(factorsAreNumbers), () => returnInvalid(context, f, F32));
      returnNan(context, f, [a, b, c], [x, y, z]);
    });
    f.if(sum.eq(0), () => returnZeroSum(f, product, z, sum, rm));
    return call(narrow, odd, rm);
  });
  return ref;
}
