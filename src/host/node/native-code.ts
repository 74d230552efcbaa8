/**
 * The machine code of WebAssembly modules, which V8 gives and takes, though Node has no name for it: what V8 has optimised need not be
 * optimised again by a later process.
 *
 * V8 takes only what the same V8 with the same flags made on a processor with the same abilities; it does not look whether that is damaged,
 * so that it must come from where only the user writes. Where V8 does not have these functions, or Node may not make functions of strings,
 * nothing is given and nothing is taken.
 *
 * Interface: nativeModule, reviveModule.
 */
import { setFlagsFromString } from 'node:v8';
import type { CompiledModule, WasmFunction } from '../../machine/workshop.ts';
import { compiledModule } from '../wasm.ts';

interface Natives {
  /** V8 ends the process where nothing of the module is optimised. */
  serialize(module: WebAssembly.Module): ArrayBuffer;
  deserialize(native: ArrayBufferLike, bytes: Uint8Array): WebAssembly.Module | undefined;
  isOptimised(exported: WasmFunction): boolean;
}

/** A compiled module that gives its machine code. */
export function nativeModule(bytes: Uint8Array, module: WebAssembly.Module): CompiledModule {
  const compiled = compiledModule(bytes, module);
  let functions: readonly WasmFunction[] = [];
  return {
    ...compiled,
    instantiate(memory, imports) {
      const exports = compiled.instantiate(memory, imports);
      functions = Object.values(exports).filter((one) => typeof one === 'function');
      return exports;
    },
    optimised: () => countOptimised(functions),
    native: () => (countOptimised(functions) > 0 ? nativeOf(module) : undefined),
  };
}

/** The module of these bytes, of which this is the machine code; undefined where V8 does not take it. */
export function reviveModule(bytes: Uint8Array, native: Uint8Array | undefined): CompiledModule | undefined {
  const module = native && revive(bytes, native);
  return module && nativeModule(bytes, module);
}

function countOptimised(functions: readonly WasmFunction[]): number {
  const engine = natives();
  return engine ? functions.filter((one) => engine.isOptimised(one)).length : 0;
}

function nativeOf(module: WebAssembly.Module): Uint8Array | undefined {
  try {
    const native = natives()?.serialize(module);
    return native && new Uint8Array(native);
  } catch {
    return undefined;
  }
}

function revive(bytes: Uint8Array, native: Uint8Array): WebAssembly.Module | undefined {
  try {
    // V8 wants a buffer of its own.
    return natives()?.deserialize(new Uint8Array(native).buffer, bytes);
  } catch {
    return undefined;
  }
}

let known: Natives | undefined | null = null;

function natives(): Natives | undefined {
  if (known === null) known = findNatives();
  return known;
}

function findNatives(): Natives | undefined {
  try {
    return {
      serialize: native('SerializeWasmModule', 'module') as Natives['serialize'],
      deserialize: native('DeserializeWasmModule', 'native, bytes') as Natives['deserialize'],
      isOptimised: native('IsTurboFanFunction', 'exported') as Natives['isOptimised'],
    };
  } catch {
    return undefined;
  }
}

type Native = (...parameters: unknown[]) => unknown;

/** A function of V8's own. Throws where there is none of this name. */
function native(name: string, parameters: string): Native {
  let compiled = compileNative(name, parameters);
  return (...given) => {
    try {
      return compiled(true, ...given);
    } catch (error) {
      // V8 has thrown away what it had compiled, as it does with functions that were not called for long.
      if ((error as Error).name !== 'SyntaxError') throw error;
      compiled = compileNative(name, parameters);
      return compiled(true, ...given);
    }
  };
}

/** Calls it if its first parameter is true. Without the flag its text is a syntax error; V8 compiles it at the first call. */
function compileNative(name: string, parameters: string): Native {
  setFlagsFromString('--allow-natives-syntax');
  try {
    const compiled = new Function('isMeant', parameters, `if (isMeant) return %${name}(${parameters})`) as Native;
    compiled(false);
    return compiled;
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}
