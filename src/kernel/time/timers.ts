/**
 * The kernel's clock and its timers: a binary heap of deadlines on the monotonic clock.
 *
 * Interface: nowNs, realtimeNow, realtimeAt, NS_PER_TIMER_TICK, armTimer, rearmTimer, cancelTimer, programTimer, nextTimerNs,
 * takeExpired.
 * The machine's timer is the only clock on the inside; the wall clock is an offset to it. See clock_gettime(2).
 */
import { nextId } from '../id.ts';
import type { TimerId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Timespec } from '../vfs/types.ts';
import type { KernelTimer, TimerTable } from './types.ts';

const NS_PER_SEC = 1_000_000_000;
/** Ticks of the machine's timer are 100 ns. */
export const NS_PER_TIMER_TICK = 100;
/** Linux arms a timer again when its signal is taken; here a floor keeps a period of a nanosecond from using up all time. */
const LEAST_PERIOD_NS = 100_000;

/** Monotonic nanoseconds since boot. */
export function nowNs(kernel: Kernel): number {
  return kernel.machine.timer.nowNs();
}

/** Wall-clock time since 1970. */
export function realtimeNow(kernel: Kernel): Timespec {
  return realtimeAt(kernel, nowNs(kernel));
}

/** Wall-clock time at `now`, in monotonic nanoseconds. */
export function realtimeAt(kernel: Kernel, now: number): Timespec {
  let sec = kernel.bootTime.realtimeSec + Math.floor(now / NS_PER_SEC);
  let nsec = kernel.bootTime.realtimeNsec + (now % NS_PER_SEC);
  if (nsec >= NS_PER_SEC) {
    nsec -= NS_PER_SEC;
    sec += 1;
  }
  return { sec, nsec: Math.floor(nsec) };
}

/** Arms a timer for `deadlineNs` (monotonic). What it does is chosen by `kind`; see timer-actions.ts. */
export function armTimer(
  kernel: Kernel,
  deadlineNs: number,
  kind: KernelTimer['kind'],
  subject: number,
  detail: number,
): TimerId {
  const timer: KernelTimer = { id: nextId(kernel), deadlineNs, kind, subject, detail };
  kernel.timers.live.add(timer.id);
  push(kernel.timers.heap, timer);
  if (deadlineNs < kernel.timerProgrammedNs) programTimer(kernel, deadlineNs);
  return timer.id;
}

/** Arms a periodic timer again that just expired. What is due sooner than the least period comes late and counts as overrun. */
export function rearmTimer(
  kernel: Kernel,
  deadlineNs: number,
  kind: KernelTimer['kind'],
  subject: number,
  detail: number,
): TimerId {
  return armTimer(kernel, Math.max(deadlineNs, nowNs(kernel) + LEAST_PERIOD_NS), kind, subject, detail);
}

/** Sets the machine's timer, so that its interrupt comes at `deadlineNs`. */
export function programTimer(kernel: Kernel, deadlineNs: number): void {
  kernel.timerProgrammedNs = deadlineNs;
  kernel.machine.hart.setCsr('stimecmp', Math.ceil(deadlineNs / NS_PER_TIMER_TICK));
}

/** Disarms a timer. Unknown ids are ignored. */
export function cancelTimer(kernel: Kernel, id: TimerId): void {
  if (!kernel.timers.live.delete(id)) return;
  if (kernel.timers.heap.length > 64 && kernel.timers.heap.length > 4 * kernel.timers.live.size) compact(kernel.timers);
}

/** Deadline of the earliest armed timer, Infinity if there is none. */
export function nextTimerNs(kernel: Kernel): number {
  const { heap, live } = kernel.timers;
  while (heap.length > 0 && !live.has(heap[0]!.id)) pop(heap);
  return heap.length > 0 ? heap[0]!.deadlineNs : Infinity;
}

/** Removes and gives the earliest timer whose deadline is at or before `now`, or undefined. */
export function takeExpired(kernel: Kernel, now: number): KernelTimer | undefined {
  if (nextTimerNs(kernel) > now) return undefined;
  const timer = pop(kernel.timers.heap);
  kernel.timers.live.delete(timer.id);
  return timer;
}

function compact(table: TimerTable): void {
  const kept = table.heap.filter((timer) => table.live.has(timer.id));
  table.heap = [];
  for (const timer of kept) push(table.heap, timer);
}

/** Equal deadlines fire in the order in which they were armed. */
function before(a: KernelTimer, b: KernelTimer): boolean {
  return a.deadlineNs < b.deadlineNs || (a.deadlineNs === b.deadlineNs && a.id < b.id);
}

function push(heap: KernelTimer[], timer: KernelTimer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(timer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: KernelTimer[]): KernelTimer {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
