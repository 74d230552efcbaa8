/**
 * Where mappings go when the program lets the kernel choose: top-down below mmapBase, so that addresses stay below 4 GiB, where the
 * hart is fastest; then upwards from 4 GiB. See Linux's mm/mmap.c, arch_get_unmapped_area_topdown.
 *
 * Interface: findRoom, isRoomFree, lowestStart, MIN_ADDRESS.
 */
import { PAGE_SIZE } from './frames.ts';
import { STACK_GUARD_PAGES } from './fault.ts';
import type { Mm, Vma } from './types.ts';
import { findVmaIndex } from './vma.ts';

/** vm.mmap_min_addr */
export const MIN_ADDRESS = 65536;

const FOUR_GIB = 2 ** 32;

/** Address for `length` bytes: at `hint` if that is free, else where there is room. */
export function findRoom(mm: Mm, hint: number, length: number): number | 'ENOMEM' {
  if (length > mm.taskSize) return 'ENOMEM';
  if (hint > 0) {
    const address = Math.max(Math.ceil(hint / PAGE_SIZE) * PAGE_SIZE, MIN_ADDRESS);
    if (address + length <= mm.taskSize && isRoomFree(mm, address, length)) return address;
  }
  const below = roomBelow(mm, mm.mmapBase, length);
  return below >= 0 ? below : roomAbove(mm, FOUR_GIB, length);
}

/** Whether nothing is mapped in [start, start + length) or too near below a stack. */
export function isRoomFree(mm: Mm, start: number, length: number): boolean {
  const index = findVmaIndex(mm, start);
  const next = mm.vmas[index];
  return next === undefined || start + length <= lowestStart(next);
}

/** The start of a mapping with the gap that must stay free below a stack. */
export function lowestStart(vma: Vma): number {
  return vma.growsDown ? Math.max(0, vma.start - STACK_GUARD_PAGES * PAGE_SIZE) : vma.start;
}

/** The highest free room that ends at or below `ceiling`; -1: none. */
function roomBelow(mm: Mm, ceiling: number, length: number): number {
  const vmas = mm.vmas;
  let index = findVmaIndex(mm, ceiling - 1);
  let end = ceiling;
  const above = vmas[index];
  if (above !== undefined) end = Math.min(end, lowestStart(above));
  for (; index >= 0; index--) {
    const below = vmas[index - 1];
    const floor = below === undefined ? MIN_ADDRESS : below.end;
    if (end - floor >= length) return end - length;
    if (below === undefined) return -1;
    end = Math.min(end, lowestStart(below));
  }
  return -1;
}

/** The lowest free room at or above `floor`. */
function roomAbove(mm: Mm, floor: number, length: number): number | 'ENOMEM' {
  const vmas = mm.vmas;
  let start = floor;
  for (let index = findVmaIndex(mm, floor); index < vmas.length; index++) {
    if (lowestStart(vmas[index]!) - start >= length) return start;
    start = Math.max(start, vmas[index]!.end);
  }
  return start + length <= mm.taskSize ? start : 'ENOMEM';
}
