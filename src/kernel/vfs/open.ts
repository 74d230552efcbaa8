/**
 * Opening files by path. See open(2), openat2(2).
 *
 * Interface: openAt, openPath, checkOpenFlags.
 * A FIFO's open may wait; it goes on by resumeFifoOpen (ipc/fifo.ts), not by walking the path again.
 */
import { isDevice, isDirectory, isFifo, isRegular, isSymlink, S_IALLUGO, S_IFREG } from '../../abi/file-mode.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import type { Cred, Task } from '../task/types.ts';
import { setSize } from './attributes.ts';
import { dentryInode, instantiate, isNegative, lookupChild, newDentry } from './dentry.ts';
import { createFile, isFileLimitReached } from './file.ts';
import { inodeGet, inodeOf } from './inode.ts';
import { inodeAt, pathGet, pathPut } from './mount.ts';
import { enter, finish, resume, walk, walkParent, type Walker } from './path.ts';
import { MAY_EXEC, MAY_READ, MAY_WRITE, mayCreateIn, ownerOrCapable, permission, wantWrite } from './permission.ts';
import { fsOf, SPECIAL_OPEN, type Opened } from './registry.ts';
import type { Inode, Mount, OpenFile, PathRef } from './types.ts';

const {
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_TRUNC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NOATIME,
  O_CLOEXEC,
  O_LARGEFILE,
  O_PATH,
  O_TMPFILE,
  O_WRONLY,
} = OPEN.values;
const O_ACCMODE = OPEN.mask;
/** O_TMPFILE without the O_DIRECTORY that makes older kernels refuse it. */
const TMPFILE_BIT = O_TMPFILE & ~O_DIRECTORY;
const { MS_NODEV } = MOUNT.values;

/** Opens (and with O_CREAT makes) what `path` names. One reference, the caller's. */
export function openAt(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: ByteString,
  flags: number,
  mode: number,
  resolve = 0,
): Outcome<OpenFile> {
  const refused = checkOpenFlags(flags);
  if (refused !== 0) return refused;
  if ((flags & O_PATH) === 0) {
    if ((flags & TMPFILE_BIT) !== 0) return openTemporary(kernel, task, dirfd, path, flags, mode, resolve);
    if ((flags & O_CREAT) !== 0) return openCreating(kernel, task, dirfd, path, flags, mode, resolve);
  }
  const ref = walk(kernel, task, dirfd, path, {
    follow: (flags & O_NOFOLLOW) === 0,
    directory: (flags & O_DIRECTORY) !== 0,
    resolve,
  });
  if (failed(ref)) return ref;
  const file = openPath(kernel, task, ref, flags);
  pathPut(kernel, ref);
  return file;
}

/** Combinations that Linux refuses before it looks at the path. */
export function checkOpenFlags(flags: number): 0 | 'EINVAL' {
  if ((flags & O_PATH) !== 0) return 0;
  if ((flags & TMPFILE_BIT) !== 0) {
    const isWritable = (flags & O_ACCMODE) !== 0;
    return (flags & (O_TMPFILE | O_CREAT)) === O_TMPFILE && isWritable ? 0 : 'EINVAL';
  }
  return (flags & (O_DIRECTORY | O_CREAT)) === (O_DIRECTORY | O_CREAT) ? 'EINVAL' : 0;
}

/** Opens a place. The caller keeps its reference on `ref`; a link is not followed (ELOOP, except with O_PATH). */
export function openPath(kernel: Kernel, task: Task, ref: PathRef, flags: number): Outcome<OpenFile> {
  const inode = inodeAt(kernel, ref);
  if ((flags & O_PATH) === 0) {
    const denied = mayOpen(kernel, task.cred, kernel.mounts.get(ref.mount)!, inode, flags);
    if (denied !== 0) return denied;
  }
  return openInode(kernel, task, ref, inode, flags);
}

function openCreating(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: ByteString,
  flags: number,
  mode: number,
  resolve: number,
): Outcome<OpenFile> {
  const walker = walkParent(kernel, task, dirfd, path, resolve);
  if (failed(walker)) return walker;
  const exclusive = (flags & O_EXCL) !== 0;
  for (;;) {
    if (walker.last === '' || walker.last === '.' || walker.last === '..') {
      const end = finish(kernel, task, walker, false, false);
      if (failed(end)) return end;
      return exclusive ? 'EEXIST' : openExisting(kernel, task, walker, flags);
    }
    if (walker.trailing) return 'EISDIR';
    const child = lookupChild(kernel, walker.dentry, walker.last);
    if (failed(child)) return child;
    if (isNegative(child)) {
      const made = create(kernel, task, walker, mode);
      if (failed(made)) return made;
      instantiate(child, made);
      // What was just made may be opened whatever its mode says.
      return openInode(
        kernel,
        task,
        { mount: walker.mount.id, dentry: child.id },
        inodeOf(kernel, made),
        flags & ~O_TRUNC,
      );
    }
    if (exclusive) return 'EEXIST';
    const inode = dentryInode(kernel, child);
    if (!isSymlink(inode.mode)) {
      const entered = enter(kernel, walker, child);
      return entered === 0 ? openExisting(kernel, task, walker, flags) : entered;
    }
    if ((flags & O_NOFOLLOW) !== 0) return 'ELOOP';
    const resumed = resume(kernel, task, walker, inode);
    if (failed(resumed)) return resumed;
  }
}

function openExisting(kernel: Kernel, task: Task, walker: Walker, flags: number): Outcome<OpenFile> {
  if (isDirectory(dentryInode(kernel, walker.dentry).mode)) return 'EISDIR';
  return openPath(kernel, task, { mount: walker.mount.id, dentry: walker.dentry.id }, flags);
}

