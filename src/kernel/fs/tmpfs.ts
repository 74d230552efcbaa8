/**
 * tmpfs: files in memory. Contents live in the page cache only; a page that is not there is a hole. See tmpfs(5).
 *
 * Interface: tmpfs, ramfs, createTmpfs, createShmem, addEntry (for file systems that are built on it).
 * Invariants: each directory entry holds one reference on its inode. Positions of entries only grow, so readdir goes on rightly
 * while others come and go. Pages have no backing store and must never be dropped while the inode lives.
 */
import { isDirectory, isRegular, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, direntType } from '../../abi/file-mode.ts';
import { RENAME } from '../../abi/flags/at.ts';
import { SEALS } from '../../abi/flags/fcntl.ts';
import { FS_MAGIC } from '../../abi/flags/mount.ts';
import { type ByteString } from '../../util/byte-string.ts';
import type { InodeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Outcome } from '../result.ts';
import type { Cred } from '../task/types.ts';
import { initOwner } from '../vfs/attributes.ts';
import { createInode, inodeGet, inodeOf, inodePut, touchChanged, touchModified } from '../vfs/inode.ts';
import { createSuperBlock, setSuperRoot } from '../vfs/super.ts';
import type { DirSink, FileSystemType, Inode, StatFs, SuperBlock } from '../vfs/types.ts';
import { parseOptions, type TmpfsOptions } from './tmpfs/options.ts';

const { RENAME_EXCHANGE, RENAME_WHITEOUT } = RENAME.values;
const { TMPFS_MAGIC } = FS_MAGIC.values;

const { F_SEAL_SEAL } = SEALS.values;

const PAGE_SIZE = 4096;
/** What Linux counts in a directory's size for each entry. */
const DIRENT_BYTES = 20;
const FIRST_POS = 2;
/** Mark of the internal mount, which mount(2) cannot give. */
const INTERNAL = 'kernel';

interface TmpfsSuper {
  maxPages: number;
  usedPages: number;
  maxInodes: number;
  usedInodes: number;
}

/** What Linux takes an inode to cost. */
const BOGO_INODE_SIZE = 1024;

interface TmpfsEntry {
  readonly inode: InodeId;
  readonly pos: number;
}

interface TmpfsInode {
  /** Directories only. */
  entries: Map<ByteString, TmpfsEntry> | null;
  nextPos: number;
  /** Symbolic links only. */
  target: ByteString;
  /** Pages counted in usedPages for it. */
  charged: number;
  /** Bytes of its extended attributes, which count as inodes. */
  xattrBytes: number;
}

