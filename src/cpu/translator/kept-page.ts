/**
 * What is kept of translated code from one run to the next: plain data, by the page of guest code on which a module's first region begins.
 *
 * Translated code says nothing about where it is mapped, so that it holds wherever the same pages lie at the same distances.
 *
 * Interface: KeptPage, KeptModule, KeptRegion, codeOf, isBetter.
 */
import type { FpHost } from '../fp/fp-host.ts';
import type { CompiledModule } from '../wasm-port.ts';
import type { PlacedRegion } from './translations.ts';

export interface KeptPage {
  /** Of the engine for which the modules were made. */
  readonly host: FpHost;
  /** Guest pages, 4096 bytes each. */
  readonly contents: readonly Uint8Array[];
  readonly modules: readonly KeptModule[];
}

export interface KeptModule {
  readonly wasm: Uint8Array;
  /** See CompiledModule. */
  readonly optimised: number;
  readonly native: Uint8Array | undefined;
  readonly regions: readonly KeptRegion[];
}

/** As PlacedRegion, but for the pages: places in `contents` by their distance from the root's, which is among them. */
export interface KeptRegion extends PlacedRegion {
  /** Its place in the module. */
  readonly index: number;
  readonly generation: number;
  /** Whether it was made for a floating-point state that is dirty. */
  readonly fpDirty: boolean;
}

/** What is kept of a module's code as it is by now. */
export function codeOf(module: CompiledModule): Omit<KeptModule, 'regions'> {
  const native = module.native?.();
  return { wasm: module.bytes, optimised: native ? (module.optimised?.() ?? 0) : 0, native };
}

/** Whether the engine has optimised more of a module than is kept of it. */
export function isBetter(module: CompiledModule, kept: KeptModule | undefined): boolean {
  return (module.optimised?.() ?? 0) > (kept?.optimised ?? 0);
}