/** Makes a regular file at the walker's last component. */
function create(kernel: Kernel, task: Task, walker: Walker, mode: number): Outcome<number> {
  const readOnly = wantWrite(kernel, walker.mount);
  if (readOnly !== 0) return readOnly;
  const denied = mayCreateIn(kernel, task.cred, walker.dentry);
  if (denied !== 0) return denied;
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const dir = dentryInode(kernel, walker.dentry);
  const masked = (mode & S_IALLUGO & ~kernel.fsContexts.get(task.fs)!.umask) | S_IFREG;
  return fsOf(kernel, dir).create?.(kernel, dir, walker.last, masked, 0, task.cred) ?? 'EACCES';
}

function openTemporary(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: ByteString,
  flags: number,
  mode: number,
  resolve: number,
): Outcome<OpenFile> {
  const ref = walk(kernel, task, dirfd, path, { follow: (flags & O_NOFOLLOW) === 0, directory: true, resolve });
  if (failed(ref)) return ref;
  const file = createTemporary(kernel, task, ref, flags, mode);
  pathPut(kernel, ref);
  return file;
}

function createTemporary(kernel: Kernel, task: Task, ref: PathRef, flags: number, mode: number): Outcome<OpenFile> {
  const readOnly = wantWrite(kernel, kernel.mounts.get(ref.mount)!);
  if (readOnly !== 0) return readOnly;
  const parent = kernel.dentries.get(ref.dentry)!;
  const dir = dentryInode(kernel, parent);
  const denied = permission(kernel, task.cred, dir, MAY_WRITE | MAY_EXEC);
  if (denied !== 0) return denied;
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const masked = (mode & S_IALLUGO & ~kernel.fsContexts.get(task.fs)!.umask) | S_IFREG;
  const made = fsOf(kernel, dir).tmpfile?.(kernel, dir, masked, task.cred) ?? 'EOPNOTSUPP';
  if (failed(made)) return made;
  const inode = inodeOf(kernel, made);
  inode.linkable = (flags & O_EXCL) === 0;
  const name = `#${inode.ino}`;
  const dentry = newDentry(kernel, parent.sb, parent, name, made);
  parent.children.delete(name);
  dentry.unlinked = true;
  return openInode(kernel, task, { mount: ref.mount, dentry: dentry.id }, inode, flags & ~O_TRUNC);
}

/** Permission to open, by type (Linux: may_open). */
function mayOpen(
  kernel: Kernel,
  cred: Cred,
  mount: Mount,
  inode: Inode,
  flags: number,
): 0 | 'ELOOP' | 'EISDIR' | 'EACCES' | 'EROFS' | 'EPERM' {
  const access = flags & O_ACCMODE;
  let mask = access === 0 ? MAY_READ : access === O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;
  if ((flags & O_TRUNC) !== 0) mask |= MAY_WRITE;
  if (isSymlink(inode.mode)) return 'ELOOP';
  if (isDirectory(inode.mode) && (mask & MAY_WRITE) !== 0) return 'EISDIR';
  if (isDevice(inode.mode) && (mount.flags & MS_NODEV) !== 0) return 'EACCES';
  const denied = permission(kernel, cred, inode, mask);
  if (denied !== 0) return denied;
  const stored = isRegular(inode.mode) || isDirectory(inode.mode);
  if ((mask & MAY_WRITE) !== 0 && stored && wantWrite(kernel, mount) !== 0) return 'EROFS';
  return (flags & O_NOATIME) !== 0 && !ownerOrCapable(cred, inode) ? 'EPERM' : 0;
}

/** Makes the open file; permission was checked. */
function openInode(kernel: Kernel, task: Task, ref: PathRef, inode: Inode, flags: number): Outcome<OpenFile> {
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const isPath = (flags & O_PATH) !== 0;
  if (!isPath && (flags & O_ACCMODE) !== 0 && isRegular(inode.mode) && inode.writers < 0) return 'ETXTBSY';
  const opened = isPath ? PATH_ONLY : kindOf(kernel, task, inode, flags);
  if (failed(opened)) return opened;
  if (!isPath && (flags & O_TRUNC) !== 0 && isRegular(inode.mode)) {
    const truncated = setSize(kernel, task.cred, inode, 0);
    if (failed(truncated)) return truncated;
  }
  const file = createFile(kernel, {
    kind: opened.kind,
    inode: inodeGet(inode),
    path: pathGet(kernel, ref),
    name: '',
    flags: isPath
      ? flags & (O_DIRECTORY | O_NOFOLLOW | O_PATH)
      : (flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)) | O_LARGEFILE,
    data: opened.data,
    cred: task.cred,
  });
  if (opened.awaitsPartner !== true) return file;
  return SPECIAL_OPEN.waitForPartner(kernel, task, file, (flags & O_CLOEXEC) !== 0);
}

const PATH_ONLY: Opened = { kind: 'path', data: null };
const REGULAR: Opened = { kind: 'regular', data: null };
const DIRECTORY: Opened = { kind: 'directory', data: null };

function kindOf(kernel: Kernel, task: Task, inode: Inode, flags: number): Outcome<Opened> {
  const { open } = fsOf(kernel, inode);
  const opened = open === undefined ? null : open(kernel, inode, flags, task);
  if (opened !== null) return opened;
  if (isRegular(inode.mode)) return REGULAR;
  if (isDirectory(inode.mode)) return DIRECTORY;
  if (isFifo(inode.mode)) return SPECIAL_OPEN.fifo(kernel, task, inode, flags);
  if (isDevice(inode.mode)) return SPECIAL_OPEN.device(kernel, task, inode, flags);
  return 'ENXIO';
}
