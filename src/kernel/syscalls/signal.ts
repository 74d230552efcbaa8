/**
 * System calls about signals. Interface: signalCalls.
 * See sigaction(2), sigprocmask(2), kill(2), tgkill(2), rt_sigqueueinfo(2), sigtimedwait(2), sigaltstack(2).
 */
import { SI_CODE, SIGACTION, SIGALTSTACK, SIGPROCMASK } from '../../abi/flags/signal.ts';
import { defaultAction, NSIG, SIG_DFL, SIG_IGN, SIGNALS } from '../../abi/signals.ts';
import { stackPointer } from '../arch/arch.ts';
import { onAltStack, popSignalFrame } from '../arch/riscv64/signal-frame.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import {
  copyFromUser,
  copyToUser,
  getUser32,
  getUser64,
  getUserBig64,
  putUser32,
  putUser64,
  putUserBig64,
} from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import { pendingSet, recalcPending, setMask, setTemporaryMask, signalBit, UNBLOCKABLE } from '../signal/mask.ts';
import { dequeueSignal, removeSignals } from '../signal/queue.ts';
import { forceSignal, kernelInfo, mayKill, sendToGroup, sendToThread, userInfo } from '../signal/send.ts';
import { sighandOf } from '../signal/sighand.ts';
import { decodeSigInfo, encodeSigInfo, SIGINFO_BYTES } from '../signal/siginfo.ts';
import type { SigInfo } from '../signal/types.ts';
import type { Task, ThreadGroup } from '../task/types.ts';
import { readTimespec, toNs } from '../time/duration.ts';
import { nowNs } from '../time/timers.ts';
import { KEEP_REGISTERS, type Handlers, type SyscallResult } from './handlers.ts';

const SIGSET_BYTES = 8;
const MIN_STACK_BYTES = 2048;
const { SS_AUTODISARM, SS_DISABLE, SS_ONSTACK } = SIGALTSTACK.values;
const { SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK } = SIGPROCMASK.values;
/** Linux forgets flags that it does not know, by which a program can tell (sigaction(2), SA_UNSUPPORTED). */
const SA_FLAGS = Object.values(SIGACTION.values).reduce((all, bit) => all | bit, 0) & ~SIGACTION.values.SA_UNSUPPORTED;

function isSignal(signo: number): boolean {
  return signo >= 1 && signo <= NSIG;
}

function rtSigaction(
  kernel: Kernel,
  task: Task,
  signo: number,
  act: number,
  oldact: number,
  size: number,
): SyscallResult {
  if (size !== SIGSET_BYTES) return 'EINVAL';
  if (!isSignal(signo) || (act !== 0 && (signalBit(signo) & UNBLOCKABLE) !== 0n)) return 'EINVAL';
  const actions = sighandOf(kernel, task).actions;
  const old = actions[signo]!;
  let next = old;
  if (act !== 0) {
    // riscv64 has no sa_restorer: handler, flags, mask.
    const handler = getUser64(kernel, task, act);
    const flags = getUser32(kernel, task, act + 8);
    const mask = getUserBig64(kernel, task, act + 16);
    if (typeof handler === 'string' || typeof flags === 'string' || typeof mask === 'string') return 'EFAULT';
    next = { handler, flags: (flags & SA_FLAGS) >>> 0, mask: mask & ~UNBLOCKABLE, restorer: 0 };
  }
  if (oldact !== 0) {
    if (putUser64(kernel, task, oldact, old.handler) !== 0) return 'EFAULT';
    if (putUser64(kernel, task, oldact + 8, old.flags) !== 0) return 'EFAULT';
    if (putUserBig64(kernel, task, oldact + 16, old.mask) !== 0) return 'EFAULT';
  }
  actions[signo] = next;
  const isIgnored = next.handler === SIG_IGN || (next.handler === SIG_DFL && defaultAction(signo) === 'ignore');
  if (act !== 0 && isIgnored) discard(kernel, task, signalBit(signo));
  return 0;
}

