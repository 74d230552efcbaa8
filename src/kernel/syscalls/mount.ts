/**
 * System calls on mounts. See mount(2), umount2(2). pivot_root is in directory.ts.
 *
 * Interface: mountCalls.
 * There is one mount namespace and no propagation: MS_SHARED and its kin are checked and have no effect.
 */
import { isDirectory } from '../../abi/file-mode.ts';
import { AT_FD } from '../../abi/flags/at.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { MOUNT, UMOUNT } from '../../abi/flags/mount.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { strncpyFromUser } from '../mm/uaccess.ts';
import { failed, type Outcome } from '../result.ts';
import { capable } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { fsContextOf } from '../vfs/fs-context.ts';
import { bindAt, mountAt, moveMount, unmount } from '../vfs/mount.ts';
import { getUserPath, inodeAt, pathPut, walk } from '../vfs/path.ts';
import { FILE_SYSTEMS } from '../vfs/registry.ts';
import { destroySuperBlock } from '../vfs/super.ts';
import type { Mount, PathRef, SuperBlock } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { AT_FDCWD } = AT_FD.values;
const { CAP_SYS_ADMIN } = CAPABILITY.values;
const { MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOSYMFOLLOW } = MOUNT.values;
const { MS_NOATIME, MS_NODIRATIME, MS_RELATIME, MS_STRICTATIME } = MOUNT.values;
const { MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_SILENT } = MOUNT.values;
const { MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED } = MOUNT.values;
const { MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW } = UMOUNT.values;

const MS_NOUSER = 0x8000_0000;
/** Programs for Linux before 2.4 put this into the upper half of the flags. */
const MS_MGC_VAL = 0xc0ed;
const PROPAGATION = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED;
const ATIME = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
/** Flags that belong to a mount and not to its file system. */
const MOUNT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | ATIME;
const STRING_MAX = 4096;

export const mountCalls = {
  mount: mountUser,
  umount: (kernel, task, name) => umountUser(kernel, task, name, 0),
  umount2: umountUser,
} satisfies Handlers;

function mountUser(
  kernel: Kernel,
  task: Task,
  sourceAt: number,
  targetAt: number,
  typeAt: number,
  wanted: number,
  dataAt: number,
): SyscallResult {
  const type = optionalString(kernel, task, typeAt);
  if (typeof type === 'string') return type;
  const source = optionalString(kernel, task, sourceAt);
  if (typeof source === 'string') return source;
  const data = optionalString(kernel, task, dataAt);
  if (typeof data === 'string') return data;
  const target = getUserPath(kernel, task, targetAt);
  if (typeof target === 'string') return target;
  const at = walk(kernel, task, AT_FDCWD, target.path, { follow: true });
  if (failed(at)) return at;
  const result = change(kernel, task, at, lowFlags(wanted), type.text, source.text, data.text ?? '');
  pathPut(kernel, at);
  return result;
}

