/**
 * Advisory locks on files: POSIX record locks, locks of open files (OFD) and flock. See fcntl(2), flock(2).
 *
 * Interface: setLock, findConflict, lockQueue, wouldDeadlock, releasePosixLocks, releaseFileLocks, LockWait.
 * Invariants: the locks of one owner and kind on an inode do not overlap. POSIX locks belong to a process and go when it closes
 * any descriptor of the file; OFD and flock locks belong to the open file and go with it. The kinds posix and ofd conflict
 * with each other; flock only with itself.
 */
import type { Tid, WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { newWaitQueue, wakeAll } from '../sched/wait-queue.ts';
import type { Task } from '../task/types.ts';
import { inodeOf } from './inode.ts';
import type { FileLock, Inode, OpenFile } from './types.ts';
import { progressOf } from '../task/syscall-state.ts';

/** What a task that sleeps for a POSIX lock keeps in its call's progress, so that circles are seen. */
export interface LockWait {
  readonly lockWait: FileLock;
  readonly inode: number;
}

const MAX_DEADLOCK_DEPTH = 10;

/** A lock of another owner that stands in the way. */
export function findConflict(inode: Inode, wanted: FileLock): FileLock | undefined {
  return inode.locks.find(
    (held) =>
      sameFamily(held, wanted) &&
      !isOwn(held, wanted) &&
      (held.exclusive || wanted.exclusive) &&
      held.start < wanted.end &&
      wanted.start < held.end,
  );
}

/** Sets (`unlock` false) or clears a range for its owner. The caller has checked for conflicts. */
export function setLock(kernel: Kernel, inode: Inode, wanted: FileLock, unlock: boolean): void {
  const kept: FileLock[] = [];
  let merged: FileLock = { ...wanted };
  let freed = false;
  for (const held of inode.locks) {
    const touches = held.start <= wanted.end && wanted.start <= held.end;
    if (!isOwn(held, wanted) || !touches) {
      kept.push(held);
    } else if (!unlock && held.exclusive === wanted.exclusive) {
      merged = { ...merged, start: Math.min(merged.start, held.start), end: Math.max(merged.end, held.end) };
    } else {
      freed = true;
      if (held.start < wanted.start) kept.push({ ...held, end: Math.min(held.end, wanted.start) });
      if (held.end > wanted.end) kept.push({ ...held, start: Math.max(held.start, wanted.end) });
    }
  }
  if (!unlock) kept.push(merged);
  inode.locks = kept.sort((a, b) => a.start - b.start);
  if (freed) wakeLockers(kernel, inode);
}

/** Where tasks sleep for a lock on the inode. */
export function lockQueue(kernel: Kernel, inode: Inode): WaitQueueId {
  if (inode.lockQueue === 0) inode.lockQueue = newWaitQueue(kernel);
  return inode.lockQueue;
}

/** Whether `blocker`, directly or through others, waits for a POSIX lock that process `me` holds. */
export function wouldDeadlock(kernel: Kernel, me: Tid, blocker: FileLock, depth = 0): boolean {
  if (blocker.kind !== 'posix' || depth > MAX_DEADLOCK_DEPTH) return false;
  if (blocker.owner === me) return true;
  for (const tid of kernel.groups.get(blocker.owner)?.threads ?? []) {
    const task = kernel.tasks.get(tid);
    const waiting = task?.state === 'sleeping' ? (progressOf(task)?.extra as LockWait | null | undefined) : null;
    if (waiting?.lockWait === undefined) continue;
    const inode = kernel.inodes.get(waiting.inode);
    const next = inode === undefined ? undefined : findConflict(inode, waiting.lockWait);
    if (next !== undefined && wouldDeadlock(kernel, me, next, depth + 1)) return true;
  }
  return false;
}

/** Linux: closing any descriptor of a file drops all POSIX locks that the process has on it. */
export function releasePosixLocks(kernel: Kernel, task: Task, file: OpenFile): void {
  dropLocks(kernel, inodeOf(kernel, file.inode), (lock) => lock.kind === 'posix' && lock.owner === task.tgid);
}

/** The open file goes: its flock and OFD locks too. */
export function releaseFileLocks(kernel: Kernel, file: OpenFile): void {
  dropLocks(kernel, inodeOf(kernel, file.inode), (lock) => lock.kind !== 'posix' && lock.owner === file.id);
}

function dropLocks(kernel: Kernel, inode: Inode, isDropped: (lock: FileLock) => boolean): void {
  if (inode.locks.length === 0) return;
  const kept = inode.locks.filter((lock) => !isDropped(lock));
  if (kept.length === inode.locks.length) return;
  inode.locks = kept;
  wakeLockers(kernel, inode);
}

function wakeLockers(kernel: Kernel, inode: Inode): void {
  if (inode.lockQueue !== 0) wakeAll(kernel, inode.lockQueue);
}

function sameFamily(a: FileLock, b: FileLock): boolean {
  return (a.kind === 'flock') === (b.kind === 'flock');
}

function isOwn(a: FileLock, b: FileLock): boolean {
  return a.kind === b.kind && a.owner === b.owner;
}
