/**
 * Making tasks: fork, vfork, clone and clone3 are this with different arguments. See clone(2).
 *
 * Interface: cloneTask, CloneArgs, isVforkOver.
 * Invariant: everything that can fail is done before the child is put in any table; `abandon` gives back what a failed one took.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { CLONE } from '../../abi/flags/process.ts';
import type { Tid, WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Outcome } from '../result.ts';
import { copyTrapFrame, setReturnValue, setStackPointer, setThreadPointer } from '../arch/arch.ts';
import { noteLimit } from '../limit-hits.ts';
import { putFrame } from '../mm/frames.ts';
import { forkMm, getMm, mmOf, putMm } from '../mm/mm.ts';
import { putUser32 } from '../mm/uaccess.ts';
import { enqueueTask } from '../sched/scheduler.ts';
import { newWaitQueue } from '../sched/wait-queue.ts';
import { forkSighand, getSighand, putSighand } from '../signal/sighand.ts';
import { closeFd, forkFdTable, installFd, putFdTable } from '../vfs/fd-table.ts';
import { putFile } from '../vfs/file.ts';
import { forkFsContext, fsContextOf, putFsContext } from '../vfs/fs-context.ts';
import { capable } from './cred.ts';
import { openPidfd } from './pidfd.ts';
import { softLimit } from './rlimit.ts';
import { allocatePid, groupOf, INIT_TID, isPidInUse, leaderOf, newGroup, newTask, PID_MAX } from './task.ts';
import type { SchedState, Task, ThreadGroup } from './types.ts';

export interface CloneArgs {
  /** The low 32 bits of the flags, without the exit signal. */
  readonly flags: number;
  /** CLONE_CLEAR_SIGHAND, which only clone3 has. */
  readonly clearSighand: boolean;
  readonly exitSignal: number;
  /** New stack pointer; 0: the parent's. */
  readonly stack: number;
  readonly tls: number;
  /** User addresses; used where the flags say so. */
  readonly parentTid: number;
  readonly childTid: number;
  readonly pidfd: number;
  /** Wanted pids, innermost namespace first (there is one). */
  readonly setTid: readonly number[];
}

const {
  CLONE_VM,
  CLONE_FS,
  CLONE_FILES,
  CLONE_SIGHAND,
  CLONE_PIDFD,
  CLONE_VFORK,
  CLONE_PARENT,
  CLONE_THREAD,
  CLONE_NEWNS,
  CLONE_SETTLS,
  CLONE_PARENT_SETTID,
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_NEWCGROUP,
  CLONE_NEWUTS,
  CLONE_NEWIPC,
  CLONE_NEWUSER,
  CLONE_NEWPID,
  CLONE_NEWNET,
} = CLONE.values;
const CLONE_NEWTIME = 0x80;
/** All of them: this kernel has one namespace of each kind. */
const NAMESPACES =
  CLONE_NEWNS |
  CLONE_NEWCGROUP |
  CLONE_NEWUTS |
  CLONE_NEWIPC |
  CLONE_NEWUSER |
  CLONE_NEWPID |
  CLONE_NEWNET |
  CLONE_NEWTIME;

/** Makes a child of `task` and makes it ready. Returns its tid. Waiting for a vfork child is the caller's. */
export function cloneTask(kernel: Kernel, task: Task, args: CloneArgs): Outcome<Tid> {
  const { flags } = args;
  const refused = checkFlags(kernel, task, flags) ?? checkLimits(kernel, task);
  if (refused !== null) return refused;
  if (task.signalPending) return 'ERESTARTNOINTR';

  const tid = choosePid(kernel, task, args.setTid);
  if (typeof tid === 'string') return tid;
  const isThread = (flags & CLONE_THREAD) !== 0;
  const child = newTask(kernel, tid, isThread ? task.tgid : tid, task.cred);
  if (typeof child === 'string') return 'ENOMEM';
  if (!shareOrCopy(kernel, task, child, args)) {
    abandon(kernel, child);
    return 'ENOMEM';
  }
  if ((flags & CLONE_PIDFD) !== 0) {
    const error = givePidfd(kernel, task, tid, isThread, args.pidfd);
    if (error !== 0) {
      abandon(kernel, child);
      return error;
    }
  }

  // Commit.
  inherit(task, child, flags);
  copyTrapFrame(kernel, task, child);
  setReturnValue(kernel, child, 0);
  if (args.stack !== 0) setStackPointer(kernel, child, args.stack);
  if ((flags & CLONE_SETTLS) !== 0) setThreadPointer(kernel, child, args.tls);
  if ((flags & CLONE_CHILD_CLEARTID) !== 0) child.clearChildTid = args.childTid;
  if ((flags & CLONE_VFORK) !== 0) child.vforkDone = newWaitQueue(kernel);
  kernel.tasks.set(tid, child);
  joinGroup(kernel, task, child, args);
  // Linux: faults in these two writes are ignored.
  if ((flags & CLONE_PARENT_SETTID) !== 0) putUser32(kernel, task, args.parentTid, tid);
  if ((flags & CLONE_CHILD_SETTID) !== 0) {
    child.setChildTid = args.childTid;
    putUser32(kernel, child, args.childTid, tid);
  }
  kernel.stats.processesCreated++;
  kernel.observers.taskClone?.(task, child);
  enqueueTask(kernel, child);
  return tid;
}