function change(
  kernel: Kernel,
  task: Task,
  at: PathRef,
  flags: number,
  type: ByteString | null,
  source: ByteString | null,
  data: ByteString,
): Outcome<0> {
  if ((flags & MS_NOUSER) !== 0) return 'EINVAL';
  if (!capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
  if ((flags & MS_REMOUNT) !== 0) return remount(kernel, at, flags);
  if ((flags & MS_BIND) !== 0) return bind(kernel, task, at, source, (flags & MS_REC) !== 0);
  if ((flags & PROPAGATION) !== 0) return setPropagation(kernel, at, flags);
  if ((flags & MS_MOVE) !== 0) return move(kernel, task, at, source);
  return mountNew(kernel, at, flags, type, source ?? 'none', data);
}

function mountNew(
  kernel: Kernel,
  at: PathRef,
  flags: number,
  type: ByteString | null,
  source: ByteString,
  data: ByteString,
): Outcome<0> {
  if (type === null) return 'EINVAL';
  const fs = Object.hasOwn(FILE_SYSTEMS, type) ? FILE_SYSTEMS[type]! : undefined;
  if (fs === undefined) return 'ENODEV';
  const made = fs.mount(kernel, source, flags, data);
  if (failed(made)) return made;
  const sb = kernel.superBlocks.get(made)!;
  const isFirst = ![...kernel.mounts.values()].some((mount) => mount.sb === sb.id);
  const refused = mayCover(kernel, at, sb);
  if (refused !== 0) {
    if (isFirst) destroySuperBlock(kernel, sb);
    return refused;
  }
  if (isFirst && (flags & MS_RDONLY) !== 0) sb.readOnly = true;
  mountAt(kernel, sb, at, mountFlags(flags), source);
  return 0;
}

/** A directory covers a directory, and nothing is mounted twice at one place. */
function mayCover(kernel: Kernel, at: PathRef, sb: SuperBlock): 0 | 'ENOTDIR' | 'EBUSY' {
  const mount = kernel.mounts.get(at.mount)!;
  if (mount.sb === sb.id && mount.root === at.dentry && sb.root === at.dentry) return 'EBUSY';
  return isDirectory(inodeAt(kernel, at).mode) ? 0 : 'ENOTDIR';
}

function bind(kernel: Kernel, task: Task, at: PathRef, source: ByteString | null, recursive: boolean): Outcome<0> {
  if (source === null || source === '') return 'EINVAL';
  const from = walk(kernel, task, AT_FDCWD, source, { follow: true });
  if (failed(from)) return from;
  const fits = isDirectory(inodeAt(kernel, from).mode) === isDirectory(inodeAt(kernel, at).mode);
  const isGone = kernel.dentries.get(from.dentry)!.unlinked || kernel.dentries.get(at.dentry)!.unlinked;
  if (fits && !isGone) bindAt(kernel, from, at, recursive);
  pathPut(kernel, from);
  return isGone ? 'ENOENT' : fits ? 0 : 'ENOTDIR';
}

function move(kernel: Kernel, task: Task, at: PathRef, source: ByteString | null): Outcome<0> {
  if (source === null || source === '') return 'EINVAL';
  const from = walk(kernel, task, AT_FDCWD, source, { follow: true });
  if (failed(from)) return from;
  const mount = kernel.mounts.get(from.mount)!;
  const fits = isDirectory(inodeAt(kernel, from).mode) === isDirectory(inodeAt(kernel, at).mode);
  const result = from.dentry === mount.root && fits ? moveMount(kernel, mount, at) : 'EINVAL';
  pathPut(kernel, from);
  return result;
}

/** MS_REMOUNT; with MS_BIND only this mount changes, not the file system. */
function remount(kernel: Kernel, at: PathRef, flags: number): Outcome<0> {
  const mount = kernel.mounts.get(at.mount)!;
  if (mount.root !== at.dentry) return 'EINVAL';
  const readOnly = (flags & MS_RDONLY) !== 0;
  if (readOnly && (mount.flags & MS_RDONLY) === 0 && isWritten(kernel, mount)) return 'EBUSY';
  if ((flags & MS_BIND) === 0) {
    const set = setReadOnly(kernel, kernel.superBlocks.get(mount.sb)!, readOnly);
    if (set !== 0) return set;
  }
  const wanted = mountFlags(flags);
  // Linux: without a word on access times they stay as they are.
  mount.flags = (flags & ATIME) === 0 ? (wanted & ~ATIME) | (mount.flags & ATIME) : wanted;
  return 0;
}

function setReadOnly(kernel: Kernel, sb: SuperBlock, readOnly: boolean): 0 | 'EROFS' {
  // What cannot be written at all was never made writable.
  if (!readOnly && sb.readOnly && FILE_SYSTEMS[sb.type]!.isWritable?.(kernel, sb) === false) return 'EROFS';
  sb.readOnly = readOnly;
  return 0;
}

function isWritten(kernel: Kernel, mount: Mount): boolean {
  for (const file of kernel.files.values()) {
    if (file.writable && file.path !== null && file.path.mount === mount.id) return true;
  }
  return false;
}

function setPropagation(kernel: Kernel, at: PathRef, flags: number): 0 | 'EINVAL' {
  const kind = flags & ~(MS_REC | MS_SILENT);
  if ((kind & ~PROPAGATION) !== 0 || (kind & (kind - 1)) !== 0) return 'EINVAL';
  return kernel.mounts.get(at.mount)!.root === at.dentry ? 0 : 'EINVAL';
}

function umountUser(kernel: Kernel, task: Task, nameAt: number, flags: number): SyscallResult {
  if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) !== 0) return 'EINVAL';
  const name = getUserPath(kernel, task, nameAt);
  if (typeof name === 'string') return name;
  const at = walk(kernel, task, AT_FDCWD, name.path, { follow: (flags & UMOUNT_NOFOLLOW) === 0 });
  if (failed(at)) return at;
  const mount = kernel.mounts.get(at.mount)!;
  const isRoot = mount.root === at.dentry;
  pathPut(kernel, at);
  if (!capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
  if (!isRoot || !kernel.mounts.has(mount.id)) return 'EINVAL';
  const isOwnRoot = fsContextOf(kernel, task).root.mount === mount.id;
  if ((flags & MNT_EXPIRE) !== 0) {
    if (isOwnRoot || (flags & (MNT_FORCE | MNT_DETACH)) !== 0) return 'EINVAL';
    if (mount.refs > 1) return 'EBUSY';
    if (!mount.expiring) {
      mount.expiring = true;
      return 'EAGAIN';
    }
  }
  if (isOwnRoot && (flags & MNT_DETACH) === 0) return retireRoot(kernel, mount);
  return unmount(kernel, mount, (flags & MNT_DETACH) !== 0);
}

/** Linux: the root is not unmounted but made read-only. */
function retireRoot(kernel: Kernel, mount: Mount): 0 | 'EBUSY' {
  if (isWritten(kernel, mount)) return 'EBUSY';
  kernel.superBlocks.get(mount.sb)!.readOnly = true;
  return 0;
}

function mountFlags(flags: number): number {
  const own = flags & MOUNT_FLAGS & ~(MS_RELATIME | MS_STRICTATIME);
  if ((flags & MS_STRICTATIME) !== 0) return (own & ~MS_NOATIME) | MS_STRICTATIME;
  return (flags & MS_NOATIME) !== 0 ? own : own | MS_RELATIME;
}

/** The flags as 32 bits, without the magic number of old programs. */
function lowFlags(flags: number): number {
  const low = flags % 2 ** 32;
  return Math.floor(low / 2 ** 16) === MS_MGC_VAL ? low % 2 ** 16 : low;
}

function optionalString(
  kernel: Kernel,
  task: Task,
  address: number,
): { text: ByteString | null } | 'EFAULT' | 'EINVAL' {
  if (address === 0) return { text: null };
  const copied = strncpyFromUser(kernel, task, address, STRING_MAX);
  if (typeof copied === 'string') return copied === 'EFAULT' ? copied : 'EINVAL';
  return { text: copied.bytes };
}
