/**
 * Counts how often places that are not translated were wanted, and tells when one is worth it.
 *
 * Interface: Demands.
 */
import { WANTED } from './jump-cache.ts';

const MAX_PLACES = 1 << 14;

export class Demands {
  private readonly places = new Map<number, number>();

  /** Adds to a root key's count (translations.ts). */
  add(rootKey: number, times: number): void {
    if (this.places.size >= MAX_PLACES) this.places.clear();
    this.places.set(rootKey, (this.places.get(rootKey) ?? 0) + times);
  }

  /** True where that is enough; then it begins anew. */
  settle(rootKey: number): boolean {
    if ((this.places.get(rootKey) ?? 0) < -WANTED) return false;
    this.places.delete(rootKey);
    return true;
  }

  clear(): void {
    this.places.clear();
  }
}
