/**
 * The board: physical memory, one hart, interrupt controller, timer, console. This is all that a kernel sees of the
 * machine; everything it needs is exported from this file.
 *
 * Interface: createMachine, and the types of what it returns.
 * Invariant: the state of a machine is its hart-state page and RAM in linear memory, and the plain records of
 * `Machine.state`; everything else is a cache that dropCaches() may throw away.
 */
import { createInterpreter, interpreterName } from '../cpu/interpreter.ts';
import { createLayout, HART } from '../cpu/layout.ts';
import type { CsrName, Hart } from '../cpu/riscv/hart-interface.ts';
import { RiscvHart } from '../cpu/riscv/hart.ts';
import { CodeTranslator } from '../cpu/translator.ts';
import type { Tier, TranslatorStats } from '../cpu/translator.ts';
import type { WasmPort } from '../cpu/wasm-port.ts';
import { Board } from './board.ts';
import { Uart } from './console-device.ts';
import type { ConsoleDevice, ConsoleState } from './console-device.ts';
import { Plic } from './interrupt-controller.ts';
import type { InterruptController, InterruptControllerState } from './interrupt-controller.ts';
import { createRam } from './ram.ts';
import type { Ram } from './ram.ts';
import { Clint, TICK_NS } from './timer.ts';
import type { Clock, Timer, TimerState } from './timer.ts';

export { FRAME, LOAD } from '../cpu/riscv/hart-interface.ts';
export type { CsrName, Hart, HartLayout, Load, PrivilegeMode, StopReason } from '../cpu/riscv/hart-interface.ts';
export type { Tier, TranslatorStats } from '../cpu/translator.ts';
export type { CodeStore, LinearMemory, WasmPort } from '../cpu/wasm-port.ts';
export type { ConsoleDevice, ConsoleState } from './console-device.ts';
export type { InterruptController, InterruptControllerState, IrqSource } from './interrupt-controller.ts';
export { RAM_BASE } from './ram.ts';
export type { Ram } from './ram.ts';
export type { Clock, Timer, TimerState } from './timer.ts';
export { loadElf } from './load-elf.ts';
export type { BareImage } from './load-elf.ts';

export interface MachineOptions {
  readonly wasm: WasmPort;
  /** RAM in bytes, a multiple of 4096; guest-physical addresses RAM_BASE .. RAM_BASE + ramBytes - 1. */
  readonly ramBytes: number;
  readonly clock: Clock;
  /** Time is a function of retired instructions (one nanosecond each) instead of the clock. Default false. */
  readonly deterministic?: boolean;
  /** Flat table pairs (8 MiB of untouched linear memory each) shared by the address spaces. Default 16. */
  readonly tablePairs?: number;
  /** Pages of decoded instructions kept (32 KiB of linear memory each, once used). Default 4096. */
  readonly codePages?: number;
  /** Interpreter only, both tiers (default), or translated code from the first execution on (for tests: slow to start). */
  readonly tier?: Tier;
}

export interface MachineStats {
  /** Traps taken, by cause; interrupts from index 64. */
  readonly traps: readonly number[];
  readonly tlbFills: number;
  readonly pageWalks: number;
  /** Pages of decoded code made, and dropped again. */
  readonly decodedPages: number;
  readonly codeInvalidations: number;
  readonly contextSwitches: number;
  readonly tablePairEvictions: number;
  /** Of translated code; undefined where the tier is 'interpreter'. */
  readonly translator: TranslatorStats | undefined;
}

/** What a machine's state is besides linear memory. Plain data. */
export interface MachineState {
  retired: number;
  /** mtime in ticks. */
  nowTicks: number;
  timer: TimerState;
  interrupts: InterruptControllerState;
  console: ConsoleState;
}

export interface Machine {
  readonly ram: Ram;
  readonly hart: Hart;
  readonly interrupts: InterruptController;
  readonly timer: Timer;
  readonly console: ConsoleDevice;
  readonly stats: MachineStats;
  /** The hart-state page: registers, CSRs, mode. With RAM and `state` it is all there is to save. */
  readonly hartPage: Uint8Array;
  /** A deep copy of the plain records. */
  saveState(): MachineState;
  /** Restores the plain records, after `ram` and `hartPage` were restored, and drops every cache. */
  restoreState(state: MachineState): void;
  /**
   * When pc becomes this address in S or M mode, hart.run() returns 'native-vector' instead of fetching. The page must hold
   * no other code. undefined: no such address.
   */
  setNativeVector(address: number | undefined): void;
  /**
   * Does what firmware does before an S-mode kernel starts: opens PMP, delegates every exception and interrupt that S
   * mode can handle, enables the counters and stimecmp, and enters S mode at `pc` with satp = 0 and interrupts off.
   */
  bootSupervisor(pc: number): void;
  /**
   * Forgets what was decoded from the frame `pfn` (guest-physical address / 4096). To be called when the kernel has written
   * to a frame that may hold code (through `ram`, not through the hart), or frees it.
   */
  invalidateCode(pfn: number): void;
  /** Drops every cache (translations, decoded code). Results do not change. */
  dropCaches(): void;
  /** Leaves translated code to later runs, where the host has room for it (WasmPort.openCodeStore). */
  keepCode(): void;
}

