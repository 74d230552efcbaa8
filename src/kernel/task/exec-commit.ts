/**
 * The point of no return of execve: the other threads are gone, the new address space is in place, and what does not survive is reset.
 * See execve(2), "Effect on process attributes".
 *
 * Interface: beginExec, setComm, Program.
 */
import { SIGNALS } from '../../abi/signals.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { type Outcome, waitOn } from '../result.ts';
import { activateMm, createMm, setMmapBase } from '../mm/mm.ts';
import type { Mm } from '../mm/types.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { forkSighand, putSighand, resetHandlers, sighandOf } from '../signal/sighand.ts';
import { deletePosixTimers } from '../time/posix-timer.ts';
import { closeOnExecFds } from '../vfs/fd-table.ts';
import { denyWrite } from '../vfs/inode.ts';
import { pathGet } from '../vfs/path.ts';
import { MAY_READ, permission } from '../vfs/permission.ts';
import type { ArgBlock } from './exec-args.ts';
import { credentialsForExec } from './exec-cred.ts';
import type { ProgramFile } from './exec-file.ts';
import { killOtherThreads } from './exit.ts';
import { leaveMm } from './release-mm.ts';
import { softLimit } from './rlimit.ts';
import { groupOf, leaderOf, releaseRecord } from './task.ts';
import type { Task, ThreadGroup } from './types.ts';

/** What is being executed. A script puts its interpreter in place of itself. */
export interface Program {
  file: ProgramFile;
  /** AT_EXECFN: the path as given, or /dev/fd/N. */
  readonly name: ByteString;
  /** What `#!` passes on as the script's name. */
  interpreted: ByteString;
  /** The name leads through a descriptor that exec closes: an interpreter could not open it. */
  readonly isInaccessible: boolean;
  argv: ArgBlock;
  readonly env: ArgBlock;
  /** Set at the point of no return: from here on errors kill. */
  committed: boolean;
  secure: boolean;
}

const COMM_LENGTH = 15;
const SS_DISABLE = 2;
const SUID_DUMP_USER = 1;
const SUID_DUMP_DISABLE = 0;
/** PER_CLEAR_ON_SETID: what a program with more rights must not inherit. */
const CLEAR_ON_SETID = 0x0040_0000 | 0x0004_0000 | 0x0020_0000 | 0x0010_0000;

/** Makes `task` the only thread of its process with a new, empty address space. A Wait while other threads are still dying. */
export function beginExec(kernel: Kernel, task: Task, program: Program): Outcome<Mm> {
  const { inode, path } = program.file;
  const group = groupOf(kernel, task);
  const credentials = credentialsForExec(kernel, task, path, inode);
  if (typeof credentials === 'string') return credentials;
  if (group.threads.length > 1) {
    const alone = becomeOnlyThread(kernel, task, group);
    if (alone !== 0) return alone;
  }
  const mm = createMm(kernel);
  if (typeof mm === 'string') return mm;

  program.committed = true;
  program.secure = credentials.secure;
  const readable = permission(kernel, task.cred, inode, MAY_READ) === 0;
  leaveMm(kernel, task);
  task.mm = mm.id;
  mm.exe = pathGet(kernel, path);
  // Nobody writes a program that runs: as long as an address space has it.
  denyWrite(inode);
  setMmapBase(mm, softLimit(group, 'RLIMIT_STACK'));
  if (kernel.current === task.tid) activateMm(kernel, mm);
  closeOnExecFds(kernel, task);
  resetTask(kernel, task, group);
  const gainsRights = credentials.cred.euid !== credentials.cred.uid || credentials.cred.egid !== credentials.cred.gid;
  mm.dumpable = gainsRights || !readable ? SUID_DUMP_DISABLE : SUID_DUMP_USER;
  task.dumpable = mm.dumpable;
  if (gainsRights) task.parentDeathSignal = 0;
  if (program.secure) task.personality &= ~CLEAR_ON_SETID;
  task.cred = credentials.cred;
  setComm(task, program.name.slice(program.name.lastIndexOf('/') + 1));
  return mm;
}

/** Sets the name of a thread; at most 15 bytes of it are kept. */
export function setComm(task: Task, name: ByteString): void {
  task.comm = name.slice(0, COMM_LENGTH);
}

/** Kills the other threads; once they are gone, takes over the leader's number. */
function becomeOnlyThread(kernel: Kernel, task: Task, group: ThreadGroup): Outcome<0> {
  if (group.groupExit !== null || (group.execTask !== 0 && group.execTask !== task.tid)) return 'EAGAIN';
  const leader = leaderOf(kernel, group);
  const othersLive = group.threads.some((tid) => tid !== task.tid && kernel.tasks.get(tid)?.state !== 'zombie');
  if (othersLive) {
    if (group.execTask === 0) {
      group.execTask = task.tid;
      killOtherThreads(kernel, group, task);
    }
    return waitOn([group.stateChange], 'killable');
  }
  group.execTask = 0;
  if (leader !== task) takeOverLeader(kernel, task, leader, group);
  return 0;
}

function takeOverLeader(kernel: Kernel, task: Task, leader: Task, group: ThreadGroup): void {
  const oldTid = task.tid;
  putSighand(kernel, leader.sighand);
  releaseRecord(kernel, leader);
  kernel.tasks.delete(oldTid);
  task.tid = leader.tid;
  kernel.tasks.set(task.tid, task);
  group.threads = [task.tid];
  if (kernel.current === oldTid) kernel.current = task.tid;
  if (kernel.fpOwner === oldTid) kernel.fpOwner = task.tid;
  if (kernel.xOwner === oldTid) kernel.xOwner = task.tid;
  for (const tgid of group.children) {
    const child = kernel.groups.get(tgid);
    if (child !== undefined) child.parentThread = task.tid;
  }
  wakeAll(kernel, group.stateChange);
}

function resetTask(kernel: Kernel, task: Task, group: ThreadGroup): void {
  const sighand = sighandOf(kernel, task);
  if (sighand.users > 1) {
    task.sighand = forkSighand(kernel, sighand.id).id;
    putSighand(kernel, sighand.id);
  }
  resetHandlers(sighandOf(kernel, task));
  task.exitSignal = SIGNALS.SIGCHLD;
  task.altStack = { sp: 0, size: 0, flags: SS_DISABLE };
  task.restartBlock = null;
  task.didExec = true;
  group.didExec = true;
  deletePosixTimers(kernel, group);
}
