/**
 * System calls on directories. See getdents64(2), getcwd(3), chdir(2), chroot(2), mkdir(2), pivot_root(2).
 *
 * Interface: directoryCalls.
 */
import { AT_FD } from '../../abi/flags/at.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { bytesOf, type ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser } from '../mm/uaccess.ts';
import { failed, type Outcome } from '../result.ts';
import { capable } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { makeDirectory } from '../vfs/create.ts';
import { fileOf, rawFileOf } from '../vfs/fd-table.ts';
import { fsContextOf, setCwd, setRoot } from '../vfs/fs-context.ts';
import { isDirectory } from '../../abi/file-mode.ts';
import { pivotRoot } from '../vfs/mount.ts';
import { absoluteName } from '../vfs/path-name.ts';
import { getUserPath, inodeAt, pathGet, pathPut, walk } from '../vfs/path.ts';
import { MAY_EXEC, permission } from '../vfs/permission.ts';
import { opsOf } from '../vfs/registry.ts';
import type { PathRef } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { AT_FDCWD } = AT_FD.values;
const { CAP_SYS_CHROOT, CAP_SYS_ADMIN } = CAPABILITY.values;

/** Buffers are filled up to this size however large they are; the next call goes on. */
const MAX_DIRENT_BYTES = 65536;
const DIRENT64_HEAD = 19;
const DIRENT_HEAD = 18;

export const directoryCalls = {
  getdents64: (kernel, task, fd, buf, count) => readEntries(kernel, task, fd, buf, count, true),
  getdents: (kernel, task, fd, buf, count) => readEntries(kernel, task, fd, buf, count, false),
  mkdirat: (kernel, task, dfd, path, mode) => mkdirUser(kernel, task, dfd, path, mode),
  mkdir: (kernel, task, path, mode) => mkdirUser(kernel, task, AT_FDCWD, path, mode),
  getcwd,
  chdir(kernel, task, path) {
    const ref = searchable(kernel, task, path);
    if (failed(ref)) return ref;
    setCwd(kernel, fsContextOf(kernel, task), ref);
    return 0;
  },
  fchdir(kernel, task, fd) {
    const file = rawFileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    if (file.path === null || !isDirectory(inodeAt(kernel, file.path).mode)) return 'ENOTDIR';
    const denied = permission(kernel, task.cred, inodeAt(kernel, file.path), MAY_EXEC);
    if (denied !== 0) return denied;
    setCwd(kernel, fsContextOf(kernel, task), pathGet(kernel, file.path));
    return 0;
  },
  chroot(kernel, task, path) {
    const ref = searchable(kernel, task, path);
    if (failed(ref)) return ref;
    if (!capable(task.cred, CAP_SYS_CHROOT)) {
      pathPut(kernel, ref);
      return 'EPERM';
    }
    setRoot(kernel, fsContextOf(kernel, task), ref);
    return 0;
  },
  pivot_root: pivotRootUser,
} satisfies Handlers;

/** A directory that may be entered, with a reference. */
function searchable(kernel: Kernel, task: Task, path: number): Outcome<PathRef> {
  const name = getUserPath(kernel, task, path);
  if (typeof name === 'string') return name;
  const ref = walk(kernel, task, AT_FDCWD, name.path, { follow: true, directory: true });
  if (failed(ref)) return ref;
  const denied = permission(kernel, task.cred, inodeAt(kernel, ref), MAY_EXEC);
  if (denied === 0) return ref;
  pathPut(kernel, ref);
  return denied;
}

function pivotRootUser(kernel: Kernel, task: Task, newRoot: number, putOld: number): SyscallResult {
  if (!capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
  const to = searchable(kernel, task, newRoot);
  if (failed(to)) return to;
  const old = searchable(kernel, task, putOld);
  const result = failed(old) ? old : pivotRoot(kernel, fsContextOf(kernel, task).root, to, old);
  if (!failed(old)) pathPut(kernel, old);
  pathPut(kernel, to);
  return result;
}

function mkdirUser(kernel: Kernel, task: Task, dirfd: number, path: number, mode: number): SyscallResult {
  const name = getUserPath(kernel, task, path);
  return typeof name === 'string' ? name : makeDirectory(kernel, task, dirfd, name.path, mode);
}

function getcwd(kernel: Kernel, task: Task, buf: number, size: number): SyscallResult {
  const { root, cwd } = fsContextOf(kernel, task);
  if (kernel.dentries.get(cwd.dentry)!.unlinked) return 'ENOENT';
  const { path, reachable } = absoluteName(kernel, cwd, root);
  const bytes = bytesOf(`${reachable ? '' : '(unreachable)'}${path}\0`);
  if (bytes.length > size) return 'ERANGE';
  return copyToUser(kernel, task, buf, bytes) === 0 ? bytes.length : 'EFAULT';
}

function readEntries(
  kernel: Kernel,
  task: Task,
  fd: number,
  address: number,
  count: number,
  is64: boolean,
): SyscallResult {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  const { readdir } = opsOf(file);
  if (readdir === undefined) return 'ENOTDIR';
  const bytes = new Uint8Array(Math.min(count, MAX_DIRENT_BYTES));
  const view = new DataView(bytes.buffer);
  const start = file.pos;
  let used = 0;
  let isFull = false;
  const result = readdir(kernel, task, file, (name, ino, type, nextPos) => {
    const length = is64 ? align8(DIRENT64_HEAD + name.length + 1) : align8(DIRENT_HEAD + name.length + 2);
    if (used + length > bytes.length) {
      isFull = true;
      return false;
    }
    putEntry(bytes, view, used, length, name, ino, type, nextPos, is64);
    used += length;
    file.pos = nextPos;
    return true;
  });
  if (failed(result) && used === 0) return result;
  if (used === 0) return isFull ? 'EINVAL' : 0;
  if (copyToUser(kernel, task, address, bytes.subarray(0, used)) === 0) return used;
  file.pos = start;
  return 'EFAULT';
}

function putEntry(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  name: ByteString,
  ino: number,
  type: number,
  nextPos: number,
  is64: boolean,
): void {
  put64(view, at, ino);
  put64(view, at + 8, nextPos);
  view.setUint16(at + 16, length, true);
  if (is64) bytes[at + 18] = type;
  else bytes[at + length - 1] = type;
  const start = at + (is64 ? DIRENT64_HEAD : DIRENT_HEAD);
  for (let i = 0; i < name.length; i++) bytes[start + i] = name.charCodeAt(i);
}

function put64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

function align8(value: number): number {
  return (value + 7) & ~7;
}
