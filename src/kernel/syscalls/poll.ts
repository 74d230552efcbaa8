/**
 * System calls that wait for descriptors: poll, ppoll, select, pselect6. Interface: pollCalls. See poll(2), select(2).
 *
 * A signal without a handler lets them go on with the time that is left, which Linux keeps in the caller's timeout.
 */
import { POLL } from '../../abi/flags/poll.ts';
import { RLIMIT } from '../../abi/flags/sched.ts';
import type { Restart } from '../../abi/errno.ts';
import type { WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser64, getUserBig64 } from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import { setTemporaryMask } from '../signal/mask.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { fromNs, readTimespec, readTimeval, toNs, writeTimespec, writeTimeval } from '../time/duration.ts';
import { nowNs } from '../time/timers.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { pollFile, pollQueuesOf } from '../vfs/poll.ts';
import type { Timespec } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND } =
  POLL.values;
const POLLFD_BYTES = 8;
const SIGSET_BYTES = 8;
const NS_PER_MS = 1_000_000;
const WORD_BITS = 64;

/** What a call does about its timeout when it ends. */
interface Timeout {
  /** The caller's struct, to be brought up to date; 0: none. */
  readonly address: number;
  readonly write: (kernel: Kernel, task: Task, address: number, time: Timespec) => 0 | 'EFAULT';
}

const NO_TIMEOUT: Timeout = { address: 0, write: writeTimespec };

function poll(kernel: Kernel, task: Task, ufds: number, nfds: number, timeoutMs: number): SyscallResult {
  startTimer(kernel, task, timeoutMs < 0 ? Infinity : timeoutMs * NS_PER_MS);
  return doPoll(kernel, task, ufds, nfds, NO_TIMEOUT, 'ERESTART_RESTARTBLOCK');
}

function ppoll(
  kernel: Kernel,
  task: Task,
  ufds: number,
  nfds: number,
  tsp: number,
  sigmask: number,
  sigsetsize: number,
): SyscallResult {
  const started = startFromUser(kernel, task, tsp, readTimespec);
  if (started !== 0) return started;
  const masked = useMask(kernel, task, sigmask, sigsetsize);
  if (masked !== 0) return masked;
  return doPoll(kernel, task, ufds, nfds, { address: tsp, write: writeTimespec }, 'ERESTARTNOHAND');
}

function doPoll(
  kernel: Kernel,
  task: Task,
  ufds: number,
  nfds: number,
  timeout: Timeout,
  restart: Restart,
): SyscallResult {
  if (nfds > groupOf(kernel, task).rlimits[RLIMIT.values.RLIMIT_NOFILE]!.soft) return 'EINVAL';
  const bytes = new Uint8Array(nfds * POLLFD_BYTES);
  if (copyFromUser(kernel, task, ufds, bytes) !== 0) return 'EFAULT';
  const view = new DataView(bytes.buffer);
  let count = 0;
  for (let at = 0; at < bytes.length; at += POLLFD_BYTES) {
    const revents = pollOne(kernel, task, view.getInt32(at, true), view.getUint16(at + 4, true));
    view.setUint16(at + 6, revents, true);
    if (revents !== 0) count++;
  }
  const ended = endOrWait(kernel, task, count, timeout, restart, () => {
    const queues: WaitQueueId[] = [];
    for (let at = 0; at < bytes.length; at += POLLFD_BYTES) addQueues(kernel, task, view.getInt32(at, true), queues);
    return queues;
  });
  if (typeof ended !== 'number') return ended;
  for (let at = 0; at < bytes.length; at += POLLFD_BYTES) {
    if (copyToUser(kernel, task, ufds + at + 6, bytes.subarray(at + 6, at + 8)) !== 0) return 'EFAULT';
  }
  return ended;
}

function pollOne(kernel: Kernel, task: Task, fd: number, events: number): number {
  if (fd < 0) return 0;
  const file = fileOf(kernel, task, fd);
  return typeof file === 'string' ? POLLNVAL : pollFile(kernel, file) & (events | POLLERR | POLLHUP);
}

function select(
  kernel: Kernel,
  task: Task,
  n: number,
  inp: number,
  outp: number,
  exp: number,
  tvp: number,
): SyscallResult {
  const started = startFromUser(kernel, task, tvp, readTimeval);
  if (started !== 0) return started;
  return doSelect(kernel, task, n, [inp, outp, exp], { address: tvp, write: writeTimeval });
}

function pselect6(
  kernel: Kernel,
  task: Task,
  n: number,
  inp: number,
  outp: number,
  exp: number,
  tsp: number,
  sig: number,
): SyscallResult {
  const started = startFromUser(kernel, task, tsp, readTimespec);
  if (started !== 0) return started;
  if (sig !== 0) {
    const mask = getUser64(kernel, task, sig);
    const size = getUser64(kernel, task, sig + 8);
    if (typeof mask === 'string' || typeof size === 'string') return 'EFAULT';
    const masked = useMask(kernel, task, mask, size);
    if (masked !== 0) return masked;
  }
  return doSelect(kernel, task, n, [inp, outp, exp], { address: tsp, write: writeTimespec });
}

