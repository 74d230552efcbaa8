/**
 * System calls about time. Interface: timeCalls.
 * See clock_gettime(2), nanosleep(2), clock_nanosleep(2), setitimer(2), timer_create(2), timerfd_create(2), adjtimex(2).
 */
import { SIGEV_NOTIFY } from '../../abi/flags/signal.ts';
import {
  CLOCK as CLOCKS,
  ITIMER as ITIMERS,
  TIMER as TIMERS,
  TIMERFD_CREATE as CREATE,
  TIMERFD_SETTIME as SETTIME,
} from '../../abi/flags/time.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { NSIG, SIGNALS } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, getUserBig64, putUser32 } from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import { capable } from '../task/cred.ts';
import { softLimit } from '../task/rlimit.ts';
import { pendingOfUser } from './signal.ts';
import type { PosixTimer, Task } from '../task/types.ts';
import {
  clockDeadline,
  clockResolutionNs,
  clockTime,
  cpuClockNs,
  isCpuClock,
  isKnownClock,
  mayTime,
  setRealtime,
} from '../time/clocks.ts';
import { fromNs, readTimespec, readTimeval, toNs, writeTimespec, writeTimeval } from '../time/duration.ts';
import { getItimer, setItimer, type Which } from '../time/itimer.ts';
import {
  createPosixTimer,
  deletePosixTimer,
  posixTimerLeft,
  posixTimerOverrun,
  setPosixTimer,
  timerNowNs,
} from '../time/posix-timer.ts';
import { noteClockSet, setTimerfd, timerfdData, timerfdLeft, type TimerfdData } from '../time/timerfd.ts';
import { nowNs, realtimeNow } from '../time/timers.ts';
import { installFd, fileOf } from '../vfs/fd-table.ts';
import { createAnonFile, isFileLimitReached, putFile } from '../vfs/file.ts';
import type { OpenFile, Timespec } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const CLOCK = CLOCKS.values;
const ITIMER = ITIMERS.values;
const TIMER = TIMERS.values;
const TIMERFD_CREATE = CREATE.values;
const TIMERFD_SETTIME = SETTIME.values;
const SIGEV = SIGEV_NOTIFY.values;
const TIMERFD_CLOCKS = new Set<number>([
  CLOCK.CLOCK_REALTIME,
  CLOCK.CLOCK_MONOTONIC,
  CLOCK.CLOCK_BOOTTIME,
  CLOCK.CLOCK_REALTIME_ALARM,
  CLOCK.CLOCK_BOOTTIME_ALARM,
]);
const CAP_SYS_TIME = 25;
const ITIMERSPEC_VALUE = 16;
const FEW_TIMERS = 64;

function clockGettime(kernel: Kernel, task: Task, clock: number, tp: number): SyscallResult {
  const time = clockTime(kernel, task, clock);
  return typeof time === 'string' ? time : writeTimespec(kernel, task, tp, time);
}

function clockGetres(kernel: Kernel, task: Task, clock: number, res: number): SyscallResult {
  const ns = clockResolutionNs(clock);
  if (typeof ns === 'string') return ns;
  return res === 0 ? 0 : writeTimespec(kernel, task, res, { sec: 0, nsec: ns });
}

function clockSettime(kernel: Kernel, task: Task, clock: number, tp: number): SyscallResult {
  if (clock !== CLOCK.CLOCK_REALTIME) return 'EINVAL';
  const time = readTimespec(kernel, task, tp);
  if (typeof time === 'string') return time;
  if (!capable(task.cred, CAP_SYS_TIME)) return 'EPERM';
  setWallClock(kernel, time);
  return 0;
}

function setWallClock(kernel: Kernel, time: Timespec): void {
  setRealtime(kernel, time);
  noteClockSet(kernel);
}

function gettimeofday(kernel: Kernel, task: Task, tv: number, tz: number): SyscallResult {
  if (tv !== 0 && writeTimeval(kernel, task, tv, realtimeNow(kernel)) !== 0) return 'EFAULT';
  // The zone is always UTC: struct timezone { int minuteswest; int dsttime }.
  if (tz !== 0 && (putUser32(kernel, task, tz, 0) !== 0 || putUser32(kernel, task, tz + 4, 0) !== 0)) return 'EFAULT';
  return 0;
}

function settimeofday(kernel: Kernel, task: Task, tv: number): SyscallResult {
  if (!capable(task.cred, CAP_SYS_TIME)) return 'EPERM';
  if (tv === 0) return 0;
  const time = readTimeval(kernel, task, tv);
  if (typeof time === 'string') return time;
  setWallClock(kernel, time);
  return 0;
}

