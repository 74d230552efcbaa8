/** WebAssembly as Node and browsers have it. Interface: hostWasm, compiledModule. See cpu/wasm-port.ts. */
import type { WasmPort } from '../machine/machine.ts';
import type { CompiledModule } from '../machine/workshop.ts';
import { BootError } from './errors.ts';

const PAGES_PER_MIB = 16;

export const hostWasm: WasmPort = {
  createMemory(pages) {
    try {
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
      return { buffer: memory.buffer, handle: memory };
    } catch (error) {
      // RangeError: the host has no room for it; TypeError: more than WebAssembly can address.
      const why = error instanceof Error ? error.message : String(error);
      throw new BootError(
        `the machine's memory of ${Math.ceil(pages / PAGES_PER_MIB)} MiB cannot be allocated (${why}); ask for less memory, or free some`,
      );
    }
  },
  instantiate: (bytes, memory, imports) => hostWasm.compile(bytes).instantiate(memory, imports),
  compile: (bytes) => compiledModule(bytes, new WebAssembly.Module(bytes as BufferSource)),
};

export function compiledModule(bytes: Uint8Array, module: WebAssembly.Module): CompiledModule {
  return {
    bytes,
    instantiate(memory, imports) {
      const env = { memory: memory.handle as WebAssembly.Memory, ...imports };
      return new WebAssembly.Instance(module, { env }).exports as ReturnType<CompiledModule['instantiate']>;
    },
  };
}
