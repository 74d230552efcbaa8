/**
 * Reading and writing files through the page cache. Limits, seals and times are the callers' (vfs/regular.ts).
 *
 * Interface: readCached, writeCached.
 */
import type { Pfn } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import { copyFromIo, copyToIo } from '../vfs/io.ts';
import { dataInode, fsOf } from '../vfs/registry.ts';
import type { Inode, Io } from '../vfs/types.ts';
import { frameOffset, getFrame, PAGE_SIZE, putFrame, wroteFrame } from './frames.ts';
import { addPage, markDirty, readAhead } from './page-cache.ts';

/** Pages that a read brings in beyond the one it misses, as far as it wants them. */
const READ_AHEAD = 32;

/** Copies from the file at `pos` to the cursor, up to the end of the file. Gives bytes copied; an error only if there are none. */
export function readCached(kernel: Kernel, file: Inode, io: Io, pos: number): Outcome<number> {
  const inode = dataInode(kernel, file);
  const end = Math.min(inode.size, pos + io.remaining);
  let at = pos;
  while (at < end) {
    const index = Math.floor(at / PAGE_SIZE);
    const page = pageToRead(kernel, inode, index, Math.ceil(end / PAGE_SIZE));
    if (failed(page)) return at > pos ? at - pos : page;
    const within = at - index * PAGE_SIZE;
    const want = Math.min(PAGE_SIZE - within, end - at);
    // Copying may fault, and faults may reclaim: the page must not go meanwhile.
    getFrame(kernel, page);
    const copied = copyToIo(kernel, io, kernel.machine.ram.u8, frameOffset(kernel, page) + within, want);
    putFrame(kernel, page);
    if (typeof copied === 'string') return at > pos ? at - pos : copied;
    at += copied;
    if (copied < want) break;
  }
  return at > pos ? at - pos : 0;
}

/** Copies from the cursor to the file at `pos`; the file grows. Gives bytes copied; an error only if there are none. */
export function writeCached(kernel: Kernel, file: Inode, io: Io, pos: number): Outcome<number> {
  const inode = dataInode(kernel, file);
  const end = pos + io.remaining;
  if (pos > inode.size) clearTail(kernel, inode);
  let at = pos;
  while (at < end) {
    const index = Math.floor(at / PAGE_SIZE);
    const page = pageToWrite(kernel, inode, index);
    if (failed(page)) return at > pos ? at - pos : page;
    const within = at - index * PAGE_SIZE;
    const want = Math.min(PAGE_SIZE - within, end - at);
    getFrame(kernel, page);
    const copied = copyFromIo(kernel, io, kernel.machine.ram.u8, frameOffset(kernel, page) + within, want);
    wroteFrame(kernel, page);
    putFrame(kernel, page);
    if (typeof copied === 'string') return at > pos ? at - pos : copied;
    at += copied;
    if (copied > 0) markDirty(kernel, inode, index);
    if (at > inode.size) inode.size = at;
    if (at > file.size) file.size = at;
    if (copied < want) break;
  }
  return at - pos;
}

function pageToRead(kernel: Kernel, inode: Inode, index: number, stop: number): Outcome<Pfn> {
  const cached = inode.pages.get(index);
  if (cached !== undefined) return cached;
  // A hole: nothing is made for it.
  if (fsOf(kernel, inode).readPage === undefined) return kernel.frames.zeroPage;
  const page = addPage(kernel, inode, index, true);
  if (failed(page) || stop <= index + 1) return page;
  getFrame(kernel, page);
  readAhead(kernel, inode, index + 1, Math.min(stop, index + READ_AHEAD));
  putFrame(kernel, page);
  return page;
}

function pageToWrite(kernel: Kernel, inode: Inode, index: number): Outcome<Pfn> {
  return (
    inode.pages.get(index) ??
    addPage(kernel, inode, index, index * PAGE_SIZE < inode.size && fsOf(kernel, inode).readPage !== undefined)
  );
}

/** A write beyond the end turns what a program may have left after the end of file, through a mapping, into zeros. */
function clearTail(kernel: Kernel, inode: Inode): void {
  const tail = inode.size % PAGE_SIZE;
  const page = tail === 0 ? undefined : inode.pages.get(Math.floor(inode.size / PAGE_SIZE));
  if (page === undefined) return;
  const offset = frameOffset(kernel, page);
  kernel.machine.ram.u8.fill(0, offset + tail, offset + PAGE_SIZE);
  wroteFrame(kernel, page);
}
