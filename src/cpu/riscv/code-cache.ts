/**
 * Which frames have decoded code, and where. Decoded pages are keyed by physical frame and by whether the floating-point
 * state is dirty: in a page for another state FP instructions leave as SYSTEM, which the hart answers by turning FS to Dirty
 * or by raising the exception. So the interpreter needs no check, and integer code is untouched.
 *
 * Interface: CodeCache, CodeWatch.
 * Invariant: a frame with decoded code has no write entry in the MMU, so that its first store comes to invalidate().
 */
import { RECORD_PAGE_BYTES, RECORD_PAGE_HOST } from '../layout.ts';
import type { Layout } from '../layout.ts';
import type { Mmu } from './mmu.ts';

/** Is told when the page of records with a key (frame * 2 + fpDirty) has been made, and before it is given up. */
export interface CodeWatch {
  made(key: number): void;
  dropped(key: number): void;
}

export class CodeCache {
  created = 0;
  invalidations = 0;
  readonly #layout: Layout;
  readonly #words: Int32Array;
  readonly #mmu: Mmu;
  readonly #watch: CodeWatch;
  /** Place in the pool + 1 of a key (frame * 2 + fpDirty), 0 for none. */
  readonly #placeOf: Int32Array;
  /** Key of a place, -1 for none. */
  readonly #keyOf: Int32Array;
  /** The place to be taken next: the oldest. */
  #next = 0;

  constructor(layout: Layout, words: Int32Array, mmu: Mmu, watch: CodeWatch) {
    this.#layout = layout;
    this.#words = words;
    this.#mmu = mmu;
    this.#watch = watch;
    this.#placeOf = new Int32Array((layout.ramBytes >>> 12) * 2);
    this.#keyOf = new Int32Array(layout.codePages).fill(-1);
  }

  /** Whether code was decoded from the frame (an index from the start of RAM). */
  hasCode(frame: number): boolean {
    return this.#placeOf[frame * 2] !== 0 || this.#placeOf[frame * 2 + 1] !== 0;
  }

  /** The records of a frame, made if need be. */
  recordBase(frame: number, fpDirty: boolean): number {
    const key = frame * 2 + (fpDirty ? 1 : 0);
    const place = this.#placeOf[key]!;
    return this.#base(place !== 0 ? place - 1 : this.#create(key));
  }

  /** Whether the page of records at `recordBase` is for a dirty floating-point state. */
  isFpDirty(recordBase: number): boolean {
    return (this.keyOf(recordBase) & 1) !== 0;
  }

  /** Frame * 2 + fpDirty of a page of records. */
  keyOf(recordBase: number): number {
    return this.#keyOf[(recordBase - this.#layout.records) / RECORD_PAGE_BYTES]!;
  }

  /** The page of records with a key, if there is one. */
  recordsOf(key: number): number | undefined {
    const place = this.#placeOf[key]!;
    return place === 0 ? undefined : this.#base(place - 1);
  }

  /** Forgets what was decoded from a frame. */
  invalidate(frame: number): void {
    for (const key of [frame * 2, frame * 2 + 1]) {
      const place = this.#placeOf[key]!;
      if (place !== 0) this.#drop(place - 1);
    }
  }

  flushAll(): void {
    for (const key of this.#keyOf) if (key >= 0) this.#placeOf[key] = 0;
    this.#keyOf.fill(-1);
    this.#next = 0;
    this.#mmu.revokeAllCode();
  }

  #create(key: number): number {
    const place = this.#next;
    this.#next = (place + 1) % this.#keyOf.length;
    if (this.#keyOf[place]! >= 0) this.#drop(place);
    const base = this.#base(place);
    const hostPage = this.#layout.ram + (key >> 1) * 4096;
    this.#mmu.revokeWrites(hostPage);
    this.#words.fill(0, base >>> 2, (base + RECORD_PAGE_BYTES) >>> 2);
    this.#words[(base + RECORD_PAGE_HOST) >>> 2] = hostPage;
    this.#keyOf[place] = key;
    this.#placeOf[key] = place + 1;
    this.created++;
    this.#watch.made(key);
    return place;
  }

  #drop(place: number): void {
    this.#watch.dropped(this.#keyOf[place]!);
    this.#placeOf[this.#keyOf[place]!] = 0;
    this.#keyOf[place] = -1;
    this.#mmu.revokeCode(this.#base(place));
    this.invalidations++;
  }

  #base(place: number): number {
    return this.#layout.records + place * RECORD_PAGE_BYTES;
  }
}
