/**
 * The root of all kernel state, and the handle that every kernel function gets.
 *
 * Interface: KernelState (plain, serialisable), Kernel (state + machine + ports), Limits, ExitReason, Observers, Sampler, noObservers.
 * Invariant: everything that decides what the system does next is in KernelState or in the machine's memory.
 */
import type { Assert, IsPlain } from '../util/plain.ts';
import type { Machine } from '../machine/machine.ts';
import type {
  DentryId,
  EpollId,
  FdTableId,
  FileId,
  FsContextId,
  InodeId,
  MmId,
  MountId,
  PipeId,
  SighandId,
  SuperBlockId,
  Tid,
  TtyId,
  WaitQueueId,
} from './ids.ts';
import type { HostPorts } from './ports.ts';
import type { FdTable, FsContext, HostProcess, Task, ThreadGroup } from './task/types.ts';
import type { FrameTable, Mm } from './mm/types.ts';
import type { Dentry, Inode, Mount, OpenFile, PathRef, SuperBlock } from './vfs/types.ts';
import type { SigInfo, Sighand } from './signal/types.ts';
import type { Pipe } from './ipc/types.ts';
import type { Epoll } from './ipc/types.ts';
import type { FutexTable } from './ipc/types.ts';
import type { Tty } from './tty/types.ts';
import type { TimerTable, VdsoState } from './time/types.ts';
import type { WaitQueue } from './sched/types.ts';
import type { LoadState, RunQueue } from './sched/types.ts';

export interface KernelState {
  readonly arch: 'riscv64';
  tasks: Map<Tid, Task>;
  groups: Map<Tid, ThreadGroup>;
  mms: Map<MmId, Mm>;
  fdTables: Map<FdTableId, FdTable>;
  fsContexts: Map<FsContextId, FsContext>;
  sighands: Map<SighandId, Sighand>;
  inodes: Map<InodeId, Inode>;
  dentries: Map<DentryId, Dentry>;
  mounts: Map<MountId, Mount>;
  superBlocks: Map<SuperBlockId, SuperBlock>;
  files: Map<FileId, OpenFile>;
  pipes: Map<PipeId, Pipe>;
  epolls: Map<EpollId, Epoll>;
  ttys: Map<TtyId, Tty>;
  waitQueues: Map<WaitQueueId, WaitQueue>;
  futexes: FutexTable;
  timers: TimerTable;
  frames: FrameTable;
  runQueue: RunQueue;
  load: LoadState;
  /** Ids are handed out from here; 0 is never given. */
  nextId: number;
  nextPid: number;
  nextDev: number;
  /** The task on the hart; 0: idle. */
  current: Tid;
  /** The task whose f registers are in the hart; 0: nobody's. */
  fpOwner: Tid;
  /** The task whose x registers are in the hart as in its frame, but for a0; 0: nobody's. */
  xOwner: Tid;
  /** Deadline for which the machine timer is set. */
  timerProgrammedNs: number;
  /** True when the current task should give the hart up at the next return to user mode. */
  needResched: boolean;
  /** Where the first process sees '/'. */
  rootPath: PathRef | null;
  bootTime: BootTime;
  /** Null before the first program is executed. */
  vdso: VdsoState | null;
  limits: Limits;
  hostname: string;
  domainname: string;
  /** Counters for /proc/stat and --stats. */
  stats: KernelStats;
  /** Numbers of system calls that were asked for and are not there, so that each is reported once. */
  missingCalls: Map<string, number>;
  /** Kernel log (dmesg), newest last, bounded. */
  log: { timeNs: number; level: number; text: string }[];
  /** /proc/sys values that programs may read or write, by path below /proc/sys. */
  sysctl: Map<string, string>;
  /** Processes that the host started (task/spawn.ts), until the host has collected their exit. */
  hostProcesses: Map<Tid, HostProcess>;
  /** How often each limit of the sandbox has refused something. */
  limitHits: Map<keyof Limits | 'memory', number>;
  /** Why the system stopped, once it has. */
  halted: ExitReason | null;
}

export interface BootTime {
  /** Wall-clock time at monotonic zero. Changed by clock_settime. */
  realtimeSec: number;
  realtimeNsec: number;
  /** The port's monotonic reading that is our zero. */
  portMonotonicNs: number;
}

/** Exact limits of the sandbox. Infinity: none. */
export interface Limits {
  /** Retired instructions in the whole life of the system. */
  instructions: number;
  wallNs: number;
  processes: number;
  openFiles: number;
  /** Bytes through the host's stdout and stderr. */
  outputBytes: number;
}

export type ExitReason =
  | { readonly kind: 'exited' }
  | { readonly kind: 'limit'; readonly limit: keyof Limits | 'memory'; readonly text: string }
  | { readonly kind: 'oops'; readonly report: string }
  | { readonly kind: 'power-off' };

export interface KernelStats {
  contextSwitches: number;
  processesCreated: number;
  interrupts: number;
  syscalls: number;
  pageFaults: number;
  majorFaults: number;
  oomKills: number;
  outputBytes: number;
  userNs: number;
  systemNs: number;
  idleNs: number;
}

/** What kernel functions get: the state, the machine beneath and the doors to the host. */
export interface Kernel extends KernelState {
  readonly machine: Machine;
  readonly ports: HostPorts;
  /** Observers of crossings (strace, tracers). They see, they never change. Not state: set again after a restore. */
  readonly observers: Observers;
}

/** Called around system calls and signals, once each however often a call is entered again. */
export interface Observers {
  syscallEnter: ((task: Task) => void) | null;
  syscallExit: ((task: Task, result: number | string) => void) | null;
  signalDelivered: ((task: Task, info: SigInfo) => void) | null;
  /** A signal was dropped because its action is to ignore it. */
  signalIgnored: ((task: Task, info: SigInfo) => void) | null;
  /** `child` was made and has not run yet. */
  taskClone: ((parent: Task, child: Task) => void) | null;
  /** The task dies with `exitCode`; everything else of it is still there. */
  taskExit: ((task: Task) => void) | null;
  /** Looks at tasks in user mode by their retired instructions. */
  sampler: Sampler | null;
}

export interface Sampler {
  /** The count of retired instructions at which `take` is called next. */
  dueAt: number;
  /** `task` is between two instructions, its registers in the hart. Moves `dueAt` on. */
  take(task: Task): void;
}

export function noObservers(): Observers {
  return {
    syscallEnter: null,
    syscallExit: null,
    signalDelivered: null,
    signalIgnored: null,
    taskClone: null,
    taskExit: null,
    sampler: null,
  };
}

export type StateIsPlain = Assert<IsPlain<KernelState>>;
