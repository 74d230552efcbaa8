/**
 * Two bare machines with the same program, in slices of random length with timer interrupts between. The first is the reference: the
 * interpreter, whose caches nobody drops.
 *
 * Interface: Lockstep, Start.
 */
import { BareRun, type Mapping } from './bare.ts';
import type { InitialState } from './program.ts';
import type { Random } from './random.ts';
import { describeState } from './state.ts';
import type { Way } from './ways.ts';

export interface Start {
  readonly mappings: readonly Mapping[];
  readonly initial: Omit<InitialState, 'windows'>;
  readonly entry: number;
}

/** Far more than programs take; those that only fault are left then. */
const MAX_SLICES = 2000;
const GROWTH_SLICES = 100;

export class Lockstep {
  readonly #reference = new BareRun({ tier: 'interpreter' });
  readonly #other: BareRun;
  readonly #way: Way;

  constructor(way: Way) {
    this.#way = way;
    this.#other = new BareRun(way.options);
  }

  /** Regions that the other one did not have to make. */
  get revived(): number {
    return this.#other.machine.stats.translator?.revived ?? 0;
  }

  /** Runs to the end, or `maxInstructions`; tells what differed first, if anything did. */
  run({ mappings, initial, entry }: Start, random: Random, maxInstructions: number): string | undefined {
    const runs = [this.#reference, this.#other];
    for (const run of runs) run.start(mappings, initial, entry);
    let longest = random.pick([3, 40, 500, 20_000]);
    let left = maxInstructions;
    for (let slice = 0; slice < MAX_SLICES && left > 0 && !this.#reference.ended; slice++) {
      if (slice % GROWTH_SLICES === GROWTH_SLICES - 1) longest *= 2;
      const budget = Math.min(left, random.between(1, longest));
      const ticks = random.chance(5) ? random.between(0, 20) : undefined;
      if (random.below(this.#way.dropEvery) < budget) {
        this.#other.machine.keepCode();
        this.#other.machine.dropCaches();
      }
      for (const run of runs) {
        if (ticks !== undefined) run.setTimer(ticks);
        run.slice(budget);
      }
      left -= budget;
      const difference = describeState(this.#reference, this.#other);
      if (difference !== undefined) return `after slice ${slice} of ${budget}:\n${difference}`;
    }
    return undefined;
  }
}
