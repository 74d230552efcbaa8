/**
 * What is kept of translated code from one run to the next: plain data, by the page of guest code on which a module's first region begins.
 *
 * Translated code says nothing about where it is mapped, so that it holds wherever the same pages lie at the same distances.
 *
 * Interface: KeptPage, KeptModule, KeptRegion, codeOf.
 */
import type { FpHost } from '../fp/fp-host.ts';
import type { CompiledModule } from '../wasm-port.ts';

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

/** As PlacedRegion (translations.ts), without physical pages. */
export interface KeptRegion {
  /** Its place in the module. */
  readonly index: number;
  readonly generation: number;
  readonly rootOffset: number;
  /** Whether it was made for a floating-point state that is dirty. */
  readonly fpDirty: boolean;
  /** Places in `contents` by the distance in pages from the root's; the root's own is among them. */
  readonly pages: ReadonlyMap<number, number>;
  readonly exits: ReadonlySet<number>;
  readonly jumps: readonly number[];
  readonly entries: readonly number[];
  readonly code: Int32Array;
}

/** What is kept of a module's code as it is by now. */
export function codeOf(module: CompiledModule): Omit<KeptModule, 'regions'> {
  const native = module.native?.();
  return { wasm: module.bytes, optimised: native ? (module.optimised?.() ?? 0) : 0, native };
}
