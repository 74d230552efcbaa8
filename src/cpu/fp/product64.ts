/**
 * Generated multiplication of binary64.
 *
 * Fast path: nearest64.ts; the trailing zeros of the factors tell whether the product is exact.
 * Slow path, out of line: any mode, any operand; the host's product of significands, corrected by its residual.
 */
import type { FuncRef } from '../../wasm/code.ts';
import { F64 } from './format.ts';
import { defineNearest64, returnIfNan, type NearestCase } from './nearest64.ts';
import { exponentField, returnInvalid } from './rounding.ts';
import type { FpContext } from './rounding.ts';
import { HIDDEN, hostResult, INFINITY, SIGN, TOP, unitFloat, unpackNormalized } from './significand64.ts';
import { call, constant, wrap, writeFunction, zeroExtend } from './value.ts';
import type { Value } from './value.ts';

/** `slow` is the complete multiplication, too, without the fast path. */
export function defineProduct64(context: FpContext): { fmul: FuncRef; slow: FuncRef } {
  const slow = defineSlowMul(context);
  return { fmul: defineNearest64(context, 'fmul.f64', (x, y) => x.mul(y), isInexact, slow), slow };
}

function isInexact({ a, b, exponentA, exponentB, exponent }: NearestCase): Value {
  // The integer product has 105 bits, or 106 where the exponent shows a carry; 53 of them may be other than zero.
  const carry = exponent.sub(exponentA).sub(exponentB).add(F64.bias);
  const trailingZeros = wrap(a.or(HIDDEN).ctz().add(b.or(HIDDEN).ctz()));
  return trailingZeros.ltS(carry.add(52));
}

function defineSlowMul(context: FpContext): FuncRef {
  const ref = context.module.declare('fmul.f64.slow', ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    const sign = f.let(a.xor(b).and(SIGN));
    const exponentA = f.let(exponentField(F64, a));
    const exponentB = f.let(exponentField(F64, b));
    f.if(exponentA.eq(TOP).or(exponentB.eq(TOP)), () => {
      returnIfNan(context, f, a, b);
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
