/** The WebAssembly port on Node: modules that the build generated are read from dist/prebuilt. Interface: nodeWasm. */
import { readFileSync } from 'node:fs';
import type { WasmPort } from '../../machine/machine.ts';
import { hostWasm } from '../wasm.ts';

/** From dist/host/node/wasm.js and from the bundle dist/ringfence.cjs. */
const PLACES = ['../../prebuilt/', './prebuilt/'];

export const nodeWasm: WasmPort = {
  ...hostWasm,
  prebuilt(name) {
    for (const place of PLACES) {
      try {
        return readFileSync(new URL(`${place}${name}.wasm`, import.meta.url));
      } catch {
        // Not built, or another layout: it is generated now.
      }
    }
    return undefined;
  },
};
