/**
 * The jump cache (jump-cache.ts) as the translator fills it. An address has its own place in the table and the one beside it.
 *
 * Interface: JumpCacheEntries.
 */
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, type Layout } from '../layout.ts';
import { jumpCacheSlot } from './jump-cache.ts';
import type { Place } from './mapped-code.ts';

const ENTRY_WORDS = JUMP_CACHE_ENTRY_BYTES / 4;
/** Words of an entry. */
const [LO, HI, CONTEXT, REGION] = [0, 1, 2, 3];

export class JumpCacheEntries {
  readonly #words: Int32Array;
  /** Of the table. */
  readonly #first: number;
  readonly #forgotten: (place: Place, demand: number) => void;
  /** Entries that say that there is no region for now, and those of them where that may be for want of a page in the code TLB. */
  readonly #refused = new Set<number>();
  readonly #unmapped = new Set<number>();

  /** `forgotten` is told how often translated code wanted to go on at a place that nothing will be known of any more. */
  constructor(words: Int32Array, layout: Layout, forgotten: (place: Place, demand: number) => void) {
    this.#words = words;
    this.#first = layout.jumpCache >>> 2;
    this.#forgotten = forgotten;
  }

  /** What is known of a place: a region's number, or how often it was wanted where there is none, as a number that is not positive. */
  at(place: Place): number {
    const entry = this.#entryOf(place);
    return entry === undefined ? 0 : this.#words[entry + REGION]!;
  }

  /** From now on `region` is at a place; 0: none, perhaps only because it is not mapped. What led to a region from there goes beside. */
  set(place: Place, region: number, mayBeUnmapped: boolean): void {
    const words = this.#words;
    const known = this.#entryOf(place);
    const entry = known ?? this.#own(place);
    const leadsElsewhere = known === undefined && words[entry + CONTEXT] !== 0 && words[entry + REGION]! > 0;
    if (leadsElsewhere) words.copyWithin(beside(entry), entry, entry + ENTRY_WORDS);
    words[entry + LO] = place.lo;
    words[entry + HI] = place.hi;
    words[entry + CONTEXT] = place.context;
    words[entry + REGION] = region;
    if (region !== 0) return;
    this.#refused.add(entry);
    if (mayBeUnmapped) this.#unmapped.add(entry);
  }

  /** To be asked about again: all places without a region. */
  forgetRefused(): void {
    for (const entry of this.#refused) this.#forget(entry);
    this.#refused.clear();
    this.#unmapped.clear();
  }

  /** The same of those that may not have been mapped. */
  forgetUnmapped(): void {
    for (const entry of this.#unmapped) this.#forget(entry);
    this.#unmapped.clear();
  }

  /** The same of one place. */
  forget(place: Place): void {
    const entry = this.#entryOf(place);
    if (entry !== undefined) this.#forget(entry);
  }

  /** Forgets where these regions are. */
  remove(regions: ReadonlySet<number>): void {
    const words = this.#words;
    for (let i = 0, entry = this.#first; i < JUMP_CACHE_ENTRIES; i++, entry += ENTRY_WORDS)
      if (regions.has(words[entry + REGION]!)) words[entry + CONTEXT] = 0;
  }

  clear(): void {
    this.#words.fill(0, this.#first, this.#first + JUMP_CACHE_ENTRIES * ENTRY_WORDS);
    this.#refused.clear();
    this.#unmapped.clear();
  }

  #forget(entry: number): void {
    const words = this.#words;
    const region = words[entry + REGION]!;
    // Another one has taken its place.
    if (region > 0) return;
    const place = { lo: words[entry + LO]!, hi: words[entry + HI]!, context: words[entry + CONTEXT]! };
    words[entry + CONTEXT] = 0;
    if (region < 0) this.#forgotten(place, -region);
  }

  #entryOf(place: Place): number | undefined {
    const own = this.#own(place);
    if (this.#isAt(own, place)) return own;
    return this.#isAt(beside(own), place) ? beside(own) : undefined;
  }

  #isAt(entry: number, { lo, hi, context }: Place): boolean {
    const words = this.#words;
    return words[entry + LO] === lo && words[entry + HI] === hi && words[entry + CONTEXT] === context;
  }

  #own({ lo, context }: Place): number {
    return this.#first + jumpCacheSlot(lo, context) * ENTRY_WORDS;
  }
}

/** The table begins at a multiple of two entries. */
function beside(entry: number): number {
  return entry ^ ENTRY_WORDS;
}
