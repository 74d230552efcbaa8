/**
 * Counts by place, which tell when one has come to a number.
 *
 * Interface: Tallies.
 */
const MAX_PLACES = 1 << 14;

export class Tallies {
  private readonly places = new Map<number, number>();
  private readonly enough: number;

  constructor(enough: number) {
    this.enough = enough;
  }

  /** Adds to a root key's count (translations.ts). */
  add(rootKey: number, times: number): void {
    if (this.places.size >= MAX_PLACES) this.places.clear();
    this.places.set(rootKey, (this.places.get(rootKey) ?? 0) + times);
  }

  /** True where that is enough; then it begins anew. */
  settle(rootKey: number): boolean {
    if ((this.places.get(rootKey) ?? 0) < this.enough) return false;
    this.places.delete(rootKey);
    return true;
  }

  clear(): void {
    this.places.clear();
  }
}