/** Whether the child `tid` that was made with CLONE_VFORK and waits on `queue` has let its parent go. */
export function isVforkOver(kernel: Kernel, tid: Tid, queue: WaitQueueId): boolean {
  return kernel.tasks.get(tid)?.vforkDone !== queue;
}

function checkFlags(kernel: Kernel, task: Task, flags: number) {
  if ((flags & CLONE_FS) !== 0 && (flags & (CLONE_NEWNS | CLONE_NEWUSER)) !== 0) return 'EINVAL';
  if ((flags & CLONE_THREAD) !== 0 && (flags & CLONE_SIGHAND) === 0) return 'EINVAL';
  if ((flags & CLONE_SIGHAND) !== 0 && (flags & CLONE_VM) === 0) return 'EINVAL';
  // Siblings of a child of process 1 would be children of process 1 itself only for its own clone; Linux refuses that.
  if ((flags & CLONE_PARENT) !== 0 && groupOf(kernel, task).unkillable) return 'EINVAL';
  if ((flags & CLONE_THREAD) !== 0 && (flags & (CLONE_NEWUSER | CLONE_NEWPID)) !== 0) return 'EINVAL';
  if ((flags & NAMESPACES) !== 0) {
    const privileged = (flags & CLONE_NEWUSER) !== 0 || capable(task.cred, CAPABILITY.values.CAP_SYS_ADMIN);
    return privileged ? 'EINVAL' : 'EPERM';
  }
  return null;
}

function checkLimits(kernel: Kernel, task: Task) {
  const { CAP_SYS_RESOURCE, CAP_SYS_ADMIN } = CAPABILITY.values;
  const { cred } = task;
  const group = groupOf(kernel, task);
  const most = softLimit(group, 'RLIMIT_NPROC');
  if (cred.uid !== 0 && most < kernel.tasks.size && countTasksOf(kernel, cred.uid) >= most) {
    if (!capable(cred, CAP_SYS_RESOURCE) && !capable(cred, CAP_SYS_ADMIN)) return 'EAGAIN';
  }
  group.overProcessLimit = false;
  // Process 1 is ours and does not count.
  if (kernel.tasks.size - 1 >= kernel.limits.processes) {
    noteLimit(kernel, 'processes');
    return 'EAGAIN';
  }
  return null;
}

/** Tasks whose real user is `uid`, as RLIMIT_NPROC counts them. */
export function countTasksOf(kernel: Kernel, uid: number): number {
  let count = 0;
  for (const task of kernel.tasks.values()) if (task.cred.uid === uid) count++;
  return count;
}

