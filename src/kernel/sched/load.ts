/**
 * Load averages: how many tasks ran or were about to, decaying over 1, 5 and 15 minutes. See proc_loadavg(5), getloadavg(3).
 *
 * Interface: updateLoad, loadAverages, newLoad, LOAD_SHIFT.
 * A sample is taken every five seconds while anything runs. Periods in which the kernel was not entered were idle; they are made up
 * for at the next sample, as Linux does for idle processors.
 */
import type { Kernel } from '../kernel.ts';
import { nowNs } from '../time/timers.ts';
import type { LoadState } from './types.ts';

/** Averages are fixed-point numbers with this many bits after the point. */
export const LOAD_SHIFT = 11;

const ONE = 1 << LOAD_SHIFT;
const PERIOD_NS = 5_000_000_000;
/** What is left of an average after five seconds: 1/exp(5 s / 1 min), 5 min, 15 min. */
const DECAY = [1884, 2014, 2037] as const;

export function newLoad(): LoadState {
  return { nextNs: PERIOD_NS, averages: [0, 0, 0] };
}

/** The three averages now. */
export function loadAverages(kernel: Kernel): readonly [number, number, number] {
  updateLoad(kernel, nowNs(kernel));
  return kernel.load.averages;
}

/** Takes the samples that are due. Cheap when none is. */
export function updateLoad(kernel: Kernel, now: number): void {
  const { load } = kernel;
  if (now < load.nextNs) return;
  const idlePeriods = Math.floor((now - load.nextNs) / PERIOD_NS);
  const active = activeTasks(kernel) * ONE;
  for (let i = 0; i < 3; i++) {
    const decay = DECAY[i]!;
    const idled = Math.floor(load.averages[i]! * (decay / ONE) ** idlePeriods);
    // Linux: rounded up while the load rises, so that it can reach a whole number.
    const sum = idled * decay + active * (ONE - decay) + (active >= idled ? ONE - 1 : 0);
    load.averages[i] = Math.floor(sum / ONE);
  }
  load.nextNs += (idlePeriods + 1) * PERIOD_NS;
}

function activeTasks(kernel: Kernel): number {
  let active = 0;
  for (const { state } of kernel.tasks.values()) {
    if (state === 'ready' || state === 'running' || state === 'disk-sleep') active++;
  }
  return active;
}
