/**
 * Tasks and thread groups as records: making, finding, numbering and forgetting them.
 *
 * Interface: taskOf, groupOf, groupById, leaderOf, waitStatusOf, allocatePid, isPidInUse, newTask, newGroup, forgetTask, releaseRecord, PID_MAX, INIT_TID, UNSET_AUDIT_ID.
 * Invariants: a group is in `groups` while one of its threads is in `tasks`; its leader's record stays until the group is reaped.
 */
import type { Kernel } from '../kernel.ts';
import type { Tid, WaitQueueId } from '../ids.ts';
import { trapFrameOffset } from '../arch/arch.ts';
import { frameOffset, putFrame, takeFrame } from '../mm/frames.ts';
import { freeWaitQueue, newWaitQueue } from '../sched/wait-queue.ts';
import { nowNs } from '../time/timers.ts';
import type { ResourceLimit } from './rlimit.ts';
import { noUsage } from './usage.ts';
import { newSyscallState } from './syscall-state.ts';
import type { Cred, SchedState, Task, ThreadGroup } from './types.ts';

/** Process 1: part of the kernel, adopts orphans, never runs user code. */
export const INIT_TID: Tid = 1;
/** Pids are below this (/proc/sys/kernel/pid_max). */
export const PID_MAX = 4194304;
/** loginUid and auditSession of a task that no login has led to. */
export const UNSET_AUDIT_ID = 0xffff_ffff;
/** Where numbering goes on once PID_MAX is reached. */
const RESERVED_PIDS = 300;

export function taskOf(kernel: Kernel, tid: Tid): Task | undefined {
  return kernel.tasks.get(tid);
}

/** The process of a task. */
export function groupOf(kernel: Kernel, task: Task): ThreadGroup {
  return kernel.groups.get(task.tgid)!;
}

export function groupById(kernel: Kernel, tgid: Tid): ThreadGroup | undefined {
  return kernel.groups.get(tgid);
}

export function leaderOf(kernel: Kernel, group: ThreadGroup): Task {
  return kernel.tasks.get(group.leader)!;
}

/** The wait status of a dead process. */
export function waitStatusOf(kernel: Kernel, group: ThreadGroup): number {
  return group.groupExit ?? leaderOf(kernel, group).exitCode;
}

/** The next free number for a task, in turn as Linux hands them out. */
export function allocatePid(kernel: Kernel): Tid | 'EAGAIN' {
  let pid = Math.max(kernel.nextPid, INIT_TID + 1);
  for (let tries = 0; tries < PID_MAX; tries++, pid++) {
    if (pid >= PID_MAX) pid = RESERVED_PIDS;
    if (isPidInUse(kernel, pid)) continue;
    kernel.nextPid = pid + 1;
    return pid;
  }
  return 'EAGAIN';
}

/** Whether a task, a process group or a session has the number. */
export function isPidInUse(kernel: Kernel, pid: number): boolean {
  if (kernel.tasks.has(pid)) return true;
  for (const group of kernel.groups.values()) if (group.pgrp === pid || group.session === pid) return true;
  return false;
}

/** A task with a kernel stack, not yet in its group and not ready. Who calls fills in what it shares. */
export function newTask(kernel: Kernel, tid: Tid, tgid: Tid, cred: Cred): Task | 'ENOMEM' {
  const stack = takeFrame(kernel, false);
  if (stack === 0) return 'ENOMEM';
  const task = blankTask(kernel, tid, tgid, cred);
  task.kernelStack = stack;
  task.trapFrame = trapFrameOffset(frameOffset(kernel, stack));
  return task;
}