function choosePid(kernel: Kernel, task: Task, setTid: readonly number[]) {
  if (setTid.length === 0) return allocatePid(kernel);
  const { CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN } = CAPABILITY.values;
  const wanted = setTid[0]!;
  if (setTid.length > 1 || wanted < 1 || wanted >= PID_MAX) return 'EINVAL';
  if (!capable(task.cred, CAP_CHECKPOINT_RESTORE) && !capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
  return isPidInUse(kernel, wanted) || wanted === INIT_TID ? 'EEXIST' : wanted;
}

/** False when memory ran out; the child then holds what it got so far. */
function shareOrCopy(kernel: Kernel, task: Task, child: Task, args: CloneArgs): boolean {
  const { flags } = args;
  const files =
    (flags & CLONE_FILES) !== 0 ? shared(kernel.fdTables.get(task.files)!) : forkFdTable(kernel, task.files);
  child.files = files.id;
  child.fs = ((flags & CLONE_FS) !== 0 ? shared(fsContextOf(kernel, task)) : forkFsContext(kernel, task.fs)).id;
  const shareSighand = (flags & CLONE_SIGHAND) !== 0;
  const sighand = shareSighand
    ? getSighand(kernel, task.sighand)
    : forkSighand(kernel, task.sighand, args.clearSighand);
  child.sighand = sighand.id;
  const mm = mmOf(kernel, task);
  if ((flags & CLONE_VM) !== 0) {
    getMm(kernel, mm);
    child.mm = mm.id;
    return true;
  }
  const copy = forkMm(kernel, mm);
  if (typeof copy === 'string') return false;
  child.mm = copy.id;
  return true;
}

function shared<T extends { users: number }>(record: T): T {
  record.users++;
  return record;
}

function abandon(kernel: Kernel, child: Task): void {
  if (child.mm !== 0) putMm(kernel, mmOf(kernel, child));
  putFdTable(kernel, child);
  putFsContext(kernel, child);
  putSighand(kernel, child.sighand);
  putFrame(kernel, child.kernelStack);
}

function givePidfd(kernel: Kernel, task: Task, tid: Tid, isThread: boolean, address: number) {
  const file = openPidfd(kernel, task, tid, isThread, 0);
  const fd = installFd(kernel, task, file, true);
  if (typeof fd === 'string') {
    putFile(kernel, file);
    return fd;
  }
  if (putUser32(kernel, task, address, fd) === 0) return 0;
  closeFd(kernel, task, fd);
  return 'EFAULT';
}

function inherit(task: Task, child: Task, flags: number): void {
  child.comm = task.comm;
  child.blocked = task.blocked;
  child.sched = inheritSched(task.sched);
  child.noNewPrivs = task.noNewPrivs;
  child.dumpable = task.dumpable;
  child.personality = task.personality;
  child.timerSlackNs = task.timerSlackNs;
  child.loginUid = task.loginUid;
  child.auditSession = task.auditSession;
  child.oomScoreAdj = task.oomScoreAdj;
  child.ioPriority = task.ioPriority;
  const sharesStack = (flags & (CLONE_VM | CLONE_VFORK)) === CLONE_VM;
  if (!sharesStack) child.altStack = { ...task.altStack };
  if ((flags & CLONE_VM) === 0) child.rseq = task.rseq;
}

function inheritSched(parent: SchedState): SchedState {
  const sched = { ...parent, resetOnFork: false, queued: false };
  if (!parent.resetOnFork) return sched;
  if (sched.policy === 'fifo' || sched.policy === 'rr' || sched.policy === 'deadline') {
    sched.policy = 'other';
    sched.rtPriority = 0;
  }
  sched.nice = Math.max(sched.nice, 0);
  return sched;
}

function joinGroup(kernel: Kernel, task: Task, child: Task, args: CloneArgs): void {
  const own = groupOf(kernel, task);
  if ((args.flags & CLONE_THREAD) !== 0) {
    own.threads.push(child.tid);
    return;
  }
  const asSibling = (args.flags & CLONE_PARENT) !== 0;
  const group = newGroup(
    kernel,
    child.tid,
    own.rlimits.map((limit) => ({ ...limit })),
  );
  child.exitSignal = asSibling ? leaderOf(kernel, own).exitSignal : args.exitSignal;
  group.threads.push(child.tid);
  group.pgrp = own.pgrp;
  group.session = own.session;
  group.tty = own.tty;
  group.hasChildSubreaper = own.hasChildSubreaper || own.childSubreaper;
  adopt(kernel, group, asSibling ? own.parent : own.tgid, asSibling ? own.parentThread : task.tid);
  kernel.groups.set(group.tgid, group);
}

function adopt(kernel: Kernel, group: ThreadGroup, parent: Tid, parentThread: Tid): void {
  group.parent = parent;
  group.parentThread = parentThread;
  kernel.groups.get(parent)?.children.push(group.tgid);
}
