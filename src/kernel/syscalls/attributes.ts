/**
 * System calls that change or ask for attributes of files. See chmod(2), chown(2), utimensat(2), access(2), umask(2);
 * truncate(2) and fallocate(2) are in resize.ts.
 *
 * Interface: attributeCalls.
 */
import {
  isDirectory,
  isRegular,
  isSymlink,
  S_IALLUGO,
  S_ISGID,
  S_ISUID,
  S_IXGRP,
  S_IXUGO,
} from '../../abi/file-mode.ts';
import { AT, AT_FD } from '../../abi/flags/at.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { SEALS } from '../../abi/flags/fcntl.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import type { Kernel } from '../kernel.ts';
import { getUserI64 } from '../mm/uaccess.ts';
import { failed, type Outcome } from '../result.ts';
import { capable, inGroup } from '../task/cred.ts';
import type { Cred, Task } from '../task/types.ts';
import { realtimeNow } from '../time/timers.ts';
import { setAttributes } from '../vfs/attributes.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { filePlace } from '../vfs/file.ts';
import { getUserPath, inodeAt, pathPut, walk } from '../vfs/path.ts';
import { MAY_EXEC, MAY_WRITE, ownerOrCapable, permission, wantWrite } from '../vfs/permission.ts';
import type { Inode, Mount, PathRef, SetAttr, Timespec } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';
import { resizeCalls } from './resize.ts';

const { AT_FDCWD } = AT_FD.values;
const { AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EACCESS } = AT.values;
const { CAP_CHOWN, CAP_FSETID } = CAPABILITY.values;
const { MS_NOEXEC } = MOUNT.values;
const { F_SEAL_EXEC } = SEALS.values;

/** uid and gid arguments that mean "leave it". */
const UNCHANGED = 0xffff_ffff;
const UTIME_NOW = 0x3fff_ffff;
const UTIME_OMIT = 0x3fff_fffe;
const NSEC_PER_SEC = 1_000_000_000;
/** Bits of Cred.securebits. */
const SECBIT_NO_SETUID_FIXUP = 4;

/** What a call does with the file it was given, once found. */
type Change = (inode: Inode, mount: Mount) => Outcome<0>;

export const attributeCalls = {
  chmod: (kernel, task, path, mode) => chmodAt(kernel, task, AT_FDCWD, path, mode, 0),
  fchmodat: (kernel, task, dfd, path, mode) => chmodAt(kernel, task, dfd, path, mode, 0),
  fchmodat2: chmodAt,
  fchmod: (kernel, task, fd, mode) =>
    onFile(kernel, task, fd, (inode, mount) => changeMode(kernel, task.cred, inode, mount, mode)),
  chown: (kernel, task, path, uid, gid) => chownAt(kernel, task, AT_FDCWD, path, uid, gid, 0),
  lchown: (kernel, task, path, uid, gid) => chownAt(kernel, task, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW),
  fchownat: chownAt,
  fchown: (kernel, task, fd, uid, gid) =>
    onFile(kernel, task, fd, (inode, mount) => changeOwner(kernel, task.cred, inode, mount, uid, gid)),
  utimensat,
  utime(kernel, task, path, times) {
    const pair = readTimes(kernel, task, times, 8, 0);
    return typeof pair === 'string' ? pair : utimesAt(kernel, task, AT_FDCWD, path, pair, 0);
  },
  utimes: (kernel, task, path, times) => futimesat(kernel, task, AT_FDCWD, path, times),
  futimesat,
  ...resizeCalls,
  umask(kernel, task, mask) {
    const context = kernel.fsContexts.get(task.fs)!;
    const old = context.umask;
    context.umask = mask & 0o777;
    return old;
  },
  access: (kernel, task, path, mode) => accessAt(kernel, task, AT_FDCWD, path, mode, 0),
  faccessat: (kernel, task, dfd, path, mode) => accessAt(kernel, task, dfd, path, mode, 0),
  faccessat2: accessAt,
} satisfies Handlers;

function onPath(kernel: Kernel, task: Task, dirfd: number, path: number, flags: number, change: Change): Outcome<0> {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return 'EINVAL';
  const name = getUserPath(kernel, task, path);
  if (typeof name === 'string') return name;
  const ref = walk(kernel, task, dirfd, name.path, {
    follow: (flags & AT_SYMLINK_NOFOLLOW) === 0,
    emptyPath: (flags & AT_EMPTY_PATH) !== 0,
  });
  if (failed(ref)) return ref;
  const result = onPlace(kernel, ref, change);
  pathPut(kernel, ref);
  return result;
}

