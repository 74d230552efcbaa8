/**
 * System calls that make, remove and rename names. See link(2), symlink(2), unlink(2), rename(2), mknod(2).
 *
 * Interface: linkCalls.
 */
import { AT, AT_FD, UNLINK } from '../../abi/flags/at.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import type { Kernel } from '../kernel.ts';
import { failed } from '../result.ts';
import { capable } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { makeLink, makeNode, makeSymlink } from '../vfs/create.ts';
import { rawFileOf } from '../vfs/fd-table.ts';
import { getUserPath, pathPut, walk } from '../vfs/path.ts';
import { removeDirectory, removeFile } from '../vfs/remove.ts';
import { rename } from '../vfs/rename.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { AT_FDCWD } = AT_FD.values;
const { AT_SYMLINK_FOLLOW, AT_EMPTY_PATH } = AT.values;
const { AT_REMOVEDIR } = UNLINK.values;
const { CAP_DAC_READ_SEARCH } = CAPABILITY.values;

export const linkCalls = {
  linkat: linkAt,
  link: (kernel, task, from, to) => linkAt(kernel, task, AT_FDCWD, from, AT_FDCWD, to, 0),
  symlinkat: symlinkAt,
  symlink: (kernel, task, target, path) => symlinkAt(kernel, task, target, AT_FDCWD, path),
  unlinkat(kernel, task, dfd, path, flags) {
    if ((flags & ~AT_REMOVEDIR) !== 0) return 'EINVAL';
    return (flags & AT_REMOVEDIR) !== 0 ? rmdirUser(kernel, task, dfd, path) : unlinkUser(kernel, task, dfd, path);
  },
  unlink: (kernel, task, path) => unlinkUser(kernel, task, AT_FDCWD, path),
  rmdir: (kernel, task, path) => rmdirUser(kernel, task, AT_FDCWD, path),
  renameat2: renameUser,
  renameat: (kernel, task, fromFd, from, toFd, to) => renameUser(kernel, task, fromFd, from, toFd, to, 0),
  rename: (kernel, task, from, to) => renameUser(kernel, task, AT_FDCWD, from, AT_FDCWD, to, 0),
  mknodat: mknodAt,
  mknod: (kernel, task, path, mode, dev) => mknodAt(kernel, task, AT_FDCWD, path, mode, dev),
} satisfies Handlers;

function linkAt(
  kernel: Kernel,
  task: Task,
  fromFd: number,
  from: number,
  toFd: number,
  to: number,
  flags: number,
): SyscallResult {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return 'EINVAL';
  const fromName = getUserPath(kernel, task, from);
  if (typeof fromName === 'string') return fromName;
  const emptyPath = (flags & AT_EMPTY_PATH) !== 0;
  // Linux: otherwise only a descriptor that was opened with the same credentials may be given a name.
  if (emptyPath && fromName.path === '' && !capable(task.cred, CAP_DAC_READ_SEARCH)) {
    const file = rawFileOf(kernel, task, fromFd);
    if (typeof file === 'string') return file;
    if (file.cred !== task.cred) return 'ENOENT';
  }
  const toName = getUserPath(kernel, task, to);
  if (typeof toName === 'string') return toName;
  const ref = walk(kernel, task, fromFd, fromName.path, { follow: (flags & AT_SYMLINK_FOLLOW) !== 0, emptyPath });
  if (failed(ref)) return ref;
  const result = makeLink(kernel, task, ref, toFd, toName.path);
  pathPut(kernel, ref);
  return result;
}

function symlinkAt(kernel: Kernel, task: Task, target: number, dirfd: number, path: number): SyscallResult {
  const text = getUserPath(kernel, task, target);
  if (typeof text === 'string') return text;
  const name = getUserPath(kernel, task, path);
  if (typeof name === 'string') return name;
  return makeSymlink(kernel, task, text.path, dirfd, name.path);
}

function unlinkUser(kernel: Kernel, task: Task, dirfd: number, path: number): SyscallResult {
  const name = getUserPath(kernel, task, path);
  return typeof name === 'string' ? name : removeFile(kernel, task, dirfd, name.path);
}

function rmdirUser(kernel: Kernel, task: Task, dirfd: number, path: number): SyscallResult {
  const name = getUserPath(kernel, task, path);
  return typeof name === 'string' ? name : removeDirectory(kernel, task, dirfd, name.path);
}

function renameUser(
  kernel: Kernel,
  task: Task,
  fromFd: number,
  from: number,
  toFd: number,
  to: number,
  flags: number,
): SyscallResult {
  const fromName = getUserPath(kernel, task, from);
  if (typeof fromName === 'string') return fromName;
  const toName = getUserPath(kernel, task, to);
  if (typeof toName === 'string') return toName;
  return rename(kernel, task, fromFd, fromName.path, toFd, toName.path, flags);
}

function mknodAt(kernel: Kernel, task: Task, dirfd: number, path: number, mode: number, dev: number): SyscallResult {
  const name = getUserPath(kernel, task, path);
  if (typeof name === 'string') return name;
  return makeNode(kernel, task, dirfd, name.path, mode, dev);
}
