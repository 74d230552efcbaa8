/**
 * The records of processes and threads. Data only; behaviour is in the files beside this one.
 *
 * Interface: Task, ThreadGroup, Cred, FdTable, FsContext, SyscallState, SchedState, HostProcess.
 */
import type { ByteString } from '../../util/byte-string.ts';
import type { FdTableId, FileId, FsContextId, MmId, SighandId, Tid, TimerId, TtyId, WaitQueueId } from '../ids.ts';
import type { Restart } from '../../abi/errno.ts';
import type { Wait } from '../result.ts';
import type { FutexWait } from '../ipc/types.ts';
import type { PathRef } from '../vfs/types.ts';
import type { AltStack, PendingSignals, SigInfo } from '../signal/types.ts';

/** The lectures' states: new, ready, running, waiting (interruptible or not), stopped, finished (zombie until reaped, then dead). */
export type TaskState = 'new' | 'ready' | 'running' | 'sleeping' | 'disk-sleep' | 'stopped' | 'zombie' | 'dead';

/** A thread. Its thread group is the process. */
export interface Task {
  /** Its key in `tasks`. exec by a thread that is not the leader gives it the leader's (de_thread). */
  tid: Tid;
  /** Key of its ThreadGroup; equals the leader's tid. */
  readonly tgid: Tid;
  /** At most 15 bytes. */
  comm: ByteString;
  state: TaskState;
  /** 0 once exited. */
  mm: MmId;
  files: FdTableId;
  fs: FsContextId;
  sighand: SighandId;
  cred: Cred;
  /** Linear-memory byte offset of its pt_regs at the top of its kernel stack. */
  trapFrame: number;
  /** First Pfn of its kernel stack (KERNEL_STACK_PAGES contiguous frames). */
  kernelStack: number;
  sched: SchedState;
  /** Signals. `signalPending` is true when an unblocked one waits (kept by signal/). */
  blocked: bigint;
  /** Mask to put back by sigsuspend, ppoll, pselect, epoll_pwait after the handler frame is made; null: none. */
  savedMask: bigint | null;
  pending: PendingSignals;
  signalPending: boolean;
  /** Signals that sigtimedwait waits for; 0n: none. */
  sigwait: bigint;
  altStack: AltStack;
  /** The signal that this thread must report by a forced fault, for siginfo. */
  forcedInfo: SigInfo | null;
  /** The wait it sleeps in; null when it is not sleeping in a system call. */
  wait: Wait | null;
  /** Timer that ends its wait; 0: none. */
  wakeTimer: TimerId;
  /** True when its wait's deadline passed rather than a queue being woken. */
  timedOut: boolean;
  /** The system call it is in, or was in last. */
  readonly syscall: SyscallState;
  futex: FutexWait | null;
  /** vfork parent waits here; woken when this task execs or exits. 0: none. */
  vforkDone: WaitQueueId;
  /** set_tid_address / CLONE_CHILD_CLEARTID. */
  clearChildTid: number;
  setChildTid: number;
  robustListHead: number;
  robustListLength: number;
  rseq: { address: number; length: number; signature: number } | null;
  /** PR_SET_PDEATHSIG. */
  parentDeathSignal: number;
  /** Wait-status word as wait4 gives it, once zombie. */
  exitCode: number;
  /** Signal sent to the parent at exit (SIGCHLD for fork; clone's low byte). -1: thread, none. */
  exitSignal: number;
  startTimeNs: number;
  usage: Usage;
  /** PF_* style facts. */
  didExec: boolean;
  noNewPrivs: boolean;
  dumpable: number;
  personality: number;
  timerSlackNs: number;
  /** Who logged in (pam_loginuid), and in which session; UNSET_AUDIT_ID: nobody. Inherited. */
  loginUid: number;
  auditSession: number;
  oomScoreAdj: number;
  ioPriority: number;
  /** The deadline-bearing call that restart_syscall continues; its arguments are still in the registers. */
  /** Set when the call that is returning ended in a restart code; signal delivery decides what becomes of it. */
  restart: Restart | null;
  restartBlock: { number: number; progress: Progress } | null;
}

/** Counters that getrusage, times and /proc report. */
export interface Usage {
  userNs: number;
  systemNs: number;
  minorFaults: number;
  majorFaults: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
  maxRssPages: number;
  inBlocks: number;
  outBlocks: number;
  readBytes: number;
  writeBytes: number;
  readCalls: number;
  writeCalls: number;
}

/** A system call, from entry trace to exit trace, however often it is entered again. Used again for the task's next call. */
export interface SyscallState {
  /** Whether the task is in it. */
  isActive: boolean;
  number: number;
  /** The six argument registers as numbers (signed 64 bits, imprecise beyond 2^53). */
  args: number[];
  /** What the handler keeps between entries. */
  progress: Progress;
}

/** Progress of a call over its waits. A handler may store any plain data in `extra`. */
export interface Progress {
  /** Absolute monotonic deadline, computed at the first entry; NaN before. */
  deadlineNs: number;
  /** Bytes or items done. */
  done: number;
  phase: number;
  extra: unknown;
}

