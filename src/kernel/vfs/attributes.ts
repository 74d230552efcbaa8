/**
 * Changing a file's attributes, for every file system. See chmod(2), chown(2), truncate(2), utimensat(2), inode(7).
 *
 * Interface: setAttributes, setSize, removePrivileges, touchAccessed, initOwner.
 * A file system's setattr is asked first and may refuse or pass the change on; then the inode's fields are set here.
 */
import { isDirectory, isRegular, S_IFMT, S_ISGID, S_ISUID, S_IXGRP } from '../../abi/file-mode.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { SEALS } from '../../abi/flags/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import { truncatePages } from '../mm/page-cache.ts';
import { failed, type Outcome } from '../result.ts';
import { capable, inGroup } from '../task/cred.ts';
import type { Cred } from '../task/types.ts';
import { realtimeNow } from '../time/timers.ts';
import { touchModified } from './inode.ts';
import { fsOf } from './registry.ts';
import type { Inode, OpenFile, SetAttr } from './types.ts';

const { CAP_FSETID } = CAPABILITY.values;
const { MS_NOATIME, MS_NODIRATIME, MS_RDONLY, MS_STRICTATIME } = MOUNT.values;
const { O_NOATIME } = OPEN.values;
const { F_SEAL_SHRINK, F_SEAL_GROW } = SEALS.values;

const DAY_S = 86400;
/** Offsets stay exact as numbers, with room for a page. */
export const MAX_FILE_BYTES = 2 ** 53 - 4096;

/** Sets mode (permission bits), owner and times. Permission was checked. */
export function setAttributes(kernel: Kernel, inode: Inode, attr: SetAttr): Outcome<0> {
  const fs = fsOf(kernel, inode);
  const prepared = fs.prepareWrite?.(kernel, inode) ?? 0;
  if (failed(prepared)) return prepared;
  const set = fs.setattr?.(kernel, inode, attr) ?? 0;
  if (failed(set)) return set;
  if (attr.mode !== undefined) inode.mode = (inode.mode & S_IFMT) | (attr.mode & ~S_IFMT);
  if (attr.uid !== undefined) inode.uid = attr.uid;
  if (attr.gid !== undefined) inode.gid = attr.gid;
  if (attr.atime !== undefined) inode.atime = attr.atime;
  if (attr.mtime !== undefined) inode.mtime = attr.mtime;
  inode.ctime = realtimeNow(kernel);
  return 0;
}

/** Truncates or extends a regular file. Permission was checked. */
export function setSize(kernel: Kernel, cred: Cred, inode: Inode, size: number): Outcome<0> {
  if (size > MAX_FILE_BYTES) return 'EFBIG';
  if (size < inode.size && (inode.seals & F_SEAL_SHRINK) !== 0) return 'EPERM';
  if (size > inode.size && (inode.seals & F_SEAL_GROW) !== 0) return 'EPERM';
  const fs = fsOf(kernel, inode);
  const prepared = fs.prepareWrite?.(kernel, inode) ?? 0;
  if (failed(prepared)) return prepared;
  const set = fs.setattr?.(kernel, inode, { size }) ?? 0;
  if (failed(set)) return set;
  removePrivileges(cred, inode);
  truncatePages(kernel, inode, size);
  inode.size = size;
  touchModified(kernel, inode);
  return 0;
}

/** Writing to a program takes its set-user-id and set-group-id bits, unless the writer has CAP_FSETID. */
export function removePrivileges(cred: Cred, inode: Inode): void {
  const mode = inode.mode;
  if ((mode & (S_ISUID | S_ISGID)) === 0 || !isRegular(mode)) return;
  let clear = mode & S_ISUID;
  if ((mode & S_ISGID) !== 0 && ((mode & S_IXGRP) !== 0 || !inGroup(cred, inode.gid))) clear |= S_ISGID;
  if (clear !== 0 && !capable(cred, CAP_FSETID)) inode.mode = mode & ~clear;
}

/** Contents were read: st_atime by the rules of relatime, or of the mount's flags. */
export function touchAccessed(kernel: Kernel, file: OpenFile, inode: Inode): void {
  if ((file.flags & O_NOATIME) !== 0 || file.path === null) return;
  const { flags } = kernel.mounts.get(file.path.mount)!;
  if ((flags & (MS_RDONLY | MS_NOATIME)) !== 0) return;
  if ((flags & MS_NODIRATIME) !== 0 && isDirectory(inode.mode)) return;
  const { atime, mtime, ctime } = inode;
  const isOlder =
    atime.sec < mtime.sec ||
    atime.sec < ctime.sec ||
    (atime.sec === mtime.sec && atime.nsec <= mtime.nsec) ||
    (atime.sec === ctime.sec && atime.nsec <= ctime.nsec);
  const strict = (flags & MS_STRICTATIME) !== 0;
  if (!strict && !isOlder && kernel.superBlocks.get(inode.sb)!.readOnly) return;
  const now = realtimeNow(kernel);
  if (strict || isOlder || now.sec - atime.sec >= DAY_S) inode.atime = now;
}

/** Mode and owner of a new file in `dir`: set-group-id directories hand on their group. */
export function initOwner(dir: Inode, mode: number, cred: Cred): { mode: number; uid: number; gid: number } {
  if ((dir.mode & S_ISGID) === 0) return { mode, uid: cred.fsuid, gid: cred.fsgid };
  let inherited = mode;
  if (isDirectory(mode)) inherited |= S_ISGID;
  else if (
    (mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP) &&
    !inGroup(cred, dir.gid) &&
    !capable(cred, CAP_FSETID)
  )
    inherited &= ~S_ISGID;
  return { mode: inherited, uid: cred.fsuid, gid: dir.gid };
}
