/**
 * Scheduling policies, priorities and processors. See sched(7), sched_setscheduler(2), sched_setattr(2), sched_setaffinity(2).
 *
 * Interface: schedCalls.
 * SCHED_DEADLINE and SCHED_EXT are not there: EINVAL, as for a policy that a kernel was built without.
 */
import { layoutOf, decodeStruct, encodeStruct } from '../../abi/struct.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { SCHED_FLAGS, SCHED_POLICY } from '../../abi/flags/sched.ts';
import { SCHED_ATTR } from '../../abi/structs/process.ts';
import type { Errno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser32, getUserI32, putUser32, putUser64 } from '../mm/uaccess.ts';
import { POLICY_NUMBERS } from '../sched/policies.ts';
import { dequeueTask, enqueueTask, RR_SLICE_NS, SLICE_NS, yieldTask } from '../sched/scheduler.ts';
import { capable } from '../task/cred.ts';
import { softLimit } from '../task/rlimit.ts';
import { groupOf } from '../task/task.ts';
import type { SchedState, Task } from '../task/types.ts';
import type { Handlers } from './handlers.ts';

const { CAP_SYS_NICE } = CAPABILITY.values;
const { SCHED_NORMAL, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE, SCHED_EXT, SCHED_RESET_ON_FORK } =
  SCHED_POLICY.values;
const {
  SCHED_FLAG_RESET_ON_FORK,
  SCHED_FLAG_RECLAIM,
  SCHED_FLAG_DL_OVERRUN,
  SCHED_FLAG_KEEP_POLICY,
  SCHED_FLAG_KEEP_PARAMS,
  SCHED_FLAG_UTIL_CLAMP_MIN,
  SCHED_FLAG_UTIL_CLAMP_MAX,
} = SCHED_FLAGS.values;

type Policy = SchedState['policy'];

const POLICIES: Readonly<Record<number, Policy>> = {
  [SCHED_NORMAL]: 'other',
  [SCHED_FIFO]: 'fifo',
  [SCHED_RR]: 'rr',
  [SCHED_BATCH]: 'batch',
  [SCHED_IDLE]: 'idle',
};

const MIN_NICE = -20;
const MAX_NICE = 19;
const MAX_RT_PRIORITY = 99;
const PAGE_SIZE = 4096;
const MASK_BYTES = 8;
/** SCHED_ATTR_SIZE_VER0 */
const FIRST_ATTR_SIZE = 48;
const ATTR = layoutOf(SCHED_ATTR, 'riscv64');
const UTIL_CLAMP = SCHED_FLAG_UTIL_CLAMP_MIN | SCHED_FLAG_UTIL_CLAMP_MAX;
const KEEP_ALL = SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS;
const ALL_FLAGS = SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN | KEEP_ALL | UTIL_CLAMP;

/** What a thread is to have. */
interface Wanted {
  readonly policy: Policy;
  readonly rtPriority: number;
  readonly nice: number;
  readonly resetOnFork: boolean;
}

