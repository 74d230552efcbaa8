/**
 * Making and removing mappings. See mmap(2), munmap(2), brk(2).
 *
 * Interface: mmapRegion, munmapRegion, setBrk, populate, unmapRange, MapRequest; mprotectRegion and findVma are given on from their files.
 * Pages come with the first access (fault.ts), or at once with MAP_POPULATE and in locked mappings.
 */
import { MMAP, MMAP_PROT } from '../../abi/flags/memory.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { SEALS } from '../../abi/flags/fcntl.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import type { Errno } from '../../abi/errno.ts';
import { S_IFREG } from '../../abi/file-mode.ts';
import type { ByteString } from '../../util/byte-string.ts';
import { freeLeafTables } from '../arch/riscv64/page-table.ts';
import type { Kernel } from '../kernel.ts';
import { getFile } from '../vfs/file.ts';
import { inodeOf } from '../vfs/inode.ts';
import { opsOf } from '../vfs/registry.ts';
import { anonInode } from '../vfs/super.ts';
import type { OpenFile } from '../vfs/types.ts';
import { ACCESS, FAULT, faultIn } from './fault.ts';
import { PAGE_SIZE } from './frames.ts';
import { callerHas, canLock, currentLimit, hasMemoryFor, mayExpand, mayLock } from './limits.ts';
import { zapPages } from './page-range.ts';
import { findRoom, isRoomFree, lowestStart, MIN_ADDRESS } from './placement.ts';
import type { Mm, Vma } from './types.ts';
import { dropVma, findVmaIndex, insertVma, MAX_MAPPINGS, newVma, removeVmas, splitAround } from './vma.ts';

export { mprotectRegion } from './mprotect.ts';
export { findVma } from './vma.ts';

const { PROT_WRITE, PROT_EXEC } = MMAP_PROT.values;
const { MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_FIXED, MAP_GROWSDOWN } = MMAP.values;
const { MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE, MAP_NONBLOCK, MAP_HUGETLB, MAP_FIXED_NOREPLACE, MAP_SYNC } =
  MMAP.values;
const { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE } = SEALS.values;
const { CAP_SYS_RAWIO } = CAPABILITY.values;
const MAP_TYPE = MMAP.mask;
/** Flags that MAP_SHARED_VALIDATE lets pass for a file: those from before it existed, MAP_32BIT and the sizes of MAP_HUGETLB. */
const VALIDATED_FLAGS = knownFlags() | 0x40 | 0x80 | (0x3f << 26);
/** Offsets in files end here: pgoff has 64 bits, of which pages take 12. */
const MAX_OFFSET = 2 ** 63;

export interface MapRequest {
  /** With MAP_FIXED the address, otherwise a hint; 0: none. */
  readonly address: number;
  readonly length: number;
  /** PROT_*; only the lowest three bits count. */
  readonly prot: number;
  /** MAP_* */
  readonly flags: number;
  /** Null with MAP_ANONYMOUS. The mapping takes its own reference. */
  readonly file: OpenFile | null;
  readonly offset: number;
  /** Shown in /proc/PID/maps for anonymous memory. */
  readonly name?: ByteString;
}

