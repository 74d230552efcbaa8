/**
 * From guest addresses to translated code: a table in linear memory, filled by the translator (translator.ts) and read by generated code,
 * and the functions that read it. An address has its own place in the table and, should another one need that, the one beside it.
 *
 *   entry   pc i64, fetch context i32, region i32
 *
 * An entry says that the region, at this address in this context, is the code that the address stands for on all of its pages. No entry:
 * nobody has asked yet. Context 0 is never valid, so fresh memory has no entries. Where there is no region for now, the number is
 * not positive, and falls with every time that translated code wanted to go on there; at WANTED the translator is asked for one.
 *
 * Interface: JUMP_CACHE, COUNTS, WANTED, jumpCacheSlot, defineDispatch, defineEnter, defineSlowPath.
 */
import type { CodeEmitter, FuncRef, Label, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { EXIT, MOVED } from '../interpreter/exits.ts';
import { FIELD, PSEUDO, REGION_FLAG } from '../interpreter/record.ts';
import { HART, JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, type Layout } from '../layout.ts';
import { DISPATCH_PARAMS, LAST_INTERPRETED, MAX_DEPTH, REGION_PARAMS, REGION_RESULTS, RESULT } from './signature.ts';

/** Offsets in an entry. */
export const JUMP_CACHE = { pc: 0, context: 8, region: 12 } as const;

/** Offsets in Layout.translated. */
export const COUNTS = {
  /** i64, instructions retired in translated code. */
  retired: 0,
  /** i32, ways from region to region since one was looked at. */
  edges: 8,
  /** i64 for each of SIDE_EXITS (signature.ts). */
  sideExits: 16,
} as const;

/**
 * Reached by so many ways out of translated code to an address: together they take about as long as making a region does. One that ends a
 * slice weighs more, as it may strand a long loop.
 */
export const WANTED = -4096;
const EXHAUSTED_WEIGHT = 1024;
/** One in so many ways from a region straight into another is shown to the translator, which may make one of the two. */
const SHOWN_EDGES = 4096;

const ECALL = 0x73;
const CONTEXT_SPREAD = 37;
const PAGE_SHIFT = 12;
/** Results of `execute` from here on are records. */
const FIRST_RECORD = 4096;

/** Index of the entry of an address (its low half) in a context. Code at the same offset of several pages is spread. */
export function jumpCacheSlot(pcLo: number, context: number): number {
  return (((pcLo >>> 1) ^ (pcLo >>> PAGE_SHIFT)) + context * CONTEXT_SPREAD) & (JUMP_CACHE_ENTRIES - 1);
}

/** What a look-up leaves: the offset of the entry in the table, and its region. */
interface Found {
  readonly entry: Local;
  readonly region: Local;
}

function foundIn(code: CodeEmitter): Found {
  return { entry: code.local('i32'), region: code.local('i32') };
}

/** Looks `pc` up, or branches to `miss` where there is no entry. */
function emitLookup(code: CodeEmitter, layout: Layout, pc: Local, { entry, region }: Found, miss: Label): void {
  code.block((found) => {
    code.block((other) => {
      emitSlot(code, layout, pc);
      code.set(entry);
      emitComparison(code, layout, pc, entry, other);
      code.br(found);
    });
    code.get(entry).i32(JUMP_CACHE_ENTRY_BYTES).op('i32.xor').set(entry);
    emitComparison(code, layout, pc, entry, miss);
  });
  code
    .get(entry)
    .mem('i32.load', layout.jumpCache + JUMP_CACHE.region)
    .set(region);
}

function emitComparison(code: CodeEmitter, layout: Layout, pc: Local, entry: Local, differs: Label): void {
  code
    .get(entry)
    .mem('i64.load', layout.jumpCache + JUMP_CACHE.pc)
    .get(pc)
    .op('i64.ne')
    .unlikely()
    .brIf(differs);
  code.get(entry).mem('i32.load', layout.jumpCache + JUMP_CACHE.context);
  pushContext(code, layout);
  code.op('i32.ne').unlikely().brIf(differs);
}

/** Pushes the offset of the entry of `pc` in the table. */
function emitSlot(code: CodeEmitter, layout: Layout, pc: Local): void {
  code.get(pc).op('i32.wrap_i64').i32(1).op('i32.shr_u');
  code.get(pc).op('i32.wrap_i64').i32(PAGE_SHIFT).op('i32.shr_u', 'i32.xor');
  pushContext(code, layout);
  code.i32(CONTEXT_SPREAD).op('i32.mul', 'i32.add');
  code.i32(JUMP_CACHE_ENTRIES - 1).op('i32.and');
  code.i32(JUMP_CACHE_ENTRY_BYTES).op('i32.mul');
}

function pushContext(code: CodeEmitter, layout: Layout): void {
  code.i32(0).mem('i32.load', layout.hart + HART.fetchContext);
}

/** Defines dispatch (DISPATCH_PARAMS), which goes on in the region at pc, in its own place, or leaves to go on there. */
export function defineDispatch(module: ModuleBuilder, layout: Layout, table: number): FuncRef {
  return module.function(
    'dispatch',
    DISPATCH_PARAMS,
    REGION_RESULTS,
    (code, pc, budget, depth) => {
      const found = foundIn(code);
      code.block((none) => {
        code.get(depth!).i32(0).op('i32.lt_s').unlikely().brIf(none);
        emitLookup(code, layout, pc!, found, none);
        code.get(found.region).i32(0).op('i32.le_s').unlikely().brIf(none);
        code.get(pc!).get(budget!).get(depth!).get(found.region);
        code.returnCallIndirect(REGION_PARAMS, REGION_RESULTS, table);
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
export function defineSlowPath(
  module: ModuleBuilder,
  layout: Layout,
  { enter, execute }: { enter: FuncRef; execute: FuncRef },
): FuncRef {
  return module.function('slow-path', ['i32', 'i64'], ['i32'], (code, record, bias) => {
    const result = code.local('i32');
    code.get(record!).mem('i32.load16_u', FIELD.op).i32(REGION_FLAG).op('i32.and', 'i32.eqz');
    code.if(() => code.get(record!).get(bias!).call(execute).op('return'));
    code.get(record!);
    code.get(bias!).get(record!).i32(3).op('i32.shr_u', 'i64.extend_i32_u', 'i64.add');
    code.call(enter).tee(result);
    code.if(() => code.get(result).op('return'));
    code.get(record!).get(bias!).call(execute).tee(result);
    // After a branch that was not taken begins a run that has not been paid for.
    code.i32(FIRST_RECORD).op('i32.ge_u');
    code.get(record!).mem('i32.load16_u', FIELD.left).i32(1).op('i32.eq', 'i32.and');
    code.if(() => {
      code.get(result).mem('i32.load16_u', FIELD.op).i32(PSEUDO.pageEnd).op('i32.ne');
      code.if(() => {
        code.i32(0).get(bias!).get(result).i32(3).op('i32.shr_u', 'i64.extend_i32_u', 'i64.add');
        code
          .mem('i64.store', layout.hart + HART.pc)
          .i32(MOVED)
          .op('return');
      });
    });
    code.get(result);
  });
}

/**
 * Defines enter(record, pc): runs translated code from pc on. Gives MOVED, EXIT.region or, at an ecall, EXIT.system; or 0 if nothing was
 * done. The rest of the record's run has been paid for, and run() gives it back after an exit; record 0 has none, and asks for no region
 * where nothing is known of pc.
 */
export function defineEnter(module: ModuleBuilder, layout: Layout, table: number): FuncRef {
  const hart = (field: 'pc' | 'budget' | 'record' | 'instruction'): number => layout.hart + HART[field];
  return module.function('enter', ['i32', 'i64'], ['i32'], (code, record, pc) => {
    const found = foundIn(code);
    const { region } = found;
    const [budget, start, result] = [code.local('i32'), code.local('i32'), code.local('i32')];
    const left = (): void => void code.get(record!).mem('i32.load16_u', FIELD.left);
    const storePc = (): void => void code.i32(0).get(pc!).mem('i64.store', hart('pc'));
    // run() adds what the record's run has left.
    const leaveWithRegion = (pushBudget: () => void): void => {
      storePc();
      code.i32(0).get(record!).mem('i32.store', hart('record'));
      code.i32(0);
      pushBudget();
      code.mem('i32.store', hart('budget')).i32(EXIT.region).op('return');
    };
    const count = (): void => {
      const retired = layout.translated + COUNTS.retired;
      code.i32(0).i32(0).mem('i64.load', retired);
      code.get(start).get(budget).op('i32.sub', 'i64.extend_i32_u', 'i64.add').mem('i64.store', retired);
      emitSideExitCount(code, layout, result);
    };
    code.i32(0).mem('i32.load', hart('budget')).set(start);
    code.block((unknown) => {
      emitLookup(code, layout, pc!, found, unknown);
      code.get(region).i32(0).op('i32.le_s');
      code.if(() => code.i32(0).op('return'));
      code.get(start);
      left();
      code.op('i32.add').tee(budget).set(start);
      code.block((done) => {
        code.block((wanted) => {
          code.loop((again) => {
            code.get(pc!).get(budget).i32(MAX_DEPTH).get(region);
            code.callIndirect(REGION_PARAMS, REGION_RESULTS, table).tee(result);
            code.i32(0).op('i32.ge_s');
            code.if(
              () => {
                const link = layout.hart + HART.x + 8;
                code.get(result).set(budget);
                code.i32(0).mem('i64.load', link).i64(-2).op('i64.and').set(pc!);
              },
              () => {
                code.i32(0).mem('i32.load', hart('budget')).set(budget);
                code.i32(0).mem('i64.load', hart('pc')).set(pc!);
                code.get(result).i32(LAST_INTERPRETED).op('i32.ge_s').brIf(done);
                code.get(result).i32(RESULT.ecall).op('i32.eq').get(budget).i32(0).op('i32.gt_s', 'i32.and');
                code.if(() => {
                  count();
                  code.i32(0).i32(0).mem('i32.store', hart('record'));
                  code.i32(0).i32(ECALL).mem('i32.store', hart('instruction'));
                  code.i32(EXIT.system).op('return');
                });
                // Without progress it is the same region again.
                code.get(budget).get(start).op('i32.eq').brIf(done);
              },
            );
            emitLookup(code, layout, pc!, found, wanted);
            code.get(region).i32(0).op('i32.gt_s');
            code.if(() => {
              code.get(result).i32(RESULT.exhausted).op('i32.eq').brIf(done);
              code.get(result).i32(RESULT.goOn).op('i32.ne').brIf(again);
              emitEdgeCount(code, layout);
              code.brIf(again).br(wanted);
            });
          });
          emitDemand(code, layout, found, result);
          code.get(region).i32(WANTED).op('i32.gt_s').brIf(done);
        });
        count();
        leaveWithRegion(() => {
          code.get(budget);
          left();
          code.op('i32.sub');
        });
      });
      code.get(budget).get(start).op('i32.eq');
      code.if(() => {
        code.i32(0).get(budget);
        left();
        code.op('i32.sub').mem('i32.store', hart('budget'));
        emitSideExitCount(code, layout, result);
        code.i32(0).op('return');
      });
      count();
      storePc();
      code.i32(0).get(budget).mem('i32.store', hart('budget'));
      code.i32(MOVED).op('return');
    });
    code.get(record!).op('i32.eqz');
    code.if(() => code.i32(0).op('return'));
    leaveWithRegion(() => void code.get(start));
    code.op('unreachable');
  });
}

/** Counts why translated code was left: `result` is that of its last region. */
function emitSideExitCount(code: CodeEmitter, layout: Layout, result: Local): void {
  const counts = layout.translated + COUNTS.sideExits;
  const count = code.local('i32');
  code.i32(RESULT.goOn).get(result).get(result).i32(0).op('i32.ge_s', 'select');
  code.i32(-1).op('i32.xor').i32(3).op('i32.shl').tee(count);
  code.get(count).mem('i64.load', counts).i64(1).op('i64.add').mem('i64.store', counts);
}

/** Counts a way out of a region into another one; leaves 0 where it is to be shown to the translator. */
function emitEdgeCount(code: CodeEmitter, layout: Layout): void {
  const edges = layout.translated + COUNTS.edges;
  const count = code.local('i32');
  code
    .i32(0)
    .i32(0)
    .mem('i32.load', edges)
    .i32(1)
    .op('i32.add')
    .i32(SHOWN_EDGES - 1)
    .op('i32.and')
    .tee(count);
  code.mem('i32.store', edges).get(count);
}

/** Lowers the number of the entry that was found, and leaves it in `region`. */
function emitDemand(code: CodeEmitter, layout: Layout, { entry, region }: Found, result: Local): void {
  code.get(entry).get(region).i32(EXHAUSTED_WEIGHT).i32(1).get(result).i32(RESULT.exhausted).op('i32.eq', 'select');
  code
    .op('i32.sub')
    .tee(region)
    .mem('i32.store', layout.jumpCache + JUMP_CACHE.region);
}