/** POSIX: what becomes ignored is no longer pending. */
function discard(kernel: Kernel, task: Task, bit: bigint): void {
  const group = kernel.groups.get(task.tgid)!;
  removeSignals(group.pending, bit);
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread === undefined) continue;
    removeSignals(thread.pending, bit);
    recalcPending(kernel, thread);
  }
}

function rtSigprocmask(
  kernel: Kernel,
  task: Task,
  how: number,
  set: number,
  oldset: number,
  size: number,
): SyscallResult {
  if (size !== SIGSET_BYTES) return 'EINVAL';
  const old = task.blocked;
  if (set !== 0) {
    const mask = getUserBig64(kernel, task, set);
    if (typeof mask === 'string') return mask;
    if (how === SIG_BLOCK) setMask(kernel, task, old | mask);
    else if (how === SIG_UNBLOCK) setMask(kernel, task, old & ~mask);
    else if (how === SIG_SETMASK) setMask(kernel, task, mask);
    else return 'EINVAL';
  }
  return oldset === 0 ? 0 : putUserBig64(kernel, task, oldset, old);
}

function rtSigpending(kernel: Kernel, task: Task, set: number, size: number): SyscallResult {
  if (size > SIGSET_BYTES) return 'EINVAL';
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, pendingSet(kernel, task) & task.blocked, true);
  return copyToUser(kernel, task, set, bytes.subarray(0, size));
}

function rtSigsuspend(kernel: Kernel, task: Task, set: number, size: number): SyscallResult {
  if (size !== SIGSET_BYTES) return 'EINVAL';
  if (task.syscall.progress.phase === 0) {
    const mask = getUserBig64(kernel, task, set);
    if (typeof mask === 'string') return mask;
    setTemporaryMask(kernel, task, mask);
    task.syscall.progress.phase = 1;
  }
  return waitOn([], 'ERESTARTNOHAND');
}

function rtSigtimedwait(
  kernel: Kernel,
  task: Task,
  set: number,
  info: number,
  timeout: number,
  size: number,
): SyscallResult {
  if (size !== SIGSET_BYTES) return 'EINVAL';
  const mask = getUserBig64(kernel, task, set);
  if (typeof mask === 'string') return mask;
  const wanted = mask & ~UNBLOCKABLE;
  const progress = task.syscall.progress;
  if (Number.isNaN(progress.deadlineNs)) {
    const deadline = timeout === 0 ? Infinity : relativeDeadline(kernel, task, timeout);
    if (typeof deadline === 'string') return deadline;
    progress.deadlineNs = deadline;
  }
  const group = kernel.groups.get(task.tgid)!;
  const taken = dequeueSignal(task.pending, wanted) ?? dequeueSignal(group.pending, wanted);
  recalcPending(kernel, task);
  if (taken !== undefined) {
    task.sigwait = 0n;
    if (info !== 0 && copyToUser(kernel, task, info, encodeSigInfo(taken)) !== 0) return 'EFAULT';
    return taken.signo;
  }
  if (nowNs(kernel) >= progress.deadlineNs || task.signalPending) {
    task.sigwait = 0n;
    return task.signalPending ? 'EINTR' : 'EAGAIN';
  }
  task.sigwait = wanted;
  return waitOn([], 'EINTR', progress.deadlineNs);
}

function relativeDeadline(kernel: Kernel, task: Task, timeout: number): number | 'EFAULT' | 'EINVAL' {
  const time = readTimespec(kernel, task, timeout);
  return typeof time === 'string' ? time : nowNs(kernel) + toNs(time);
}

function rtSigreturn(kernel: Kernel, task: Task): SyscallResult {
  if (!popSignalFrame(kernel, task)) forceSignal(kernel, task, kernelInfo(SIGNALS.SIGSEGV));
  return KEEP_REGISTERS;
}

