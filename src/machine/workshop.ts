/**
 * What a thread needs that makes modules for machines of other threads, and no more, so that it starts quickly.
 * Interface: fillOrder, ModuleOrder, Workshop, CompiledModule, WasmFunction.
 */
export { fillOrder } from '../cpu/translator/module-order.ts';
export type { ModuleOrder } from '../cpu/translator/module-order.ts';
export type { CompiledModule, WasmFunction, Workshop } from '../cpu/wasm-port.ts';
