/**
 * The board: physical memory, one hart, interrupt controller, timer, console. This is all that a kernel sees of the
 * machine; everything it needs is exported from this file.
 *
 * Interface: createMachine, and the types of what it returns.
 * Invariant: the state of a machine is its linear memory and the plain records in `Machine.state`; all else is a cache.
 */
import type { Hart } from '../cpu/riscv/hart-interface.ts';
import type { WasmPort } from '../cpu/wasm-port.ts';

export type { CsrName, Hart, HartLayout, PrivilegeMode, StopReason } from '../cpu/riscv/hart-interface.ts';
export type { LinearMemory, WasmPort } from '../cpu/wasm-port.ts';

export interface MachineOptions {
  readonly wasm: WasmPort;
  /** RAM in bytes, a multiple of 65536; guest-physical addresses RAM_BASE .. RAM_BASE + ramBytes - 1. */
  readonly ramBytes: number;
  readonly clock: Clock;
  /** Time is a function of retired instructions instead of the clock. Default false. */
  readonly deterministic?: boolean;
  /** Flat table pairs (8 MiB of untouched linear memory each) shared by the address spaces. Default 16. */
  readonly tablePairs?: number;
  /** Pages of decoded instructions kept. Default 1024. */
  readonly codePages?: number;
}

/** The host's monotonic clock. Read only outside deterministic mode. */
export interface Clock {
  nowNs(): number;
}

/** Guest-physical address of the first byte of RAM. */
export const RAM_BASE = 0x8000_0000;

/** Physical memory. The views cover the whole linear memory; index them through `offsetOf`. Never reallocated. */
export interface Ram {
  /** RAM size in bytes. */
  readonly bytes: number;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly view: DataView;
  /** Offset into the views (in bytes; `>> 2` for the 32-bit ones) of guest-physical address `pa`, which must be in RAM. */
  offsetOf(pa: number): number;
  /** Whether [pa, pa + length) lies in RAM. */
  contains(pa: number, length: number): boolean;
}

/** Number of an interrupt source, 1..31. */
export type IrqSource = number;

/** Platform-level interrupt controller. Also at 0x0c00_0000 for code on the hart. */
export interface InterruptController {
  /** Raises (level high) or lowers a source. A rising edge is counted. */
  setLevel(source: IrqSource, high: boolean): void;
  /** Name shown for a source, as in /proc/interrupts. */
  setName(source: IrqSource, name: string): void;
  /** Enables a source for the supervisor context, priority 1, threshold 0. */
  enable(source: IrqSource): void;
  disable(source: IrqSource): void;
  /** The highest pending enabled source, which becomes active; 0 if there is none. As reading the claim register in S mode. */
  claim(): IrqSource;
  complete(source: IrqSource): void;
  /** Times each source has been claimed, for /proc/interrupts; sources never named or claimed are left out. */
  counts(): readonly { readonly source: IrqSource; readonly name: string; readonly count: number }[];
}

/** mtime, mtimecmp and stimecmp. One tick is 100 ns (timebase-frequency 10 MHz). */
export interface Timer {
  readonly frequencyHz: number;
  /** mtime in ticks. */
  now(): number;
  /** mtime in nanoseconds. */
  nowNs(): number;
  /** Tick at which the next timer interrupt (stimecmp or mtimecmp) becomes pending, or Infinity. */
  nextDeadline(): number;
  /** Moves time forward to `tick` while the hart is idle. Deterministic mode only; elsewhere the clock does it. */
  skipTo(tick: number): void;
}

/** A 16550-like serial port at 0x1000_0000, interrupt source 10. The TypeScript kernel uses these methods instead of the registers. */
export interface ConsoleDevice {
  readonly irq: IrqSource;
  /** Output of the guest, in order. Appends to the transmit queue. */
  write(bytes: Uint8Array): void;
  /** Takes everything from the transmit queue (the host's side). */
  takeOutput(): Uint8Array;
  /** Appends to the receive queue (the host's side) and raises the interrupt. */
  input(bytes: Uint8Array): void;
  /** Takes up to `max` bytes from the receive queue; lowers the interrupt when it becomes empty. */
  read(max: number): Uint8Array;
  readonly inputLength: number;
}

export interface MachineStats {
  /** Traps taken, by cause: index = cause, + 64 for interrupts. */
  readonly traps: readonly number[];
  readonly tlbFills: number;
  readonly pageWalks: number;
  readonly decodedPages: number;
  readonly codeInvalidations: number;
  readonly contextSwitches: number;
  readonly tablePairEvictions: number;
}

export interface Machine {
  readonly ram: Ram;
  readonly hart: Hart;
  readonly interrupts: InterruptController;
  readonly timer: Timer;
  readonly console: ConsoleDevice;
  readonly stats: MachineStats;
  /** When pc becomes this address in S or M mode, hart.run() returns 'native-vector' instead of fetching. */
  setNativeVector(address: number): void;
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
  /** Drops every cache (translations, decoded code). Results must not change. To be called after `ram` was restored. */
  dropCaches(): void;
  /** Stops run() with 'watch' when a 4- or 8-byte store to this guest-physical address happens (riscv-tests' `tohost`). */
  watch(pa: number | undefined): void;
}

export declare function createMachine(options: MachineOptions): Machine;
