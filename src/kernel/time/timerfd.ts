/**
 * timerfd: expiries of a timer as a readable count. Interface: timerfdOps, timerfdData, setTimerfd, timerfdLeft,
 * timerfdExpired, noteClockSet.
 * See timerfd_create(2).
 */
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import type { FileId, TimerId, WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { waitOn, type Outcome } from '../result.ts';
import { freeWaitQueue, newWaitQueue, wakeAll } from '../sched/wait-queue.ts';
import type { Task } from '../task/types.ts';
import { copyToIo } from '../vfs/io.ts';
import type { FileOps, Io, OpenFile } from '../vfs/types.ts';
import { armTimer, cancelTimer, nowNs, rearmTimer } from './timers.ts';

const COUNT_BYTES = 8;

export interface TimerfdData {
  readonly clock: number;
  /** Monotonic ns; 0: disarmed. */
  expiresNs: number;
  intervalNs: number;
  /** Expiries not yet read. */
  ticks: number;
  armed: TimerId;
  readonly queue: WaitQueueId;
  /** TFD_TIMER_CANCEL_ON_SET: whether a jump of the wall clock ends the wait, and whether there was one. */
  cancelOnSet: boolean;
  cancelled: boolean;
}

export function timerfdData(kernel: Kernel, clock: number): TimerfdData {
  return {
    clock,
    expiresNs: 0,
    intervalNs: 0,
    ticks: 0,
    armed: 0,
    queue: newWaitQueue(kernel),
    cancelOnSet: false,
    cancelled: false,
  };
}

/** Arms it for the monotonic `expiresNs` (0 disarms) and then every `intervalNs`. Unread expiries are forgotten. */
export function setTimerfd(
  kernel: Kernel,
  file: OpenFile,
  expiresNs: number,
  intervalNs: number,
  cancelOnSet: boolean,
): void {
  const data = file.data as TimerfdData;
  data.expiresNs = expiresNs;
  data.intervalNs = intervalNs;
  data.ticks = 0;
  data.cancelOnSet = cancelOnSet;
  data.cancelled = false;
  rearm(kernel, file.id, data);
}

/** The wall clock was set: timers that are to hear of it become readable, and the read gives ECANCELED. */
export function noteClockSet(kernel: Kernel): void {
  for (const file of kernel.files.values()) {
    if (file.kind !== 'timerfd') continue;
    const data = file.data as TimerfdData;
    if (!data.cancelOnSet) continue;
    data.cancelled = true;
    data.ticks++;
    wakeAll(kernel, data.queue);
  }
}

export function timerfdLeft(kernel: Kernel, data: TimerfdData): number {
  return data.expiresNs === 0 ? 0 : Math.max(1, data.expiresNs - nowNs(kernel));
}

export function timerfdExpired(kernel: Kernel, id: FileId): void {
  const file = kernel.files.get(id);
  if (file === undefined || file.kind !== 'timerfd') return;
  const data = file.data as TimerfdData;
  data.armed = 0;
  if (data.expiresNs === 0) return;
  const times = data.intervalNs === 0 ? 1 : 1 + Math.floor((nowNs(kernel) - data.expiresNs) / data.intervalNs);
  data.ticks += times;
  data.expiresNs = data.intervalNs === 0 ? 0 : data.expiresNs + times * data.intervalNs;
  data.armed = data.expiresNs === 0 ? 0 : rearmTimer(kernel, data.expiresNs, 'timerfd', id, 0);
  wakeAll(kernel, data.queue);
}

function rearm(kernel: Kernel, id: FileId, data: TimerfdData): void {
  if (data.armed !== 0) cancelTimer(kernel, data.armed);
  data.armed = data.expiresNs === 0 ? 0 : armTimer(kernel, data.expiresNs, 'timerfd', id, 0);
}

function read(kernel: Kernel, _task: Task, file: OpenFile, io: Io): Outcome<number> {
  const data = file.data as TimerfdData;
  if (io.remaining < COUNT_BYTES) return 'EINVAL';
  if (data.ticks === 0) return (file.flags & OPEN.values.O_NONBLOCK) !== 0 ? 'EAGAIN' : waitOn([data.queue]);
  if (data.cancelled) {
    data.cancelled = false;
    data.ticks = 0;
    return 'ECANCELED';
  }
  const bytes = new Uint8Array(COUNT_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(data.ticks), true);
  const copied = copyToIo(kernel, io, bytes, 0, COUNT_BYTES);
  if (typeof copied === 'number') data.ticks = 0;
  return copied;
}

export const timerfdOps: FileOps = {
  // Linux: lseek does nothing and succeeds.
  seekable: true,
  seek: () => 0,
  read,
  poll: (_kernel, file) => ((file.data as TimerfdData).ticks > 0 ? POLL.values.POLLIN | POLL.values.POLLRDNORM : 0),
  pollQueues: (_kernel, file) => [(file.data as TimerfdData).queue],
  release: (kernel, file) => {
    const data = file.data as TimerfdData;
    if (data.armed !== 0) cancelTimer(kernel, data.armed);
    freeWaitQueue(kernel, data.queue);
  },
};
