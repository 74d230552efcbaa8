/**
 * Batches of regions that are being made on another thread: what they are to become, and whether they still hold.
 *
 * Interface: Commissions, Commission.
 * Invariant: a commission is void as soon as one of its pages of decoded code is dropped; the same page may be decoded anew before it is done.
 */
import { rootKeyOf, type PlacedRegion } from './translations.ts';

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

  /** Whether a region with this root is under way. */
  has(root: number): boolean {
    return [...this.current].some(({ regions }) => regions.some((region) => rootKeyOf(region) === root));
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
