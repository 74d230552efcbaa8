/**
 * The generated function step(): executes until the budget is 0, looking at it after every instruction. Exact but slow; `run`
 * ends a slice with it, and single-stepping uses it with a budget of 1.
 *
 * Interface: defineStep.
 */
import type { FuncRef } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { HART, type Layout } from '../layout.ts';
import { EXIT, JUMPED, MOVED } from './exits.ts';
import { emitCodeLookup } from './lookup.ts';
import { FIELD, PSEUDO } from './record.ts';
import { RecordSite } from './record-site.ts';
import { Temps } from './values.ts';

export function defineStep(module: ModuleBuilder, layout: Layout, execute: FuncRef): FuncRef {
  const hart = (field: Exclude<keyof typeof HART, 'bytes'>): number => layout.hart + HART[field];
  return module.function(
    'step',
    [],
    ['i32'],
    (code) => {
      const place = { record: code.local('i32'), bias: code.local('i64') };
      const [pc, result, budget] = [code.local('i64'), code.local('i32'), code.local('i32')];
      const site = new RecordSite(code, new Temps(code), layout, place, { length: 4 });
      const retireOne = (): void => {
        code.i32(0).get(budget).i32(1).op('i32.sub').tee(budget).mem('i32.store', hart('budget'));
      };
      code.i32(0).mem('i32.load', hart('budget')).set(budget);
      code.loop((far) => {
        code
          .get(budget)
          .op('i32.eqz')
          .if(() => code.i32(EXIT.slice).op('return'));
        code.i32(0).mem('i64.load', hart('pc')).set(pc);
        code.block((found) => {
          code.block((miss) => {
            emitCodeLookup(code, layout, pc, place, miss);
            code.br(found);
          });
          code.i32(0).get(pc).mem('i64.store', hart('tval'));
          code.i32(EXIT.fetch).op('return');
        });
        code.loop((next) => {
          code.get(place.record).get(place.bias).call(execute).tee(result);
          code.i32(MOVED).op('i32.eq').brIf(far);
          code
            .get(result)
            .i32(JUMPED)
            .op('i32.eq')
            .if(() => {
              retireOne();
              code.br(far);
            });
          code
            .get(result)
            .i32(4096)
            .op('i32.lt_u')
            .if(() => code.get(result).op('return'));
          retireOne();
          code.get(result).set(place.record);
          code.get(budget).brIf(next);
        });
        code.i32(0);
        site.pushPc();
        code.mem('i64.store', hart('pc'));
        // At a page's end the record knows the address better: `execute` stores it.
        code.get(place.record).mem('i32.load16_u', FIELD.op).i32(PSEUDO.pageEnd).op('i32.eq');
        code.if(() => code.get(place.record).get(place.bias).call(execute).op('drop'));
        code.i32(EXIT.slice).op('return');
      });
      code.op('unreachable');
    },
    'step',
  );
}
