/**
 * Generated copies of x1..x31 to and from memory, for a kernel's entry and exit code: a call costs less than copying from outside.
 *
 * Interface: defineRegisterCopies. Exports `saveRegisters(to)` and `loadRegisters(from)`; x[i] lies at 8 * i.
 */
import type { ModuleBuilder } from '../../wasm/module.ts';
import { HART, type Layout } from '../layout.ts';

const REGISTERS = 32;

export function defineRegisterCopies(module: ModuleBuilder, layout: Layout) {
  const x = layout.hart + HART.x;
  const saveRegisters = module.function(
    'saveRegisters',
    ['i32'],
    [],
    (code, to) => {
      for (let i = 1; i < REGISTERS; i++)
        code
          .get(to)
          .i32(0)
          .mem('i64.load', x + 8 * i)
          .mem('i64.store', 8 * i);
    },
    'saveRegisters',
  );
  const loadRegisters = module.function(
    'loadRegisters',
    ['i32'],
    [],
    (code, from) => {
      for (let i = 1; i < REGISTERS; i++)
        code
          .i32(0)
          .get(from)
          .mem('i64.load', 8 * i)
          .mem('i64.store', x + 8 * i);
    },
    'loadRegisters',
  );
  return { saveRegisters, loadRegisters };
}