/** What each of the three sets asks for (Linux: POLLIN_SET and its kin). */
const SET_EVENTS = [
  POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
  POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
  POLLPRI,
] as const;

function doSelect(
  kernel: Kernel,
  task: Task,
  n: number,
  addresses: readonly number[],
  timeout: Timeout,
): SyscallResult {
  if (n < 0) return 'EINVAL';
  // Linux: descriptors beyond the table are not looked at.
  const open = kernel.fdTables.get(task.files)!.fds.length;
  const limit = Math.min(n, Math.max(WORD_BITS, Math.ceil(open / WORD_BITS) * WORD_BITS));
  const size = Math.ceil(limit / WORD_BITS) * (WORD_BITS / 8);
  const wanted: (Uint8Array | null)[] = [];
  for (const address of addresses) {
    const bytes = address === 0 ? null : new Uint8Array(size);
    if (bytes !== null && copyFromUser(kernel, task, address, bytes) !== 0) return 'EFAULT';
    wanted.push(bytes);
  }
  const found = wanted.map((bytes) => (bytes === null ? null : new Uint8Array(size)));
  let count = 0;
  for (let fd = 0; fd < limit; fd++) {
    if (!wanted.some((set) => hasBit(set, fd))) continue;
    const file = fileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    const mask = pollFile(kernel, file);
    wanted.forEach((set, i) => {
      if (!hasBit(set, fd) || (mask & SET_EVENTS[i]!) === 0) return;
      found[i]![fd >> 3]! |= 1 << (fd & 7);
      count++;
    });
  }
  const ended = endOrWait(kernel, task, count, timeout, 'ERESTARTNOHAND', () => {
    const queues: WaitQueueId[] = [];
    for (let fd = 0; fd < limit; fd++) if (wanted.some((set) => hasBit(set, fd))) addQueues(kernel, task, fd, queues);
    return queues;
  });
  if (typeof ended !== 'number') return ended;
  for (const [i, bytes] of found.entries())
    if (bytes !== null && copyToUser(kernel, task, addresses[i]!, bytes) !== 0) return 'EFAULT';
  return ended;
}

function hasBit(set: Uint8Array | null, fd: number): boolean {
  return set !== null && (set[fd >> 3]! & (1 << (fd & 7))) !== 0;
}

/** Ends the call with `count`, because of the time or of a signal; else waits on `queues`. */
function endOrWait(
  kernel: Kernel,
  task: Task,
  count: number,
  timeout: Timeout,
  restart: Restart,
  queues: () => WaitQueueId[],
): SyscallResult {
  const deadline = task.syscall.progress.deadlineNs;
  const now = nowNs(kernel);
  if (count === 0 && now < deadline) {
    if (!task.signalPending) return waitOn(queues(), restart, deadline);
    return storeTimeLeft(kernel, task, timeout, deadline - now) ? restart : 'EINTR';
  }
  storeTimeLeft(kernel, task, timeout, deadline - now);
  return count;
}

/** Linux: a timeout that cannot be written back is left as it is. */
function storeTimeLeft(kernel: Kernel, task: Task, { address, write }: Timeout, leftNs: number): boolean {
  if (address === 0 || leftNs === Infinity) return true;
  return write(kernel, task, address, fromNs(Math.max(0, leftNs))) === 0;
}

function addQueues(kernel: Kernel, task: Task, fd: number, queues: WaitQueueId[]): void {
  if (fd < 0) return;
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return;
  for (const id of pollQueuesOf(kernel, file)) if (!queues.includes(id)) queues.push(id);
}

function startFromUser(
  kernel: Kernel,
  task: Task,
  address: number,
  read: (kernel: Kernel, task: Task, address: number) => Timespec | 'EFAULT' | 'EINVAL',
): 0 | 'EFAULT' | 'EINVAL' {
  if (!Number.isNaN(task.syscall.progress.deadlineNs)) return 0;
  if (address === 0) startTimer(kernel, task, Infinity);
  else {
    const time = read(kernel, task, address);
    if (typeof time === 'string') return time;
    startTimer(kernel, task, toNs(time));
  }
  return 0;
}

function startTimer(kernel: Kernel, task: Task, timeoutNs: number): void {
  const { progress } = task.syscall;
  if (Number.isNaN(progress.deadlineNs)) progress.deadlineNs = nowNs(kernel) + timeoutNs;
}

/** Puts the mask of ppoll, pselect6 and epoll_pwait in force for the time of the call. A null mask changes nothing. */
export function useMask(kernel: Kernel, task: Task, address: number, size: number): 0 | 'EFAULT' | 'EINVAL' {
  if (address === 0) return 0;
  if (size !== SIGSET_BYTES) return 'EINVAL';
  const mask = getUserBig64(kernel, task, address);
  if (mask === 'EFAULT') return mask;
  setTemporaryMask(kernel, task, mask);
  return 0;
}

export const pollCalls = { poll, ppoll, select, pselect6 } satisfies Handlers;