export const tmpfs: FileSystemType = {
  name: 'tmpfs',
  needsDevice: false,
  cacheNames: true,
  mount(kernel, _source, _flags, data) {
    const options = parseOptions(kernel, data);
    return typeof options === 'string' ? options : createTmpfs(kernel, options).id;
  },
  lookup(kernel, dir, name) {
    const entry = entriesOf(dir).get(name);
    return entry === undefined ? 'ENOENT' : inodeGet(inodeOf(kernel, entry.inode)).id;
  },
  readdir,
  create(kernel, dir, name, mode, rdev, cred) {
    const inode = makeInode(kernel, dir, mode, cred, rdev);
    if (typeof inode === 'string') return inode;
    addEntry(kernel, dir, name, inode);
    return inode.id;
  },
  symlink(kernel, dir, name, target, cred) {
    const inode = makeInode(kernel, dir, S_IFLNK | 0o777, cred, 0);
    if (typeof inode === 'string') return inode;
    dataOf(inode).target = target;
    inode.size = target.length;
    addEntry(kernel, dir, name, inode);
    return inode.id;
  },
  tmpfile(kernel, dir, mode, cred) {
    const inode = makeInode(kernel, dir, mode, cred, 0);
    if (typeof inode === 'string') return inode;
    inode.nlink = 0;
    return inode.id;
  },
  link(kernel, dir, name, target) {
    // Linux: a further name is counted as an inode, for it takes as much memory.
    const counts = superData(kernel, dir);
    if (target.nlink > 0 && counts.usedInodes >= counts.maxInodes) return 'ENOSPC';
    if (target.nlink > 0) counts.usedInodes++;
    target.nlink++;
    target.linkable = false;
    touchChanged(kernel, target);
    addEntry(kernel, dir, name, target);
    return 0;
  },
  unlink(kernel, dir, name, target) {
    removeEntry(kernel, dir, name, target);
    return 0;
  },
  rmdir(kernel, dir, name, target) {
    if (entriesOf(target).size > 0) return 'ENOTEMPTY';
    removeEntry(kernel, dir, name, target);
    return 0;
  },
  rename,
  renameFlags: RENAME_EXCHANGE | RENAME_WHITEOUT,
  readlink: (_kernel, inode) => ({ target: dataOf(inode).target }),
  refresh(kernel, inode) {
    charge(kernel, inode);
    return 0;
  },
  reserve,
  setxattr: chargeXattr,
  evict(kernel, inode) {
    const sb = kernel.superBlocks.get(inode.sb)!.data as TmpfsSuper;
    sb.usedPages -= dataOf(inode).charged;
    sb.usedInodes -= 1 + xattrInodes(dataOf(inode).xattrBytes);
  },
  statfs(_kernel, sb): StatFs {
    const { maxPages, usedPages, maxInodes, usedInodes } = sb.data as TmpfsSuper;
    return {
      blockSize: PAGE_SIZE,
      blocks: maxPages,
      blocksFree: maxPages - usedPages,
      files: maxInodes,
      filesFree: maxInodes - usedInodes,
      nameMax: 255,
    };
  },
};

/** As tmpfs, without limits. See Linux's Documentation/filesystems/ramfs-rootfs-initramfs.rst. */
export const ramfs: FileSystemType = {
  ...tmpfs,
  name: 'ramfs',
  mount(kernel, _source, _flags, data) {
    const mode = /(?:^|,)mode=([0-7]+)/.exec(data);
    const bits = mode === null ? 0o755 : parseInt(mode[1]!, 8) & 0o7777;
    const unlimited = { size: Number.MAX_SAFE_INTEGER, inodes: Number.MAX_SAFE_INTEGER };
    return createTmpfs(kernel, { type: 'ramfs', mode: bits, options: data, ...unlimited }).id;
  },
};

/** A new tmpfs with its root directory. */
export function createTmpfs(kernel: Kernel, options: TmpfsOptions = {}): SuperBlock {
  const half = kernel.machine.ram.bytes / 2;
  const data: TmpfsSuper = {
    maxPages: Math.ceil((options.size ?? half) / PAGE_SIZE),
    usedPages: 0,
    maxInodes: options.inodes ?? Math.floor(half / PAGE_SIZE),
    usedInodes: 1,
  };
  const sb = createSuperBlock(kernel, options.type ?? tmpfs.name, TMPFS_MAGIC, {
    options: options.options ?? '',
    data,
  });
  const root = createInode(kernel, sb, {
    mode: S_IFDIR | (options.mode ?? 0o1777),
    uid: options.uid ?? 0,
    gid: options.gid ?? 0,
    size: 2 * DIRENT_BYTES,
    data: newData(true),
  });
  setSuperRoot(kernel, sb, root);
  return sb;
}

/** An unnamed file in memory with one reference: for memfd_create, and for shared anonymous mappings. */
export function createShmem(kernel: Kernel, cred: Cred, permissions: number): Inode {
  const sb = internalSuper(kernel);
  (sb.data as TmpfsSuper).usedInodes++;
  return createInode(kernel, sb, {
    mode: S_IFREG | permissions,
    uid: cred.fsuid,
    gid: cred.fsgid,
    nlink: 0,
    data: newData(false),
  });
}

