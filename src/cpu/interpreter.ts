/**
 * The interpreter (tier 0): WebAssembly generated from the instruction rows, over pre-decoded records.
 *
 * Interface: createInterpreter, Interpreter, interpreterModule, interpreterName. Exit reasons and what they leave behind:
 * interpreter/exits.ts. Records: interpreter/encode.ts.
 *
 * How to use it: put pc and budget (0..2^31-1) into the hart state, call run(), read the reason, read pc and budget back. The
 * caller owns the tables of layout.ts: it fills the code TLB, the flat tables and the high TLBs in answer to FETCH and *_MISS, and
 * calls encode() in answer to DECODE. A page of records is given out all zero, but for RECORD_PAGE_HOST. The caller may
 * change anything between two calls; nothing is cached in the generated code.
 * step() is the same with a look at the budget after every instruction.
 *
 * Invariants: exits leave no instruction half done; what was retired is (budget before - budget after).
 */
import { ModuleBuilder } from '../wasm/module.ts';
import { PLAIN_FP_HOST } from './fp/fp-host.ts';
import { defineFpFunctions } from './fp/functions.ts';
import { HART, RECORD_PAGE_BYTES, type Layout } from './layout.ts';
import { codeOf, isBetter } from './translator/kept-page.ts';
import type { CodeStore, LinearMemory, WasmFunction, WasmPort } from './wasm-port.ts';
import { defineEncode } from './interpreter/encode.ts';
import { defineExecute } from './interpreter/execute.ts';
import type { ExitReason } from './interpreter/exits.ts';
import { defineTranslate } from './interpreter/lookup.ts';
import { defineRegisterCopies } from './interpreter/registers.ts';
import { defineRun } from './interpreter/run.ts';
import { defineStep } from './interpreter/step.ts';
import { defineTime } from './interpreter/time.ts';
import { defineDispatch, defineEnter, defineSlowPath } from './translator/jump-cache.ts';
import { defineCrossing, type Load } from './riscv/crossing.ts';
import { defineTrapEntries, trapEntriesOf, type TrapEntries } from './riscv/trap-entry.ts';
import { MAX_REGIONS } from './translator/signature.ts';

export interface Interpreter {
  run(): ExitReason;
  step(): ExitReason;
  /** As run(), between entering user mode and leaving it by an ecall: see riscv/crossing.ts. */
  cross(frame: number, load: Load): ExitReason;
  enterUser(frame: number): void;
  /** After an exit DECODE: decodes from the record that exited to the end of its run. */
  encode(): void;
  /** Copies x1..x31 to linear memory: x[i] to `to` + 8 * i. */
  saveRegisters(to: number): void;
  /** The way back. */
  loadRegisters(from: number): void;
  readonly traps: TrapEntries;
  /** What translated code is linked to (translator.ts). */
  readonly links: TranslatorLinks;
  /** Leaves to later runs what the engine has optimised of it since it was taken from an earlier one. */
  keep(): void;
}

/** From the interpreter's instance: functions that regions call, by the names under which they import them, and the table of regions. */
export interface TranslatorLinks {
  readonly functions: Readonly<Record<string, WasmFunction>>;
  readonly table: RegionTable;
}

/** A WebAssembly.Table of functions. */
export interface RegionTable {
  set(index: number, region: WasmFunction | null): void;
}

/**
 * `fpEnabled` says of a page of records, by its address, whether floating-point instructions in it are executed; otherwise
 * they leave as SYSTEM. `readTime` gives the time CSR to code that may read it; where it is negative, that leaves as SYSTEM too.
 */
export function createInterpreter(
  port: WasmPort,
  memory: LinearMemory,
  layout: Layout,
  fpEnabled: (records: number) => boolean = () => true,
  readTime: () => number = () => -1,
  store?: CodeStore,
): Interpreter {
  const bytes = port.prebuilt?.(interpreterName(layout)) ?? interpreterModule(layout);
  const kept = store?.load(KEPT_NAME)?.modules[0];
  const module = kept && port.revive ? port.revive(bytes, kept.native) : port.compile(bytes);
  const exports = module.instantiate(memory, { readTime });
  const { run, step, cross, enterUser, encode, saveRegisters, loadRegisters, table, ...functions } = exports;
  const view = new DataView(memory.buffer);
  return {
    run: run as () => ExitReason,
    step: step as () => ExitReason,
    cross: cross as Interpreter['cross'],
    enterUser: enterUser as (frame: number) => void,
    saveRegisters: saveRegisters as (to: number) => void,
    loadRegisters: loadRegisters as (from: number) => void,
    traps: trapEntriesOf(exports),
    links: { functions, table: table as unknown as RegionTable },
    encode: () => {
      const record = view.getInt32(layout.hart + HART.record, true) >>> 0;
      const records = record - ((record - layout.records) % RECORD_PAGE_BYTES);
      encode!(records, fpEnabled(records) ? 1 : 0);
    },
    keep: () => {
      if (!store || !isBetter(module, kept)) return;
      const code = codeOf(module);
      if (!code.native) return;
      store.save(KEPT_NAME, { host: PLAIN_FP_HOST, contents: [], modules: [{ ...code, regions: [] }] });
    },
  };
}

/** The name under which it is kept. */
const KEPT_NAME = 'interpreter';

/** Names the module for a layout: it depends on where the tables lie, not on the size of RAM behind them. */
export function interpreterName(layout: Layout): string {
  const { hart, codeTlb, highReadTlb, highWriteTlb, tables, emptyTables, records, translated, jumpCache } = layout;
  const offsets = [hart, codeTlb, highReadTlb, highWriteTlb, tables, emptyTables, records, translated, jumpCache];
  return ['interpreter', ...offsets].join('-');
}

const WASM_PAGE_BYTES = 65536;
const MAX_WASM_PAGES = 65536;

const modules = new WeakMap<Layout, Uint8Array>();

/** The generated module for a layout, in binary form. */
export function interpreterModule(layout: Layout): Uint8Array {
  let bytes = modules.get(layout);
  if (!bytes) modules.set(layout, (bytes = generate(layout)));
  return bytes;
}

function generate(layout: Layout): Uint8Array {
  const module = new ModuleBuilder();
  // The smallest memory that the tables fit into: one module serves every size of RAM.
  module.importMemory('env', 'memory', Math.ceil(layout.ram / WASM_PAGE_BYTES), { maximum: MAX_WASM_PAGES });
  const readTime = module.importFunction('env', 'readTime', [], ['f64']);
  const time = defineTime(module, layout, readTime);
  const helpers = {
    translateRead: defineTranslate(module, layout, 'read'),
    translateWrite: defineTranslate(module, layout, 'write'),
    fp: defineFpFunctions(module, layout.hart + HART.fflags),
    time,
  };
  for (const [name, helper] of helpers.fp) module.exportFunction(name, helper);
  defineEncode(module, layout);
  const table = module.table(MAX_REGIONS);
  module.exportTable('table', table);
  defineDispatch(module, layout, table);
  const execute = defineExecute(module, layout, helpers);
  const enter = defineEnter(module, layout, table);
  const slowPath = defineSlowPath(module, layout, { enter, execute });
  const run = defineRun(module, layout, slowPath, defineStep(module, layout, execute));
  defineTrapEntries(module, layout);
  defineCrossing(module, layout, { enter, run, ...defineRegisterCopies(module, layout) });
  return module.toBytes();
}
