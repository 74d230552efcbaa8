/**
 * From guest addresses to translated code: a direct-mapped table in linear memory, filled by the translator (translator.ts) and read
 * by generated code, and the functions that read it.
 *
 *   entry   pc i64, fetch context i32, region i32
 *
 * An entry says that the region, at this address in this context, is the code that the address stands for on all of its pages. Region
 * 0 says that there is none for now. No entry: nobody has asked yet. Context 0 is never valid, so fresh memory has no entries.
 *
 * Interface: JUMP_CACHE, jumpCacheSlot, defineDispatch, defineSlowPath.
 */
import type { CodeEmitter, FuncRef, Label, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { EXIT, MOVED } from '../interpreter/exits.ts';
import { PSEUDO, REGION_FLAG } from '../interpreter/opcodes.ts';
import { FIELD } from '../interpreter/record-site.ts';
import { HART, JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, type Layout } from '../layout.ts';
import { MAX_DEPTH, REGION_PARAMS, REGION_RESULTS, RESULT } from './signature.ts';

/** Offsets in an entry. */
export const JUMP_CACHE = { pc: 0, context: 8, region: 12 } as const;

const CONTEXT_SPREAD = 37;
/** Results of `execute` from here on are records. */
const FIRST_RECORD = 4096;

/** Index of the entry of an address (its low half) in a context. */
export function jumpCacheSlot(pcLo: number, context: number): number {
  return ((pcLo >>> 1) + context * CONTEXT_SPREAD) & (JUMP_CACHE_ENTRIES - 1);
}

/** Leaves the region of `pc` in `region`, or branches to `miss` where there is no entry. */
function emitLookup(code: CodeEmitter, layout: Layout, pc: Local, region: Local, miss: Label): void {
  const context = (): void => void code.i32(0).mem('i32.load', layout.hart + HART.fetchContext);
  code.get(pc).op('i32.wrap_i64').i32(1).op('i32.shr_u');
  context();
  code.i32(CONTEXT_SPREAD).op('i32.mul', 'i32.add');
  code.i32(JUMP_CACHE_ENTRIES - 1).op('i32.and');
  code.i32(JUMP_CACHE_ENTRY_BYTES).op('i32.mul').tee(region);
  code
    .mem('i64.load', layout.jumpCache + JUMP_CACHE.pc)
    .get(pc)
    .op('i64.ne')
    .brIf(miss);
  code.get(region).mem('i32.load', layout.jumpCache + JUMP_CACHE.context);
  context();
  code.op('i32.ne').brIf(miss);
  code
    .get(region)
    .mem('i32.load', layout.jumpCache + JUMP_CACHE.region)
    .set(region);
}

/** Defines dispatch, with the signature of a region: calls the region at pc, or leaves to go on there. */
export function defineDispatch(module: ModuleBuilder, layout: Layout, table: number): FuncRef {
  return module.function(
    'dispatch',
    REGION_PARAMS,
    REGION_RESULTS,
    (code, pc, budget, depth) => {
      const region = code.local('i32');
      code.block((none) => {
        code.get(depth!).op('i32.eqz').brIf(none);
        emitLookup(code, layout, pc!, region, none);
        code.get(region).op('i32.eqz').brIf(none);
        code.get(pc!).get(budget!).get(depth!).i32(1).op('i32.sub').get(region);
        code.callIndirect(REGION_PARAMS, REGION_RESULTS, table).op('return');
      });
      code
        .i32(0)
        .get(pc!)
        .mem('i64.store', layout.hart + HART.pc);
      code
        .i32(0)
        .get(budget!)
        .mem('i32.store', layout.hart + HART.budget);
      code.i32(RESULT.goOn);
    },
    'dispatch',
  );
}

/**
 * Defines slowPath(record, bias) with the results of `execute`: where a region begins it runs translated code for as long as there is
 * some; anything else is for `execute`. The rest of the record's run has been paid for by the caller.
 */
export function defineSlowPath(module: ModuleBuilder, layout: Layout, table: number, execute: FuncRef): FuncRef {
  return module.function('slow-path', ['i32', 'i64'], ['i32'], (code, record, bias) => {
    const [pc, region, budget, start, result] = [
      code.local('i64'),
      code.local('i32'),
      code.local('i32'),
      code.local('i32'),
      code.local('i32'),
    ];
    const left = (): void => void code.get(record!).mem('i32.load16_u', FIELD.left);
    code.block((plain) => {
      code.get(record!).mem('i32.load16_u', FIELD.op).i32(REGION_FLAG).op('i32.and', 'i32.eqz').brIf(plain);
      code.get(bias!).get(record!).i32(3).op('i32.shr_u', 'i64.extend_i32_u', 'i64.add').set(pc);
      code.block((found) => {
        code.block((unknown) => {
          emitLookup(code, layout, pc, region, unknown);
          code.br(found);
        });
        code
          .i32(0)
          .get(pc)
          .mem('i64.store', layout.hart + HART.pc);
        code
          .i32(0)
          .get(record!)
          .mem('i32.store', layout.hart + HART.record);
        code.i32(EXIT.region).op('return');
      });
      code.get(region).op('i32.eqz').brIf(plain);
      code.i32(0).mem('i32.load', layout.hart + HART.budget);
      left();
      code.op('i32.add').tee(budget).set(start);
      code.block((done) => {
        code.loop((again) => {
          code.get(pc).get(budget).i32(MAX_DEPTH).get(region);
          code.callIndirect(REGION_PARAMS, REGION_RESULTS, table).tee(result);
          code.i32(0).op('i32.ge_s');
          code.if(
            () => {
              code.get(result).set(budget);
              code
                .i32(0)
                .mem('i64.load', layout.hart + HART.x + 8)
                .i64(-2)
                .op('i64.and')
                .set(pc);
            },
            () => {
              code
                .i32(0)
                .mem('i32.load', layout.hart + HART.budget)
                .set(budget);
              code
                .i32(0)
                .mem('i64.load', layout.hart + HART.pc)
                .set(pc);
              code.get(result).i32(RESULT.interpret).op('i32.eq').brIf(done);
            },
          );
          emitLookup(code, layout, pc, region, done);
          code.get(region).brIf(again);
        });
      });
      code.get(budget).get(start).op('i32.eq');
      code.if(() => {
        code.i32(0).get(budget);
        left();
        code.op('i32.sub').mem('i32.store', layout.hart + HART.budget);
        code.br(plain);
      });
      code.i32(0);
      code.i32(0).mem('i64.load', layout.translated);
      code.get(start).get(budget).op('i32.sub', 'i64.extend_i32_u', 'i64.add');
      code.mem('i64.store', layout.translated);
      code
        .i32(0)
        .get(pc)
        .mem('i64.store', layout.hart + HART.pc);
      code
        .i32(0)
        .get(budget)
        .mem('i32.store', layout.hart + HART.budget);
      code.i32(MOVED).op('return');
    });
    code.get(record!).get(bias!).call(execute).tee(result);
    // After a branch that was not taken begins a run that has not been paid for.
    code.i32(FIRST_RECORD).op('i32.ge_u');
    left();
    code.i32(1).op('i32.eq', 'i32.and');
    code.if(() => {
      code.get(result).mem('i32.load16_u', FIELD.op).i32(PSEUDO.pageEnd).op('i32.ne');
      code.if(() => {
        code
          .i32(0)
          .get(bias!)
          .get(result)
          .i32(3)
          .op('i32.shr_u', 'i64.extend_i32_u', 'i64.add')
          .mem('i64.store', layout.hart + HART.pc);
        code.i32(MOVED).op('return');
      });
    });
    code.get(result);
  });
}
