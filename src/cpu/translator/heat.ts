/**
 * Counts samples of pc, so cheaply that many can be taken, and tells which are worth a closer look: where the same few instructions
 * were met several times. A place that was looked at is looked at again after ever more samples.
 *
 * Interface: Heat.
 */

/** Offsets on a page that count as one place. */
const LINE_BITS = 6;
const HOT_SAMPLES = 8;
const MAX_NEEDED = 128;
const MAX_LINES = 1 << 14;

interface Line {
  samples: number;
  needed: number;
}

export class Heat {
  private readonly lines = new Map<number, Line>();

  /** Counts a sample at a root key (translations.ts); true where it is time to look at the place. */
  add(rootKey: number): boolean {
    const key = Math.floor(rootKey / (1 << LINE_BITS));
    const line = this.lines.get(key);
    if (!line) {
      if (this.lines.size >= MAX_LINES) this.lines.clear();
      this.lines.set(key, { samples: 1, needed: HOT_SAMPLES });
      return false;
    }
    if (++line.samples < line.needed) return false;
    line.samples = 0;
    line.needed = Math.min(line.needed * 2, MAX_NEEDED);
    return true;
  }

  clear(): void {
    this.lines.clear();
  }
}
