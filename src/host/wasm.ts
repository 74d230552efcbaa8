/** WebAssembly as Node and browsers have it. Interface: hostWasm. See cpu/wasm-port.ts. */
import type { LinearMemory, WasmPort } from '../machine/machine.ts';

export const hostWasm: WasmPort = {
  createMemory(pages) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    return { buffer: memory.buffer, handle: memory };
  },
  instantiate(bytes, memory: LinearMemory, imports) {
    const module = new WebAssembly.Module(bytes as BufferSource);
    const env = { memory: memory.handle as WebAssembly.Memory, ...imports };
    return new WebAssembly.Instance(module, { env }).exports as ReturnType<WasmPort['instantiate']>;
  },
};
