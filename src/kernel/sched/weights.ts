/** Weights of the fair scheduler: each step of nice is a factor of about 1.25. Interface: weightOf. See sched(7). */
import type { SchedState } from '../task/types.ts';

export const NICE_0_WEIGHT = 1024;
const IDLE_WEIGHT = 3;

/** Share of the hart: 1024 at nice 0, 88761 at -20, 15 at 19. */
const WEIGHTS: readonly number[] = Array.from({ length: 40 }, (_, i) => Math.round(NICE_0_WEIGHT / 1.25 ** (i - 20)));

export function weightOf(sched: SchedState): number {
  return sched.policy === 'idle' ? IDLE_WEIGHT : WEIGHTS[sched.nice + 20]!;
}
