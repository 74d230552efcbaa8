/**
 * Frames for programs: what page faults and file contents take. Unlike the kernel's own, these may cost something else its memory.
 *
 * Interface: takeUserFrame, reclaimPages, reservePages.
 * Order (Linux's too): free frames down to a reserve that only the kernel may use; then clean pages of files that can be read again, first
 * those that nobody maps; then the OOM killer. tmpfs and dirty pages are never taken.
 */
import type { Pfn } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { fsOf } from '../vfs/registry.ts';
import type { Inode } from '../vfs/types.ts';
import { frameRefs, putFrame, takeFrame } from './frames.ts';
import { unmapInode } from './inode-mappings.ts';
import { killForMemory } from './oom.ts';

const RECLAIM_BATCH = 128;

/** A frame, as takeFrame; 0: there is none, or the current process was killed to get one. */
export function takeUserFrame(kernel: Kernel, zeroed: boolean): Pfn {
  if (kernel.frames.freePages <= reservePages(kernel) && !makeRoom(kernel)) return 0;
  return takeFrame(kernel, zeroed);
}

/** Frames that programs cannot have: the kernel needs some to let a process die. */
export function reservePages(kernel: Kernel): number {
  return Math.min(256, kernel.frames.pages >>> 6);
}

/** Gives back up to `wanted` clean pages of files. Returns how many. */
export function reclaimPages(kernel: Kernel, wanted: number): number {
  let freed = sweep(kernel, wanted, false);
  // Pages in use are taken only while there are many: else programs would do nothing but read their own code again.
  if (freed === 0 && kernel.frames.cachePages > kernel.frames.pages >>> 7) freed = sweep(kernel, wanted, true);
  return freed;
}

function makeRoom(kernel: Kernel): boolean {
  const reserve = reservePages(kernel);
  const current = kernel.tasks.get(kernel.current);
  for (;;) {
    reclaimPages(kernel, RECLAIM_BATCH);
    if (kernel.frames.freePages > reserve) return true;
    if (current !== undefined && current.mm !== 0 && kernel.mms.get(current.mm)?.oomReaped === true) return false;
    const victim = killForMemory(kernel);
    if (victim === null || victim.id === current?.mm) return false;
  }
}

/** Goes once round the inodes, from where the last sweep stopped. */
function sweep(kernel: Kernel, wanted: number, mapped: boolean): number {
  const start = kernel.frames.reclaimCursor;
  let freed = 0;
  // Maps keep the order in which inodes came: those after the cursor first, then those up to it.
  for (const after of [true, false]) {
    for (const inode of kernel.inodes.values()) {
      if (inode.id > start !== after || inode.pages.size === 0 || !isReclaimable(kernel, inode)) continue;
      freed += reclaimInode(kernel, inode, wanted - freed, mapped);
      if (freed < wanted) continue;
      kernel.frames.reclaimCursor = inode.id;
      return freed;
    }
  }
  kernel.frames.reclaimCursor = 0;
  return freed;
}

function isReclaimable(kernel: Kernel, inode: Inode): boolean {
  if (!kernel.superBlocks.has(inode.sb)) return false;
  const fs = fsOf(kernel, inode);
  return fs.readPage !== undefined && fs.name !== 'tmpfs';
}

function reclaimInode(kernel: Kernel, inode: Inode, wanted: number, mapped: boolean): number {
  if (mapped) unmapInode(kernel, inode, 0, Infinity, true);
  let freed = 0;
  for (const [index, pfn] of inode.pages) {
    if (freed >= wanted) break;
    // A second reference is a mapping, or somebody who is copying from it.
    if (frameRefs(kernel, pfn) !== 1 || inode.dirty.has(index)) continue;
    inode.pages.delete(index);
    kernel.frames.cachePages--;
    putFrame(kernel, pfn);
    freed++;
  }
  return freed;
}
