/**
 * System calls on advisory locks: the lock commands of fcntl(2), and flock(2).
 *
 * Interface: lockCalls, getLock, setLockCommand.
 */
import { LOCK_TYPE } from '../../abi/flags/fcntl.ts';
import { FLOCK as FLOCK_OPS, SEEK } from '../../abi/flags/file-io.ts';
import { FLOCK_STRUCT } from '../../abi/structs/file.ts';
import { layoutOf } from '../../abi/struct.ts';
import type { Kernel } from '../kernel.ts';
import { readUserStruct, writeUserStruct } from '../mm/uaccess.ts';
import { waitOn, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { inodeOf } from '../vfs/inode.ts';
import { findConflict, lockQueue, setLock, wouldDeadlock, type LockWait } from '../vfs/locks.ts';
import type { FileLock, OpenFile } from '../vfs/types.ts';
import type { Handlers } from './handlers.ts';

const { F_RDLCK, F_WRLCK, F_UNLCK } = LOCK_TYPE.values;
const { SEEK_SET, SEEK_CUR, SEEK_END } = SEEK.values;
const { LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN } = FLOCK_OPS.values;
/** Linux leaves it to the memory of the lock's owner; fcntl(2) has ENOLCK for a table that is full. */
const MAX_LOCKS_PER_FILE = 8192;

export const lockCalls = {
  flock(kernel, task, fd, cmd) {
    const operation = cmd & ~LOCK_NB;
    if (operation !== LOCK_SH && operation !== LOCK_EX && operation !== LOCK_UN) return 'EINVAL';
    const file = fileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    const inode = inodeOf(kernel, file.inode);
    const lock: FileLock = {
      kind: 'flock',
      exclusive: operation === LOCK_EX,
      start: 0,
      end: Infinity,
      owner: file.id,
      pid: task.tgid,
    };
    if (operation === LOCK_UN) {
      setLock(kernel, inode, lock, true);
      return 0;
    }
    if (findConflict(inode, lock) !== undefined) {
      // Linux: converting gives up the old lock first, and may lose it.
      setLock(kernel, inode, lock, true);
      return (cmd & LOCK_NB) !== 0 ? 'EAGAIN' : waitOn([lockQueue(kernel, inode)]);
    }
    setLock(kernel, inode, lock, false);
    return 0;
  },
} satisfies Handlers;

/** F_GETLK and F_OFD_GETLK: the lock that stands in the way of the one described, or F_UNLCK. */
export function getLock(kernel: Kernel, task: Task, file: OpenFile, address: number, ofd: boolean): Outcome<0> {
  const wanted = readLock(kernel, task, file, address, ofd);
  if (typeof wanted === 'string') return wanted;
  if (wanted.unlock) return 'EINVAL';
  const layout = layoutOf(FLOCK_STRUCT, kernel.arch);
  const conflict = findConflict(inodeOf(kernel, file.inode), wanted.lock);
  if (conflict === undefined) return writeUserStruct(kernel, task, address, layout, { ...wanted.raw, l_type: F_UNLCK });
  return writeUserStruct(kernel, task, address, layout, {
    l_type: conflict.exclusive ? F_WRLCK : F_RDLCK,
    l_whence: SEEK_SET,
    l_start: conflict.start,
    l_len: conflict.end === Infinity ? 0 : conflict.end - conflict.start,
    l_pid: conflict.kind === 'ofd' ? -1 : conflict.pid,
  });
}

/** F_SETLK and its kin. */
export function setLockCommand(
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  address: number,
  ofd: boolean,
  waits: boolean,
): Outcome<0> {
  const wanted = readLock(kernel, task, file, address, ofd);
  if (typeof wanted === 'string') return wanted;
  const { lock, unlock } = wanted;
  if (!unlock && !(lock.exclusive ? file.writable : file.readable)) return 'EBADF';
  const inode = inodeOf(kernel, file.inode);
  const conflict = unlock ? undefined : findConflict(inode, lock);
  if (conflict !== undefined) {
    if (!waits) return 'EAGAIN';
    if (!ofd && wouldDeadlock(kernel, task.tgid, conflict)) return 'EDEADLK';
    const waiting: LockWait = { lockWait: lock, inode: inode.id };
    if (!ofd) task.syscall.progress.extra = waiting;
    return waitOn([lockQueue(kernel, inode)]);
  }
  if (inode.locks.length >= MAX_LOCKS_PER_FILE && !unlock) return 'ENOLCK';
  setLock(kernel, inode, lock, unlock);
  return 0;
}

interface WantedLock {
  readonly lock: FileLock;
  readonly unlock: boolean;
  readonly raw: { l_type: number; l_whence: number; l_start: number; l_len: number; l_pid: number };
}

/** The struct flock at a user address, as a range of the file. */
function readLock(
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  address: number,
  ofd: boolean,
): WantedLock | 'EFAULT' | 'EINVAL' | 'EOVERFLOW' {
  const raw = readUserStruct(kernel, task, address, layoutOf(FLOCK_STRUCT, kernel.arch));
  if (typeof raw === 'string') return raw;
  const { l_type: type, l_whence: whence, l_start, l_len, l_pid } = raw;
  if (type !== F_RDLCK && type !== F_WRLCK && type !== F_UNLCK) return 'EINVAL';
  if (ofd && l_pid !== 0) return 'EINVAL';
  let base: number;
  if (whence === SEEK_SET) base = 0;
  else if (whence === SEEK_CUR) base = file.pos;
  else if (whence === SEEK_END) base = inodeOf(kernel, file.inode).size;
  else return 'EINVAL';
  let start = base + l_start;
  let end = l_len === 0 ? Infinity : start + l_len;
  if (l_len < 0) {
    end = start;
    start += l_len;
  }
  if (start < 0) return 'EINVAL';
  if (start > Number.MAX_SAFE_INTEGER) return 'EOVERFLOW';
  const owner = ofd ? file.id : task.tgid;
  const lock: FileLock = {
    kind: ofd ? 'ofd' : 'posix',
    exclusive: type === F_WRLCK,
    // A last byte of the largest offset is "to the end".
    end: end > Number.MAX_SAFE_INTEGER ? Infinity : end,
    start,
    owner,
    pid: task.tgid,
  };
  return { lock, unlock: type === F_UNLCK, raw };
}