export interface SchedState {
  policy: 'other' | 'batch' | 'idle' | 'fifo' | 'rr' | 'deadline';
  resetOnFork: boolean;
  /** -20..19 */
  nice: number;
  /** 1..99 for fifo and rr, else 0. */
  rtPriority: number;
  /** Weighted virtual run time in ns. */
  vruntime: number;
  /** Ns left of an rr or fair slice. */
  sliceLeftNs: number;
  /** Allowed harts as a bit mask. */
  affinity: bigint;
  queued: boolean;
  /** When it last got the hart (monotonic ns). */
  lastRunNs: number;
}

/** A process: what its threads share by being one. */
export interface ThreadGroup {
  readonly tgid: Tid;
  leader: Tid;
  threads: Tid[];
  /** tgid of the parent process; 0 for init. `parentThread` is the thread that made it. */
  parent: Tid;
  parentThread: Tid;
  children: Tid[];
  pgrp: Tid;
  session: Tid;
  /** Controlling terminal; 0: none. */
  tty: TtyId;
  /** Of a session leader whose terminal was hung up: the group that was in its foreground, which hears of the leader's end. */
  oldForeground?: Tid;
  pending: PendingSignals;
  /** Queues of the signalfds that its threads have read or polled. */
  signalfds: WaitQueueId[];
  /** wait4 callers of this process sleep here. */
  childExit: WaitQueueId;
  /** Anyone that waits for this process's state (pidfd). */
  stateChange: WaitQueueId;
  /** Set when the whole group is exiting: the wait-status word. */
  groupExit: number | null;
  /** Job control: stopped by this signal; 0 running. */
  stopSignal: number;
  /** Threads still to stop for the current group stop. */
  stopPending: boolean;
  /** What wait4 has not yet reported. */
  unreportedStop: boolean;
  unreportedContinue: boolean;
  /** soft and hard, indexed by RLIMIT_*; Infinity for RLIM_INFINITY. */
  rlimits: { soft: number; hard: number }[];
  itimers: { real: IntervalTimer; virtual: IntervalTimer; prof: IntervalTimer };
  /** The kernel timer behind itimers.real; 0: disarmed. */
  realTimer: TimerId;
  /** CPU time charged to the process so far, for CPU timers and RLIMIT_CPU. */
  cpuNs: number;
  userCpuNs: number;
  /** CPU seconds at the last SIGXCPU. */
  cpuWarnedSeconds: number;
  posixTimers: Map<number, PosixTimer>;
  nextPosixTimer: number;
  /** Usage of threads that have exited, and of waited-for children. */
  exitedUsage: Usage;
  childrenUsage: Usage;
  didExec: boolean;
  /** PR_SET_CHILD_SUBREAPER. */
  childSubreaper: boolean;
  hasChildSubreaper: boolean;
  /** Thread whose execve waits for the others of the group to die; 0: none. A thread that sees it set exits alone. */
  execTask: Tid;
  /** Process 1, which is part of the kernel: no signal does anything to it. */
  unkillable: boolean;
  /** RLIMIT_NPROC was exceeded by a set*uid call; execve checks again. */
  overProcessLimit: boolean;
  startTimeNs: number;
}

/** A process that the host started and waits for. */
export interface HostProcess {
  readonly tgid: Tid;
  /** Its exit halts the system. */
  readonly haltOnExit: boolean;
  /** Wait-status word as wait4 gives it; null while it runs. */
  status: number | null;
  /** Of the process and of the children it waited for; filled in at exit. */
  usage: Usage;
  childrenUsage: Usage;
  /** It was killed because memory ran out. */
  outOfMemory: boolean;
}

export interface IntervalTimer {
  /** Next expiry: monotonic ns for real, consumed CPU ns for the others; 0: disarmed. */
  expiresNs: number;
  intervalNs: number;
}

export interface PosixTimer {
  id: number;
  /** The thread that made it, whose CPU time it may count. */
  owner: Tid;
  clock: number;
  expiresNs: number;
  intervalNs: number;
  /** Periods missed, of the signal sent last, and of the one before it. */
  overrun: number;
  lastOverrun: number;
  notify: 'signal' | 'none' | 'thread-id';
  signal: number;
  value: bigint;
  tid: Tid;
  /** The kernel timer behind it; 0: disarmed. */
  armed: TimerId;
}

/** Credentials (credentials(7), capabilities(7)). Records are replaced, never changed in place. */
export interface Cred {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  readonly capEffective: bigint;
  readonly capPermitted: bigint;
  readonly capInheritable: bigint;
  readonly capBounding: bigint;
  readonly capAmbient: bigint;
  readonly securebits: number;
}

export interface FdTable {
  readonly id: FdTableId;
  /** Tasks that share it. */
  users: number;
  /** Index is the descriptor; null: free. */
  fds: (FdEntry | null)[];
}

export interface FdEntry {
  file: FileId;
  closeOnExec: boolean;
}

export interface FsContext {
  readonly id: FsContextId;
  users: number;
  root: PathRef;
  cwd: PathRef;
  umask: number;
}