function nanosleep(kernel: Kernel, task: Task, request: number, remaining: number): SyscallResult {
  return sleep(kernel, task, CLOCK.CLOCK_MONOTONIC, false, request, remaining);
}

function clockNanosleep(
  kernel: Kernel,
  task: Task,
  clock: number,
  flags: number,
  request: number,
  remaining: number,
): SyscallResult {
  if (!isKnownClock(clock)) return 'EINVAL';
  const refused = clock === CLOCK.CLOCK_THREAD_CPUTIME_ID ? 'EOPNOTSUPP' : mayTime(task, clock);
  if (refused !== 0) return refused;
  if (isCpuClock(clock)) return sleepCpu(kernel, task, clock, (flags & TIMER.TIMER_ABSTIME) !== 0, request);
  return sleep(kernel, task, clock, (flags & TIMER.TIMER_ABSTIME) !== 0, request, remaining);
}

function sleep(
  kernel: Kernel,
  task: Task,
  clock: number,
  isAbsolute: boolean,
  request: number,
  remaining: number,
): SyscallResult {
  const progress = task.syscall.progress;
  if (Number.isNaN(progress.deadlineNs)) {
    const time = readTimespec(kernel, task, request);
    if (typeof time === 'string') return time;
    progress.deadlineNs = clockDeadline(kernel, clock, time, isAbsolute);
  }
  const now = nowNs(kernel);
  if (now >= progress.deadlineNs) return 0;
  if (task.signalPending) {
    if (isAbsolute) return 'ERESTARTNOHAND';
    if (remaining !== 0 && writeTimespec(kernel, task, remaining, fromNs(progress.deadlineNs - now)) !== 0)
      return 'EFAULT';
    return 'ERESTART_RESTARTBLOCK';
  }
  return waitOn([], isAbsolute ? 'ERESTARTNOHAND' : 'ERESTART_RESTARTBLOCK', progress.deadlineNs);
}

/** How often a sleep on a CPU clock looks whether the process has used so much. */
const CPU_POLL_NS = 4_000_000;

/** Until the threads of the process have used so much CPU time. Linux does not tell what is left. */
function sleepCpu(kernel: Kernel, task: Task, clock: number, isAbsolute: boolean, request: number): SyscallResult {
  const { progress } = task.syscall;
  const used = cpuClockNs(kernel, task, clock);
  if (Number.isNaN(progress.deadlineNs)) {
    const time = readTimespec(kernel, task, request);
    if (typeof time === 'string') return time;
    progress.deadlineNs = toNs(time) + (isAbsolute ? 0 : used);
  }
  const left = progress.deadlineNs - used;
  if (left <= 0) return 0;
  // With one hart no more than the time that passes can be used.
  return waitOn([], 'ERESTARTNOHAND', nowNs(kernel) + Math.max(left, CPU_POLL_NS));
}

function whichTimer(which: number): Which | undefined {
  if (which === ITIMER.ITIMER_REAL) return 'real';
  if (which === ITIMER.ITIMER_VIRTUAL) return 'virtual';
  return which === ITIMER.ITIMER_PROF ? 'prof' : undefined;
}

function getitimer(kernel: Kernel, task: Task, which: number, value: number): SyscallResult {
  const timer = whichTimer(which);
  return timer === undefined ? 'EINVAL' : writeItimer(kernel, task, timer, value);
}

function setitimer(kernel: Kernel, task: Task, which: number, value: number, old: number): SyscallResult {
  const timer = whichTimer(which);
  if (timer === undefined) return 'EINVAL';
  let next = { leftNs: 0, intervalNs: 0 };
  if (value !== 0) {
    const interval = readTimeval(kernel, task, value);
    const left = readTimeval(kernel, task, value + ITIMERSPEC_VALUE);
    if (typeof interval === 'string' || typeof left === 'string')
      return interval === 'EFAULT' || left === 'EFAULT' ? 'EFAULT' : 'EINVAL';
    next = { leftNs: toNs(left), intervalNs: toNs(interval) };
  }
  if (old !== 0 && writeItimer(kernel, task, timer, old) !== 0) return 'EFAULT';
  setItimer(kernel, task, timer, next);
  return 0;
}

function writeItimer(kernel: Kernel, task: Task, which: Which, address: number): 0 | 'EFAULT' {
  const { leftNs, intervalNs } = getItimer(kernel, task, which);
  if (writeTimeval(kernel, task, address, fromNs(intervalNs)) !== 0) return 'EFAULT';
  return writeTimeval(kernel, task, address + ITIMERSPEC_VALUE, fromNs(leftNs));
}