/** A task without a kernel stack: process 1 before anything runs. */
export function blankTask(kernel: Kernel, tid: Tid, tgid: Tid, cred: Cred): Task {
  return {
    tid,
    tgid,
    comm: '',
    state: 'new',
    mm: 0,
    files: 0,
    fs: 0,
    sighand: 0,
    cred,
    trapFrame: 0,
    kernelStack: 0,
    sched: freshSched(),
    blocked: 0n,
    savedMask: null,
    pending: { set: 0n, queue: [] },
    signalPending: false,
    sigwait: 0n,
    altStack: { sp: 0, size: 0, flags: 2 },
    forcedInfo: null,
    wait: null,
    wakeTimer: 0,
    timedOut: false,
    syscall: newSyscallState(),
    futex: null,
    vforkDone: 0,
    clearChildTid: 0,
    setChildTid: 0,
    robustListHead: 0,
    robustListLength: 0,
    rseq: null,
    parentDeathSignal: 0,
    exitCode: 0,
    exitSignal: -1,
    startTimeNs: nowNs(kernel),
    usage: noUsage(),
    didExec: false,
    noNewPrivs: false,
    dumpable: 1,
    personality: 0,
    timerSlackNs: 50000,
    loginUid: UNSET_AUDIT_ID,
    auditSession: UNSET_AUDIT_ID,
    oomScoreAdj: 0,
    ioPriority: 0,
    restart: null,
    restartBlock: null,
  };
}

/** A process without threads. */
export function newGroup(kernel: Kernel, tgid: Tid, rlimits: ResourceLimit[]): ThreadGroup {
  return {
    tgid,
    leader: tgid,
    threads: [],
    parent: 0,
    parentThread: 0,
    children: [],
    pgrp: tgid,
    session: tgid,
    tty: 0,
    pending: { set: 0n, queue: [] },
    signalfds: [],
    childExit: newWaitQueue(kernel),
    stateChange: newWaitQueue(kernel),
    groupExit: null,
    stopSignal: 0,
    stopPending: false,
    unreportedStop: false,
    unreportedContinue: false,
    rlimits,
    itimers: {
      real: { expiresNs: 0, intervalNs: 0 },
      virtual: { expiresNs: 0, intervalNs: 0 },
      prof: { expiresNs: 0, intervalNs: 0 },
    },
    realTimer: 0,
    cpuNs: 0,
    userCpuNs: 0,
    cpuWarnedSeconds: 0,
    posixTimers: new Map(),
    nextPosixTimer: 0,
    exitedUsage: noUsage(),
    childrenUsage: noUsage(),
    didExec: false,
    childSubreaper: false,
    hasChildSubreaper: false,
    execTask: 0,
    unkillable: false,
    overProcessLimit: false,
    startTimeNs: nowNs(kernel),
  };
}

/** Takes a dead task out of the tables; the group goes with its last thread. */
export function forgetTask(kernel: Kernel, task: Task): void {
  const group = groupOf(kernel, task);
  releaseRecord(kernel, task);
  removeFrom(group.threads, task.tid);
  if (group.threads.length === 0) forgetGroup(kernel, group);
}

/** Takes a dead task out of the table of tasks, but not out of its group, and gives its kernel stack back. */
export function releaseRecord(kernel: Kernel, task: Task): void {
  task.state = 'dead';
  if (kernel.fpOwner === task.tid) kernel.fpOwner = 0;
  if (kernel.xOwner === task.tid) kernel.xOwner = 0;
  kernel.tasks.delete(task.tid);
  if (task.kernelStack !== 0) putFrame(kernel, task.kernelStack);
  task.kernelStack = 0;
  task.trapFrame = 0;
}

/** Removes the first `item` of a list. */
export function removeFrom<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}

function forgetGroup(kernel: Kernel, group: ThreadGroup): void {
  const parent = kernel.groups.get(group.parent);
  if (parent !== undefined) removeFrom(parent.children, group.tgid);
  kernel.groups.delete(group.tgid);
  for (const queue of [group.childExit, group.stateChange] satisfies WaitQueueId[]) freeWaitQueue(kernel, queue);
}

function freshSched(): SchedState {
  return {
    policy: 'other',
    resetOnFork: false,
    nice: 0,
    rtPriority: 0,
    vruntime: 0,
    sliceLeftNs: 0,
    affinity: 1n,
    queued: false,
    lastRunNs: 0,
  };
}