/** Interrupt source of the console. */
const CONSOLE_IRQ = 10;
const RAM_FIRST_PFN = 0x80000;

export function createMachine(options: MachineOptions): Machine {
  const { wasm, clock, deterministic = false, tier = 'both' } = options;
  const layout = createLayout(options);
  const memory = wasm.createMemory(layout.wasmPages);
  const ram = createRam(layout, memory.buffer);
  const store = wasm.openCodeStore?.(interpreterName(layout));
  const interpreter = createInterpreter(
    wasm,
    memory,
    layout,
    (records) => hart.code.isFpDirty(records),
    () => hart.readTime(),
    store,
  );
  const interrupts = new Plic(() => hart.lookAround());
  const clint = new Clint(clock, deterministic);
  const console = new Uart(CONSOLE_IRQ, interrupts);
  const board = new Board(interrupts, clint, console, () => hart.retired);
  const hart: RiscvHart = new RiscvHart(
    layout,
    memory.buffer,
    interpreter,
    board,
    tier === 'interpreter'
      ? undefined
      : (code) => new CodeTranslator(wasm, memory, layout, interpreter.links, code, tier, clock.nowNs, store),
  );
  return {
    ram,
    hart,
    interrupts,
    timer: createTimer(clint, hart),
    console,
    stats: createStats(hart),
    hartPage: ram.u8.subarray(layout.hart, layout.hart + HART.bytes),
    saveState: () =>
      copyPlain({
        retired: hart.retired,
        nowTicks: clint.ticks(hart.retired),
        timer: clint.state,
        interrupts: interrupts.state,
        console: console.state,
      }),
    restoreState: (saved) => {
      const state = copyPlain(saved);
      hart.setRetired(state.retired);
      clint.state = state.timer;
      clint.setNow(state.nowTicks, state.retired);
      interrupts.state = state.interrupts;
      console.state = state.console;
      hart.dropCaches();
    },
    setNativeVector: (address) => {
      if (address === undefined) hart.setNativeVector(1, 0);
      else hart.setNativeVector(address | 0, Math.floor(address / 0x1_0000_0000) | 0);
    },
    bootSupervisor: (pc) => bootSupervisor(hart, pc),
    invalidateCode: (pfn) => hart.code.invalidate(pfn - RAM_FIRST_PFN),
    dropCaches: () => hart.dropCaches(),
    keepCode: () => {
      interpreter.keep();
      hart.codeTranslator?.keep();
    },
  };
}

/** What S mode can handle: all exceptions but its own ecall and M's. */
const DELEGATED_EXCEPTIONS = 0xb1ff;
const SUPERVISOR_INTERRUPTS = 0x222;
const PMP_NAPOT_RWX = 0x1f;
const MSTATUS_FIRMWARE_BITS = 0x2a;

function bootSupervisor(hart: Hart, pc: number): void {
  hart.setCsrHalves('pmpaddr0', -1, 0x003f_ffff);
  hart.setCsr('pmpcfg0', PMP_NAPOT_RWX);
  const settings: readonly (readonly [CsrName, number])[] = [
    ['medeleg', DELEGATED_EXCEPTIONS],
    ['mideleg', SUPERVISOR_INTERRUPTS],
    ['mcounteren', 7],
    ['mie', 0],
    ['satp', 0],
  ];
  for (const [name, value] of settings) hart.setCsr(name, value);
  hart.setCsrHalves('menvcfg', 0, 0x8000_0000 | 0);
  hart.setCsrHalves('stimecmp', -1, -1);
  hart.setCsrHalves('mstatus', hart.csrLo('mstatus') & ~MSTATUS_FIRMWARE_BITS, 0);
  hart.mode = 'S';
  hart.pc = pc;
}

function createTimer(clint: Clint, hart: RiscvHart): Timer {
  return {
    frequencyHz: 1e9 / TICK_NS,
    now: () => clint.ticks(hart.retired),
    nowNs: () => clint.ticks(hart.retired) * TICK_NS,
    nextDeadline: () => {
      const deadline = hart.timerDeadline();
      return deadline < Number.MAX_SAFE_INTEGER ? deadline : Infinity;
    },
    skipTo: (tick) => {
      clint.skipTo(tick, hart.retired);
      hart.lookAtClock();
    },
  };
}

function createStats(hart: RiscvHart): MachineStats {
  return {
    traps: hart.traps.counts,
    get tlbFills() {
      return hart.mmu.fills;
    },
    get pageWalks() {
      return hart.translator.walks;
    },
    get decodedPages() {
      return hart.code.created;
    },
    get codeInvalidations() {
      return hart.code.invalidations;
    },
    get contextSwitches() {
      return hart.mmu.switches;
    },
    get tablePairEvictions() {
      return hart.mmu.evictions;
    },
    get translator() {
      return hart.codeTranslator?.stats();
    },
  };
}

/** A deep copy of plain data: objects, arrays, primitives. */
function copyPlain<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyPlain) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyPlain(part)])) as T;
}
