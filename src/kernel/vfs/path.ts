/**
 * Path resolution. See path_resolution(7), openat2(2) and symlink(7).
 *
 * Interface: walk, walkParent, resume, finish, enter, getUserPath, Walker, WalkOptions, FOLLOW, NO_FOLLOW; pathGet, pathPut, inodeAt are in mount.ts
 * and given on from here.
 * While it walks, a Walker holds no references: nothing that it calls trims the dentry cache (only getUserPath does), and no
 * call waits in the middle.
 */
import { isDirectory, isSymlink } from '../../abi/file-mode.ts';
import { AT_FD } from '../../abi/flags/at.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import { OPEN_RESOLVE } from '../../abi/flags/open.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { strncpyFromUser } from '../mm/uaccess.ts';
import { failed, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { dentryInode, isNegative, lookupChild, trimDentries } from './dentry.ts';
import { rawFileOf } from './fd-table.ts';
import { filePlace } from './file.ts';
import { mountOn, pathGet } from './mount.ts';
import { MAY_EXEC, permission } from './permission.ts';
import { fsOf } from './registry.ts';
import type { Dentry, Inode, Mount, PathRef } from './types.ts';

export { inodeAt, pathGet, pathPut } from './mount.ts';

const { AT_FDCWD } = AT_FD.values;
const { MS_NOSYMFOLLOW } = MOUNT.values;
const { RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT } =
  OPEN_RESOLVE.values;

const SLASH = 47;
const PATH_MAX = 4096;
const MAX_LINKS = 40;

export interface WalkOptions {
  /** Follow a symbolic link in last place. */
  readonly follow: boolean;
  /** AT_EMPTY_PATH: an empty path is `dirfd` itself. */
  readonly emptyPath?: boolean;
  /** ENOTDIR unless it is a directory. */
  readonly directory?: boolean;
  /** RESOLVE_* of openat2. */
  readonly resolve?: number;
}

export const FOLLOW: WalkOptions = { follow: true };
export const NO_FOLLOW: WalkOptions = { follow: false };

/** A walk under way: at (mount, dentry), with path[pos…] to go. */
export interface Walker {
  mount: Mount;
  dentry: Dentry;
  path: ByteString;
  pos: number;
  /** After walkParent: the last component, '' when there is none ('/', or a magic link was jumped through). */
  last: ByteString;
  /** Slashes follow the last component: it must be a directory. */
  trailing: boolean;
  links: number;
  readonly resolve: number;
  /** '..' goes no higher. */
  readonly root: PathRef;
}

/** The path at a user address. ENAMETOOLONG from PATH_MAX on; an empty one is not refused here. */
export function getUserPath(
  kernel: Kernel,
  task: Task,
  address: number,
): { path: ByteString } | 'EFAULT' | 'ENAMETOOLONG' {
  trimDentries(kernel);
  const text = strncpyFromUser(kernel, task, address, PATH_MAX);
  return typeof text === 'string' ? text : { path: text.bytes };
}

/** The place that `path` names from `dirfd`, with references taken. */
export function walk(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: ByteString,
  options: WalkOptions,
): Outcome<PathRef> {
  if (path === '') {
    if (options.emptyPath !== true) return 'ENOENT';
    const start = startOf(kernel, task, dirfd);
    if (typeof start === 'string') return start;
    return pathGet(kernel, start);
  }
  const walker = startWalk(kernel, task, dirfd, path, options.resolve ?? 0);
  if (typeof walker === 'string') return walker;
  const end = walkToEnd(kernel, task, walker, options.follow, options.directory === true);
  if (failed(end)) return end;
  return pathGet(kernel, { mount: walker.mount.id, dentry: walker.dentry.id });
}

/**
 * Walks to the directory that holds the last component, which is not looked up. The records are borrowed: valid within this
 * system call, until a name is removed.
 */
export function walkParent(kernel: Kernel, task: Task, dirfd: number, path: ByteString, resolve = 0): Outcome<Walker> {
  if (path === '') return 'ENOENT';
  const walker = startWalk(kernel, task, dirfd, path, resolve);
  if (typeof walker === 'string') return walker;
  const end = walkParents(kernel, task, walker);
  return failed(end) ? end : walker;
}

/**
 * Goes on from a walkParent whose last component turned out to be the symbolic link `link`: through it to the parent of what it
 * points to. For open with O_CREAT.
 */
export function resume(kernel: Kernel, task: Task, walker: Walker, link: Inode): Outcome<0> {
  const followed = followLink(kernel, task, walker, link);
  return failed(followed) ? followed : walkParents(kernel, task, walker);
}

/** Walks on from a walkParent to the end. */
export function finish(kernel: Kernel, task: Task, walker: Walker, follow: boolean, directory: boolean): Outcome<0> {
  for (;;) {
    if (walker.last === '') break;
    const links = walker.links;
    const stepped = step(kernel, task, walker, walker.last, follow || walker.trailing);
    if (failed(stepped)) return stepped;
    if (walker.links === links) break;
    const again = walkParents(kernel, task, walker);
    if (failed(again)) return again;
  }
  const mustBeDirectory = directory || walker.trailing;
  return mustBeDirectory && !isDirectory(dentryInode(kernel, walker.dentry).mode) ? 'ENOTDIR' : 0;
}

/** Moves the walker from a directory to its entry `child`, which is positive, and on to what is mounted there. */
export function enter(kernel: Kernel, walker: Walker, child: Dentry): 0 | 'EXDEV' {
  walker.dentry = child;
  return child.mounts > 0 ? crossMounts(kernel, walker) : 0;
}

function walkToEnd(kernel: Kernel, task: Task, walker: Walker, follow: boolean, directory: boolean): Outcome<0> {
  const parents = walkParents(kernel, task, walker);
  return failed(parents) ? parents : finish(kernel, task, walker, follow, directory);
}

function startWalk(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: ByteString,
  resolve: number,
): Walker | 'EBADF' | 'EXDEV' {
  const context = kernel.fsContexts.get(task.fs)!;
  const scoped = (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) !== 0;
  let start = context.cwd;
  if (dirfd !== AT_FDCWD && (path.charCodeAt(0) !== SLASH || scoped)) {
    const base = startOf(kernel, task, dirfd);
    if (typeof base === 'string') return base;
    start = base;
  }
  const walker: Walker = {
    mount: kernel.mounts.get(start.mount)!,
    dentry: kernel.dentries.get(start.dentry)!,
    path,
    pos: 0,
    last: '',
    trailing: false,
    links: 0,
    resolve,
    root: scoped ? start : context.root,
  };
  const begun = beginPath(kernel, walker, path);
  return begun === 0 ? walker : begun;
}

/** Where relative paths start: the working directory, or the place of an open file. */
function startOf(kernel: Kernel, task: Task, dirfd: number): PathRef | 'EBADF' {
  if (dirfd === AT_FDCWD) return kernel.fsContexts.get(task.fs)!.cwd;
  const file = rawFileOf(kernel, task, dirfd);
  if (typeof file === 'string') return file;
  return filePlace(kernel, file);
}

function beginPath(kernel: Kernel, walker: Walker, path: ByteString): 0 | 'EXDEV' {
  walker.path = path;
  walker.pos = 0;
  if (path.charCodeAt(0) !== SLASH) return 0;
  if ((walker.resolve & RESOLVE_BENEATH) !== 0) return 'EXDEV';
  if ((walker.resolve & RESOLVE_NO_XDEV) !== 0 && walker.mount.id !== walker.root.mount) return 'EXDEV';
  walker.mount = kernel.mounts.get(walker.root.mount)!;
  walker.dentry = kernel.dentries.get(walker.root.dentry)!;
  return 0;
}

function walkParents(kernel: Kernel, task: Task, walker: Walker): Outcome<0> {
  for (;;) {
    const path = walker.path;
    let start = walker.pos;
    while (path.charCodeAt(start) === SLASH) start++;
    if (start === path.length) {
      walker.last = '';
      walker.trailing = start > walker.pos;
      return 0;
    }
    const dir = dentryInode(kernel, walker.dentry);
    if (!isDirectory(dir.mode)) return 'ENOTDIR';
    const denied = permission(kernel, task.cred, dir, MAY_EXEC);
    if (denied !== 0) return denied;

    let end = path.indexOf('/', start);
    if (end < 0) end = path.length;
    const name = path.slice(start, end);
    let next = end;
    while (path.charCodeAt(next) === SLASH) next++;
    // The slash is kept: what follows a link's target starts with it.
    walker.pos = end;
    if (next === path.length) {
      walker.last = name;
      walker.trailing = end < next;
      return 0;
    }
    const stepped = step(kernel, task, walker, name, true);
    if (failed(stepped)) return stepped;
  }
}

function step(kernel: Kernel, task: Task, walker: Walker, name: ByteString, follow: boolean): Outcome<0> {
  if (name === '.') return 0;
  if (name === '..') return stepUp(kernel, walker);
  const child = lookupChild(kernel, walker.dentry, name);
  if (failed(child)) return child;
  if (isNegative(child)) return 'ENOENT';
  const inode = dentryInode(kernel, child);
  if (follow && isSymlink(inode.mode)) return followLink(kernel, task, walker, inode);
  return enter(kernel, walker, child);
}

function stepUp(kernel: Kernel, walker: Walker): 0 | 'EXDEV' {
  for (;;) {
    if (walker.dentry.id === walker.root.dentry && walker.mount.id === walker.root.mount)
      return (walker.resolve & RESOLVE_BENEATH) !== 0 ? 'EXDEV' : 0;
    if (walker.dentry.id !== walker.mount.root) break;
    if (walker.mount.parent === walker.mount.id) return 0;
    if ((walker.resolve & RESOLVE_NO_XDEV) !== 0) return 'EXDEV';
    walker.dentry = kernel.dentries.get(walker.mount.mountpoint)!;
    walker.mount = kernel.mounts.get(walker.mount.parent)!;
  }
  walker.dentry = kernel.dentries.get(walker.dentry.parent)!;
  return walker.dentry.mounts > 0 ? crossMounts(kernel, walker) : 0;
}

function crossMounts(kernel: Kernel, walker: Walker): 0 | 'EXDEV' {
  for (;;) {
    const mount = mountOn(kernel, walker.mount.id, walker.dentry.id);
    if (mount === undefined) return 0;
    if ((walker.resolve & RESOLVE_NO_XDEV) !== 0) return 'EXDEV';
    walker.mount = mount;
    walker.dentry = kernel.dentries.get(mount.root)!;
  }
}

function followLink(kernel: Kernel, task: Task, walker: Walker, link: Inode): Outcome<0> {
  if ((walker.resolve & RESOLVE_NO_SYMLINKS) !== 0 || (walker.mount.flags & MS_NOSYMFOLLOW) !== 0) return 'ELOOP';
  if (walker.links >= MAX_LINKS) return 'ELOOP';
  walker.links++;
  const read = fsOf(kernel, link).readlink?.(kernel, link, task) ?? 'EINVAL';
  if (failed(read)) return read;
  const rest = walker.path.slice(walker.pos);
  if (read.jump !== undefined) return jumpTo(kernel, walker, read.jump, rest);
  if (read.target === '') return 'ENOENT';
  return beginPath(kernel, walker, read.target + rest);
}

/** Through a magic link: straight to the place, wherever it is. */
function jumpTo(kernel: Kernel, walker: Walker, to: PathRef, rest: ByteString): 0 | 'ELOOP' | 'EXDEV' {
  if ((walker.resolve & RESOLVE_NO_MAGICLINKS) !== 0) return 'ELOOP';
  if ((walker.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) !== 0) return 'EXDEV';
  if ((walker.resolve & RESOLVE_NO_XDEV) !== 0 && to.mount !== walker.mount.id) return 'EXDEV';
  walker.mount = kernel.mounts.get(to.mount)!;
  walker.dentry = kernel.dentries.get(to.dentry)!;
  // Not beginPath: what is left starts with a slash and is still relative to this place.
  walker.path = rest;
  walker.pos = 0;
  return 0;
}
