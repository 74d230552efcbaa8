/**
 * Batches of regions that are being made on another thread: what they are to become, and whether they still hold.
 *
 * Interface: Commissions, Commission.
 * Invariant: a commission is void as soon as one of its pages of decoded code is dropped; the same page may be decoded anew before it is done.
 */
import { entryKeyOf, type PlacedRegion } from './translations.ts';

export interface Commission {
  readonly regions: readonly PlacedRegion[];
  /** Of the first region. */
  readonly generation: number;
}

export class Commissions {
  private readonly current = new Set<Commission>();

  add(commission: Commission): void {
    this.current.add(commission);
  }

  /** Takes one that has been made off the list; false where it no longer holds. */
  take(commission: Commission): boolean {
    return this.current.delete(commission);
  }

  /** Whether a region that can be entered at the place with this key, or might be, is under way. */
  has(key: number): boolean {
    const isAt = (region: PlacedRegion): boolean => [0, ...region.entries].some((at) => entryKeyOf(region, at) === key);
    return [...this.current].some(({ regions }) => regions.some(isAt));
  }

  dropPage(pageKey: number): void {
    for (const commission of [...this.current]) {
      const isOn = commission.regions.some(({ pages }) => [...pages.values()].includes(pageKey));
      if (isOn) this.current.delete(commission);
    }
  }

  clear(): void {
    this.current.clear();
  }
}
