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
import { defineComparisons } from './comparisons.ts';
import { defineConversions } from './conversions.ts';
import { defineFma64 } from './fma64.ts';
import { defineProduct64 } from './product64.ts';
import { defineDiv64, defineSqrt64 } from './quotient64.ts';
import { makeContext } from './rounding.ts';
import { defineSums64 } from './sum64.ts';

/** `fflagsAddress`: where in memory 0 the accrued flags are. All of the module's imports must have been added before. */
export function defineFpFunctions(module: ModuleBuilder, fflagsAddress: number): ReadonlyMap<FpPrimitive, FuncRef> {
  const context = makeContext(module, fflagsAddress);
  const { fmul, slow: slowMul } = defineProduct64(context);
  const { narrow, ...binary32 } = defineArithmetic32(context);
  const binary64 = [
    ...Object.values(defineSums64(context)),
    fmul,
    defineDiv64(context),
    defineSqrt64(context),
    defineFma64(context, slowMul),
  ];
  const refs = new Map<string, FuncRef>([
    ...[...binary64, ...Object.values(binary32)].map((ref) => [ref.name, ref] as const),
    ...defineComparisons(context),
    ...defineConversions(context, narrow),
  ]);
  return new Map([...FP_PRIMITIVES.keys()].map((name) => [name, refs.get(name)!]));
}