function onFile(kernel: Kernel, task: Task, fd: number, change: Change): Outcome<0> {
  const file = fileOf(kernel, task, fd);
  return typeof file === 'string' ? file : onPlace(kernel, filePlace(kernel, file), change);
}

function onPlace(kernel: Kernel, ref: PathRef, change: Change): Outcome<0> {
  return change(inodeAt(kernel, ref), kernel.mounts.get(ref.mount)!);
}

function chmodAt(kernel: Kernel, task: Task, dirfd: number, path: number, mode: number, flags: number): Outcome<0> {
  return onPath(kernel, task, dirfd, path, flags, (inode, mount) => changeMode(kernel, task.cred, inode, mount, mode));
}

function changeMode(kernel: Kernel, cred: Cred, inode: Inode, mount: Mount, mode: number): Outcome<0> {
  const readOnly = wantWrite(kernel, mount);
  if (readOnly !== 0) return readOnly;
  if (isSymlink(inode.mode)) return 'EOPNOTSUPP';
  if (!ownerOrCapable(cred, inode)) return 'EPERM';
  let wanted = mode & S_IALLUGO;
  if ((inode.seals & F_SEAL_EXEC) !== 0 && ((wanted ^ inode.mode) & S_IXUGO) !== 0) return 'EPERM';
  if (!inGroup(cred, inode.gid) && !capable(cred, CAP_FSETID)) wanted &= ~S_ISGID;
  return setAttributes(kernel, inode, { mode: wanted });
}

function chownAt(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: number,
  uid: number,
  gid: number,
  flags: number,
): Outcome<0> {
  return onPath(kernel, task, dirfd, path, flags, (inode, mount) =>
    changeOwner(kernel, task.cred, inode, mount, uid, gid),
  );
}

function changeOwner(kernel: Kernel, cred: Cred, inode: Inode, mount: Mount, uid: number, gid: number): Outcome<0> {
  const readOnly = wantWrite(kernel, mount);
  if (readOnly !== 0) return readOnly;
  const attr: SetAttr = {};
  if (uid !== UNCHANGED) attr.uid = uid;
  if (gid !== UNCHANGED) attr.gid = gid;
  const owns = cred.fsuid === inode.uid;
  const mayUid = attr.uid === undefined || (owns && uid === inode.uid);
  const mayGid = attr.gid === undefined || (owns && (gid === inode.gid || inGroup(cred, gid)));
  if ((!mayUid || !mayGid) && !capable(cred, CAP_CHOWN)) return 'EPERM';
  const kept = modeAfterChown(cred, inode);
  if (kept !== inode.mode) attr.mode = kept & S_IALLUGO;
  return setAttributes(kernel, inode, attr);
}

/** Linux: a change of owner takes the set-id bits of everything but directories, root's changes too. */
function modeAfterChown(cred: Cred, inode: Inode): number {
  const { mode } = inode;
  if (isDirectory(mode)) return mode;
  let clear = S_ISUID;
  if ((mode & S_ISGID) !== 0) {
    const isLock = (mode & S_IXGRP) === 0;
    if (!isLock || (!inGroup(cred, inode.gid) && !capable(cred, CAP_FSETID))) clear |= S_ISGID;
  }
  return mode & ~clear;
}

/** The two times that a utimensat call asks for; null: now for both. `nsec` may be UTIME_NOW or UTIME_OMIT. */
type TimePair = readonly [Timespec, Timespec] | null;

/** Two seconds-and-fraction pairs (or, with a stride of 8, whole seconds) at a user address. */
function readTimes(
  kernel: Kernel,
  task: Task,
  address: number,
  stride: number,
  nsecPerUnit: number,
): { times: TimePair } | 'EFAULT' {
  if (address === 0) return { times: null };
  const read: Timespec[] = [];
  for (let i = 0; i < 2; i++) {
    const sec = getUserI64(kernel, task, address + i * stride);
    const part = stride === 8 ? 0 : getUserI64(kernel, task, address + i * stride + 8);
    if (typeof sec === 'string' || typeof part === 'string') return 'EFAULT';
    read.push({ sec, nsec: part * nsecPerUnit });
  }
  return { times: [read[0]!, read[1]!] };
}

