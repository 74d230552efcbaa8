/**
 * Which halfwords of pages begin an instruction of some regions. A page has a key (translations.ts).
 *
 * Interface: CodePlaces.
 */
import type { PlacedRegion } from './translations.ts';

const PAGE_HALFWORDS = 2048;

export class CodePlaces {
  /** For each halfword of a page, of how many regions it begins an instruction. */
  readonly #pages = new Map<number, Uint16Array>();

  add(region: PlacedRegion): void {
    this.#count(region, 1);
  }

  /** What was added. */
  remove(region: PlacedRegion): void {
    this.#count(region, -1);
  }

  has(pageKey: number, offset: number): boolean {
    return (this.#pages.get(pageKey)?.[offset >>> 1] ?? 0) > 0;
  }

  /** Whatever was added. */
  dropPage(pageKey: number): void {
    this.#pages.delete(pageKey);
  }

  clear(): void {
    this.#pages.clear();
  }

  #count({ pages, rootOffset, code }: PlacedRegion, by: number): void {
    for (const at of code) {
      const offset = rootOffset + at;
      this.#page(pages.get(offset >> 12)!)[(offset & 0xfff) >>> 1]! += by;
    }
  }

  #page(pageKey: number): Uint16Array {
    let counts = this.#pages.get(pageKey);
    if (!counts) this.#pages.set(pageKey, (counts = new Uint16Array(PAGE_HALFWORDS)));
    return counts;
  }
}
