/** The WebAssembly port on Node: see cpu/wasm-port.ts, re-exported by machine/machine.ts. */
import type { LinearMemory, WasmPort } from '../../machine/machine.ts';

export const nodeWasm: WasmPort = {
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
