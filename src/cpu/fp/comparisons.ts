/**
 * Generated comparisons and minimum/maximum of both formats.
 *
 * feq is quiet, flt and fle signal NV on any NaN. fmin and fmax are minimumNumber and maximumNumber of IEEE 754-2019.
 */
import type { FuncRef } from '../../wasm/code.ts';
import { F32, F64, FLAG } from './format.ts';
import type { FpFormat } from './format.ts';
import { isNan, nameOf, raise } from './rounding.ts';
import type { FpContext } from './rounding.ts';
import { asF32, asF64, bitsOfF32, bitsOfF64, call, constant, writeFunction, zeroExtend } from './value.ts';
import type { PlainOp } from '../../wasm/opcodes.ts';
import type { Value } from './value.ts';

const ZERO = constant('i64', 0);

/** (i64, i64) -> i64 for each of feq, flt, fle, fmin, fmax and each format: `feq.f32` and so on. */
export function defineComparisons(context: FpContext): Map<string, FuncRef> {
  const refs = new Map<string, FuncRef>();
  for (const format of [F32, F64]) {
    for (const name of ['feq', 'flt', 'fle'] as const) refs.set(...defineComparison(context, format, name));
    for (const name of ['fmin', 'fmax'] as const) refs.set(...defineExtremum(context, format, name));
  }
  return refs;
}

const floatOf = (format: FpFormat, bits: Value): Value => (format === F32 ? asF32(bits) : asF64(bits));
const bitsOf = (format: FpFormat, x: Value): Value => (format === F32 ? bitsOfF32(x) : bitsOfF64(x));
/** The bits of the format alone. */
const trimmed = (format: FpFormat, bits: Value): Value => (format === F32 ? bits.and(0xffff_ffff) : bits);

function defineComparison(context: FpContext, format: FpFormat, name: 'feq' | 'flt' | 'fle'): [string, FuncRef] {
  const ref = context.module.declare(`${name}.${nameOf(format)}`, ['i64', 'i64'], ['i64']);
  writeFunction(context.module, ref, (f, a, b) => {
    const x = f.let(floatOf(format, a));
    const y = f.let(floatOf(format, b));
    f.if(x.ne(x).or(y.ne(y)), () => {
      if (name === 'feq') f.set(a, call(context.nan[nameOf(format)], trimmed(format, a), trimmed(format, b), ZERO));
      else raise(context, f, FLAG.NV);
      f.return(ZERO);
    });
    return zeroExtend(name === 'feq' ? x.eq(y) : name === 'flt' ? x.lt(y) : x.le(y));
  });
  return [ref.name, ref];
}

function defineExtremum(context: FpContext, format: FpFormat, name: 'fmin' | 'fmax'): [string, FuncRef] {
  const ref = context.module.declare(`${name}.${nameOf(format)}`, ['i64', 'i64'], ['i64']);
  writeFunction(context.module, ref, (f, a, b) => {
    const x = f.let(floatOf(format, a));
    const y = f.let(floatOf(format, b));
    f.if(x.ne(x).or(y.ne(y)), () => {
      // The other operand where one is a NaN, the canonical NaN where both are.
      const [low, other] = [f.let(trimmed(format, a)), f.let(trimmed(format, b))];
      const nan = f.let(call(context.nan[nameOf(format)], low, other, ZERO));
      f.if(isNan(format, low).eqz(), () => f.return(low));
      f.if(isNan(format, other).eqz(), () => f.return(other));
      f.return(nan);
    });
    // The host's min and max order -0 below +0, too.
    const host = `${nameOf(format)}.${name === 'fmin' ? 'min' : 'max'}` as PlainOp;
    return bitsOf(format, x.with(host, y));
  });
  return [ref.name, ref];
}