function sigaltstack(kernel: Kernel, task: Task, ss: number, oldss: number): SyscallResult {
  const isOn = onAltStack(task, stackPointer(kernel, task));
  const old = task.altStack;
  if (ss !== 0) {
    const sp = getUser64(kernel, task, ss);
    const flags = getUser32(kernel, task, ss + 8);
    const size = getUser64(kernel, task, ss + 16);
    if (typeof sp === 'string' || typeof flags === 'string' || typeof size === 'string') return 'EFAULT';
    if (isOn) return 'EPERM';
    const mode = (flags & ~SS_AUTODISARM) >>> 0;
    if (mode !== 0 && mode !== SS_DISABLE && mode !== SS_ONSTACK) return 'EINVAL';
    if (mode === SS_DISABLE) task.altStack = { sp: 0, size: 0, flags: (flags & SS_AUTODISARM) | SS_DISABLE };
    else {
      if (size < MIN_STACK_BYTES) return 'ENOMEM';
      task.altStack = { sp, size, flags: flags & SS_AUTODISARM };
    }
  }
  if (oldss === 0) return 0;
  const state = old.size === 0 ? SS_DISABLE : isOn ? SS_ONSTACK : 0;
  if (putUser64(kernel, task, oldss, old.sp) !== 0) return 'EFAULT';
  if (putUser32(kernel, task, oldss + 8, ((old.flags & SS_AUTODISARM) | state) >>> 0) !== 0) return 'EFAULT';
  if (putUser32(kernel, task, oldss + 12, 0) !== 0) return 'EFAULT';
  return putUser64(kernel, task, oldss + 16, old.size);
}

function kill(kernel: Kernel, task: Task, pid: number, signo: number): SyscallResult {
  if (signo < 0 || signo > NSIG) return 'EINVAL';
  if (pid > 0) {
    const group = kernel.groups.get(kernel.tasks.get(pid)?.tgid ?? pid);
    return group === undefined ? 'ESRCH' : killGroup(kernel, task, group, userInfo(task, signo));
  }
  if (pid === -(2 ** 31)) return 'ESRCH';
  const own = kernel.groups.get(task.tgid)!;
  const isTarget =
    pid === -1
      ? (group: ThreadGroup) => group.tgid !== 1 && group.tgid !== task.tgid
      : (group: ThreadGroup) => group.pgrp === (pid === 0 ? own.pgrp : -pid);
  let result: SyscallResult = 'ESRCH';
  for (const group of [...kernel.groups.values()]) {
    if (!isTarget(group)) continue;
    const outcome = killGroup(kernel, task, group, userInfo(task, signo));
    if (outcome === 0 || result === 'ESRCH') result = outcome;
  }
  return result;
}

/** Checks the permission, then sends (signal 0 only checks). */
export function killGroup(kernel: Kernel, task: Task, group: ThreadGroup, info: SigInfo): 0 | 'EPERM' {
  const target = kernel.tasks.get(group.leader);
  if (target !== undefined && !maySignal(kernel, task, target, info.signo)) return 'EPERM';
  if (info.signo !== 0) sendToGroup(kernel, group, info);
  return 0;
}

function maySignal(kernel: Kernel, task: Task, target: Task, signo: number): boolean {
  if (task.tgid === target.tgid || mayKill(task.cred, target.cred)) return true;
  const session = (tgid: Tid): Tid | undefined => kernel.groups.get(tgid)?.session;
  return signo === SIGNALS.SIGCONT && session(task.tgid) === session(target.tgid);
}

function tgkill(kernel: Kernel, task: Task, tgid: number, tid: number, signo: number): SyscallResult {
  if (tgid <= 0 || tid <= 0) return 'EINVAL';
  return killThread(kernel, task, tgid, tid, threadInfo(task, signo));
}

function tkill(kernel: Kernel, task: Task, tid: number, signo: number): SyscallResult {
  if (tid <= 0) return 'EINVAL';
  return killThread(kernel, task, 0, tid, threadInfo(task, signo));
}

function threadInfo(task: Task, signo: number): SigInfo {
  return { ...userInfo(task, signo), code: SI_CODE.values.SI_TKILL };
}

