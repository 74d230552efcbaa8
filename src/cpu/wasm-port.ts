/**
 * The narrow port through which the machine gets its linear memory and has generated modules compiled.
 * The host supplies it (Node or browser); nothing below `host` names the global WebAssembly.
 *
 * Interface: WasmPort, LinearMemory, WasmFunction, WasmImports, Workshop, MadeModule.
 */
import type { ModuleOrder } from './translator/module-order.ts';

export interface LinearMemory {
  readonly buffer: ArrayBufferLike;
  /** The host's own memory object, to be passed to `instantiate`. */
  readonly handle: unknown;
}

export type WasmFunction = (...args: number[]) => number;

export type WasmImports = Record<string, (...args: number[]) => number | void>;

export interface WasmPort {
  /** A module that was generated when this was built, by name; undefined: it is to be generated now. */
  prebuilt?(name: string): Uint8Array | undefined;
  /** One fixed-size linear memory, never grown; bytes = pages * 65536. */
  createMemory(pages: number): LinearMemory;
  /** Compiles and instantiates synchronously. The memory is import env.memory; the others are env.<name>. */
  instantiate(bytes: Uint8Array, memory: LinearMemory, imports: WasmImports): Record<string, WasmFunction>;
  /**
   * Where modules are made on another thread; undefined as long as it is not open, and asking opens it. Hosts without it have modules made
   * here.
   */
  workshop?(): Workshop | undefined;
}

export interface Workshop {
  /** Whether enough orders are waiting already. */
  readonly isBusy: boolean;
  /** Has a module made and compiled; `done` is called in a later turn of the event loop, with undefined if that failed. */
  order(order: ModuleOrder, done: (made: MadeModule | undefined) => void): void;
}

export interface MadeModule {
  readonly bytes: number;
  /** As WasmPort.instantiate. */
  instantiate(memory: LinearMemory, imports: WasmImports): Record<string, WasmFunction>;
}
