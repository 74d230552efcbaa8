/**
 * The narrow door to WebAssembly. Layers below `host` are compiled without the `WebAssembly` global, so the caller
 * passes in something that can make a memory and instantiate a module.
 */

/** A linear memory of fixed size. `handle` is the host's own object, opaque here. */
export interface LinearMemory {
  readonly buffer: ArrayBufferLike;
  readonly handle: unknown;
}

export type WasmImport = (...args: number[]) => number | void;
export type WasmExport = (...args: number[]) => number;

export interface WasmPort {
  /** Makes one fixed-size linear memory (never grown) of `pages` times 65536 bytes. */
  createMemory(pages: number): LinearMemory;
  /** Compiles and instantiates synchronously; the module imports its memory as `env.memory` and functions from `env`. */
  instantiate(bytes: Uint8Array, memory: LinearMemory, imports: Record<string, WasmImport>): Record<string, WasmExport>;
}