export const schedCalls = {
  sched_yield(kernel, task) {
    yieldTask(kernel, task);
    return 0;
  },

  sched_setscheduler(kernel, task, pid, policy, param) {
    if (policy < 0) return 'EINVAL';
    return setScheduler(kernel, task, pid, policy, param);
  },
  sched_setparam: (kernel, task, pid, param) => setScheduler(kernel, task, pid, null, param),

  sched_getscheduler(kernel, task, pid) {
    const target = targetOf(kernel, task, pid);
    if (typeof target === 'string') return target;
    return POLICY_NUMBERS[target.sched.policy] | (target.sched.resetOnFork ? SCHED_RESET_ON_FORK : 0);
  },
  sched_getparam(kernel, task, pid, param) {
    if (param === 0) return 'EINVAL';
    const target = targetOf(kernel, task, pid);
    return typeof target === 'string' ? target : putUser32(kernel, task, param, target.sched.rtPriority);
  },

  sched_setattr: setAttr,
  sched_getattr(kernel, task, pid, address, size, flags) {
    if (address === 0 || size > PAGE_SIZE || size < FIRST_ATTR_SIZE || flags !== 0) return 'EINVAL';
    const target = targetOf(kernel, task, pid);
    if (typeof target === 'string') return target;
    const { sched } = target;
    const length = Math.min(size, ATTR.size);
    const bytes = encodeStruct(ATTR, {
      size: length,
      sched_policy: POLICY_NUMBERS[sched.policy],
      sched_flags: sched.resetOnFork ? SCHED_FLAG_RESET_ON_FORK : 0,
      sched_priority: sched.rtPriority,
      sched_nice: isRealtimePolicy(sched.policy) ? 0 : sched.nice,
      sched_runtime: isRealtimePolicy(sched.policy) ? 0 : SLICE_NS,
    });
    return copyToUser(kernel, task, address, bytes.subarray(0, length));
  },

  sched_get_priority_max: (_kernel, _task, policy) => priorityBound(policy, MAX_RT_PRIORITY),
  sched_get_priority_min: (_kernel, _task, policy) => priorityBound(policy, 1),

  sched_rr_get_interval(kernel, task, pid, interval) {
    const target = targetOf(kernel, task, pid);
    if (typeof target === 'string') return target;
    const { policy } = target.sched;
    const ns = policy === 'rr' ? RR_SLICE_NS : policy === 'fifo' ? 0 : SLICE_NS;
    if (putUser64(kernel, task, interval, 0) !== 0) return 'EFAULT';
    return putUser64(kernel, task, interval + 8, ns);
  },

  sched_setaffinity(kernel, task, pid, length, address) {
    const bytes = new Uint8Array(MASK_BYTES);
    if (copyFromUser(kernel, task, address, bytes.subarray(0, Math.min(length, MASK_BYTES))) !== 0) return 'EFAULT';
    const target = targetOf(kernel, task, pid);
    if (typeof target === 'string') return pid < 0 ? 'ESRCH' : target;
    if (!ownsTask(task, target) && !capable(task.cred, CAP_SYS_NICE)) return 'EPERM';
    // There is one hart.
    if ((bytes[0]! & 1) === 0) return 'EINVAL';
    target.sched.affinity = 1n;
    return 0;
  },
  sched_getaffinity(kernel, task, pid, length, address) {
    if (length === 0 || length % MASK_BYTES !== 0) return 'EINVAL';
    const target = targetOf(kernel, task, pid);
    if (typeof target === 'string') return pid < 0 ? 'ESRCH' : target;
    const bytes = new Uint8Array(MASK_BYTES);
    new DataView(bytes.buffer).setBigUint64(0, target.sched.affinity, true);
    return copyToUser(kernel, task, address, bytes) === 0 ? MASK_BYTES : 'EFAULT';
  },
} satisfies Handlers;

/** `policy` null: it stays as it is (sched_setparam). */
function setScheduler(kernel: Kernel, task: Task, pid: number, policy: number | null, param: number): 0 | Errno {
  if (param === 0 || pid < 0) return 'EINVAL';
  const rtPriority = getUserI32(kernel, task, param);
  if (typeof rtPriority === 'string') return rtPriority;
  const target = targetOf(kernel, task, pid);
  if (typeof target === 'string') return target;
  const { sched } = target;
  const chosen = policy === null ? sched.policy : POLICIES[policy & ~SCHED_RESET_ON_FORK];
  if (chosen === undefined) return 'EINVAL';
  const resetOnFork = policy === null ? sched.resetOnFork : (policy & SCHED_RESET_ON_FORK) !== 0;
  return change(kernel, task, target, { policy: chosen, rtPriority, nice: sched.nice, resetOnFork });
}

function setAttr(kernel: Kernel, task: Task, pid: number, address: number, flags: number): 0 | Errno {
  if (address === 0 || pid < 0 || flags !== 0) return 'EINVAL';
  const attr = readAttr(kernel, task, address);
  if (typeof attr === 'string') return attr;
  const target = targetOf(kernel, task, pid);
  if (typeof target === 'string') return target;
  const { sched } = target;
  const has = (flag: number): boolean => (attr.sched_flags & flag) !== 0;
  if ((attr.sched_flags & ~ALL_FLAGS) !== 0 || attr.sched_flags > ALL_FLAGS) return 'EINVAL';
  if (has(UTIL_CLAMP)) return 'EOPNOTSUPP';
  const policy = has(SCHED_FLAG_KEEP_POLICY) ? sched.policy : POLICIES[attr.sched_policy];
  if (policy === undefined) return 'EINVAL';
  const keeps = has(SCHED_FLAG_KEEP_PARAMS);
  return change(kernel, task, target, {
    policy,
    rtPriority: keeps ? sched.rtPriority : attr.sched_priority,
    nice: keeps || isRealtimePolicy(policy) ? sched.nice : clampNice(attr.sched_nice),
    resetOnFork: has(SCHED_FLAG_RESET_ON_FORK),
  });
}

