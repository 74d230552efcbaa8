/**
 * The narrow port through which the machine gets its linear memory and has generated modules compiled.
 * The host supplies it (Node or browser); nothing below `host` names the global WebAssembly.
 *
 * Interface: WasmPort, LinearMemory, WasmFunction, WasmImports, CompiledModule, Workshop, CodeStore.
 */
import type { KeptPage } from './translator/kept-page.ts';
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
  compile(bytes: Uint8Array): CompiledModule;
  /**
   * As compile(), of what was compiled before, in this process or an earlier one. `native` is what native() of that gave: an engine that takes
   * it has nothing to do.
   */
  revive?(bytes: Uint8Array, native: Uint8Array | undefined): CompiledModule;
  /** Where translated code is kept for later runs, for machines whose memory is laid out as a name says; undefined: nowhere. */
  openCodeStore?(layout: string): CodeStore | undefined;
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
  order(order: ModuleOrder, done: (made: CompiledModule | undefined) => void): void;
}

export interface CompiledModule {
  readonly bytes: Uint8Array;
  /** As WasmPort.instantiate. */
  instantiate(memory: LinearMemory, imports: WasmImports): Record<string, WasmFunction>;
  /** Of its exported functions, how many the engine has optimised by now; undefined where it does not tell. */
  optimised?(): number;
  /** The machine code of those and others; undefined where there is none, or the engine does not give it away. */
  native?(): Uint8Array | undefined;
}

/** Code that outlives the process, by names in lower-case letters and digits. What goes wrong is as if nothing had been kept. */
export interface CodeStore {
  load(name: string): KeptPage | undefined;
  save(name: string, page: KeptPage): void;
}