/** The tmpfs that is mounted nowhere. Its files end with their last reference, so it needs no bounds but memory's. */
function internalSuper(kernel: Kernel): SuperBlock {
  for (const sb of kernel.superBlocks.values()) if (sb.type === tmpfs.name && sb.options === INTERNAL) return sb;
  return createTmpfs(kernel, { size: Infinity, inodes: Infinity, options: INTERNAL });
}

/**
 * Puts a name for `inode` in a directory; the entry takes a reference of its own. To be called through the VFS, or before the
 * name can have been looked up: a cached negative dentry would hide it.
 */
export function addEntry(kernel: Kernel, dir: Inode, name: ByteString, inode: Inode): void {
  const data = dataOf(dir);
  data.entries!.set(name, { inode: inodeGet(inode).id, pos: data.nextPos++ });
  if (isDirectory(inode.mode)) dir.nlink++;
  dir.size += DIRENT_BYTES;
  touchModified(kernel, dir);
}

function removeEntry(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): void {
  entriesOf(dir).delete(name);
  dir.size -= DIRENT_BYTES;
  touchModified(kernel, dir);
  if (isDirectory(target.mode)) {
    dir.nlink--;
    target.nlink = 0;
  } else {
    if (target.nlink > 1) superData(kernel, dir).usedInodes--;
    target.nlink--;
  }
  target.ctime = dir.ctime;
  inodePut(kernel, target);
}

/** Linux: newest first. The position after an entry tells which are older; FIRST_POS, after the dots, is the start. */
function readdir(kernel: Kernel, dir: Inode, pos: number, sink: DirSink): Outcome<0> {
  for (const [name, entry] of [...entriesOf(dir)].reverse()) {
    if (pos > FIRST_POS && entry.pos + 1 >= pos) continue;
    const { ino, mode } = inodeOf(kernel, entry.inode);
    if (!sink(name, ino, direntType(mode), entry.pos + 1)) break;
  }
  return 0;
}

function rename(
  kernel: Kernel,
  fromDir: Inode,
  from: ByteString,
  toDir: Inode,
  to: ByteString,
  flags: number,
): Outcome<0> {
  const source = inodeOf(kernel, entriesOf(fromDir).get(from)!.inode);
  const replacedEntry = entriesOf(toDir).get(to);
  const replaced = replacedEntry === undefined ? undefined : inodeOf(kernel, replacedEntry.inode);
  if ((flags & RENAME_EXCHANGE) !== 0) {
    exchange(kernel, fromDir, from, toDir, to, source, replaced!);
    return 0;
  }
  if (replaced !== undefined) {
    if (isDirectory(replaced.mode) && entriesOf(replaced).size > 0) return 'ENOTEMPTY';
    removeEntry(kernel, toDir, to, replaced);
  }
  // The new entry takes a reference, the old one gives its own back.
  entriesOf(fromDir).delete(from);
  fromDir.size -= DIRENT_BYTES;
  if (isDirectory(source.mode)) fromDir.nlink--;
  addEntry(kernel, toDir, to, source);
  inodePut(kernel, source);
  touchModified(kernel, fromDir);
  touchChanged(kernel, source);
  if ((flags & RENAME_WHITEOUT) !== 0) {
    const whiteout = createInode(kernel, kernel.superBlocks.get(fromDir.sb)!, { mode: S_IFCHR, data: newData(false) });
    superData(kernel, fromDir).usedInodes++;
    addEntry(kernel, fromDir, from, whiteout);
    inodePut(kernel, whiteout);
  }
  return 0;
}

function exchange(
  kernel: Kernel,
  fromDir: Inode,
  from: ByteString,
  toDir: Inode,
  to: ByteString,
  source: Inode,
  target: Inode,
): void {
  replaceEntry(fromDir, from, target);
  replaceEntry(toDir, to, source);
  if (isDirectory(source.mode) !== isDirectory(target.mode)) {
    const step = isDirectory(source.mode) ? 1 : -1;
    fromDir.nlink -= step;
    toDir.nlink += step;
  }
  touchModified(kernel, fromDir);
  touchModified(kernel, toDir);
  touchChanged(kernel, source);
  touchChanged(kernel, target);
}

