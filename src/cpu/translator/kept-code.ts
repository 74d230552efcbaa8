/**
 * Translated code that earlier runs have left (kept-page.ts): offered wherever a page of the same contents is executed, and what this run
 * leaves to later ones.
 *
 * A page's name is only a way to find it: before a region is taken all of its pages are compared with what they were.
 *
 * Interface: KeptCode, KeptBatch, KeptEntrance.
 */
import type { FpHost } from '../fp/fp-host.ts';
import type { CodeStore } from '../wasm-port.ts';
import { CodePlaces } from './code-places.ts';
import { codeOf, isBetter, type KeptModule, type KeptPage, type KeptRegion } from './kept-page.ts';
import { rootKey, type Batch, type PlacedRegion } from './translations.ts';

/** A module that was kept, and what became of it in this run. */
export interface KeptBatch {
  readonly module: KeptModule;
  readonly contents: readonly Uint8Array[];
  readonly home: string;
  batch: Batch | undefined;
}

/** A way into a region that was kept. */
export interface KeptEntrance {
  readonly region: KeptRegion;
  /** Offset from the root. */
  readonly at: number;
  readonly from: KeptBatch;
}

export class KeptCode {
  readonly #store: CodeStore;
  readonly #host: () => FpHost;
  readonly #contentOf: (pageKey: number) => Uint8Array;
  readonly #offer: (key: number) => void;
  /** Names of the pages of decoded code, and these by name. */
  readonly #names = new Map<number, string>();
  readonly #pages = new Map<string, Set<number>>();
  /** By the name under which they are kept, and by that of their root's page. */
  readonly #batches = new Map<string, readonly KeptBatch[]>();
  readonly #regions = new Map<string, KeptEntrance[]>();
  /** What is offered, by key of the place, and these by page. */
  readonly #entrances = new Map<number, KeptEntrance>();
  readonly #offered = new Map<number, number[]>();
  /** What earlier runs executed. */
  readonly #known = new CodePlaces();

  /**
   * `contentOf` gives the bytes of a page of code; `offer` is told where kept code can be entered; `host` may be asked as soon as something
   * was kept.
   */
  constructor(
    store: CodeStore,
    {
      host,
      contentOf,
      offer,
    }: {
      host: () => FpHost;
      contentOf: (pageKey: number) => Uint8Array;
      offer: (key: number) => void;
    },
  ) {
    this.#store = store;
    this.#host = host;
    this.#contentOf = contentOf;
    this.#offer = offer;
  }

