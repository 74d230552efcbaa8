/**
 * The vDSO's data page, '[vvar]': clocks at the last tick, from which programs reckon on without a system call. See vdso(7).
 *
 * Interface: initVdsoData, updateVdsoData, refreshVdsoData, coarseNs, COARSE_RESOLUTION_NS.
 * Invariants: the page says what clockTime (clocks.ts) would say. It changes only while no program runs, so a program that was
 * reading meanwhile finds another sequence number. It is never much older than a tick while a program runs.
 */
import { CLOCK } from '../../abi/flags/time.ts';
import { VDSO_CLOCK, VDSO_CLOCK_COUNT, VDSO_DATA } from '../arch/arch.ts';
import type { Kernel } from '../kernel.ts';
import { frameOffset } from '../mm/frames.ts';
import type { Timespec } from '../vfs/types.ts';
import { fromNs } from './duration.ts';
import { nowNs, NS_PER_TIMER_TICK, realtimeAt } from './timers.ts';

/** What the coarse clocks say of themselves: a tick. */
export const COARSE_RESOLUTION_NS = 4_000_000;

/** Older data is replaced when there is occasion. */
const STALE_NS = COARSE_RESOLUTION_NS / 2;

const TWO_32 = 4294967296;

const { CLOCK_REALTIME, CLOCK_TAI, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE } = CLOCK.values;
const { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME } = CLOCK.values;

/** What the coarse clocks read: the monotonic time of the last update. */
export function coarseNs(kernel: Kernel): number {
  return kernel.vdso?.updatedNs ?? nowNs(kernel);
}

/** Brings the page up to date if it is older than half a tick. */
export function updateVdsoData(kernel: Kernel, now: number): void {
  if (kernel.vdso !== null && now - kernel.vdso.updatedNs >= STALE_NS) refreshVdsoData(kernel, now);
}

/** Brings the page up to date: time has passed, or the wall clock was set. */
export function refreshVdsoData(kernel: Kernel, now: number): void {
  const { vdso } = kernel;
  if (vdso === null) return;
  vdso.updatedNs = now;
  const page = frameOffset(kernel, vdso.dataFrame);
  const words = kernel.machine.ram.i32;
  words[(page + VDSO_DATA.sequence) >> 2]!++;
  put64(words, page + VDSO_DATA.ticks, now / NS_PER_TIMER_TICK);
  const wall = realtimeAt(kernel, now);
  const monotonic = fromNs(now);
  putTime(words, page, CLOCK_REALTIME, wall);
  putTime(words, page, CLOCK_TAI, wall);
  putTime(words, page, CLOCK_REALTIME_COARSE, wall);
  putTime(words, page, CLOCK_MONOTONIC, monotonic);
  putTime(words, page, CLOCK_MONOTONIC_RAW, monotonic);
  putTime(words, page, CLOCK_BOOTTIME, monotonic);
  putTime(words, page, CLOCK_MONOTONIC_COARSE, monotonic);
}

/** Fills in what never changes, and the time. */
export function initVdsoData(kernel: Kernel): void {
  const page = frameOffset(kernel, kernel.vdso!.dataFrame);
  const words = kernel.machine.ram.i32;
  for (let id = 0; id < VDSO_CLOCK_COUNT; id++) {
    const kind = KINDS.get(id) ?? KERNEL_ONLY;
    const record = page + VDSO_DATA.clocks + id * VDSO_CLOCK.bytes;
    put64(words, record + VDSO_CLOCK.nsPerTick, kind.nsPerTick);
    put64(words, record + VDSO_CLOCK.resolutionNs, kind.resolutionNs);
  }
  refreshVdsoData(kernel, nowNs(kernel));
}

const FINE = { nsPerTick: NS_PER_TIMER_TICK, resolutionNs: 1 };
const COARSE = { nsPerTick: 0, resolutionNs: COARSE_RESOLUTION_NS };
const KERNEL_ONLY = { nsPerTick: -1, resolutionNs: 0 };
const KINDS: ReadonlyMap<number, typeof FINE> = new Map([
  [CLOCK_REALTIME, FINE],
  [CLOCK_TAI, FINE],
  [CLOCK_MONOTONIC, FINE],
  [CLOCK_MONOTONIC_RAW, FINE],
  [CLOCK_BOOTTIME, FINE],
  [CLOCK_REALTIME_COARSE, COARSE],
  [CLOCK_MONOTONIC_COARSE, COARSE],
]);

function putTime(words: Int32Array, page: number, clock: number, { sec, nsec }: Timespec): void {
  const record = page + VDSO_DATA.clocks + clock * VDSO_CLOCK.bytes;
  put64(words, record + VDSO_CLOCK.sec, sec);
  put64(words, record + VDSO_CLOCK.nsec, nsec);
}

function put64(words: Int32Array, at: number, value: number): void {
  words[at >> 2] = value;
  words[(at >> 2) + 1] = Math.floor(value / TWO_32);
}
