/**
 * Growing, shrinking and moving mappings. See mremap(2).
 *
 * Interface: mremapRegion.
 */
import { MREMAP } from '../../abi/flags/memory.ts';
import type { Errno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { PAGE_SIZE } from './frames.ts';
import { hasMemoryFor, mayExpand, mayLock } from './limits.ts';
import { populate, unmapRange } from './mmap.ts';
import { movePages } from './page-range.ts';
import { findRoom, lowestStart } from './placement.ts';
import type { Mm, Vma } from './types.ts';
import {
  countVma,
  findVmaIndex,
  holdVma,
  insertVma,
  isDataVma,
  MAX_MAPPINGS,
  mergeRange,
  splitAround,
  vmaAt,
} from './vma.ts';

const { MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP } = MREMAP.values;

/** Gives the address of the mapping as it is now. */
export function mremapRegion(
  kernel: Kernel,
  mm: Mm,
  address: number,
  oldBytes: number,
  newBytes: number,
  flags: number,
  newAddress: number,
): number | Errno {
  const oldLength = Math.ceil(oldBytes / PAGE_SIZE) * PAGE_SIZE;
  const newLength = Math.ceil(newBytes / PAGE_SIZE) * PAGE_SIZE;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return 'EINVAL';
  const mayMove = (flags & MREMAP_MAYMOVE) !== 0;
  if ((flags & MREMAP_FIXED) !== 0 && !mayMove) return 'EINVAL';
  if ((flags & MREMAP_DONTUNMAP) !== 0 && (!mayMove || oldLength !== newLength)) return 'EINVAL';
  if (address % PAGE_SIZE !== 0 || !(newLength > 0) || !(oldLength >= 0)) return 'EINVAL';
  const vma = vmaAt(mm, address);
  if (vma === undefined) return 'EFAULT';
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) {
    return moveTo(kernel, mm, address, oldLength, newLength, flags, newAddress);
  }
  if (oldLength >= newLength) {
    const removed = oldLength === newLength ? 0 : unmapRange(kernel, mm, address + newLength, address + oldLength);
    return removed === 0 ? address : removed;
  }
  const resizable = checkResize(kernel, mm, vma, address, oldLength, newLength);
  if (resizable !== 0) return resizable;
  if (address + oldLength === vma.end && canGrow(mm, vma, address + newLength)) {
    return growInPlace(kernel, mm, vma, address, newLength);
  }
  if (!mayMove) return 'ENOMEM';
  const room = findRoom(mm, 0, newLength);
  return typeof room === 'string' ? room : move(kernel, mm, vma, address, oldLength, newLength, room, false);
}

function moveTo(
  kernel: Kernel,
  mm: Mm,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  newAddress: number,
): number | Errno {
  if (newAddress % PAGE_SIZE !== 0) return 'EINVAL';
  if (newLength > mm.taskSize || !(newAddress >= 0) || newAddress > mm.taskSize - newLength) return 'EINVAL';
  if (address + oldLength > newAddress && newAddress + newLength > address) return 'EINVAL';
  if (mm.vmas.length + 2 >= MAX_MAPPINGS) return 'ENOMEM';
  const fixed = (flags & MREMAP_FIXED) !== 0;
  const dontUnmap = (flags & MREMAP_DONTUNMAP) !== 0;
  let length = oldLength;
  if (fixed) {
    const removed = unmapRange(kernel, mm, newAddress, newAddress + newLength);
    if (removed !== 0) return removed;
  }
  if (length > newLength) {
    const removed = unmapRange(kernel, mm, address + newLength, address + length);
    if (removed !== 0) return removed;
    length = newLength;
  }
  const vma = vmaAt(mm, address);
  if (vma === undefined) return 'EFAULT';
  const resizable = checkResize(kernel, mm, vma, address, length, newLength);
  if (resizable !== 0) return resizable;
  if (dontUnmap && !mayExpand(kernel, mm, length / PAGE_SIZE, isDataVma(vma))) return 'ENOMEM';
  const room = fixed ? newAddress : findRoom(mm, newAddress, newLength);
  return typeof room === 'string' ? room : move(kernel, mm, vma, address, length, newLength, room, dontUnmap);
}

function checkResize(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  address: number,
  oldLength: number,
  newLength: number,
): 0 | Errno {
  // Linux: an old length of 0 makes a second view of a shared mapping.
  if (oldLength === 0 && !vma.shared) return 'EINVAL';
  if (oldLength > vma.end - address) return 'EFAULT';
  if (newLength <= oldLength) return 0;
  const pages = (newLength - oldLength) / PAGE_SIZE;
  if (vma.locked && !mayLock(kernel, mm, pages)) return 'EAGAIN';
  if (!mayExpand(kernel, mm, pages, isDataVma(vma))) return 'ENOMEM';
  if (isDataVma(vma) && !vma.noReserve && !hasMemoryFor(kernel, pages)) return 'ENOMEM';
  return 0;
}

function canGrow(mm: Mm, vma: Vma, end: number): boolean {
  const next = mm.vmas[findVmaIndex(mm, vma.end)];
  return end <= mm.taskSize && (next === undefined || lowestStart(next) >= end);
}

function growInPlace(kernel: Kernel, mm: Mm, vma: Vma, address: number, length: number): number {
  const oldEnd = vma.end;
  countVma(mm, vma, -1);
  vma.end = address + length;
  countVma(mm, vma, 1);
  const { locked } = vma;
  mergeRange(kernel, mm, vma.end, vma.end);
  if (locked) populate(kernel, mm, oldEnd, address + length);
  return address;
}

function move(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  from: number,
  oldLength: number,
  newLength: number,
  to: number,
  dontUnmap: boolean,
): number | Errno {
  // The old range has to be a mapping of its own before anything is moved, so that nothing can fail later.
  const moved: Vma = { ...vma, start: to, end: to + newLength };
  if (vma.inode !== 0) moved.offset = vma.offset + (from - vma.start);
  if (oldLength > 0 && splitAround(kernel, mm, from, from + oldLength) === 'ENOMEM') return 'ENOMEM';
  const first = from / PAGE_SIZE;
  if (!movePages(kernel, mm, first, first + oldLength / PAGE_SIZE, to / PAGE_SIZE)) {
    movePages(kernel, mm, to / PAGE_SIZE, (to + oldLength) / PAGE_SIZE, first);
    mergeRange(kernel, mm, from, from + oldLength);
    return 'ENOMEM';
  }
  // Signal handlers return through it.
  if (from === mm.vdso) mm.vdso = to;
  holdVma(kernel, moved);
  insertVma(kernel, mm, moved);
  if (oldLength > 0 && !dontUnmap) unmapRange(kernel, mm, from, from + oldLength);
  if (dontUnmap) unlock(kernel, mm, from, from + oldLength);
  if (moved.locked) populate(kernel, mm, to, to + newLength);
  return to;
}

/** Linux: what MREMAP_DONTUNMAP leaves behind is not locked. */
function unlock(kernel: Kernel, mm: Mm, start: number, end: number): void {
  const rest = vmaAt(mm, start)!;
  countVma(mm, rest, -1);
  rest.locked = false;
  countVma(mm, rest, 1);
  mergeRange(kernel, mm, start, end);
}
