/**
 * A floating-point primitive inside another function: the common case in place, the rest by a call.
 *
 * In place are add, sub, mul and div where the mode is to nearest even, NX is set already and the result is safely normal:
 * then the host's instruction is all there is to do. A call costs about as much again.
 *
 * Interface: emitFpPrimitive.
 */
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import type { CodeEmitter, FuncRef, Local } from '../../wasm/code.ts';
import { F32, F64 } from './format.ts';
import { inexactIsSet, isSafelyNormal } from './rounding.ts';
import { asF32, asF64, bitsOfF32, bitsOfF64, call, FunctionWriter, Variable } from './value.ts';
import type { Value } from './value.ts';

const IN_PLACE: Partial<Record<string, (x: Value, y: Value) => Value>> = {
  fadd: (x, y) => x.add(y),
  fsub: (x, y) => x.sub(y),
  fmul: (x, y) => x.mul(y),
  fdiv: (x, y) => x.div(y),
};

/**
 * Leaves the primitive's i64 result on the stack. `functions` and `fflagsAddress` as in defineFpFunctions; `rounding` is
 * needed where the primitive is rounded.
 */
export function emitFpPrimitive(
  code: CodeEmitter,
  functions: ReadonlyMap<FpPrimitive, FuncRef>,
  fflagsAddress: number,
  name: FpPrimitive,
  operands: readonly Local[],
  rounding: Local | undefined,
): void {
  const f = new FunctionWriter(code);
  const values = operands.map((local) => new Variable(local));
  const mode = rounding && new Variable(rounding);
  const complete = call(functions.get(name)!, ...values, ...(mode ? [mode] : []));
  const [operation, format] = name.split('.') as [string, string];
  const host = IN_PLACE[operation];
  const [a, b] = values;
  if (!host || !mode || !a || !b) {
    complete.emit(code);
    return;
  }
  const result = f.let(format === 'f32' ? bitsOfF32(host(asF32(a), asF32(b))) : bitsOfF64(host(asF64(a), asF64(b))));
  const nearestAndInexact = mode.or(inexactIsSet({ fflags: fflagsAddress }).eqz()).eqz();
  f.if(
    nearestAndInexact.and(isSafelyNormal(format === 'f32' ? F32 : F64, result)),
    () => {},
    () => f.set(result, complete),
  );
  result.emit(code);
}
