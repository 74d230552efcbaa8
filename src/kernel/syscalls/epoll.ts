/** System calls of epoll. Interface: epollCalls. See epoll_create(2), epoll_ctl(2), epoll_wait(2). */
import { EPOLL, EPOLL_CREATE, EPOLL_CTL } from '../../abi/flags/poll.ts';
import { OPEN } from '../../abi/flags/open.ts';
import {
  addItem,
  changeItem,
  collectReady,
  createEpoll,
  epollOf,
  findItem,
  isWatchLimitReached,
  removeItem,
  wouldLoop,
} from '../ipc/epoll.ts';
import type { Epoll } from '../ipc/types.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, getUserBig64, putUser32, putUserBig64 } from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import type { Task } from '../task/types.ts';
import { readTimespec, toNs } from '../time/duration.ts';
import { nowNs } from '../time/timers.ts';
import { fileOf, installFd } from '../vfs/fd-table.ts';
import { createAnonFile, isFileLimitReached, putFile } from '../vfs/file.ts';
import { opsOf } from '../vfs/registry.ts';
import type { Handlers, SyscallResult } from './handlers.ts';
import { useMask } from './poll.ts';

const { EPOLL_CLOEXEC } = EPOLL_CREATE.values;
const { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } = EPOLL_CTL.values;
const { EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLET } = EPOLL.values;
/** What may stand beside EPOLLEXCLUSIVE. */
const EXCLUSIVE_BITS = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
/** struct epoll_event: not packed on riscv64. */
const EVENT_BYTES = 16;
const DATA_AT = 8;
const MAX_EVENTS = Math.floor(0x7fffffff / EVENT_BYTES);
const NS_PER_MS = 1_000_000;

function epollCreate1(kernel: Kernel, task: Task, flags: number): SyscallResult {
  if ((flags & ~EPOLL_CLOEXEC) !== 0) return 'EINVAL';
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const epoll = createEpoll(kernel);
  const file = createAnonFile(kernel, task, 'epoll', '[eventpoll]', OPEN.values.O_RDWR, epoll.id);
  const fd = installFd(kernel, task, file, (flags & EPOLL_CLOEXEC) !== 0);
  if (typeof fd === 'string') putFile(kernel, file);
  return fd;
}

function epollCtl(kernel: Kernel, task: Task, epfd: number, op: number, fd: number, event: number): SyscallResult {
  let events = 0;
  let data = 0n;
  if (op !== EPOLL_CTL_DEL) {
    const word = getUser32(kernel, task, event);
    const cookie = getUserBig64(kernel, task, event + DATA_AT);
    if (word === 'EFAULT' || cookie === 'EFAULT') return 'EFAULT';
    events = word;
    data = cookie;
  }
  const own = fileOf(kernel, task, epfd);
  if (typeof own === 'string') return own;
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  if (opsOf(file).poll === undefined) return 'EPERM';
  const epoll = epollOf(kernel, own);
  if (epoll === undefined || own === file) return 'EINVAL';
  const target = epollOf(kernel, file);
  if ((events & EPOLLEXCLUSIVE) !== 0) {
    if (op === EPOLL_CTL_MOD) return 'EINVAL';
    if (op === EPOLL_CTL_ADD && (target !== undefined || (events & ~EXCLUSIVE_BITS) !== 0)) return 'EINVAL';
  }
  if (op === EPOLL_CTL_ADD && target !== undefined && wouldLoop(kernel, own, target)) return 'ELOOP';
  const item = findItem(epoll, fd, file);
  switch (op) {
    case EPOLL_CTL_ADD:
      if (item !== undefined) return 'EEXIST';
      if (isWatchLimitReached(kernel)) return 'ENOSPC';
      addItem(kernel, epoll, fd, file, events, data);
      return 0;
    case EPOLL_CTL_DEL:
      if (item === undefined) return 'ENOENT';
      removeItem(kernel, epoll, item);
      return 0;
    case EPOLL_CTL_MOD:
      if (item === undefined) return 'ENOENT';
      if ((item.events & EPOLLEXCLUSIVE) !== 0) return 'EINVAL';
      changeItem(kernel, epoll, item, file, events, data);
      return 0;
    default:
      return 'EINVAL';
  }
}

function epollWait(kernel: Kernel, task: Task, epfd: number, events: number, max: number, timeout: number) {
  return wait(kernel, task, epfd, events, max, timeout < 0 ? Infinity : timeout * NS_PER_MS);
}

function epollPwait(
  kernel: Kernel,
  task: Task,
  epfd: number,
  events: number,
  max: number,
  timeout: number,
  sigmask: number,
  sigsetsize: number,
): SyscallResult {
  const masked = useMask(kernel, task, sigmask, sigsetsize);
  return masked !== 0 ? masked : epollWait(kernel, task, epfd, events, max, timeout);
}

function epollPwait2(
  kernel: Kernel,
  task: Task,
  epfd: number,
  events: number,
  max: number,
  timeout: number,
  sigmask: number,
  sigsetsize: number,
): SyscallResult {
  const time = timeout === 0 ? null : readTimespec(kernel, task, timeout);
  if (typeof time === 'string') return time;
  const masked = useMask(kernel, task, sigmask, sigsetsize);
  if (masked !== 0) return masked;
  return wait(kernel, task, epfd, events, max, time === null ? Infinity : toNs(time));
}

function wait(kernel: Kernel, task: Task, epfd: number, events: number, max: number, timeoutNs: number): SyscallResult {
  if (max <= 0 || max > MAX_EVENTS) return 'EINVAL';
  const file = fileOf(kernel, task, epfd);
  if (typeof file === 'string') return file;
  const epoll = epollOf(kernel, file);
  if (epoll === undefined) return 'EINVAL';
  const count = report(kernel, task, epoll, events, max);
  if (count !== 0) return count;
  const { progress } = task.syscall;
  const now = nowNs(kernel);
  if (Number.isNaN(progress.deadlineNs)) progress.deadlineNs = now + timeoutNs;
  return now >= progress.deadlineNs ? 0 : waitOn([epoll.queue], 'EINTR', progress.deadlineNs);
}

function report(kernel: Kernel, task: Task, epoll: Epoll, events: number, max: number): number | 'EFAULT' {
  let at = events;
  let failed = false;
  const count = collectReady(kernel, epoll, max, (item, mask) => {
    failed = putUser32(kernel, task, at, mask) !== 0 || putUserBig64(kernel, task, at + DATA_AT, item.data) !== 0;
    at += EVENT_BYTES;
    return !failed;
  });
  return failed && count === 0 ? 'EFAULT' : count;
}

export const epollCalls = {
  epoll_create: (kernel, task, size) => (size <= 0 ? 'EINVAL' : epollCreate1(kernel, task, 0)),
  epoll_create1: epollCreate1,
  epoll_ctl: epollCtl,
  epoll_wait: epollWait,
  epoll_pwait: epollPwait,
  epoll_pwait2: epollPwait2,
} satisfies Handlers;
