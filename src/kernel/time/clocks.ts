/**
 * The clocks of clock_gettime(2). Interface: clockTime, setRealtime, clockResolutionNs, clockDeadline, isKnownClock, mayTime,
 * isCpuClock, cpuClockNs.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { CLOCK } from '../../abi/flags/time.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import type { Timespec } from '../vfs/types.ts';
import { fromNs, toNs } from './duration.ts';
import { nowNs, realtimeAt, realtimeNow } from './timers.ts';
import { COARSE_RESOLUTION_NS, coarseNs, refreshVdsoData } from './vdso-data.ts';

const C = CLOCK.values;

/** What clock `id` reads for `task`. Negative ids name the CPU clock of a process or thread (clock_getcpuclockid). */
export function clockTime(kernel: Kernel, task: Task, id: number): Timespec | 'EINVAL' {
  switch (id) {
    case C.CLOCK_REALTIME_COARSE:
      return realtimeAt(kernel, coarseNs(kernel));
    case C.CLOCK_MONOTONIC_COARSE:
      return fromNs(coarseNs(kernel));
    case C.CLOCK_REALTIME:
    case C.CLOCK_REALTIME_ALARM:
    case C.CLOCK_TAI:
      return realtimeNow(kernel);
    case C.CLOCK_MONOTONIC:
    case C.CLOCK_MONOTONIC_RAW:
    case C.CLOCK_BOOTTIME:
    case C.CLOCK_BOOTTIME_ALARM:
      return fromNs(nowNs(kernel));
    case C.CLOCK_PROCESS_CPUTIME_ID:
      return fromNs(processCpuNs(kernel, task));
    case C.CLOCK_THREAD_CPUTIME_ID:
      return fromNs(threadCpuNs(kernel, task));
    default:
      return id < 0 ? cpuClock(kernel, task, id) : 'EINVAL';
  }
}

export function clockResolutionNs(id: number): number | 'EINVAL' {
  if (id === C.CLOCK_REALTIME_COARSE || id === C.CLOCK_MONOTONIC_COARSE) return COARSE_RESOLUTION_NS;
  return id < 0 || isKnownClock(id) ? 1 : 'EINVAL';
}

export function isKnownClock(id: number): boolean {
  return id >= 0 && (Object.values(C) as number[]).includes(id);
}

/** Moves the wall clock so that it reads `time` now. */
export function setRealtime(kernel: Kernel, time: Timespec): void {
  const now = nowNs(kernel);
  const { sec, nsec } = fromNs(now);
  const borrow = time.nsec < nsec ? 1 : 0;
  kernel.bootTime.realtimeSec = time.sec - sec - borrow;
  kernel.bootTime.realtimeNsec = time.nsec - nsec + borrow * 1e9;
  refreshVdsoData(kernel, now);
}

/** Whether timers and sleeps can be on a clock that is known; the clocks that wake a machine that sleeps need CAP_WAKE_ALARM. */
export function mayTime(task: Task, id: number): 0 | 'EOPNOTSUPP' | 'EPERM' {
  if (id === C.CLOCK_MONOTONIC_RAW || id === C.CLOCK_REALTIME_COARSE || id === C.CLOCK_MONOTONIC_COARSE)
    return 'EOPNOTSUPP';
  const wakes = id === C.CLOCK_REALTIME_ALARM || id === C.CLOCK_BOOTTIME_ALARM;
  return wakes && !capable(task.cred, CAPABILITY.values.CAP_WAKE_ALARM) ? 'EPERM' : 0;
}

export function isCpuClock(id: number): boolean {
  return id === C.CLOCK_PROCESS_CPUTIME_ID || id === C.CLOCK_THREAD_CPUTIME_ID;
}

/** What a CPU clock reads for `task`. */
export function cpuClockNs(kernel: Kernel, task: Task, id: number): number {
  return id === C.CLOCK_THREAD_CPUTIME_ID ? threadCpuNs(kernel, task) : processCpuNs(kernel, task);
}

/** The monotonic deadline that is meant by `time` on clock `id`, from now or absolute. */
export function clockDeadline(kernel: Kernel, id: number, time: Timespec, isAbsolute: boolean): number {
  const now = nowNs(kernel);
  if (!isAbsolute) return now + toNs(time);
  if (id !== C.CLOCK_REALTIME && id !== C.CLOCK_TAI && id !== C.CLOCK_REALTIME_ALARM) return toNs(time);
  const wall = realtimeNow(kernel);
  return now + (time.sec - wall.sec) * 1e9 + (time.nsec - wall.nsec);
}

/** CPU time of a thread, including what it has used since it got the hart. */
export function threadCpuNs(kernel: Kernel, task: Task): number {
  const running = kernel.current === task.tid ? nowNs(kernel) - task.sched.lastRunNs : 0;
  return task.usage.userNs + task.usage.systemNs + running;
}

export function processCpuNs(kernel: Kernel, task: Task): number {
  const group = kernel.groups.get(task.tgid)!;
  let ns = group.exitedUsage.userNs + group.exitedUsage.systemNs;
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread !== undefined) ns += threadCpuNs(kernel, thread);
  }
  return ns;
}

/** Ids made by the C library: ~pid << 3, bit 2 for a thread; the low two bits choose the kind of time. */
function cpuClock(kernel: Kernel, task: Task, id: number): Timespec | 'EINVAL' {
  const pid = ~(id >> 3);
  const isThread = (id & 4) !== 0;
  const target = pid === 0 ? task : kernel.tasks.get(pid);
  if (target === undefined || (id & 3) > 2) return 'EINVAL';
  if (isThread) return target.tgid === task.tgid ? fromNs(threadCpuNs(kernel, target)) : 'EINVAL';
  return fromNs(processCpuNs(kernel, target));
}
