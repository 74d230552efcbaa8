/**
 * The page cache: contents of files in memory, shared by read, write and mappings. Copying to and from programs is in cached-io.ts.
 *
 * Interface: cachedPage, addPage, readAhead, truncatePages, punchPages, writeBack, writeBackPage, dropPages,
 * markDirty, needsDirty.
 * Invariants: the cache holds one reference on each frame of `inode.pages`. Bytes after the end of file in the last page are zero, unless a
 * program wrote them through a mapping. A file system without readPage (tmpfs, anonymous memory) has its contents here only; a page that
 * is absent there is a hole of zeros.
 */
import type { Pfn } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import { dataInode, fsOf } from '../vfs/registry.ts';
import type { FileSystemType, Inode } from '../vfs/types.ts';
import { frameBytes, frameOffset, PAGE_SIZE, putFrame, wroteFrame } from './frames.ts';
import { unmapInode, writeProtectInode } from './inode-mappings.ts';
import { reservePages, takeUserFrame } from './user-frames.ts';

/** The frame of page `index`, read or made if it is not there. The reference stays the cache's. */
export function cachedPage(kernel: Kernel, file: Inode, index: number): Outcome<Pfn> {
  const inode = dataInode(kernel, file);
  return inode.pages.get(index) ?? addPage(kernel, inode, index, true);
}

/** As cachedPage, for a page that is known to be absent. Not `read`: a page of zeros, which the caller is about to write over. */
export function addPage(kernel: Kernel, inode: Inode, index: number, read: boolean): Outcome<Pfn> {
  const fs = fsOf(kernel, inode);
  // Writers reserve before they begin; here a mapping fills a hole.
  if (read && fs.readPage === undefined && fs.reserve !== undefined) {
    const granted = fs.reserve(kernel, inode, index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
    if (typeof granted === 'string') return granted;
  }
  const readPage = read ? fs.readPage : undefined;
  const pfn = takeUserFrame(kernel, readPage === undefined);
  if (pfn === 0) return 'ENOMEM';
  if (readPage !== undefined) {
    const result = readPage(kernel, inode, index, frameBytes(kernel, pfn));
    if (failed(result)) {
      putFrame(kernel, pfn);
      return result;
    }
  }
  inode.pages.set(index, pfn);
  kernel.frames.cachePages++;
  return pfn;
}

/** Reads pages [first, last) that are absent, as far as the file goes and memory is plentiful. Errors are left to who needs the page. */
export function readAhead(kernel: Kernel, inode: Inode, first: number, last: number): void {
  if (fsOf(kernel, inode).readPage === undefined) return;
  const end = Math.min(last, Math.ceil(inode.size / PAGE_SIZE));
  for (let index = first; index < end; index++) {
    if (inode.pages.has(index)) continue;
    if (kernel.frames.freePages < 4 * reservePages(kernel)) return;
    if (failed(addPage(kernel, inode, index, true))) return;
  }
}

/** Cuts the cached contents at `size` bytes: drops and unmaps whole pages beyond, clears the rest of the last one. `inode.size` is the caller's. */
export function truncatePages(kernel: Kernel, file: Inode, size: number): void {
  const inode = dataInode(kernel, file);
  if (inode.pages.size === 0) return;
  const keep = Math.ceil(size / PAGE_SIZE);
  const tail = size % PAGE_SIZE;
  const last = tail === 0 ? undefined : inode.pages.get(keep - 1);
  if (last !== undefined) {
    const offset = frameOffset(kernel, last);
    kernel.machine.ram.u8.fill(0, offset + tail, offset + PAGE_SIZE);
    wroteFrame(kernel, last);
    markDirty(kernel, inode, keep - 1);
  }
  // A mapped page has its own reference, but the program must see SIGBUS from now on.
  unmapInode(kernel, inode, keep, Infinity, false);
  for (const [index, pfn] of inode.pages) if (index >= keep) removePage(kernel, inode, index, pfn);
}

/** Makes pages [first, last) holes (FALLOC_FL_PUNCH_HOLE), where contents are in the cache only. */
export function punchPages(kernel: Kernel, inode: Inode, first: number, last: number): void {
  unmapInode(kernel, inode, first, last, false);
  for (const [index, pfn] of inode.pages) if (index >= first && index < last) removePage(kernel, inode, index, pfn);
}

/** Writes dirty pages to the backing store. Programs that map them fault at their next write. */
export function writeBack(kernel: Kernel, file: Inode): Outcome<0> {
  const inode = dataInode(kernel, file);
  if (inode.dirty.size === 0) return 0;
  for (const index of [...inode.dirty].sort((a, b) => a - b)) {
    const result = writeBackPage(kernel, inode, index);
    if (failed(result)) return result;
  }
  return 0;
}

/** Writes a page of the cache to the backing store, if it is dirty and there is one. */
export function writeBackPage(kernel: Kernel, inode: Inode, index: number): Outcome<0> {
  const { writePage } = fsOf(kernel, inode);
  if (writePage === undefined || !inode.dirty.has(index)) return 0;
  const pfn = inode.pages.get(index);
  if (pfn !== undefined) {
    writeProtectInode(kernel, inode, index);
    const result = writePage(kernel, inode, index, frameBytes(kernel, pfn));
    if (failed(result)) return result;
  }
  inode.dirty.delete(index);
  return 0;
}

/** Forgets all cached contents, dirty or not: the inode goes, or its store has changed. */
export function dropPages(kernel: Kernel, inode: Inode): void {
  for (const [index, pfn] of inode.pages) removePage(kernel, inode, index, pfn);
  inode.dirty.clear();
}

/** Notes that a page differs from the backing store. Where there is none, nothing is noted. */
export function markDirty(kernel: Kernel, inode: Inode, index: number): void {
  if (needsDirty(fsOf(kernel, inode))) inode.dirty.add(index);
}

export function needsDirty(fs: FileSystemType): boolean {
  return fs.readPage !== undefined;
}

function removePage(kernel: Kernel, inode: Inode, index: number, pfn: Pfn): void {
  inode.pages.delete(index);
  inode.dirty.delete(index);
  kernel.frames.cachePages--;
  putFrame(kernel, pfn);
}
