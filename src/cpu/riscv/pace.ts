/**
 * How many instructions a slice has where time is the host's. Time is looked at between slices only: they are as long as they can be without
 * keeping a timer, or the host, waiting for more than a millisecond, as to leave translated code and to find back into it is dear.
 *
 * Interface: Pace.
 */

/** Of 100 ns. */
const SLICE_TICKS = 10_000;
const MIN_INSTRUCTIONS = 10_000;
const MAX_INSTRUCTIONS = 4_000_000;
/** Less says nothing about how fast the hart is. */
const TELLING_INSTRUCTIONS = 10_000;
const FIRST_RATE = 10;

export class Pace {
  /** Instructions in a tick, of late. */
  #rate = FIRST_RATE;
  #retired = 0;
  #ticks = 0;

  /** To be called whenever the clock is looked at: gives the instructions that may run before it is looked at again. */
  next(retired: number, ticks: number, deadline: number): number {
    const [instructions, elapsed] = [retired - this.#retired, ticks - this.#ticks];
    this.#retired = retired;
    this.#ticks = ticks;
    if (instructions >= TELLING_INSTRUCTIONS) this.#rate = (this.#rate + instructions / Math.max(elapsed, 1)) / 2;
    const slice = Math.min(SLICE_TICKS, deadline - ticks) * this.#rate;
    return Math.floor(Math.max(MIN_INSTRUCTIONS, Math.min(slice, MAX_INSTRUCTIONS)));
  }
}
