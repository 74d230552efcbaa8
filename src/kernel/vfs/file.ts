/**
 * Open files (open file descriptions): what descriptors refer to. See open(2), dup(2).
 *
 * Interface: createFile, createAnonFile, getFile, putFile, filePlace, isFileLimitReached; anonInode is in super.ts and given on from here.
 * Invariant: an open file holds its inode and its place until its last reference goes.
 */
import { isRegular } from '../../abi/file-mode.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { ByteString } from '../../util/byte-string.ts';
import { nextId } from '../id.ts';
import { forgetWatched } from '../ipc/epoll.ts';
import type { Kernel } from '../kernel.ts';
import { noteLimit } from '../limit-hits.ts';
import type { Cred, Task } from '../task/types.ts';
import { inodeOf, inodePut } from './inode.ts';
import { releaseFileLocks } from './locks.ts';
import { pathPut } from './mount.ts';
import { opsOf } from './registry.ts';
import { anonInode, anonPlace } from './super.ts';
import type { FileKind, Inode, OpenFile, PathRef } from './types.ts';

export { anonInode } from './super.ts';

const { O_WRONLY, O_RDWR, O_PATH } = OPEN.values;
const O_ACCMODE = OPEN.mask;

export interface FileFields {
  readonly kind: FileKind;
  readonly inode: Inode;
  /** Null for anonymous files. */
  readonly path: PathRef | null;
  /** Shown for anonymous files: 'pipe:[12]', 'anon_inode:[eventpoll]'. */
  readonly name: ByteString;
  /** O_* as F_GETFL shows them. */
  readonly flags: number;
  readonly data: unknown;
  readonly cred: Cred;
}

/** A new open file with one reference. Takes over the caller's references on `inode` and `path`. */
export function createFile(kernel: Kernel, fields: FileFields): OpenFile {
  const { kind, inode, path, name, flags, data, cred } = fields;
  const access = flags & O_ACCMODE;
  const usable = (flags & O_PATH) === 0;
  const file: OpenFile = {
    id: nextId(kernel),
    kind,
    inode: inode.id,
    path,
    anonPlace: null,
    name,
    flags,
    readable: usable && (access === 0 || access === O_RDWR),
    writable: usable && (access === O_WRONLY || access === O_RDWR),
    pos: 0,
    refs: 1,
    cred,
    watchedBy: null,
    owner: 0,
    signal: 0,
    data,
  };
  if (file.writable && isRegular(inode.mode)) inode.writers++;
  kernel.files.set(file.id, file);
  return file;
}

/** An open file without a path, such as eventfd's: `name` is '[eventfd]'. One reference, the caller's. */
export function createAnonFile(
  kernel: Kernel,
  task: Task,
  kind: FileKind,
  name: ByteString,
  flags: number,
  data: unknown,
): OpenFile {
  const inode = anonInode(kernel, name, 0o600, task.cred.fsuid, task.cred.fsgid);
  return createFile(kernel, { kind, inode, path: null, name: `anon_inode:${name}`, flags, data, cred: task.cred });
}

export function getFile(_kernel: Kernel, file: OpenFile): OpenFile {
  file.refs++;
  return file;
}

/** Gives a reference back; the last one releases the file. */
export function putFile(kernel: Kernel, file: OpenFile): void {
  file.refs--;
  if (file.refs > 0) return;
  const inode = inodeOf(kernel, file.inode);
  kernel.files.delete(file.id);
  if (file.watchedBy !== null) forgetWatched(kernel, file);
  releaseFileLocks(kernel, file);
  opsOf(file).release?.(kernel, file);
  if (file.writable && isRegular(inode.mode)) inode.writers--;
  inodePut(kernel, inode);
  if (file.path !== null) pathPut(kernel, file.path);
  if (file.anonPlace !== null) pathPut(kernel, file.anonPlace);
}

/** Where the file is: for anonymous ones a place that no path leads to (for /proc/PID/fd). Borrowed from the file. */
export function filePlace(kernel: Kernel, file: OpenFile): PathRef {
  if (file.path !== null) return file.path;
  file.anonPlace ??= anonPlace(kernel, inodeOf(kernel, file.inode), file.name);
  return file.anonPlace;
}

/** ENFILE: the sandbox allows no more open files. */
export function isFileLimitReached(kernel: Kernel): boolean {
  if (kernel.files.size < kernel.limits.openFiles) return false;
  noteLimit(kernel, 'openFiles');
  return true;
}
