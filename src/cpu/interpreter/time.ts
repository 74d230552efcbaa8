/**
 * The generated function time(budget) -> ticks of the time CSR, or -1 where reading it is the privileged part's. `budget` is what may
 * still retire, as far as the caller knows.
 *
 * The host's clock costs as much as a hundred instructions, and a tick lasts as long. So within FRESH_INSTRUCTIONS, and not beyond the
 * next time that generated code is left, the last answer still is one.
 *
 * Interface: defineTime, NO_TIME.
 */
import type { FuncRef } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { HART, type Layout } from '../layout.ts';

const FRESH_INSTRUCTIONS = 128;

/** In `timeBudget`: there is no last answer. */
export const NO_TIME = -1;

/** `readTime` gives an f64, negative where that is the privileged part's. */
export function defineTime(module: ModuleBuilder, layout: Layout, readTime: FuncRef): FuncRef {
  const { hart } = layout;
  return module.function(
    'time',
    ['i32'],
    ['i64'],
    (code, budget) => {
      const ticks = code.local('i64');
      code
        .i32(0)
        .mem('i32.load', hart + HART.timeBudget)
        .get(budget!)
        .op('i32.sub');
      code.i32(FRESH_INSTRUCTIONS).op('i32.lt_u');
      code.if(() =>
        code
          .i32(0)
          .mem('i64.load', hart + HART.timeTicks)
          .op('return'),
      );
      code.call(readTime).op('i64.trunc_f64_s').tee(ticks).i64(0).op('i64.ge_s');
      code.if(() => {
        code
          .i32(0)
          .get(ticks)
          .mem('i64.store', hart + HART.timeTicks);
        code
          .i32(0)
          .get(budget!)
          .mem('i32.store', hart + HART.timeBudget);
      });
      code.get(ticks);
    },
    'time',
  );
}