/** `tgid` 0: whatever process the thread is in. */
function killThread(kernel: Kernel, task: Task, tgid: number, tid: number, info: SigInfo): SyscallResult {
  if (info.signo < 0 || info.signo > NSIG) return 'EINVAL';
  const target = kernel.tasks.get(tid);
  if (target === undefined || (tgid !== 0 && target.tgid !== tgid)) return 'ESRCH';
  if (!maySignal(kernel, task, target, info.signo)) return 'EPERM';
  if (info.signo !== 0) sendToThread(kernel, target, info);
  return 0;
}

function readQueueInfo(
  kernel: Kernel,
  task: Task,
  target: number,
  signo: number,
  address: number,
): SigInfo | 'EFAULT' | 'EPERM' {
  const bytes = new Uint8Array(SIGINFO_BYTES);
  if (copyFromUser(kernel, task, address, bytes) !== 0) return 'EFAULT';
  const info = decodeSigInfo(bytes, signo);
  const isForged = info.code >= 0 || info.code === SI_CODE.values.SI_TKILL;
  return isForged && target !== task.tgid ? 'EPERM' : info;
}

function rtSigqueueinfo(kernel: Kernel, task: Task, tgid: number, signo: number, address: number): SyscallResult {
  const info = readQueueInfo(kernel, task, tgid, signo, address);
  if (typeof info === 'string') return info;
  if (signo < 0 || signo > NSIG) return 'EINVAL';
  const group = kernel.groups.get(kernel.tasks.get(tgid)?.tgid ?? tgid);
  if (tgid <= 0 || group === undefined) return 'ESRCH';
  if (isQueueFull(kernel, group, signo)) return 'EAGAIN';
  return killGroup(kernel, task, group, info);
}

function rtTgsigqueueinfo(
  kernel: Kernel,
  task: Task,
  tgid: number,
  tid: number,
  signo: number,
  address: number,
): SyscallResult {
  if (tgid <= 0 || tid <= 0) return 'EINVAL';
  const info = readQueueInfo(kernel, task, tgid, signo, address);
  if (typeof info === 'string') return info;
  const group = kernel.groups.get(tgid);
  if (group !== undefined && isQueueFull(kernel, group, signo)) return 'EAGAIN';
  return killThread(kernel, task, tgid, tid, info);
}

const RLIMIT_SIGPENDING = 11;
const FIRST_REALTIME = 32;
/** Below this, nobody asks what the user's other processes have. */
const FEW_SIGNALS = 64;

function isQueueFull(kernel: Kernel, group: ThreadGroup, signo: number): boolean {
  if (signo < FIRST_REALTIME) return false;
  const limit = group.rlimits[RLIMIT_SIGPENDING]!.soft;
  return group.pending.queue.length >= Math.min(limit, FEW_SIGNALS) && pendingOfUser(kernel, group) >= limit;
}

/** Linux: RLIMIT_SIGPENDING counts the queued signals and the timers of all processes with the same real user. */
export function pendingOfUser(kernel: Kernel, group: ThreadGroup): number {
  const uid = kernel.tasks.get(group.leader)?.cred.uid;
  let count = 0;
  for (const other of kernel.groups.values())
    if (kernel.tasks.get(other.leader)?.cred.uid === uid) count += other.pending.queue.length + other.posixTimers.size;
  return count;
}

export const signalCalls = {
  rt_sigaction: rtSigaction,
  rt_sigprocmask: rtSigprocmask,
  rt_sigpending: rtSigpending,
  rt_sigsuspend: rtSigsuspend,
  rt_sigtimedwait: rtSigtimedwait,
  rt_sigreturn: rtSigreturn,
  rt_sigqueueinfo: rtSigqueueinfo,
  rt_tgsigqueueinfo: rtTgsigqueueinfo,
  sigaltstack,
  kill,
  tkill,
  tgkill,
  pause: () => waitOn([], 'ERESTARTNOHAND'),
} satisfies Handlers;