/** Maps a file or fresh memory. Gives the address. */
export function mmapRegion(kernel: Kernel, mm: Mm, request: MapRequest): number | Errno {
  const { flags, file, offset } = request;
  const length = Math.ceil(request.length / PAGE_SIZE) * PAGE_SIZE;
  if (request.length === 0) return 'EINVAL';
  if (!(length > 0) || length >= 2 ** 63) return 'ENOMEM';
  if (offset % PAGE_SIZE !== 0) return 'EINVAL';
  if (file !== null && offset + length > MAX_OFFSET) return 'EOVERFLOW';
  if (mm.vmas.length >= MAX_MAPPINGS) return 'ENOMEM';
  const locked = (flags & MAP_LOCKED) !== 0 || mm.lockFuture;
  if ((flags & MAP_LOCKED) !== 0 && !canLock(kernel)) return 'EPERM';
  if (locked && !mayLock(kernel, mm, length / PAGE_SIZE)) return 'EAGAIN';
  const start = placeMapping(kernel, mm, request, length);
  if (typeof start === 'string') return start;
  const allowed = file === null ? checkAnonymous(flags) : checkFile(kernel, file, request);
  if (allowed !== 0) return allowed;
  if ((flags & MAP_HUGETLB) !== 0) return file === null ? 'ENOMEM' : 'EINVAL';

  const vma = newVma(start, start + length, request.prot & 7, {
    shared: (flags & MAP_TYPE) !== MAP_PRIVATE,
    growsDown: (flags & MAP_GROWSDOWN) !== 0,
    noReserve: (flags & MAP_NORESERVE) !== 0,
    locked,
    name: request.name ?? '',
  });
  const pages = length / PAGE_SIZE;
  const isData = !vma.shared && (vma.prot & PROT_WRITE) !== 0;
  if (!mayExpand(kernel, mm, pages - mappedPages(mm, start, vma.end), isData && !vma.growsDown)) return 'ENOMEM';
  if ((isData || (vma.shared && file === null)) && !vma.noReserve && !hasMemoryFor(kernel, pages)) return 'ENOMEM';
  const backing = file === null ? 0 : (opsOf(file).mmap?.(kernel, file, vma.shared) ?? 'ENODEV');
  if (typeof backing === 'string') return backing;

  const removed = unmapRange(kernel, mm, start, vma.end);
  if (removed !== 0) return removed;
  attachBacking(kernel, vma, file, backing, offset);
  insertVma(kernel, mm, vma);
  const wantsPages = (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE || (locked && !mm.lockOnFault);
  if (wantsPages) populate(kernel, mm, start, start + length);
  return start;
}

/** Removes what is mapped in a range; splits mappings that cross its ends. */
export function munmapRegion(kernel: Kernel, mm: Mm, start: number, length: number): 0 | Errno {
  if (!(start >= 0) || start % PAGE_SIZE !== 0 || start > mm.taskSize || !(length <= mm.taskSize - start))
    return 'EINVAL';
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (end <= start) return 'EINVAL';
  return unmapRange(kernel, mm, start, end);
}

/** Sets the end of the heap. Gives the end as it is now: the old one if that could not be done. */
export function setBrk(kernel: Kernel, mm: Mm, brk: number): number {
  if (!(brk >= mm.brkStart) || brk > mm.taskSize) return mm.brk;
  const dataBytes = brk - mm.brkStart + (mm.endData - mm.startData);
  if (dataBytes > currentLimit(kernel, 'RLIMIT_DATA')) return mm.brk;
  const oldEnd = Math.ceil(mm.brk / PAGE_SIZE) * PAGE_SIZE;
  const newEnd = Math.ceil(brk / PAGE_SIZE) * PAGE_SIZE;
  if (newEnd < oldEnd && unmapRange(kernel, mm, newEnd, oldEnd) !== 0) return mm.brk;
  if (newEnd > oldEnd) {
    const pages = (newEnd - oldEnd) / PAGE_SIZE;
    const next = mm.vmas[findVmaIndex(mm, oldEnd)];
    if (next !== undefined && newEnd + PAGE_SIZE > lowestStart(next)) return mm.brk;
    if (mm.vmas.length >= MAX_MAPPINGS || !mayExpand(kernel, mm, pages, true) || !hasMemoryFor(kernel, pages))
      return mm.brk;
    if (mm.lockFuture && !mayLock(kernel, mm, pages)) return mm.brk;
    insertVma(kernel, mm, newVma(oldEnd, newEnd, 3, { name: '[heap]', locked: mm.lockFuture }));
    if (mm.lockFuture && !mm.lockOnFault) populate(kernel, mm, oldEnd, newEnd);
  }
  mm.brk = brk;
  return brk;
}

/** Makes pages present, as far as that is possible. Errors show at the access. */
export function populate(kernel: Kernel, mm: Mm, start: number, end: number): void {
  for (let index = findVmaIndex(mm, start); index < mm.vmas.length && mm.vmas[index]!.start < end; index++) {
    const vma = mm.vmas[index]!;
    if (vma.prot === 0) continue;
    const access =
      !vma.shared && (vma.prot & PROT_WRITE) !== 0 ? ACCESS.write : (vma.prot & 3) !== 0 ? ACCESS.read : ACCESS.exec;
    const last = Math.min(end, vma.end);
    for (let address = Math.max(start, vma.start); address < last; address += PAGE_SIZE) {
      const result = faultIn(kernel, mm, address, access);
      if (result !== FAULT.minor && result !== FAULT.major) return;
    }
  }
}

/** Removes what is mapped in [start, end), with its page tables. */
export function unmapRange(kernel: Kernel, mm: Mm, start: number, end: number): 0 | 'ENOMEM' {
  const first = mm.vmas[findVmaIndex(mm, start)];
  if (first === undefined || first.start >= end) return 0;
  const index = splitAround(kernel, mm, start, end);
  if (typeof index === 'string') return index;
  let last = index;
  while (last < mm.vmas.length && mm.vmas[last]!.start < end) last++;
  const removed = removeVmas(mm, index, last);
  for (const vma of removed) zapPages(kernel, mm, vma, vma.start / PAGE_SIZE, vma.end / PAGE_SIZE);
  freeUnusedTables(kernel, mm, index, start, end);
  for (const vma of removed) dropVma(kernel, vma);
  return 0;
}

const TABLE_BYTES = 512 * PAGE_SIZE;

/** Leaf tables that reach into the unmapped range [start, end) and now serve nothing. `index`: of the next vma after it. */
function freeUnusedTables(kernel: Kernel, mm: Mm, index: number, start: number, end: number): void {
  const below = index === 0 ? 0 : mm.vmas[index - 1]!.end;
  const above = index < mm.vmas.length ? mm.vmas[index]!.start : mm.taskSize;
  const floor = Math.max(below, Math.floor(start / TABLE_BYTES) * TABLE_BYTES);
  const ceiling = Math.min(above, Math.ceil(end / TABLE_BYTES) * TABLE_BYTES);
  freeLeafTables(kernel, mm, Math.ceil(floor / PAGE_SIZE), Math.floor(ceiling / PAGE_SIZE));
}

function placeMapping(kernel: Kernel, mm: Mm, { address, flags }: MapRequest, length: number): number | Errno {
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) === 0) return findRoom(mm, address, length);
  if (!(address >= 0) || length > mm.taskSize || address > mm.taskSize - length) return 'ENOMEM';
  if (address % PAGE_SIZE !== 0) return 'EINVAL';
  if (address < MIN_ADDRESS && !callerHas(kernel, CAP_SYS_RAWIO)) return 'EPERM';
  if ((flags & MAP_FIXED_NOREPLACE) !== 0 && !isUnmapped(mm, address, length)) return 'EEXIST';
  return address;
}

