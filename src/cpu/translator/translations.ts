/**
 * The translations that exist: by number (their place in the table of functions), by root, and by the pages on which their code lies.
 *
 * A translation belongs to physical pages in one floating-point state, as decoded code does: a `pageKey` is frame * 2 + fpDirty.
 *
 * Interface: Translations, Translation, Entrance, PlacedRegion, Batch, rootKey, rootKeyOf, entryKeyOf,
 * offsetsFromRoot.
 */
import type { CompiledModule, WasmFunction } from '../wasm-port.ts';
import { CodePlaces } from './code-places.ts';
import type { KeptBatch } from './kept-code.ts';
import { MAX_REGIONS } from './signature.ts';

/** Where a region lies, translated or not. */
export interface PlacedRegion {
  /** Offset of the root in its page. */
  readonly rootOffset: number;
  /** Keys of its pages by their distance in pages from the root's. */
  readonly pages: ReadonlyMap<number, number>;
  /** Where its code leaves it for code that was not known then: offsets from the root, of targets and of jumps to anywhere. */
  readonly exits: ReadonlySet<number>;
  readonly jumps: readonly number[];
  /** Where it can be entered besides the root, or might be: offsets from the root. */
  readonly entries: readonly number[];
  /** Its instructions: offsets from the root. */
  readonly code: Int32Array;
}

export interface Translation extends PlacedRegion {
  /** The first is at the root. */
  readonly entrances: readonly Entrance[];
  readonly batch: Batch;
  /** Its place in the module. */
  readonly index: number;
  /** How often this root was translated before. */
  readonly generation: number;
}

/** A way into a translation. */
export interface Entrance {
  /** Offset from the root. */
  readonly at: number;
  /** Place in the table of functions. */
  readonly number: number;
}

/** Translations of one module. */
export interface Batch {
  readonly module: CompiledModule;
  readonly exports: Readonly<Record<string, WasmFunction>>;
  readonly members: Set<Translation>;
  /** The name under which it is kept for later runs (kept-code.ts), and what it was before, if it was kept. */
  readonly home: string | undefined;
  readonly kept?: KeptBatch | undefined;
}

export class Translations {
  private used = 1;
  private readonly free: number[] = [];
  private readonly byKey = new Map<number, { readonly translation: Translation; readonly entrance: Entrance }>();
  private readonly byPage = new Map<number, Set<Translation>>();
  private readonly places = new CodePlaces();
  /** Oldest first. */
  readonly batches = new Set<Batch>();

  hasRoomFor(entrances: number): boolean {
    return this.free.length + MAX_REGIONS - this.used >= entrances;
  }

  takeNumber(): number {
    return this.free.pop() ?? this.used++;
  }

  /** What begins at its root is found there from now on; further ways in only where nothing else is. */
  add(translation: Translation): void {
    translation.entrances.forEach((entrance, i) => {
      const key = entryKeyOf(translation, entrance.at);
      if (i === 0 || !this.byKey.has(key)) this.byKey.set(key, { translation, entrance });
    });
    for (const page of translation.pages.values()) {
      const set = this.byPage.get(page);
      if (set) set.add(translation);
      else this.byPage.set(page, new Set([translation]));
    }
    this.places.add(translation);
    translation.batch.members.add(translation);
    this.batches.add(translation.batch);
  }

  remove(translation: Translation): void {
    this.places.remove(translation);
    for (const { at, number } of translation.entrances) {
      this.free.push(number);
      const key = entryKeyOf(translation, at);
      if (this.byKey.get(key)?.translation === translation) this.byKey.delete(key);
    }
    // A page may be mapped more than once.
    for (const page of new Set(translation.pages.values())) {
      const set = this.byPage.get(page)!;
      set.delete(translation);
      if (set.size > 0) continue;
      this.byPage.delete(page);
      this.places.dropPage(page);
    }
    translation.batch.members.delete(translation);
    if (translation.batch.members.size === 0) this.batches.delete(translation.batch);
  }

  /** The one that can be entered at the place with a key, and how. */
  at(key: number): { readonly translation: Translation; readonly entrance: Entrance } | undefined {
    return this.byKey.get(key);
  }

  /** Whether the instruction at an offset on a page is part of one, wherever that can be entered. */
  contain(pageKey: number, offset: number): boolean {
    return this.places.has(pageKey, offset);
  }

  onPage(pageKey: number): readonly Translation[] {
    return [...(this.byPage.get(pageKey) ?? [])];
  }
}

/** Names a region's root. */
export function rootKeyOf(region: PlacedRegion): number {
  return entryKeyOf(region, 0);
}

/** Names a way into a region at an offset from its root. */
export function entryKeyOf({ pages, rootOffset }: PlacedRegion, at: number): number {
  const offset = rootOffset + at;
  return rootKey(pages.get(offset >> 12)!, offset & 0xfff);
}

/** What an offset on a page is from a region's root: more than one where the page is mapped more than once. */
export function offsetsFromRoot({ pages, rootOffset }: PlacedRegion, pageKey: number, offset: number): number[] {
  const here = [...pages].filter(([, key]) => key === pageKey);
  return here.map(([distance]) => distance * 4096 + offset - rootOffset);
}

/** Names a place in physical memory, in one floating-point state. */
export function rootKey(pageKey: number, offset: number): number {
  return pageKey * 4096 + offset;
}