  /** A page is being executed for the first time since it was made or changed. */
  addPage(pageKey: number): void {
    const name = nameOf(this.#contentOf(pageKey));
    this.#names.set(pageKey, name);
    const pages = this.#pages.get(name);
    if (pages) pages.add(pageKey);
    else this.#pages.set(name, new Set([pageKey]));
    for (const entrance of this.#regions.get(name) ?? []) this.#offerOn(pageKey, entrance);
    if (!this.#batches.has(name)) this.#load(name);
  }

  dropPage(pageKey: number): void {
    const name = this.#names.get(pageKey);
    if (name === undefined) return;
    this.#names.delete(pageKey);
    this.#pages.get(name)!.delete(pageKey);
    for (const key of this.#offered.get(pageKey) ?? []) this.#entrances.delete(key);
    this.#offered.delete(pageKey);
    this.#known.dropPage(pageKey);
  }

  /** Forgets everything, so that it is looked for anew. */
  clear(): void {
    const maps = [this.#names, this.#pages, this.#batches, this.#regions, this.#entrances, this.#offered];
    for (const map of maps) map.clear();
    this.#known.clear();
  }

  /** What is offered at the place with a key. */
  at(key: number): KeptEntrance | undefined {
    return this.#entrances.get(key);
  }

  /** Whether a page of code is one of the pages of a kept region. */
  isSame({ region, from }: KeptEntrance, distance: number, pageKey: number): boolean {
    return isEqual(from.contents[region.pages.get(distance)!]!, this.#contentOf(pageKey));
  }

  /** A kept region was taken: its instructions count as executed. */
  take(region: PlacedRegion): void {
    this.#known.add(region);
  }

  isKnown(pageKey: number, offset: number): boolean {
    return this.#known.has(pageKey, offset);
  }

  /** Keeps what was translated in this run, and what was not needed again. */
  save(batches: Iterable<Batch>): void {
    const changed = new Map<string, Batch[]>();
    for (const batch of batches) {
      if (batch.home === undefined || !this.#isNews(batch)) continue;
      const others = changed.get(batch.home);
      if (others) others.push(batch);
      else changed.set(batch.home, [batch]);
    }
    const fresh = [...changed.values()].flat().filter(({ kept }) => !kept);
    const roots = new Roots();
    for (const { members } of fresh)
      for (const { pages, rootOffset } of members)
        roots.add(this.#contentOf(pages.get(0)!), rootOffset, isFpDirty(pages.get(0)!));
    for (const [name, news] of changed) this.#store.save(name, this.#page(name, news, roots));
  }

  #isNews({ kept, module }: Batch): boolean {
    return !kept || isBetter(module, kept.module);
  }

  /** What is to be kept under a name: what is there already, but for regions that begin at `superseded` roots, and what is new. */
  #page(name: string, news: readonly Batch[], superseded: Roots): KeptPage {
    const contents = new Contents();
    const modules: KeptModule[] = [];
    for (const { module, contents: old, batch } of this.#batches.get(name) ?? []) {
      const regions = module.regions
        .filter(({ pages, rootOffset, fpDirty }) => !superseded.has(old[pages.get(0)!]!, rootOffset, fpDirty))
        .map((region) => ({ ...region, pages: mapped(region.pages, (place) => contents.add(old[place]!)) }));
      const code = batch && news.includes(batch) ? codeOf(batch.module) : module;
      if (regions.length > 0) modules.push({ ...module, ...code, regions });
    }
    for (const { kept, module, members } of news) {
      if (kept) continue;
      const regions = [...members].map(({ index, generation, rootOffset, pages, exits, jumps, entries, code }) => ({
        ...{ index, generation, rootOffset, exits, jumps, entries, code },
        fpDirty: isFpDirty(pages.get(0)!),
        pages: mapped(pages, (key) => contents.add(this.#contentOf(key))),
      }));
      modules.push({ ...codeOf(module), regions });
    }
    return { host: this.#host(), contents: contents.pages, modules };
  }

  /** The name under which a batch is to be kept whose first region's root lies on a page. */
  homeOf(pageKey: number): string | undefined {
    return this.#names.get(pageKey);
  }

  #load(name: string): void {
    const page = this.#store.load(name);
    const isOurs = page?.host.fusedMadd === (page && this.#host().fusedMadd);
    const modules = page && isOurs ? page.modules : [];
    // Copies lie at addresses where words can be read.
    const contents = page && isOurs ? page.contents.map((content) => new Uint8Array(content)) : [];
    const batches = modules.map((module): KeptBatch => ({ module, contents, home: name, batch: undefined }));
    this.#batches.set(name, batches);
    const rootNames = contents.map(nameOf);
    for (const from of batches)
      for (const region of from.module.regions) {
        const rootName = rootNames[region.pages.get(0)!]!;
        const known = this.#regions.get(rootName) ?? [];
        this.#regions.set(rootName, known);
        for (const at of [0, ...region.entries]) {
          const entrance = { region, at, from };
          known.push(entrance);
          for (const pageKey of this.#pages.get(rootName) ?? []) this.#offerOn(pageKey, entrance);
        }
      }
  }

  /** At its root, or where nothing else is. */
  #offerOn(pageKey: number, entrance: KeptEntrance): void {
    const { region, at } = entrance;
    const offset = region.rootOffset + at;
    if (isFpDirty(pageKey) !== region.fpDirty || offset < 0 || offset >= PAGE_BYTES) return;
    if (!this.isSame(entrance, 0, pageKey)) return;
    const key = rootKey(pageKey, offset);
    if (at !== 0 && this.#entrances.has(key)) return;
    this.#entrances.set(key, entrance);
    const offered = this.#offered.get(pageKey);
    if (offered) offered.push(key);
    else this.#offered.set(pageKey, [key]);
    this.#offer(key);
  }
}

const PAGE_BYTES = 4096;

/** Pages without those that are there already. */
class Contents {
  readonly pages: Uint8Array[] = [];
  readonly #places = new Map<string, number[]>();

  add(content: Uint8Array): number {
    const name = nameOf(content);
    const places = this.#places.get(name) ?? [];
    this.#places.set(name, places);
    const known = places.find((place) => isEqual(this.pages[place]!, content));
    if (known !== undefined) return known;
    places.push(this.pages.length);
    return this.pages.push(content.slice()) - 1;
  }
}

/** Places where regions begin, in pages of given contents. */
class Roots {
  readonly #contents = new Map<string, Uint8Array[]>();

  add(content: Uint8Array, offset: number, fpDirty: boolean): void {
    const key = `${nameOf(content)}.${offset}.${fpDirty}`;
    this.#contents.set(key, [...(this.#contents.get(key) ?? []), content]);
  }

  has(content: Uint8Array, offset: number, fpDirty: boolean): boolean {
    const same = this.#contents.get(`${nameOf(content)}.${offset}.${fpDirty}`) ?? [];
    return same.some((other) => isEqual(other, content));
  }
}

function isFpDirty(pageKey: number): boolean {
  return (pageKey & 1) !== 0;
}

function mapped<K, V, W>(map: ReadonlyMap<K, V>, turn: (value: V) => W): Map<K, W> {
  return new Map([...map].map(([key, value]) => [key, turn(value)]));
}

/** Some of a page's words, mixed. */
const NAME_STRIDE = 8;

/** Pages with the same name are mostly the same. */
function nameOf(content: Uint8Array): string {
  const words = wordsOf(content);
  let [a, b] = [1, 2];
  for (let i = 0; i < words.length; i += NAME_STRIDE) {
    a = Math.imul(a ^ words[i]!, 0x9e3779b1);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ words[i + 3]!, 0x85ebca6b);
    b = (b << 15) | (b >>> 17);
  }
  return hex(a) + hex(b);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  const [ours, theirs] = [wordsOf(a), wordsOf(b)];
  for (let i = 0; i < ours.length; i++) if (ours[i] !== theirs[i]) return false;
  return true;
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength >>> 2);
}
