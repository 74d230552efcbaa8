/**
 * Resource limits, resource use and priorities. See getrlimit(2), getrusage(2), times(2), getpriority(2), ioprio_set(2).
 *
 * Interface: limitCalls.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { IOPRIO_WHO, PRIORITY_WHICH, RLIMIT, RUSAGE_WHO } from '../../abi/flags/sched.ts';
import type { Kernel } from '../kernel.ts';
import { getUserBig64, putUser64, putUserBig64 } from '../mm/uaccess.ts';
import { capable } from '../task/cred.ts';
import { NR_OPEN, type ResourceLimit, RLIMITS, softLimit } from '../task/rlimit.ts';
import { groupOf, taskOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { groupUsage } from '../task/usage.ts';
import { nowNs } from '../time/timers.ts';
import type { Handlers } from './handlers.ts';
import { writeRusage } from './rusage.ts';

const { CAP_SYS_RESOURCE, CAP_SYS_NICE, CAP_SYS_ADMIN } = CAPABILITY.values;
const { RLIMIT_NOFILE } = RLIMIT.values;
const { RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD } = RUSAGE_WHO.values;
const { PRIO_PROCESS, PRIO_PGRP, PRIO_USER } = PRIORITY_WHICH.values;
const { IOPRIO_WHO_PROCESS } = IOPRIO_WHO.values;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
const TICK_NS = 10_000_000;
const MIN_NICE = -20;
const MAX_NICE = 19;
const IOPRIO_CLASS_SHIFT = 13;
const IOPRIO_LEVELS = 8;

export const limitCalls = {
  getrlimit(kernel, task, resource, address) {
    if (resource < 0 || resource >= RLIMITS) return 'EINVAL';
    return putLimit(kernel, task, address, groupOf(kernel, task).rlimits[resource]!);
  },

  setrlimit(kernel, task, resource, address) {
    const limit = readLimit(kernel, task, address);
    return typeof limit === 'string' ? limit : changeLimit(kernel, task, task, resource, limit);
  },

  prlimit64(kernel, task, pid, resource, newAddress, oldAddress) {
    const wanted = newAddress === 0 ? null : readLimit(kernel, task, newAddress);
    if (typeof wanted === 'string') return wanted;
    const target = pid === 0 ? task : taskOf(kernel, pid);
    if (target === undefined) return 'ESRCH';
    if (!mayLimit(task, target)) return 'EPERM';
    if (resource < 0 || resource >= RLIMITS) return 'EINVAL';
    const old = { ...groupOf(kernel, target).rlimits[resource]! };
    if (wanted !== null) {
      const changed = changeLimit(kernel, task, target, resource, wanted);
      if (changed !== 0) return changed;
    }
    return oldAddress === 0 ? 0 : putLimit(kernel, task, oldAddress, old);
  },

  getrusage(kernel, task, who, address) {
    const group = groupOf(kernel, task);
    if (who === RUSAGE_SELF) return writeRusage(kernel, task, address, groupUsage(kernel, group));
    if (who === RUSAGE_CHILDREN) return writeRusage(kernel, task, address, group.childrenUsage);
    if (who === RUSAGE_THREAD) return writeRusage(kernel, task, address, task.usage);
    return 'EINVAL';
  },

  times(kernel, task, address) {
    const group = groupOf(kernel, task);
    if (address !== 0) {
      const own = groupUsage(kernel, group);
      const children = group.childrenUsage;
      const values = [own.userNs, own.systemNs, children.userNs, children.systemNs];
      for (let i = 0; i < 4; i++)
        if (putUser64(kernel, task, address + 8 * i, Math.floor(values[i]! / TICK_NS)) !== 0) return 'EFAULT';
    }
    return Math.floor(nowNs(kernel) / TICK_NS);
  },

  // Linux gives 20 - nice, so that it is never negative.
  getpriority(kernel, task, which, who) {
    const tasks = tasksFor(kernel, task, which, who);
    if (tasks === 'EINVAL') return tasks;
    const best = tasks.reduce((most, { sched }) => Math.max(most, 20 - sched.nice), -1);
    return best < 0 ? 'ESRCH' : best;
  },

  setpriority(kernel, task, which, who, value) {
    const tasks = tasksFor(kernel, task, which, who);
    if (tasks === 'EINVAL') return tasks;
    const nice = Math.min(Math.max(value, MIN_NICE), MAX_NICE);
    let result: 0 | 'ESRCH' | 'EPERM' | 'EACCES' = 'ESRCH';
    for (const target of tasks) {
      const error = renice(kernel, task, target, nice);
      if (error !== 0) result = error;
      else if (result === 'ESRCH') result = 0;
    }
    return result;
  },

  ioprio_get(kernel, task, which, who) {
    const tasks = tasksFor(kernel, task, which - IOPRIO_WHO_PROCESS, who);
    if (tasks === 'EINVAL') return tasks;
    if (tasks.length === 0) return 'ESRCH';
    return tasks.reduce((best, { ioPriority }) => (best === 0 ? ioPriority : Math.min(best, ioPriority || best)), 0);
  },

  ioprio_set(kernel, task, which, who, value) {
    const allowed = checkIoPriority(task, value);
    if (allowed !== 0) return allowed;
    const tasks = tasksFor(kernel, task, which - IOPRIO_WHO_PROCESS, who);
    if (tasks === 'EINVAL') return tasks;
    if (tasks.length === 0) return 'ESRCH';
    for (const target of tasks) {
      const isOwn = target.cred.uid === task.cred.euid || target.cred.uid === task.cred.uid;
      if (!isOwn && !capable(task.cred, CAP_SYS_NICE)) return 'EPERM';
      target.ioPriority = value;
    }
    return 0;
  },
} satisfies Handlers;

/** The tasks that PRIO_* `kind` and `who` mean; IOPRIO_WHO_* have the same order. */
function tasksFor(kernel: Kernel, task: Task, kind: number, who: number): Task[] | 'EINVAL' {
  const all = () => [...kernel.tasks.values()].filter(({ state }) => state !== 'dead');
  if (kind === PRIO_PROCESS) {
    const target = who === 0 ? task : taskOf(kernel, who);
    return target === undefined ? [] : [target];
  }
  if (kind === PRIO_PGRP) {
    const pgrp = who === 0 ? groupOf(kernel, task).pgrp : who;
    return all().filter((other) => groupOf(kernel, other).pgrp === pgrp);
  }
  if (kind === PRIO_USER) {
    const uid = who === 0 ? task.cred.uid : who >>> 0;
    return all().filter((other) => other.cred.uid === uid);
  }
  return 'EINVAL';
}

