/**
 * System calls on extended attributes. See xattr(7), setxattr(2), getxattr(2), listxattr(2), removexattr(2).
 *
 * Interface: xattrCalls.
 */
import { isDirectory, isRegular, S_ISVTX } from '../../abi/file-mode.ts';
import { AT_FD } from '../../abi/flags/at.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { XATTR } from '../../abi/flags/file-io.ts';
import { bytesOf, type ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, strncpyFromUser } from '../mm/uaccess.ts';
import { failed, type Outcome } from '../result.ts';
import { capable } from '../task/cred.ts';
import type { Cred, Task } from '../task/types.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { filePlace } from '../vfs/file.ts';
import { touchChanged } from '../vfs/inode.ts';
import { getUserPath, inodeAt, pathPut, walk } from '../vfs/path.ts';
import { MAY_READ, MAY_WRITE, ownerOrCapable, permission, wantWrite } from '../vfs/permission.ts';
import { fsOf } from '../vfs/registry.ts';
import type { Inode, Mount, PathRef } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { AT_FDCWD } = AT_FD.values;
const { CAP_SYS_ADMIN, CAP_SETFCAP } = CAPABILITY.values;
const { XATTR_CREATE, XATTR_REPLACE } = XATTR.values;
const NAME_MAX = 255;
const SIZE_MAX = 65536;

type Action = (inode: Inode, mount: Mount) => Outcome<number>;

export const xattrCalls = {
  setxattr: (kernel, task, path, name, value, size, flags) =>
    onPath(kernel, task, path, true, setter(kernel, task, name, value, size, flags)),
  lsetxattr: (kernel, task, path, name, value, size, flags) =>
    onPath(kernel, task, path, false, setter(kernel, task, name, value, size, flags)),
  fsetxattr: (kernel, task, fd, name, value, size, flags) =>
    onFd(kernel, task, fd, setter(kernel, task, name, value, size, flags)),
  getxattr: (kernel, task, path, name, value, size) =>
    onPath(kernel, task, path, true, (inode) => get(kernel, task, inode, name, value, size)),
  lgetxattr: (kernel, task, path, name, value, size) =>
    onPath(kernel, task, path, false, (inode) => get(kernel, task, inode, name, value, size)),
  fgetxattr: (kernel, task, fd, name, value, size) =>
    onFd(kernel, task, fd, (inode) => get(kernel, task, inode, name, value, size)),
  listxattr: (kernel, task, path, list, size) =>
    onPath(kernel, task, path, true, (inode) => listNames(kernel, task, inode, list, size)),
  llistxattr: (kernel, task, path, list, size) =>
    onPath(kernel, task, path, false, (inode) => listNames(kernel, task, inode, list, size)),
  flistxattr: (kernel, task, fd, list, size) =>
    onFd(kernel, task, fd, (inode) => listNames(kernel, task, inode, list, size)),
  removexattr: (kernel, task, path, name) =>
    onPath(kernel, task, path, true, (inode, mount) => remove(kernel, task, inode, mount, name)),
  lremovexattr: (kernel, task, path, name) =>
    onPath(kernel, task, path, false, (inode, mount) => remove(kernel, task, inode, mount, name)),
  fremovexattr: (kernel, task, fd, name) =>
    onFd(kernel, task, fd, (inode, mount) => remove(kernel, task, inode, mount, name)),
} satisfies Handlers;

function onPath(kernel: Kernel, task: Task, path: number, follow: boolean, action: Action): SyscallResult {
  const name = getUserPath(kernel, task, path);
  if (typeof name === 'string') return name;
  const ref = walk(kernel, task, AT_FDCWD, name.path, { follow });
  if (failed(ref)) return ref;
  const result = onPlace(kernel, ref, action);
  pathPut(kernel, ref);
  return result;
}

function onFd(kernel: Kernel, task: Task, fd: number, action: Action): SyscallResult {
  const file = fileOf(kernel, task, fd);
  return typeof file === 'string' ? file : onPlace(kernel, filePlace(kernel, file), action);
}

function onPlace(kernel: Kernel, ref: PathRef, action: Action): Outcome<number> {
  return action(inodeAt(kernel, ref), kernel.mounts.get(ref.mount)!);
}

function setter(kernel: Kernel, task: Task, nameAt: number, valueAt: number, size: number, flags: number): Action {
  return (inode, mount) => {
    if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return 'EINVAL';
    const name = readName(kernel, task, nameAt);
    if (typeof name === 'string') return name;
    if (size > SIZE_MAX) return 'E2BIG';
    const value = new Uint8Array(size);
    if (copyFromUser(kernel, task, valueAt, value) !== 0) return 'EFAULT';
    const denied = mayChange(kernel, task.cred, inode, mount, name.text);
    if (denied !== 0) return denied;
    const exists = inode.xattrs?.has(name.text) === true;
    if ((flags & XATTR_CREATE) !== 0 && exists) return 'EEXIST';
    if ((flags & XATTR_REPLACE) !== 0 && !exists) return 'ENODATA';
    return store(kernel, inode, name.text, value);
  };
}