function timerCreate(kernel: Kernel, task: Task, clock: number, event: number, created: number): SyscallResult {
  if (!isKnownClock(clock)) return 'EINVAL';
  const refused = mayTime(task, clock);
  if (refused !== 0) return refused;
  const how = readSigevent(kernel, task, event);
  if (typeof how === 'string') return how;
  const group = kernel.groups.get(task.tgid)!;
  const limit = softLimit(group, 'RLIMIT_SIGPENDING');
  // Counting all processes of the user is dear: only those with many timers do it.
  if (group.posixTimers.size >= Math.min(limit, FEW_TIMERS) && pendingOfUser(kernel, group) >= limit) return 'EAGAIN';
  const timer = createPosixTimer(kernel, task, { clock, ...how, value: how.value ?? 0n });
  if (how.value === undefined) timer.value = BigInt(timer.id);
  if (putUser32(kernel, task, created, timer.id) === 0) return 0;
  deletePosixTimer(kernel, kernel.groups.get(task.tgid)!, timer);
  return 'EFAULT';
}

interface Sigevent {
  notify: PosixTimer['notify'];
  signal: number;
  /** Undefined: the timer's id. */
  value: bigint | undefined;
  tid: number;
}

/** struct sigevent { sigval value; int signo; int notify; int tid }. Null means SIGALRM to the process. */
function readSigevent(kernel: Kernel, task: Task, address: number): Sigevent | 'EFAULT' | 'EINVAL' {
  if (address === 0) return { notify: 'signal', signal: SIGNALS.SIGALRM, value: undefined, tid: 0 };
  const value = getUserBig64(kernel, task, address);
  const signal = getUser32(kernel, task, address + 8);
  const notify = getUser32(kernel, task, address + 12);
  const tid = getUser32(kernel, task, address + 16);
  if (typeof value === 'string' || typeof signal === 'string' || typeof notify === 'string' || typeof tid === 'string')
    return 'EFAULT';
  if (notify === SIGEV.SIGEV_NONE) return { notify: 'none', signal, value, tid: 0 };
  if (signal < 1 || signal > NSIG) return 'EINVAL';
  if (notify === SIGEV.SIGEV_SIGNAL || notify === SIGEV.SIGEV_THREAD)
    return { notify: 'signal', signal, value, tid: 0 };
  if (notify !== SIGEV.SIGEV_THREAD_ID || kernel.tasks.get(tid)?.tgid !== task.tgid) return 'EINVAL';
  return { notify: 'thread-id', signal, value, tid };
}

function timerOf(kernel: Kernel, task: Task, id: number): PosixTimer | undefined {
  return kernel.groups.get(task.tgid)!.posixTimers.get(id);
}

function timerSettime(
  kernel: Kernel,
  task: Task,
  id: number,
  flags: number,
  value: number,
  old: number,
): SyscallResult {
  const spec = readItimerspec(kernel, task, value);
  if (typeof spec === 'string') return spec;
  const timer = timerOf(kernel, task, id);
  if (timer === undefined) return 'EINVAL';
  if (old !== 0 && writeItimerspec(kernel, task, old, posixTimerLeft(kernel, timer), timer.intervalNs) !== 0)
    return 'EFAULT';
  const isAbsolute = (flags & TIMER.TIMER_ABSTIME) !== 0;
  const expires = isCpuClock(timer.clock)
    ? cpuExpiryOf(kernel, timer, spec.value, isAbsolute)
    : expiryOf(kernel, timer.clock, spec.value, isAbsolute);
  setPosixTimer(kernel, kernel.groups.get(task.tgid)!, timer, expires, toNs(spec.interval));
  return 0;
}

function timerGettime(kernel: Kernel, task: Task, id: number, value: number): SyscallResult {
  const timer = timerOf(kernel, task, id);
  if (timer === undefined) return 'EINVAL';
  return writeItimerspec(kernel, task, value, posixTimerLeft(kernel, timer), timer.intervalNs);
}

function timerGetoverrun(kernel: Kernel, task: Task, id: number): SyscallResult {
  const timer = timerOf(kernel, task, id);
  return timer === undefined ? 'EINVAL' : posixTimerOverrun(kernel, kernel.groups.get(task.tgid)!, timer);
}

function timerDelete(kernel: Kernel, task: Task, id: number): SyscallResult {
  const timer = timerOf(kernel, task, id);
  if (timer === undefined) return 'EINVAL';
  deletePosixTimer(kernel, kernel.groups.get(task.tgid)!, timer);
  return 0;
}

