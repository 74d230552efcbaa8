/**
 * Adds the floating-point functions to a module: one for each FP_PRIMITIVES row, complete in WebAssembly.
 *
 * Interface: defineFpFunctions. Signatures and meaning: isa/fp-ops.ts. The flags are accrued into an i32 at an address that
 * the caller gives; nothing else in memory is touched.
 */
import { FP_PRIMITIVES } from '../../isa/fp-ops.ts';
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import type { FuncRef } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { defineArithmetic32 } from './arithmetic32.ts';
import { defineArithmetic64 } from './arithmetic64.ts';
import { defineComparisons } from './comparisons.ts';
import { defineConversions } from './conversions.ts';
import { defineFma64 } from './fma64.ts';
import { makeContext } from './rounding.ts';

/** `fflagsAddress`: where in memory 0 the accrued flags are. All of the module's imports must have been added before. */
export function defineFpFunctions(module: ModuleBuilder, fflagsAddress: number): ReadonlyMap<FpPrimitive, FuncRef> {
  const context = makeContext(module, fflagsAddress);
  const { slowMul, ...f64 } = defineArithmetic64(context);
  const { narrow, ...f32 } = defineArithmetic32(context);
  const refs = new Map<string, FuncRef>([
    ...Object.values(f64).map((ref) => [ref.name, ref] as const),
    ...Object.values(f32).map((ref) => [ref.name, ref] as const),
    ...defineComparisons(context),
    ...defineConversions(context, narrow),
  ]);
  refs.set('fma.f64', defineFma64(context, slowMul));
  return new Map([...FP_PRIMITIVES.keys()].map((name) => [name, refs.get(name)!]));
}
