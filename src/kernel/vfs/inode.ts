/**
 * Inodes: the table of files in memory, with reference counts.
 *
 * Interface: createInode, inodeOf, inodeGet, inodePut, trimInodes, forgetInode, touchModified, touchChanged, denyWrite, allowWrite.
 * Invariants: an inode with no references and no links is gone. One with links but no references is a cache entry: it may be
 * evicted when memory is wanted (its file system then hears `evict`), unless it has dirty pages. See inode(7).
 */
import { S_IFDIR, S_IFMT } from '../../abi/file-mode.ts';
import { nextId } from '../id.ts';
import type { InodeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { dropPages, writeBack } from '../mm/page-cache.ts';
import { freeWaitQueue } from '../sched/wait-queue.ts';
import { realtimeNow } from '../time/timers.ts';
import { fsOf } from './registry.ts';
import type { Inode, SuperBlock, Timespec } from './types.ts';

/** Unreferenced inodes are kept up to this number of inodes in all. */
const MAX_CACHED_INODES = 16384;

export interface InodeFields {
  readonly mode: number;
  /** Default: the super block's next. */
  readonly ino?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Default 2 for directories, else 1. */
  readonly nlink?: number;
  readonly size?: number;
  readonly rdev?: number;
  readonly blocks?: number;
  /** All four times; default now. */
  readonly time?: Timespec;
  readonly data?: unknown;
}

/** A new inode with one reference, the caller's. */
export function createInode(kernel: Kernel, sb: SuperBlock, fields: InodeFields): Inode {
  const time = fields.time ?? realtimeNow(kernel);
  const inode: Inode = {
    id: nextId(kernel),
    sb: sb.id,
    ino: fields.ino ?? sb.nextIno++,
    mode: fields.mode,
    uid: fields.uid ?? 0,
    gid: fields.gid ?? 0,
    nlink: fields.nlink ?? ((fields.mode & S_IFMT) === S_IFDIR ? 2 : 1),
    size: fields.size ?? 0,
    rdev: fields.rdev ?? 0,
    atime: time,
    mtime: time,
    ctime: time,
    btime: time,
    blocks: fields.blocks ?? 0,
    xattrs: null,
    pages: new Map(),
    dirty: new Set(),
    backing: 0,
    refs: 1,
    locks: [],
    lockQueue: 0,
    pipe: 0,
    seals: 0,
    linkable: false,
    writers: 0,
    data: fields.data ?? null,
  };
  kernel.inodes.set(inode.id, inode);
  return inode;
}

/** The inode with this id, which the caller knows to be there. */
export function inodeOf(kernel: Kernel, id: InodeId): Inode {
  return kernel.inodes.get(id)!;
}

export function inodeGet(inode: Inode): Inode {
  inode.refs++;
  return inode;
}

/** Gives a reference back. */
export function inodePut(kernel: Kernel, inode: Inode): void {
  inode.refs--;
  if (inode.refs <= 0 && inode.nlink <= 0) evictInode(kernel, inode);
}

/** Evicts unreferenced inodes, oldest first, while there are more than the cache should hold (`keep`). */
export function trimInodes(kernel: Kernel, keep = MAX_CACHED_INODES): void {
  let surplus = kernel.inodes.size - keep;
  if (surplus <= 0) return;
  for (const inode of kernel.inodes.values()) {
    if (surplus <= 0) break;
    if (inode.refs > 0) continue;
    if (inode.dirty.size > 0 && writeBack(kernel, inode) !== 0) continue;
    evictInode(kernel, inode);
    surplus--;
  }
}

/** Contents changed: st_mtime and st_ctime. */
export function touchModified(kernel: Kernel, inode: Inode): void {
  const now = realtimeNow(kernel);
  inode.mtime = now;
  inode.ctime = now;
}

/** Attributes or links changed: st_ctime. */
export function touchChanged(kernel: Kernel, inode: Inode): void {
  inode.ctime = realtimeNow(kernel);
}

/** For exec: nobody may write the file while it runs. ETXTBSY if somebody has it open for writing. */
export function denyWrite(inode: Inode): 0 | 'ETXTBSY' {
  if (inode.writers > 0) return 'ETXTBSY';
  inode.writers--;
  return 0;
}

export function allowWrite(inode: Inode): void {
  inode.writers++;
}

/** At unmount: writes back what is dirty and drops the inode, whoever pins it. */
export function forgetInode(kernel: Kernel, inode: Inode): void {
  if (inode.dirty.size > 0 && inode.nlink > 0) writeBack(kernel, inode);
  evictInode(kernel, inode);
}

function evictInode(kernel: Kernel, inode: Inode): void {
  dropPages(kernel, inode);
  kernel.inodes.delete(inode.id);
  if (inode.lockQueue !== 0) freeWaitQueue(kernel, inode.lockQueue);
  fsOf(kernel, inode).evict?.(kernel, inode);
}