function timerfdCreate(kernel: Kernel, task: Task, clock: number, flags: number): SyscallResult {
  if ((flags & ~(TIMERFD_CREATE.TFD_CLOEXEC | TIMERFD_CREATE.TFD_NONBLOCK)) !== 0) return 'EINVAL';
  if (!TIMERFD_CLOCKS.has(clock)) return 'EINVAL';
  const refused = mayTime(task, clock);
  if (refused !== 0) return refused;
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const nonBlocking = (flags & TIMERFD_CREATE.TFD_NONBLOCK) === 0 ? 0 : OPEN.values.O_NONBLOCK;
  const file = createAnonFile(
    kernel,
    task,
    'timerfd',
    '[timerfd]',
    OPEN.values.O_RDWR | nonBlocking,
    timerfdData(kernel, clock),
  );
  const fd = installFd(kernel, task, file, (flags & TIMERFD_CREATE.TFD_CLOEXEC) !== 0);
  if (typeof fd === 'string') putFile(kernel, file);
  return fd;
}

function timerfdOf(kernel: Kernel, task: Task, fd: number): OpenFile | 'EBADF' | 'EINVAL' {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  return file.kind === 'timerfd' ? file : 'EINVAL';
}

function timerfdSettime(
  kernel: Kernel,
  task: Task,
  fd: number,
  flags: number,
  value: number,
  old: number,
): SyscallResult {
  if ((flags & ~(TIMERFD_SETTIME.TFD_TIMER_ABSTIME | TIMERFD_SETTIME.TFD_TIMER_CANCEL_ON_SET)) !== 0) return 'EINVAL';
  const spec = readItimerspec(kernel, task, value);
  if (typeof spec === 'string') return spec;
  const file = timerfdOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  const data = file.data as TimerfdData;
  if (old !== 0 && writeItimerspec(kernel, task, old, timerfdLeft(kernel, data), data.intervalNs) !== 0)
    return 'EFAULT';
  const isAbsolute = (flags & TIMERFD_SETTIME.TFD_TIMER_ABSTIME) !== 0;
  const expires = expiryOf(kernel, data.clock, spec.value, isAbsolute);
  const isWallClock = data.clock === CLOCK.CLOCK_REALTIME || data.clock === CLOCK.CLOCK_REALTIME_ALARM;
  const cancelOnSet = isWallClock && isAbsolute && (flags & TIMERFD_SETTIME.TFD_TIMER_CANCEL_ON_SET) !== 0;
  setTimerfd(kernel, file, expires, toNs(spec.interval), cancelOnSet);
  return 0;
}

function timerfdGettime(kernel: Kernel, task: Task, fd: number, value: number): SyscallResult {
  const file = timerfdOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  const data = file.data as TimerfdData;
  return writeItimerspec(kernel, task, value, timerfdLeft(kernel, data), data.intervalNs);
}

/** Monotonic expiry; 0 where the value disarms. An absolute time that has passed expires at once. */
function expiryOf(kernel: Kernel, clock: number, value: Timespec, isAbsolute: boolean): number {
  if (value.sec === 0 && value.nsec === 0) return 0;
  return Math.max(1, clockDeadline(kernel, clock, value, isAbsolute));
}

/** The same in the time of the timer's CPU clock. */
function cpuExpiryOf(kernel: Kernel, timer: PosixTimer, value: Timespec, isAbsolute: boolean): number {
  if (value.sec === 0 && value.nsec === 0) return 0;
  return Math.max(1, toNs(value) + (isAbsolute ? 0 : timerNowNs(kernel, timer)));
}

function readItimerspec(
  kernel: Kernel,
  task: Task,
  address: number,
): { interval: Timespec; value: Timespec } | 'EFAULT' | 'EINVAL' {
  const interval = readTimespec(kernel, task, address);
  if (typeof interval === 'string') return interval;
  const value = readTimespec(kernel, task, address + ITIMERSPEC_VALUE);
  return typeof value === 'string' ? value : { interval, value };
}

function writeItimerspec(
  kernel: Kernel,
  task: Task,
  address: number,
  leftNs: number,
  intervalNs: number,
): 0 | 'EFAULT' {
  if (writeTimespec(kernel, task, address, fromNs(intervalNs)) !== 0) return 'EFAULT';
  return writeTimespec(kernel, task, address + ITIMERSPEC_VALUE, fromNs(leftNs));
}

export const timeCalls = {
  clock_gettime: clockGettime,
  clock_getres: clockGetres,
  clock_settime: clockSettime,
  gettimeofday,
  settimeofday,
  nanosleep,
  clock_nanosleep: clockNanosleep,
  getitimer,
  setitimer,
  timer_create: timerCreate,
  timer_settime: timerSettime,
  timer_gettime: timerGettime,
  timer_getoverrun: timerGetoverrun,
  timer_delete: timerDelete,
  timerfd_create: timerfdCreate,
  timerfd_settime: timerfdSettime,
  timerfd_gettime: timerfdGettime,
} satisfies Handlers;
