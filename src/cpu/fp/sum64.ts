/**
 * Generated addition and subtraction of binary64.
 *
 * Fast path: to nearest even, the result below the topmost binade. Then the host's own instruction gives the value, and
 * only NX is in question: nothing to do if it is set already, else the sum has an error or not.
 * Slow path, out of line: any mode, any operand; integers.
 */
import type { FuncRef } from '../../wasm/code.ts';
import { twoSumError } from './error-free.ts';
import { F64, FLAG, RM } from './format.ts';
import { returnIfNan } from './nearest64.ts';
import { exponentField, inexactIsSet, raise, returnInvalid, shiftRightSticky } from './rounding.ts';
import type { FpContext } from './rounding.ts';
import { SIGN, TOP, unpackSignificand } from './significand64.ts';
import { asF64, bitsOfF64, call, writeFunction, zeroExtend } from './value.ts';

export function defineSums64(context: FpContext): { fadd: FuncRef; fsub: FuncRef } {
  const slow = defineSlowAdd(context);
  return { fadd: defineSum(context, 'fadd', slow), fsub: defineSum(context, 'fsub', slow) };
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
      returnIfNan(context, f, a, b);
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