function renice(kernel: Kernel, task: Task, target: Task, nice: number): 0 | 'EPERM' | 'EACCES' {
  const isPrivileged = capable(task.cred, CAP_SYS_NICE);
  const { euid } = task.cred;
  if (!isPrivileged && target.cred.uid !== euid && target.cred.euid !== euid) return 'EPERM';
  const canRaise = isPrivileged || 20 - nice <= softLimit(groupOf(kernel, target), 'RLIMIT_NICE');
  if (nice < target.sched.nice && !canRaise) return 'EACCES';
  target.sched.nice = nice;
  return 0;
}

function checkIoPriority(task: Task, value: number): 0 | 'EINVAL' | 'EPERM' {
  const level = value & ((1 << IOPRIO_CLASS_SHIFT) - 1);
  switch (value >> IOPRIO_CLASS_SHIFT) {
    case 0:
      return level === 0 ? 0 : 'EINVAL';
    case 1:
      if (!capable(task.cred, CAP_SYS_ADMIN) && !capable(task.cred, CAP_SYS_NICE)) return 'EPERM';
      return level < IOPRIO_LEVELS ? 0 : 'EINVAL';
    case 2:
      return level < IOPRIO_LEVELS ? 0 : 'EINVAL';
    case 3:
      return 0;
    default:
      return 'EINVAL';
  }
}

/** The same ids throughout, or CAP_SYS_RESOURCE. */
function mayLimit(task: Task, target: Task): boolean {
  const { uid, gid } = task.cred;
  const { cred } = target;
  const isOwn = uid === cred.uid && uid === cred.euid && uid === cred.suid;
  const isOwnGroup = gid === cred.gid && gid === cred.egid && gid === cred.sgid;
  return target === task || (isOwn && isOwnGroup) || capable(task.cred, CAP_SYS_RESOURCE);
}

function changeLimit(kernel: Kernel, task: Task, target: Task, resource: number, limit: ResourceLimit) {
  if (resource < 0 || resource >= RLIMITS || limit.soft > limit.hard) return 'EINVAL';
  const { rlimits } = groupOf(kernel, target);
  if (resource === RLIMIT_NOFILE && limit.hard > NR_OPEN) return 'EPERM';
  if (limit.hard > rlimits[resource]!.hard && !capable(task.cred, CAP_SYS_RESOURCE)) return 'EPERM';
  rlimits[resource] = limit;
  return 0;
}

function readLimit(kernel: Kernel, task: Task, address: number): ResourceLimit | 'EFAULT' {
  const soft = getUserBig64(kernel, task, address);
  const hard = getUserBig64(kernel, task, address + 8);
  if (typeof soft === 'string' || typeof hard === 'string') return 'EFAULT';
  return { soft: fromUser(soft), hard: fromUser(hard) };
}

function putLimit(kernel: Kernel, task: Task, address: number, limit: ResourceLimit): 0 | 'EFAULT' {
  const soft = putUserBig64(kernel, task, address, toUser(limit.soft));
  return soft === 0 ? putUserBig64(kernel, task, address + 8, toUser(limit.hard)) : soft;
}

function fromUser(value: bigint): number {
  return value === RLIM_INFINITY ? Infinity : Number(value);
}

function toUser(value: number): bigint {
  return value === Infinity ? RLIM_INFINITY : BigInt(value);
}