/** The name gets a new position, and so must come last: readdir goes back through entries in the order of positions. */
function replaceEntry(dir: Inode, name: ByteString, inode: Inode): void {
  const data = dataOf(dir);
  data.entries!.delete(name);
  data.entries!.set(name, { inode: inode.id, pos: data.nextPos++ });
}

/** How much of [start, end) fits: pages that are there cost nothing. */
function reserve(kernel: Kernel, inode: Inode, start: number, end: number): number | 'ENOSPC' {
  charge(kernel, inode);
  const sb = superData(kernel, inode);
  let free = sb.maxPages - sb.usedPages;
  const last = Math.ceil(end / PAGE_SIZE);
  const first = Math.floor(start / PAGE_SIZE);
  if (free >= last - first) return end - start;
  let index = first;
  for (; index < last; index++) if (!inode.pages.has(index) && --free < 0) break;
  const stop = Math.min(index * PAGE_SIZE, end);
  return stop <= start ? 'ENOSPC' : stop - start;
}

/** Linux: attributes take from the number of inodes, one for each BOGO_INODE_SIZE bytes. */
function chargeXattr(kernel: Kernel, inode: Inode, name: ByteString, value: Uint8Array | null): 0 | 'ENOSPC' {
  const data = dataOf(inode);
  const counts = superData(kernel, inode);
  const size = (stored: Uint8Array | null | undefined): number => (stored ? name.length + stored.length : 0);
  const after = Math.max(0, data.xattrBytes + size(value) - size(inode.xattrs?.get(name)));
  const added = xattrInodes(after) - xattrInodes(data.xattrBytes);
  if (added > 0 && counts.usedInodes + added > counts.maxInodes) return 'ENOSPC';
  counts.usedInodes += added;
  data.xattrBytes = after;
  return 0;
}

function xattrInodes(bytes: number): number {
  return Math.ceil(bytes / BOGO_INODE_SIZE);
}

/** Brings st_blocks and the file system's count up to what the page cache holds. */
function charge(kernel: Kernel, inode: Inode): void {
  const data = dataOf(inode);
  const pages = inode.pages.size;
  superData(kernel, inode).usedPages += pages - data.charged;
  data.charged = pages;
  inode.blocks = pages * (PAGE_SIZE / 512);
}

function makeInode(kernel: Kernel, dir: Inode, mode: number, cred: Cred, rdev: number): Inode | 'ENOSPC' {
  const sb = kernel.superBlocks.get(dir.sb)!;
  const counts = sb.data as TmpfsSuper;
  if (counts.usedInodes >= counts.maxInodes) return 'ENOSPC';
  counts.usedInodes++;
  const isDir = (mode & S_IFMT) === S_IFDIR;
  const inode = createInode(kernel, sb, {
    ...initOwner(dir, mode, cred),
    rdev,
    size: isDir ? 2 * DIRENT_BYTES : 0,
    data: newData(isDir),
  });
  // Linux: seals are for memfds; other files in memory are sealed against sealing.
  if (isRegular(mode)) inode.seals = F_SEAL_SEAL;
  return inode;
}

function newData(isDir: boolean): TmpfsInode {
  return { entries: isDir ? new Map() : null, nextPos: FIRST_POS, target: '', charged: 0, xattrBytes: 0 };
}

function dataOf(inode: Inode): TmpfsInode {
  return inode.data as TmpfsInode;
}

function entriesOf(dir: Inode): Map<ByteString, TmpfsEntry> {
  return dataOf(dir).entries!;
}

function superData(kernel: Kernel, inode: Inode): TmpfsSuper {
  return kernel.superBlocks.get(inode.sb)!.data as TmpfsSuper;
}
