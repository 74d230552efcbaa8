/**
 * Regular files: reads and writes through the page cache. See read(2), write(2), lseek(2).
 *
 * Interface: regularOps, seekTo.
 * Invariant: what write() took has arrived in the backing store, where there is one: its errors are the writer's (a disk of the host that
 * is full), and the host sees a log grow. Only what programs change through mappings arrives later.
 */
import { RLIMIT } from '../../abi/flags/sched.ts';
import { SEEK } from '../../abi/flags/file-io.ts';
import { SEALS } from '../../abi/flags/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import { readCached, writeCached } from '../mm/cached-io.ts';
import { truncatePages, writeBack, writeBackPage } from '../mm/page-cache.ts';
import { failed, type Outcome } from '../result.ts';
import { sendToThread } from '../signal/send.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { MAX_FILE_BYTES, removePrivileges, touchAccessed } from './attributes.ts';
import { inodeOf, touchModified } from './inode.ts';
import { dataInode, fsOf } from './registry.ts';
import type { FileOps, Inode, Io, OpenFile } from './types.ts';
import { progressOf } from '../task/syscall-state.ts';

const { RLIMIT_FSIZE } = RLIMIT.values;
const { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE } = SEEK.values;
const { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_GROW } = SEALS.values;
const SIGXFSZ = 25;
const SI_KERNEL = 0x80;
const PAGE_SIZE = 4096;

export const regularOps: FileOps = {
  seekable: true,
  read: readRegular,
  write: writeRegular,
  seek: seekRegular,
  fsync: (kernel, file) => writeBack(kernel, inodeOf(kernel, file.inode)),
  mmap: (kernel, file) => dataInode(kernel, inodeOf(kernel, file.inode)).id,
  release: (kernel, file) => {
    const inode = dataInode(kernel, inodeOf(kernel, file.inode));
    if (file.writable && inode.dirty.size > 0) writeBack(kernel, inode);
  },
};

/** The position that SEEK_SET, SEEK_CUR and SEEK_END name; EINVAL below zero. */
export function seekTo(file: OpenFile, offset: number, whence: number, size: number): number | 'EINVAL' {
  let base: number;
  if (whence === SEEK_SET) base = 0;
  else if (whence === SEEK_CUR) base = file.pos;
  else if (whence === SEEK_END) base = size;
  else return 'EINVAL';
  const to = base + offset;
  return to < 0 || to > MAX_FILE_BYTES ? 'EINVAL' : to;
}

function readRegular(kernel: Kernel, _task: Task, file: OpenFile, io: Io, pos: number): Outcome<number> {
  const inode = inodeOf(kernel, file.inode);
  if (io.remaining === 0) return 0;
  const count = readCached(kernel, inode, io, pos);
  if (typeof count === 'number') touchAccessed(kernel, file, inode);
  return count;
}

function writeRegular(kernel: Kernel, task: Task, file: OpenFile, io: Io, pos: number): Outcome<number> {
  if (io.remaining === 0) return 0;
  const inode = inodeOf(kernel, file.inode);
  if (inode.seals !== 0) {
    if ((inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return 'EPERM';
    if ((inode.seals & F_SEAL_GROW) !== 0 && pos + io.remaining > inode.size) return 'EPERM';
  }
  const limited = limitSize(kernel, task, io, pos);
  if (limited !== 0) return limited;
  const fs = fsOf(kernel, inode);
  const prepared = fs.prepareWrite?.(kernel, inode) ?? 0;
  if (failed(prepared)) return prepared;
  if (fs.reserve !== undefined) {
    const room = fs.reserve(kernel, inode, pos, pos + io.remaining);
    if (typeof room === 'string') return room;
    if (room < io.remaining) io.remaining = room;
  }
  removePrivileges(task.cred, inode);
  const sizeBefore = inode.size;
  const count = writeCached(kernel, inode, io, pos);
  if (typeof count !== 'number') return count;
  touchModified(kernel, inode);
  return storeWritten(kernel, inode, pos, count, sizeBefore);
}

/** Gives how much of what was just written has arrived in the backing store. A file that could not grow is as long as before. */
function storeWritten(kernel: Kernel, file: Inode, pos: number, count: number, sizeBefore: number): Outcome<number> {
  const inode = dataInode(kernel, file);
  if (inode.dirty.size === 0) return count;
  for (let index = Math.floor(pos / PAGE_SIZE); index * PAGE_SIZE < pos + count; index++) {
    const result = writeBackPage(kernel, inode, index);
    if (!failed(result)) continue;
    const arrived = Math.max(0, index * PAGE_SIZE - pos);
    const size = Math.max(sizeBefore, pos + arrived);
    if (size < inode.size) {
      file.size = inode.size = size;
      truncatePages(kernel, inode, size);
    }
    return arrived > 0 ? arrived : result;
  }
  return count;
}

/** Cuts the transfer at RLIMIT_FSIZE; from there on EFBIG with SIGXFSZ. */
function limitSize(kernel: Kernel, task: Task, io: Io, pos: number): 0 | 'EFBIG' {
  const limit = groupOf(kernel, task).rlimits[RLIMIT_FSIZE]!.soft;
  if (pos >= limit) {
    // The rest of a long write: what was written counts.
    if ((progressOf(task)?.done ?? 0) > 0) return 'EFBIG';
    sendToThread(kernel, task, { signo: SIGXFSZ, errno: 0, code: SI_KERNEL });
    return 'EFBIG';
  }
  const room = Math.min(limit, MAX_FILE_BYTES) - pos;
  if (room <= 0) return 'EFBIG';
  if (io.remaining > room) io.remaining = room;
  return 0;
}

function seekRegular(kernel: Kernel, file: OpenFile, offset: number, whence: number): Outcome<number> {
  const inode = inodeOf(kernel, file.inode);
  if (whence === SEEK_DATA || whence === SEEK_HOLE) {
    if (offset < 0 || offset >= inode.size) return 'ENXIO';
    const found = findData(kernel, dataInode(kernel, inode), offset, whence === SEEK_DATA);
    if (typeof found === 'string') return found;
    return (file.pos = found);
  }
  const to = seekTo(file, offset, whence, inode.size);
  if (typeof to === 'number') file.pos = to;
  return to;
}

/** The next byte from `offset` on that is in a page (data) or in none (hole). The end of the file counts as a hole. */
function findData(kernel: Kernel, inode: Inode, offset: number, data: boolean): number | 'ENXIO' {
  // With a backing store all is data: what is not cached may still be there.
  if (fsOf(kernel, inode).readPage !== undefined) return data ? offset : inode.size;
  const pages = Math.ceil(inode.size / PAGE_SIZE);
  const first = Math.floor(offset / PAGE_SIZE);
  if (inode.pages.has(first) === data) return offset;
  if (data) {
    // Sparse files may be huge: look at what is there instead of counting up.
    let next = Infinity;
    for (const index of inode.pages.keys()) if (index > first && index < next) next = index;
    return next < pages ? next * PAGE_SIZE : 'ENXIO';
  }
  let index = first + 1;
  while (index < pages && inode.pages.has(index)) index++;
  return Math.min(index * PAGE_SIZE, inode.size);
}
