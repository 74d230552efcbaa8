/**
 * System calls on descriptors. See close(2), dup(2), fcntl(2), close_range(2). Locks are in locks.ts.
 *
 * Interface: fdCalls.
 */
import { CLOSE_RANGE } from '../../abi/flags/file-io.ts';
import { FCNTL, FD_FLAGS, LOCK_TYPE, OWNER_TYPE, SEALS } from '../../abi/flags/fcntl.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { RLIMIT } from '../../abi/flags/sched.ts';
import { F_OWNER_EX } from '../../abi/structs/file.ts';
import { layoutOf } from '../../abi/struct.ts';
import { pipeSize, setPipeSize } from '../ipc/pipe.ts';
import type { Kernel } from '../kernel.ts';
import { isMappedWritable } from '../mm/inode-mappings.ts';
import { readUserStruct, writeUserStruct } from '../mm/uaccess.ts';
import type { Outcome } from '../result.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { closeFd, entryOf, freeFd, installFd, rawFileOf, replaceFd, unshareFdTable } from '../vfs/fd-table.ts';
import { getFile } from '../vfs/file.ts';
import { inodeOf } from '../vfs/inode.ts';
import { ownerOrCapable } from '../vfs/permission.ts';
import { fsOf } from '../vfs/registry.ts';
import type { OpenFile } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';
import { getLock, setLockCommand } from './locks.ts';

const { O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME, O_CLOEXEC, FASYNC } = OPEN.values;
const F = FCNTL.values;
const { FD_CLOEXEC } = FD_FLAGS.values;
const { F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP } = OWNER_TYPE.values;
const { F_UNLCK } = LOCK_TYPE.values;
const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC } = SEALS.values;
const ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC;
const { CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC } = CLOSE_RANGE.values;
const { RLIMIT_NOFILE } = RLIMIT.values;

/** What F_SETFL may change. */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC;
const MAX_SIGNAL = 64;

export const fdCalls = {
  close: (kernel, task, fd) => closeFd(kernel, task, fd),
  close_range: closeRange,
  dup(kernel, task, fd) {
    return duplicate(kernel, task, fd, 0, false);
  },
  dup2(kernel, task, from, to) {
    if (from === to) return entryOf(kernel, task, from) === null ? 'EBADF' : to;
    return dupTo(kernel, task, from, to, false);
  },
  dup3(kernel, task, from, to, flags) {
    if ((flags & ~O_CLOEXEC) !== 0 || from === to) return 'EINVAL';
    return dupTo(kernel, task, from, to, (flags & O_CLOEXEC) !== 0);
  },
  fcntl,
  fcntl64: (kernel, task, fd, cmd, arg) => fcntl(kernel, task, fd, cmd, arg),
} satisfies Handlers;

function duplicate(kernel: Kernel, task: Task, fd: number, lowest: number, closeOnExec: boolean): SyscallResult {
  const file = rawFileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  const room = freeFd(kernel, task, lowest);
  if (typeof room === 'string') return room;
  return installFd(kernel, task, getFile(kernel, file), closeOnExec, lowest);
}

function dupTo(kernel: Kernel, task: Task, from: number, to: number, closeOnExec: boolean): SyscallResult {
  if (to < 0 || to >= groupOf(kernel, task).rlimits[RLIMIT_NOFILE]!.soft) return 'EBADF';
  const file = rawFileOf(kernel, task, from);
  if (typeof file === 'string') return file;
  replaceFd(kernel, task, to, getFile(kernel, file), closeOnExec);
  return to;
}

function closeRange(kernel: Kernel, task: Task, first: number, last: number, flags: number): SyscallResult {
  if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0 || first > last) return 'EINVAL';
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0) unshareFdTable(kernel, task);
  const { fds } = kernel.fdTables.get(task.files)!;
  for (let fd = Math.min(last, fds.length - 1); fd >= first; fd--) {
    const entry = fds[fd];
    if (entry === null || entry === undefined) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) entry.closeOnExec = true;
    else closeFd(kernel, task, fd);
  }
  return 0;
}

function fcntl(kernel: Kernel, task: Task, fd: number, cmd: number, arg: number): SyscallResult {
  const entry = entryOf(kernel, task, fd);
  if (entry === null) return 'EBADF';
  const file = kernel.files.get(entry.file)!;
  switch (cmd) {
    case F.F_DUPFD:
    case F.F_DUPFD_CLOEXEC:
      if (arg >= groupOf(kernel, task).rlimits[RLIMIT_NOFILE]!.soft) return 'EINVAL';
      return duplicate(kernel, task, fd, arg, cmd === F.F_DUPFD_CLOEXEC);
    case F.F_GETFD:
      return entry.closeOnExec ? FD_CLOEXEC : 0;
    case F.F_SETFD:
      entry.closeOnExec = (arg & FD_CLOEXEC) !== 0;
      return 0;
    case F.F_GETFL:
      return file.flags;
    case F.F_DUPFD_QUERY: {
      const other = entryOf(kernel, task, arg | 0);
      return other === null ? 'EBADF' : other.file === entry.file ? 1 : 0;
    }
    default:
      // A descriptor of O_PATH is good for nothing else.
      return file.kind === 'path' ? 'EBADF' : fileControl(kernel, task, file, cmd, arg);
  }
}

