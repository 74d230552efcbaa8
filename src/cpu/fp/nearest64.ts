/**
 * The common beginning of generated multiplication and division of binary64.
 *
 * To nearest even and with a safely normal result, the host's own instruction gives the value, and only NX is in question:
 * nothing to do if it is set already, else the operands tell whether the result is exact.
 */
import type { FuncRef } from '../../wasm/code.ts';
import { F64, FLAG } from './format.ts';
import { exponentField, inexactIsSet, isNan, isSafelyNormal, raise } from './rounding.ts';
import type { FpContext } from './rounding.ts';
import { isNormal } from './significand64.ts';
import { asF64, bitsOfF64, call, constant, writeFunction } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

/** Two normal operands, their result, and the exponent fields of all three. */
export interface NearestCase {
  readonly a: Variable;
  readonly b: Variable;
  readonly result: Variable;
  readonly exponentA: Variable;
  readonly exponentB: Variable;
  readonly exponent: Value;
}

/** (a, b, rm) -> bits; `slow` is complete, too. */
export function defineNearest64(
  context: FpContext,
  name: string,
  host: (x: Value, y: Value) => Value,
  isInexact: (operands: NearestCase) => Value,
  slow: FuncRef,
): FuncRef {
  const ref = context.module.declare(name, ['i64', 'i64', 'i32'], ['i64']);
  writeFunction(context.module, ref, (f, a, b, rm) => {
    f.if(rm.eqz(), () => {
      const result = f.let(bitsOfF64(host(asF64(a), asF64(b))));
      f.if(isSafelyNormal(F64, result), () => {
        f.if(inexactIsSet(context), () => f.return(result));
        const exponentA = f.let(exponentField(F64, a));
        const exponentB = f.let(exponentField(F64, b));
        f.if(isNormal(exponentA).and(isNormal(exponentB)), () => {
          const operands = { a, b, result, exponentA, exponentB, exponent: exponentField(F64, result) };
          f.if(isInexact(operands), () => raise(context, f, FLAG.NX));
          f.return(result);
        });
      });
    });
    return call(slow, a, b, rm);
  });
  return ref;
}

/** Returns the NaN of an operation one of whose operands is a NaN. */
export function returnIfNan(context: FpContext, f: FunctionWriter, a: Value, b: Value): void {
  f.if(isNan(F64, a).or(isNan(F64, b)), () => f.return(call(context.nan.f64, a, b, constant('i64', 0))));
}
