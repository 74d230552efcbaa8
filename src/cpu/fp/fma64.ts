/**
 * Generated fused multiply-add of binary64: a * b + c with one rounding.
 *
 * Fast path: to nearest even and nothing extreme; see host-fma.ts.
 * Slow path, out of line: 128-bit integers.
 */
import type { FuncRef } from '../../wasm/code.ts';
import { F64, FLAG, RM } from './format.ts';
import { emitFma64, emitFma64WithFlags } from './host-fma.ts';
import { exponentField, inexactIsSet, isNan, raise, returnInvalid } from './rounding.ts';
import type { FpContext } from './rounding.ts';
import { INFINITY, SIGN, TOP, unpackNormalized, unpackSignificand } from './significand64.ts';
import { asF64, bitsOfF64, call, constant, writeFunction, zeroExtend } from './value.ts';
import type { FunctionWriter, Value } from './value.ts';
import { addWide, isBelow, multiplyWide, shiftRightWide, subtractWide, swapWide } from './wide.ts';
import type { Wide } from './wide.ts';

export function defineFma64(context: FpContext, slowMul: FuncRef): FuncRef {
  const complete = defineSlowFma(context, slowMul);
  const ref = context.module.declare('fma.f64', ['i64', 'i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, c, rm) => {
    f.block((slow) => {
      f.branchIf(rm, slow);
      const [x, y, z] = [f.let(asF64(a)), f.let(asF64(b)), f.let(asF64(c))];
      f.if(inexactIsSet(context), () => f.return(bitsOfF64(emitFma64(f, x, y, z, slow))));
      f.return(bitsOfF64(emitFma64WithFlags(f, [x, y, z], () => raise(context, f, FLAG.NX), slow)));
    });
    return call(complete, a, b, c, rm);
  });
  return ref;
}

function defineSlowFma(context: FpContext, slowMul: FuncRef): FuncRef {
  const ref = context.module.declare('fma.f64.slow', ['i64', 'i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, c, rm) => {
    const sign = f.let(a.xor(b).and(SIGN));
    const signC = f.let(c.and(SIGN));
    const exponentA = f.let(exponentField(F64, a));
    const exponentB = f.let(exponentField(F64, b));
    const exponentC = f.let(exponentField(F64, c));
    const productIsZero = f.let(a.shl(1).eqz().or(b.shl(1).eqz()));
    returnSpecial(context, f, [a, b, c], [exponentA, exponentB, exponentC], productIsZero);

    f.if(productIsZero, () => {
      f.if(c.shl(1).ne(0).or(sign.eq(signC)), () => f.return(c));
      f.return(zeroExtend(rm.eq(RM.RDN)).shl(63));
    });
    f.if(c.shl(1).eqz(), () => f.return(call(slowMul, a, b, rm)));

    // Both terms as 128-bit integers: the product's leading bit at 125 or 126, that of a normal addend at 126.
    const x = f.let(unpackNormalized(f, a, exponentA).shl(10));
    const y = f.let(unpackNormalized(f, b, exponentB).shl(11));
    const product = multiplyWide(f, x, y);
    const addend: Wide = { high: f.let(unpackSignificand(f, c, exponentC).shl(10)), low: f.let(constant('i64', 0)) };
    const exponent = f.let(exponentA.add(exponentB).sub(F64.bias - 1));
    const difference = f.let(exponent.sub(exponentC));
    // What a long shift loses is sticky; a sum that cancels far is made of terms that were hardly shifted.
    f.if(
      difference.geS(0),
      () => shiftRightWide(f, addend, difference),
      () => {
        f.set(exponent, exponentC);
        shiftRightWide(f, product, f.let(constant('i32', 0).sub(difference)));
      },
    );
    f.if(
      sign.eq(signC),
      () => addWide(f, product, addend),
      () => {
        f.if(isBelow(product, addend), () => {
          f.set(sign, signC);
          swapWide(f, product, addend);
        });
        subtractWide(f, product, addend);
        f.if(product.high.or(product.low).eqz(), () => f.return(zeroExtend(rm.eq(RM.RDN)).shl(63)));
      },
    );
    f.if(product.high.eqz(), () => {
      f.set(product.high, product.low);
      f.set(product.low, 0);
      f.set(exponent, exponent.sub(64));
    });
    // Bring the leading bit to 62 or 63 here, so that the sticky bit is appended after the last left shift.
    const distance = f.let(product.high.clz());
    const fromLow = product.low.shrU(1).shrU(constant('i64', 63).sub(distance));
    f.set(product.high, product.high.shl(distance).or(fromLow));
    f.set(product.low, product.low.shl(distance));
    const significand = product.high.or(zeroExtend(product.low.ne(0)));
    return call(context.normalizeAndRound.f64, sign, exponent.sub(distance.to('i32', 'i32.wrap_i64')), significand, rm);
  });
  return ref;
}

/** Infinities and NaNs. Infinity times zero is invalid even where the addend is a quiet NaN. */
function returnSpecial(
  context: FpContext,
  f: FunctionWriter,
  [a, b, c]: readonly [Value, Value, Value],
  [exponentA, exponentB, exponentC]: readonly [Value, Value, Value],
  productIsZero: Value,
): void {
  const isInfinite = (x: Value): Value => x.and(SIGN - 1n).eq(INFINITY);
  f.if(exponentA.eq(TOP).or(exponentB.eq(TOP)).or(exponentC.eq(TOP)), () => {
    const productIsInfinite = f.let(isInfinite(a).or(isInfinite(b)));
    f.if(productIsInfinite.and(productIsZero), () => returnInvalid(context, f, F64));
    const anyNan = isNan(F64, a).or(isNan(F64, b)).or(isNan(F64, c));
    f.if(anyNan, () => f.return(call(context.nan.f64, a, b, c)));
    f.if(productIsInfinite, () => {
      const product = f.let(a.xor(b).and(SIGN).or(INFINITY));
      f.if(isInfinite(c).and(c.ne(product)), () => returnInvalid(context, f, F64));
      f.return(product);
    });
    f.return(c);
  });
}