function fileControl(kernel: Kernel, task: Task, file: OpenFile, cmd: number, arg: number): SyscallResult {
  switch (cmd) {
    case F.F_SETFL:
      return setStatusFlags(kernel, task, file, arg);
    case F.F_GETLK:
    case F.F_OFD_GETLK:
      return getLock(kernel, task, file, arg, cmd === F.F_OFD_GETLK);
    case F.F_SETLK:
    case F.F_SETLKW:
      return setLockCommand(kernel, task, file, arg, false, cmd === F.F_SETLKW);
    case F.F_OFD_SETLK:
    case F.F_OFD_SETLKW:
      return setLockCommand(kernel, task, file, arg, true, cmd === F.F_OFD_SETLKW);
    case F.F_SETOWN:
      file.owner = arg | 0;
      return 0;
    case F.F_GETOWN:
      return file.owner;
    case F.F_SETOWN_EX:
    case F.F_GETOWN_EX:
      return ownerEx(kernel, task, file, arg, cmd === F.F_SETOWN_EX);
    case F.F_SETSIG:
      if (arg < 0 || arg > MAX_SIGNAL) return 'EINVAL';
      file.signal = arg;
      return 0;
    case F.F_GETSIG:
      return file.signal;
    case F.F_GETLEASE:
      // There are no leases, so there is none on this file.
      return F_UNLCK;
    case F.F_GETPIPE_SZ:
      return pipeSize(kernel, file);
    case F.F_SETPIPE_SZ:
      return setPipeSize(kernel, task, file, arg);
    case F.F_ADD_SEALS:
      return addSeals(kernel, file, arg);
    case F.F_GET_SEALS: {
      const inode = inodeOf(kernel, file.inode);
      return isSealable(kernel, file) ? inode.seals : 'EINVAL';
    }
    default:
      return 'EINVAL';
  }
}

function setStatusFlags(kernel: Kernel, task: Task, file: OpenFile, wanted: number): Outcome<0> {
  const gains = wanted & ~file.flags;
  if ((gains & O_NOATIME) !== 0 && !ownerOrCapable(task.cred, inodeOf(kernel, file.inode))) return 'EPERM';
  file.flags = (file.flags & ~SETFL_MASK) | (wanted & SETFL_MASK);
  return 0;
}

/** file.owner: a process (positive), a group (negative). Threads are kept as their own id, which signals reach likewise. */
function ownerEx(kernel: Kernel, task: Task, file: OpenFile, address: number, sets: boolean): Outcome<0> {
  const layout = layoutOf(F_OWNER_EX, kernel.arch);
  if (!sets) {
    const type = file.owner < 0 ? F_OWNER_PGRP : F_OWNER_PID;
    return writeUserStruct(kernel, task, address, layout, { type, pid: Math.abs(file.owner) });
  }
  const owner = readUserStruct(kernel, task, address, layout);
  if (typeof owner === 'string') return owner;
  if (owner.type !== F_OWNER_TID && owner.type !== F_OWNER_PID && owner.type !== F_OWNER_PGRP) return 'EINVAL';
  file.owner = owner.type === F_OWNER_PGRP ? -owner.pid : owner.pid;
  return 0;
}

function addSeals(kernel: Kernel, file: OpenFile, seals: number): Outcome<0> {
  if (!file.writable) return 'EPERM';
  if (!isSealable(kernel, file) || (seals & ~ALL_SEALS) !== 0) return 'EINVAL';
  const inode = inodeOf(kernel, file.inode);
  if ((inode.seals & F_SEAL_SEAL) !== 0) return 'EPERM';
  const addsWrite = (seals & F_SEAL_WRITE) !== 0 && (inode.seals & F_SEAL_WRITE) === 0;
  if (addsWrite && isMappedWritable(kernel, inode)) return 'EBUSY';
  let added = seals;
  // A program that may not lose its execute bit may not be changed either.
  if ((seals & F_SEAL_EXEC) !== 0 && (inode.mode & 0o111) !== 0)
    added |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
  inode.seals |= added;
  return 0;
}

/** Only files that live in memory have seals. */
function isSealable(kernel: Kernel, file: OpenFile): boolean {
  return file.kind === 'regular' && fsOf(kernel, inodeOf(kernel, file.inode)).name === 'tmpfs';
}
