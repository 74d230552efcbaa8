/**
 * POSIX timers. Interface: createPosixTimer, setPosixTimer, posixTimerLeft, posixTimerExpired, timerNowNs,
 * posixTimerOverrun, deletePosixTimer(s), chargePosixTimers. See timer_create(2).
 * Times of a timer are its clock's: monotonic ns, or for CPU clocks the ns that its process or thread has used. Those expire when time is
 * charged.
 */
import { SI_CODE } from '../../abi/flags/signal.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { sendToGroup, sendToThread } from '../signal/send.ts';
import type { SigInfo } from '../signal/types.ts';
import type { PosixTimer, Task, ThreadGroup } from '../task/types.ts';
import { cpuClockNs, isCpuClock } from './clocks.ts';
import { armTimer, cancelTimer, nowNs, rearmTimer } from './timers.ts';

/** DELAYTIMER_MAX. */
const OVERRUN_MAX = 2 ** 31 - 1;

/** Adds a disarmed timer and gives its id. */
export function createPosixTimer(
  kernel: Kernel,
  task: Task,
  fields: Pick<PosixTimer, 'clock' | 'notify' | 'signal' | 'value' | 'tid'>,
): PosixTimer {
  const group = kernel.groups.get(task.tgid)!;
  const id = group.nextPosixTimer++;
  const timer: PosixTimer = {
    ...fields,
    id,
    owner: task.tid,
    expiresNs: 0,
    intervalNs: 0,
    overrun: 0,
    lastOverrun: 0,
    armed: 0,
  };
  group.posixTimers.set(id, timer);
  return timer;
}

/** Arms it for `expiresNs` of its clock (0 disarms) and then every `intervalNs`. */
export function setPosixTimer(
  kernel: Kernel,
  group: ThreadGroup,
  timer: PosixTimer,
  expiresNs: number,
  intervalNs: number,
): void {
  timer.expiresNs = expiresNs;
  timer.intervalNs = intervalNs;
  timer.overrun = 0;
  timer.lastOverrun = 0;
  rearm(kernel, group, timer);
}

/** Nanoseconds until it expires; 0: disarmed. */
export function posixTimerLeft(kernel: Kernel, timer: PosixTimer): number {
  return timer.expiresNs === 0 ? 0 : Math.max(1, timer.expiresNs - timerNowNs(kernel, timer));
}

export function deletePosixTimer(kernel: Kernel, group: ThreadGroup, timer: PosixTimer): void {
  if (timer.armed !== 0) cancelTimer(kernel, timer.armed);
  group.posixTimers.delete(timer.id);
}

/** For a process that ends or is replaced by another program. */
export function deletePosixTimers(kernel: Kernel, group: ThreadGroup): void {
  for (const timer of group.posixTimers.values()) deletePosixTimer(kernel, group, timer);
}

/** CPU time was charged to the process: its timers on CPU clocks may expire. */
export function chargePosixTimers(kernel: Kernel, group: ThreadGroup): void {
  for (const timer of group.posixTimers.values()) {
    if (timer.expiresNs === 0 || !isCpuClock(timer.clock)) continue;
    if (timerNowNs(kernel, timer) >= timer.expiresNs) posixTimerExpired(kernel, group.tgid, timer.id);
  }
}

/** What the timer's clock reads; a thread that ended uses no more. */
export function timerNowNs(kernel: Kernel, timer: PosixTimer): number {
  if (!isCpuClock(timer.clock)) return nowNs(kernel);
  const owner = kernel.tasks.get(timer.owner);
  return owner === undefined ? 0 : cpuClockNs(kernel, owner, timer.clock);
}

/** The timer's time has come. Periods that were missed, and expiries while its signal is pending, count as overrun. */
export function posixTimerExpired(kernel: Kernel, tgid: Tid, id: number): void {
  const group = kernel.groups.get(tgid);
  const timer = group?.posixTimers.get(id);
  if (group === undefined || timer === undefined || timer.expiresNs === 0) return;
  timer.armed = 0;
  const late =
    timer.intervalNs === 0 ? 0 : Math.floor((timerNowNs(kernel, timer) - timer.expiresNs) / timer.intervalNs);
  timer.expiresNs = timer.intervalNs === 0 ? 0 : timer.expiresNs + (late + 1) * timer.intervalNs;
  if (timer.expiresNs !== 0 && !isCpuClock(timer.clock))
    timer.armed = rearmTimer(kernel, timer.expiresNs, 'posix-timer', group.tgid, timer.id);
  notify(kernel, group, timer, late);
}

/** Of the signal that was delivered last: one that still waits does not count yet. */
export function posixTimerOverrun(kernel: Kernel, group: ThreadGroup, timer: PosixTimer): number {
  const target = timer.notify === 'thread-id' ? kernel.tasks.get(timer.tid) : undefined;
  const waits = (target?.pending ?? group.pending).queue.some((info) => isOf(timer, info));
  return waits ? timer.lastOverrun : timer.overrun;
}

function isOf(timer: PosixTimer, info: SigInfo): boolean {
  return info.code === SI_CODE.values.SI_TIMER && info.timerId === timer.id;
}

function notify(kernel: Kernel, group: ThreadGroup, timer: PosixTimer, late: number): void {
  if (timer.notify === 'none') return;
  const target = timer.notify === 'thread-id' ? kernel.tasks.get(timer.tid) : undefined;
  const pending = target?.pending ?? group.pending;
  const waiting = pending.queue.findIndex((info) => isOf(timer, info));
  if (waiting >= 0) {
    timer.overrun = Math.min(timer.overrun + late + 1, OVERRUN_MAX);
    pending.queue[waiting] = { ...pending.queue[waiting]!, overrun: timer.overrun };
    return;
  }
  timer.lastOverrun = timer.overrun;
  timer.overrun = Math.min(late, OVERRUN_MAX);
  const info = {
    signo: timer.signal,
    errno: 0,
    code: SI_CODE.values.SI_TIMER,
    timerId: timer.id,
    overrun: timer.overrun,
    value: timer.value,
  };
  if (target !== undefined) sendToThread(kernel, target, info);
  else sendToGroup(kernel, group, info);
}

function rearm(kernel: Kernel, group: ThreadGroup, timer: PosixTimer): void {
  if (timer.armed !== 0) cancelTimer(kernel, timer.armed);
  const runsOut = timer.expiresNs !== 0 && !isCpuClock(timer.clock);
  timer.armed = runsOut ? armTimer(kernel, timer.expiresNs, 'posix-timer', group.tgid, timer.id) : 0;
}
