/** WebAssembly as Node and browsers have it. Interface: hostWasm, instantiateModule. See cpu/wasm-port.ts. */
import type { WasmPort } from '../machine/machine.ts';
import type { MadeModule } from '../machine/workshop.ts';
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
  instantiate: (bytes, memory, imports) =>
    instantiateModule(new WebAssembly.Module(bytes as BufferSource), memory, imports),
};

/** As WasmPort.instantiate, of what is compiled. */
export function instantiateModule(
  module: WebAssembly.Module,
  ...[memory, imports]: Parameters<MadeModule['instantiate']>
): ReturnType<MadeModule['instantiate']> {
  const env = { memory: memory.handle as WebAssembly.Memory, ...imports };
  return new WebAssembly.Instance(module, { env }).exports as ReturnType<MadeModule['instantiate']>;
}
