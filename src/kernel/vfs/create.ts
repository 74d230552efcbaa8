/**
 * Making names: directories, devices, links. See mkdir(2), mknod(2), symlink(2), link(2).
 *
 * Interface: makeDirectory, makeNode, makeSymlink, makeLink.
 */
import {
  isDirectory,
  S_IALLUGO,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISVTX,
} from '../../abi/file-mode.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import { capable } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { dentryInode, instantiate, isNegative, lookupChild } from './dentry.ts';
import { inodeGet } from './inode.ts';
import { inodeAt } from './mount.ts';
import { walkParent, type Walker } from './path.ts';
import { mayCreateIn, wantWrite } from './permission.ts';
import { fsOf } from './registry.ts';
import type { Dentry, Inode, PathRef } from './types.ts';

const { CAP_MKNOD } = CAPABILITY.values;
const DIRECTORY_MODE = 0o777 | S_ISVTX;

export function makeDirectory(kernel: Kernel, task: Task, dirfd: number, path: ByteString, mode: number): Outcome<0> {
  const place = newName(kernel, task, dirfd, path, true);
  if (failed(place)) return place;
  const denied = mayCreateIn(kernel, task.cred, place.walker.dentry);
  if (denied !== 0) return denied;
  const masked = (mode & DIRECTORY_MODE & ~umaskOf(kernel, task)) | S_IFDIR;
  const { dir } = place;
  const made = fsOf(kernel, dir).create?.(kernel, dir, place.walker.last, masked, 0, task.cred) ?? 'EPERM';
  if (failed(made)) return made;
  instantiate(place.child, made);
  return 0;
}

/** `mode` with its type: regular, device, FIFO or socket. */
export function makeNode(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: ByteString,
  mode: number,
  rdev: number,
): Outcome<0> {
  let type = mode & S_IFMT;
  if (type === 0) type = S_IFREG;
  if (type === S_IFDIR) return 'EPERM';
  if (type !== S_IFREG && type !== S_IFCHR && type !== S_IFBLK && type !== S_IFIFO && type !== S_IFSOCK)
    return 'EINVAL';
  const place = newName(kernel, task, dirfd, path, false);
  if (failed(place)) return place;
  const denied = mayCreateIn(kernel, task.cred, place.walker.dentry);
  if (denied !== 0) return denied;
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  // Linux: anybody may make a whiteout, character device 0/0.
  const isWhiteout = type === S_IFCHR && rdev === 0;
  if (isDevice && !isWhiteout && !capable(task.cred, CAP_MKNOD)) return 'EPERM';
  const masked = (mode & S_IALLUGO & ~umaskOf(kernel, task)) | type;
  const { dir } = place;
  const number = isDevice ? rdev : 0;
  const made = fsOf(kernel, dir).create?.(kernel, dir, place.walker.last, masked, number, task.cred) ?? 'EPERM';
  if (failed(made)) return made;
  instantiate(place.child, made);
  return 0;
}

export function makeSymlink(
  kernel: Kernel,
  task: Task,
  target: ByteString,
  dirfd: number,
  path: ByteString,
): Outcome<0> {
  if (target === '') return 'ENOENT';
  const place = newName(kernel, task, dirfd, path, false);
  if (failed(place)) return place;
  const denied = mayCreateIn(kernel, task.cred, place.walker.dentry);
  if (denied !== 0) return denied;
  const { dir } = place;
  const made = fsOf(kernel, dir).symlink?.(kernel, dir, place.walker.last, target, task.cred) ?? 'EPERM';
  if (failed(made)) return made;
  instantiate(place.child, made);
  return 0;
}

/** Another name for the file at `from`, which the caller holds. */
export function makeLink(kernel: Kernel, task: Task, from: PathRef, dirfd: number, path: ByteString): Outcome<0> {
  const place = newName(kernel, task, dirfd, path, false);
  if (failed(place)) return place;
  if (place.walker.mount.id !== from.mount) return 'EXDEV';
  const denied = mayCreateIn(kernel, task.cred, place.walker.dentry);
  if (denied !== 0) return denied;
  const inode = inodeAt(kernel, from);
  const { dir } = place;
  if (inode.sb !== dir.sb) return 'EXDEV';
  const fs = fsOf(kernel, dir);
  if (fs.link === undefined || isDirectory(inode.mode)) return 'EPERM';
  if (inode.nlink === 0 && !inode.linkable) return 'ENOENT';
  const linked = fs.link(kernel, dir, place.walker.last, inode);
  if (failed(linked)) return linked;
  instantiate(place.child, inodeGet(inode).id);
  return 0;
}

interface NewName {
  readonly walker: Walker;
  readonly dir: Inode;
  /** Negative. */
  readonly child: Dentry;
}

/** A name that is free (Linux: filename_create). Slashes may follow it only for directories. */
function newName(kernel: Kernel, task: Task, dirfd: number, path: ByteString, forDirectory: boolean): Outcome<NewName> {
  const walker = walkParent(kernel, task, dirfd, path);
  if (failed(walker)) return walker;
  const { last } = walker;
  if (last === '' || last === '.' || last === '..') return 'EEXIST';
  const child = lookupChild(kernel, walker.dentry, last);
  if (failed(child)) return child;
  if (!isNegative(child)) return 'EEXIST';
  if (walker.trailing && !forDirectory) return 'ENOENT';
  const readOnly = wantWrite(kernel, walker.mount);
  return readOnly !== 0 ? readOnly : { walker, dir: dentryInode(kernel, walker.dentry), child };
}

function umaskOf(kernel: Kernel, task: Task): number {
  return kernel.fsContexts.get(task.fs)!.umask;
}