function isUnmapped(mm: Mm, start: number, length: number): boolean {
  if (isRoomFree(mm, start, length)) return true;
  const next = mm.vmas[findVmaIndex(mm, start)]!;
  return next.start >= start + length;
}

function checkAnonymous(flags: number): 0 | Errno {
  const type = flags & MAP_TYPE;
  if (type === MAP_PRIVATE) return 0;
  return type === MAP_SHARED && (flags & MAP_GROWSDOWN) === 0 ? 0 : 'EINVAL';
}

function checkFile(kernel: Kernel, file: OpenFile, { prot, flags }: MapRequest): 0 | Errno {
  const type = flags & MAP_TYPE;
  if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) return 'EINVAL';
  if (type === MAP_SHARED_VALIDATE && ((flags & ~VALIDATED_FLAGS) !== 0 || (flags & MAP_SYNC) !== 0))
    return 'EOPNOTSUPP';
  if (type !== MAP_PRIVATE && (prot & PROT_WRITE) !== 0 && !file.writable) return 'EACCES';
  if (!file.readable) return 'EACCES';
  if ((prot & PROT_EXEC) !== 0 && isNoExec(kernel, file)) return 'EPERM';
  if (opsOf(file).mmap === undefined) return 'ENODEV';
  if ((flags & MAP_GROWSDOWN) !== 0) return 'EINVAL';
  const seals = inodeOf(kernel, file.inode).seals;
  if (type !== MAP_PRIVATE && (prot & PROT_WRITE) !== 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0)
    return 'EPERM';
  return 0;
}

/** Whether the file is on a mount from which nothing may be executed. */
export function isNoExec(kernel: Kernel, file: OpenFile): boolean {
  return file.path !== null && (kernel.mounts.get(file.path.mount)!.flags & MOUNT.values.MS_NOEXEC) !== 0;
}

/** Gives the vma what it maps: the file's inode, or for shared anonymous memory one of its own. */
function attachBacking(kernel: Kernel, vma: Vma, file: OpenFile | null, backing: number, offset: number): void {
  if (file !== null && backing !== 0) {
    getFile(kernel, file);
    vma.file = file.id;
    vma.inode = backing;
    vma.offset = offset;
    return;
  }
  if (!vma.shared) return;
  const inode = anonInode(kernel, '/dev/zero', S_IFREG | 0o777);
  inode.size = vma.end - vma.start;
  vma.inode = inode.id;
  if (vma.name === '') vma.name = '/dev/zero (deleted)';
}

/** How many pages of [start, end) are mapped. */
function mappedPages(mm: Mm, start: number, end: number): number {
  let bytes = 0;
  for (let index = findVmaIndex(mm, start); index < mm.vmas.length && mm.vmas[index]!.start < end; index++) {
    const vma = mm.vmas[index]!;
    bytes += Math.min(vma.end, end) - Math.max(vma.start, start);
  }
  return bytes / PAGE_SIZE;
}

function knownFlags(): number {
  const { MAP_FIXED_NOREPLACE: later, MAP_SYNC: sync, ...old } = MMAP.values;
  return Object.values(old).reduce((all, flag) => all | flag, 0) & ~(later | sync);
}