function get(kernel: Kernel, task: Task, inode: Inode, nameAt: number, valueAt: number, size: number): Outcome<number> {
  const name = readName(kernel, task, nameAt);
  if (typeof name === 'string') return name;
  const denied = mayRead(kernel, task.cred, inode, name.text);
  if (denied !== 0) return denied;
  const value = inode.xattrs?.get(name.text);
  if (value === undefined) return 'ENODATA';
  return giveBytes(kernel, task, value, valueAt, size);
}

function listNames(kernel: Kernel, task: Task, inode: Inode, listAt: number, size: number): Outcome<number> {
  const isAdmin = capable(task.cred, CAP_SYS_ADMIN);
  let text = '';
  for (const name of inode.xattrs?.keys() ?? []) if (isAdmin || !name.startsWith('trusted.')) text += `${name}\0`;
  return giveBytes(kernel, task, bytesOf(text), listAt, size);
}

function remove(kernel: Kernel, task: Task, inode: Inode, mount: Mount, nameAt: number): Outcome<number> {
  const name = readName(kernel, task, nameAt);
  if (typeof name === 'string') return name;
  const denied = mayChange(kernel, task.cred, inode, mount, name.text);
  if (denied !== 0) return denied;
  return inode.xattrs?.has(name.text) === true ? store(kernel, inode, name.text, null) : 'ENODATA';
}

function store(kernel: Kernel, inode: Inode, name: ByteString, value: Uint8Array | null): Outcome<0> {
  const fs = fsOf(kernel, inode);
  const prepared = fs.prepareWrite?.(kernel, inode) ?? 0;
  if (failed(prepared)) return prepared;
  const stored = fs.setxattr?.(kernel, inode, name, value) ?? 0;
  if (failed(stored)) return stored;
  inode.xattrs ??= new Map();
  if (value === null) inode.xattrs.delete(name);
  else inode.xattrs.set(name, value);
  touchChanged(kernel, inode);
  return 0;
}

/** A size of 0 asks how large the value is. */
function giveBytes(kernel: Kernel, task: Task, bytes: Uint8Array, address: number, size: number): Outcome<number> {
  if (size === 0) return bytes.length;
  if (bytes.length > size) return 'ERANGE';
  return copyToUser(kernel, task, address, bytes) === 0 ? bytes.length : 'EFAULT';
}

function readName(kernel: Kernel, task: Task, address: number): { text: ByteString } | 'EFAULT' | 'ERANGE' {
  const name = strncpyFromUser(kernel, task, address, NAME_MAX + 1);
  if (name === 'EFAULT') return name;
  if (typeof name === 'string' || name.bytes === '') return 'ERANGE';
  return { text: name.bytes };
}

/** Which names there are, and who may read them (xattr(7)). */
function mayRead(kernel: Kernel, cred: Cred, inode: Inode, name: ByteString): ReturnType<typeof mayChange> {
  const space = nameSpace(name);
  if (space === 'trusted') return capable(cred, CAP_SYS_ADMIN) ? 0 : 'ENODATA';
  if (space === 'security') return 0;
  if (space !== 'user') return 'EOPNOTSUPP';
  if (!isRegular(inode.mode) && !isDirectory(inode.mode)) return 'ENODATA';
  return permission(kernel, cred, inode, MAY_READ);
}

function mayChange(
  kernel: Kernel,
  cred: Cred,
  inode: Inode,
  mount: Mount,
  name: ByteString,
): 0 | 'EROFS' | 'EPERM' | 'EACCES' | 'EOPNOTSUPP' | 'ENODATA' {
  const readOnly = wantWrite(kernel, mount);
  if (readOnly !== 0) return readOnly;
  const space = nameSpace(name);
  // A file system that makes no files keeps no attributes either.
  if (space === '' || fsOf(kernel, inode).create === undefined) return 'EOPNOTSUPP';
  if (space === 'trusted') return capable(cred, CAP_SYS_ADMIN) ? 0 : 'EPERM';
  if (space === 'security') {
    const cap = name === 'security.capability' ? CAP_SETFCAP : CAP_SYS_ADMIN;
    return capable(cred, cap) ? 0 : 'EPERM';
  }
  if (!isRegular(inode.mode) && !isDirectory(inode.mode)) return 'EPERM';
  if (isDirectory(inode.mode) && (inode.mode & S_ISVTX) !== 0 && !ownerOrCapable(cred, inode)) return 'EPERM';
  return permission(kernel, cred, inode, MAY_WRITE);
}

/** The part before the first dot, where it is a name space that is kept; system.* (ACLs) is not. */
function nameSpace(name: ByteString): 'user' | 'trusted' | 'security' | '' {
  for (const space of ['user', 'trusted', 'security'] as const)
    if (name.startsWith(`${space}.`) && name.length > space.length + 1) return space;
  return '';
}