function futimesat(kernel: Kernel, task: Task, dirfd: number, path: number, address: number): Outcome<0> {
  const pair = readTimes(kernel, task, address, 16, 1000);
  if (typeof pair === 'string') return pair;
  for (const { nsec } of pair.times ?? []) if (nsec < 0 || nsec >= NSEC_PER_SEC) return 'EINVAL';
  return utimesAt(kernel, task, dirfd, path, pair, 0);
}

function utimensat(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: number,
  address: number,
  flags: number,
): SyscallResult {
  const pair = readTimes(kernel, task, address, 16, 1);
  if (typeof pair === 'string') return pair;
  // Linux: with both to be left, not even the path is looked at.
  if (pair.times !== null && pair.times.every(({ nsec }) => nsec === UTIME_OMIT)) return 0;
  return utimesAt(kernel, task, dirfd, path, pair, flags);
}

function utimesAt(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: number,
  { times }: { times: TimePair },
  flags: number,
): Outcome<0> {
  for (const { nsec } of times ?? []) {
    if ((nsec < 0 || nsec >= NSEC_PER_SEC) && nsec !== UTIME_NOW && nsec !== UTIME_OMIT) return 'EINVAL';
  }
  const change: Change = (inode, mount) => changeTimes(kernel, task.cred, inode, mount, times);
  if (path !== 0 || dirfd === AT_FDCWD) return onPath(kernel, task, dirfd, path, flags, change);
  return flags !== 0 ? 'EINVAL' : onFile(kernel, task, dirfd, change);
}

function changeTimes(kernel: Kernel, cred: Cred, inode: Inode, mount: Mount, times: TimePair): Outcome<0> {
  const readOnly = wantWrite(kernel, mount);
  if (readOnly !== 0) return readOnly;
  const now = realtimeNow(kernel);
  const isTouch = times === null || times.every(({ nsec }) => nsec === UTIME_NOW);
  if (!ownerOrCapable(cred, inode)) {
    if (!isTouch) return 'EPERM';
    // Whoever may write the file may also set its times to now.
    const denied = permission(kernel, cred, inode, MAY_WRITE);
    if (denied !== 0) return denied;
  }
  const [atime, mtime] = times ?? [now, now];
  const attr: SetAttr = {};
  if (atime.nsec !== UTIME_OMIT) attr.atime = atime.nsec === UTIME_NOW ? now : atime;
  if (mtime.nsec !== UTIME_OMIT) attr.mtime = mtime.nsec === UTIME_NOW ? now : mtime;
  return setAttributes(kernel, inode, attr);
}

function accessAt(kernel: Kernel, task: Task, dirfd: number, path: number, mode: number, flags: number): Outcome<0> {
  if ((mode & ~7) !== 0) return 'EINVAL';
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return 'EINVAL';
  const check: Change = (inode, mount) => checkAccess(kernel, task.cred, inode, mount, mode);
  const walkFlags = flags & ~AT_EACCESS;
  if ((flags & AT_EACCESS) !== 0) return onPath(kernel, task, dirfd, path, walkFlags, check);
  // access asks for the real user: the whole walk is made as that one.
  const own = task.cred;
  task.cred = realCred(own);
  const result = onPath(kernel, task, dirfd, path, walkFlags, check);
  task.cred = own;
  return result;
}

function checkAccess(kernel: Kernel, cred: Cred, inode: Inode, mount: Mount, mode: number): Outcome<0> {
  const runs = (mode & MAY_EXEC) !== 0 && isRegular(inode.mode);
  if (runs && (mount.flags & MS_NOEXEC) !== 0) return 'EACCES';
  const denied = mode === 0 ? 0 : permission(kernel, cred, inode, mode);
  if (denied !== 0) return denied;
  const stored = isRegular(inode.mode) || isDirectory(inode.mode) || isSymlink(inode.mode);
  return (mode & MAY_WRITE) !== 0 && stored ? wantWrite(kernel, mount) : 0;
}

function realCred(cred: Cred): Cred {
  if (cred.uid === cred.fsuid && cred.gid === cred.fsgid) return cred;
  const keepsCaps = (cred.securebits & SECBIT_NO_SETUID_FIXUP) !== 0;
  const capEffective = keepsCaps ? cred.capEffective : cred.uid === 0 ? cred.capPermitted : 0n;
  return { ...cred, fsuid: cred.uid, fsgid: cred.gid, capEffective };
}
