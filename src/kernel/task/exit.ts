/**
 * The end of threads and processes. See exit(2), exit_group(2), wait(2).
 *
 * Interface: exitThread, exitGroup, killGroupBySignal, killOtherThreads, haltSystem.
 * A task that exits becomes a zombie; task/reap.ts says who hears of it and when its record goes.
 */
import { RLIMIT } from '../../abi/flags/sched.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { ExitReason, Kernel } from '../kernel.ts';
import { dequeueTask, enqueueTask } from '../sched/scheduler.ts';
import { leaveQueues, wakeTask } from '../sched/wait-queue.ts';
import { recalcPending } from '../signal/mask.ts';
import { disarmItimers } from '../time/itimer.ts';
import { deletePosixTimers } from '../time/posix-timer.ts';
import { hangupSession } from '../tty/job-control.ts';
import { putFdTable } from '../vfs/fd-table.ts';
import { putFsContext } from '../vfs/fs-context.ts';
import { hangUpIfOrphaned, isLive } from './job-control.ts';
import { abandonChildren, announceDeath } from './reap.ts';
import { leaveMm } from './release-mm.ts';
import { groupOf } from './task.ts';
import type { Task, ThreadGroup } from './types.ts';

/** In a wait status: a core was dumped. */
const CORE_FLAG = 0x80;
const PAGE_BYTES = 4096;

const CORE_SIGNALS: ReadonlySet<number> = new Set([
  SIGNALS.SIGQUIT,
  SIGNALS.SIGILL,
  SIGNALS.SIGTRAP,
  SIGNALS.SIGABRT,
  SIGNALS.SIGBUS,
  SIGNALS.SIGFPE,
  SIGNALS.SIGSEGV,
  SIGNALS.SIGXCPU,
  SIGNALS.SIGXFSZ,
  SIGNALS.SIGSYS,
]);

/** Ends the whole process with wait status `status`. The calling thread dies now, the others when they next run. */
export function exitGroup(kernel: Kernel, task: Task, status: number): void {
  const group = groupOf(kernel, task);
  if (group.groupExit !== null) return exitThread(kernel, task, group.groupExit);
  // Linux: while a thread waits in execve for the others to die, exit_group ends only the thread that calls it.
  if (group.execTask !== 0 && group.execTask !== task.tid) return exitThread(kernel, task, 0);
  group.groupExit = status;
  group.stopSignal = 0;
  killOtherThreads(kernel, group, task);
  exitThread(kernel, task, status);
}

/** Ends the process because of a signal whose action is to terminate; tells in the status whether a core would be dumped. */
export function killGroupBySignal(kernel: Kernel, task: Task, signo: number): void {
  exitGroup(kernel, task, CORE_SIGNALS.has(signo) && dumpsCore(kernel, task) ? signo | CORE_FLAG : signo);
}

/** Makes every other thread of the group exit as soon as it can. */
export function killOtherThreads(kernel: Kernel, group: ThreadGroup, except: Task): void {
  for (const tid of group.threads) {
    const other = kernel.tasks.get(tid);
    if (other === undefined || other === except || other.state === 'zombie' || other.state === 'dead') continue;
    other.pending.set |= 1n << BigInt(SIGNALS.SIGKILL - 1);
    other.signalPending = true;
    if (other.state === 'stopped') enqueueTask(kernel, other);
    else if (other.wait?.onSignal !== 'uninterruptible') wakeTask(kernel, other);
  }
}

/** Ends one thread with wait status `status`; the process with it if it was the last. */
export function exitThread(kernel: Kernel, task: Task, status: number): void {
  if (task.state === 'zombie' || task.state === 'dead') return;
  const group = groupOf(kernel, task);
  task.exitCode = status;
  kernel.observers.taskExit?.(task);
  leaveQueues(kernel, task);
  dequeueTask(kernel, task);
  leaveMm(kernel, task);
  putFdTable(kernel, task);
  putFsContext(kernel, task);
  task.syscall.isActive = false;
  task.restart = null;
  task.restartBlock = null;
  task.signalPending = false;
  task.state = 'zombie';
  const groupDead = !isLive(kernel, group);
  // Linux: the last thread's status is the process's, whichever thread that is.
  if (groupDead) group.groupExit ??= status;
  if (groupDead) endGroup(kernel, group);
  else passOnSignals(kernel, group);
  abandonChildren(kernel, task, group, groupDead);
  if (groupDead) hangUpIfOrphaned(kernel, group, kernel.groups.get(group.parent), true);
  const wasRunning = kernel.halted === null;
  announceDeath(kernel, task, group);
  if (wasRunning && kernel.halted !== null) endEverything(kernel);
}

/** Stops the system, as reboot(2) and the end of the host's main process do. */
export function haltSystem(kernel: Kernel, reason: ExitReason): void {
  if (kernel.halted !== null) return;
  kernel.halted = reason;
  endEverything(kernel);
}

/** Everything that still runs is ended, so that open files are closed and written back. */
function endEverything(kernel: Kernel): void {
  for (const task of [...kernel.tasks.values()])
    if (!groupOf(kernel, task).unkillable) exitThread(kernel, task, SIGNALS.SIGKILL);
}

function endGroup(kernel: Kernel, group: ThreadGroup): void {
  disarmItimers(kernel, group);
  deletePosixTimers(kernel, group);
  group.stopSignal = 0;
  if (group.session === group.tgid) hangupSession(kernel, group);
}

/** Signals to the process may have been meant for the thread that is gone: the others look again. */
function passOnSignals(kernel: Kernel, group: ThreadGroup): void {
  if (group.pending.set === 0n) return;
  for (const tid of group.threads) {
    const other = kernel.tasks.get(tid);
    if (other === undefined || other.state === 'zombie') continue;
    recalcPending(kernel, other);
    if (other.signalPending && other.wait?.onSignal !== 'uninterruptible') wakeTask(kernel, other);
  }
}

/** Linux writes a core only within RLIMIT_CORE and for processes that may be dumped. */
function dumpsCore(kernel: Kernel, task: Task): boolean {
  const mm = kernel.mms.get(task.mm);
  return groupOf(kernel, task).rlimits[RLIMIT.values.RLIMIT_CORE]!.soft >= PAGE_BYTES && mm?.dumpable === 1;
}