/** A sched_attr of any size that was or will be. E2BIG tells the caller the size that is known here. */
function readAttr(kernel: Kernel, task: Task, address: number) {
  const given = getUser32(kernel, task, address);
  if (typeof given === 'string') return given;
  const size = given === 0 ? FIRST_ATTR_SIZE : given;
  if (size < FIRST_ATTR_SIZE || size > PAGE_SIZE) return tooBig(kernel, task, address);
  const bytes = new Uint8Array(Math.max(size, ATTR.size));
  if (copyFromUser(kernel, task, address, bytes.subarray(0, size)) !== 0) return 'EFAULT';
  if (bytes.subarray(ATTR.size).some((byte) => byte !== 0)) return tooBig(kernel, task, address);
  return decodeStruct(ATTR, bytes.subarray(0, ATTR.size));
}

function tooBig(kernel: Kernel, task: Task, address: number): 'E2BIG' | 'EFAULT' {
  return putUser32(kernel, task, address, ATTR.size) === 0 ? 'E2BIG' : 'EFAULT';
}

function change(kernel: Kernel, task: Task, target: Task, wanted: Wanted): 0 | Errno {
  const { policy, rtPriority } = wanted;
  const isRt = isRealtimePolicy(policy);
  if (rtPriority < 0 || rtPriority > MAX_RT_PRIORITY || isRt !== rtPriority > 0) return 'EINVAL';
  const refused = mayChange(kernel, task, target, wanted);
  if (refused !== 0) return refused;
  const wasQueued = target.sched.queued;
  dequeueTask(kernel, target);
  Object.assign(target.sched, wanted);
  if (wasQueued) enqueueTask(kernel, target);
  // Another may now come before the one that runs.
  kernel.needResched = true;
  return 0;
}

/** Linux: user_check_sched_setscheduler. */
function mayChange(kernel: Kernel, task: Task, target: Task, wanted: Wanted): 0 | 'EPERM' {
  if (capable(task.cred, CAP_SYS_NICE)) return 0;
  const { sched } = target;
  const group = groupOf(kernel, target);
  const mayNice = (nice: number): boolean => 20 - nice <= softLimit(group, 'RLIMIT_NICE');
  if (isRealtimePolicy(wanted.policy)) {
    const limit = softLimit(group, 'RLIMIT_RTPRIO');
    if (wanted.policy !== sched.policy && limit === 0) return 'EPERM';
    if (wanted.rtPriority > sched.rtPriority && wanted.rtPriority > limit) return 'EPERM';
  } else if (wanted.nice < sched.nice && !mayNice(wanted.nice)) return 'EPERM';
  if (sched.policy === 'idle' && wanted.policy !== 'idle' && !mayNice(sched.nice)) return 'EPERM';
  if (!ownsTask(task, target)) return 'EPERM';
  return sched.resetOnFork && !wanted.resetOnFork ? 'EPERM' : 0;
}

function targetOf(kernel: Kernel, task: Task, pid: number): Task | 'EINVAL' | 'ESRCH' {
  if (pid < 0) return 'EINVAL';
  return pid === 0 ? task : (kernel.tasks.get(pid) ?? 'ESRCH');
}

function ownsTask({ cred }: Task, target: Task): boolean {
  return cred.euid === target.cred.euid || cred.euid === target.cred.uid;
}

function isRealtimePolicy(policy: Policy): boolean {
  return policy === 'fifo' || policy === 'rr';
}

function priorityBound(policy: number, ofRealtime: number): number | 'EINVAL' {
  if (policy === SCHED_FIFO || policy === SCHED_RR) return ofRealtime;
  return policy in POLICIES || policy === SCHED_DEADLINE || policy === SCHED_EXT ? 0 : 'EINVAL';
}

function clampNice(nice: number): number {
  return Math.min(MAX_NICE, Math.max(MIN_NICE, nice));
}
