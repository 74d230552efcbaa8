/**
 * The list of mappings of an address space: look-up, insertion, splitting and merging. Page tables are not touched here.
 *
 * Interface: findVma, findVmaIndex, vmaAt, insertVma, removeVmas, splitVma, splitAround, mergeRange, holdVma, dropVma, newVma,
 * isDataVma, countVma, MAX_MAPPINGS.
 * Invariants: `mm.vmas` is sorted, without overlaps; neighbours that could be one are one (after mergeRange). Each vma holds one
 * reference on its file, or without a file on its inode. `totalPages`, `dataPages` and `lockedPages` agree with the list.
 */
import type { Kernel } from '../kernel.ts';
import { getFile, putFile } from '../vfs/file.ts';
import { inodeGet, inodePut } from '../vfs/inode.ts';
import { PAGE_SIZE } from './frames.ts';
import type { Mm, Vma } from './types.ts';

/** vm.max_map_count */
export const MAX_MAPPINGS = 65530;

/** Index of the first vma that ends above `address`; the length of the list if there is none. */
export function findVmaIndex(mm: Mm, address: number): number {
  const vmas = mm.vmas;
  let low = 0;
  let high = vmas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (vmas[middle]!.end > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first vma that ends above `address`, whether or not it holds it (Linux's find_vma). */
export function findVma(mm: Mm, address: number): Vma | undefined {
  return mm.vmas[findVmaIndex(mm, address)];
}

/** The vma that holds `address`. */
export function vmaAt(mm: Mm, address: number): Vma | undefined {
  const vma = findVma(mm, address);
  return vma !== undefined && vma.start <= address ? vma : undefined;
}

/** A private anonymous mapping with these changes. */
export function newVma(start: number, end: number, prot: number, fields: Partial<Vma> = {}): Vma {
  return {
    start,
    end,
    prot,
    shared: false,
    growsDown: false,
    noReserve: false,
    locked: false,
    dontFork: false,
    wipeOnFork: false,
    dontDump: false,
    file: 0,
    inode: 0,
    offset: 0,
    name: '',
    ...fields,
  };
}

/** Adds a mapping where nothing is mapped, merged with its neighbours if possible. Takes over the caller's reference. */
export function insertVma(kernel: Kernel, mm: Mm, vma: Vma): void {
  const index = findVmaIndex(mm, vma.start);
  mm.vmas.splice(index, 0, vma);
  countVma(mm, vma, 1);
  mergeAt(kernel, mm, index + 1);
  mergeAt(kernel, mm, index);
}

/** Takes the vmas [first, last) off the list and gives them back with their references. */
export function removeVmas(mm: Mm, first: number, last: number): Vma[] {
  const removed = mm.vmas.splice(first, last - first);
  for (const vma of removed) countVma(mm, vma, -1);
  return removed;
}

/** Cuts the vma at `index` in two at `address`, which lies inside it. */
export function splitVma(kernel: Kernel, mm: Mm, index: number, address: number): void {
  const vma = mm.vmas[index]!;
  const upper: Vma = { ...vma, start: address };
  if (vma.inode !== 0) upper.offset = vma.offset + (address - vma.start);
  vma.end = address;
  holdVma(kernel, upper);
  mm.vmas.splice(index + 1, 0, upper);
}

/**
 * Cuts vmas so that none crosses `start` or `end`. Gives the index of the first one that ends above `start`; ENOMEM when there would
 * be too many mappings, and then nothing is changed.
 */
export function splitAround(kernel: Kernel, mm: Mm, start: number, end: number): number | 'ENOMEM' {
  let index = findVmaIndex(mm, start);
  const first = mm.vmas[index];
  if (first === undefined) return index;
  const lastIndex = findVmaIndex(mm, end);
  const last = mm.vmas[lastIndex];
  const cutsFirst = first.start < start;
  const cutsLast = last !== undefined && last.start < end;
  if (mm.vmas.length + Number(cutsFirst) + Number(cutsLast) > MAX_MAPPINGS) return 'ENOMEM';
  if (cutsLast) splitVma(kernel, mm, lastIndex, end);
  if (cutsFirst) splitVma(kernel, mm, index++, start);
  return index;
}

/** Merges what can be merged among the vmas that touch [start, end]. */
export function mergeRange(kernel: Kernel, mm: Mm, start: number, end: number): void {
  let index = findVmaIndex(mm, end);
  for (; index > 0; index--) {
    mergeAt(kernel, mm, index);
    if (mm.vmas[index - 1]!.end < start) return;
  }
}

/** Takes one more reference on what the vma maps. */
export function holdVma(kernel: Kernel, vma: Vma): void {
  if (vma.file !== 0) getFile(kernel, kernel.files.get(vma.file)!);
  else if (vma.inode !== 0) inodeGet(kernel.inodes.get(vma.inode)!);
}

/** Gives the vma's reference back. */
export function dropVma(kernel: Kernel, vma: Vma): void {
  if (vma.file !== 0) putFile(kernel, kernel.files.get(vma.file)!);
  else if (vma.inode !== 0) inodePut(kernel, kernel.inodes.get(vma.inode)!);
}

/** Private, writable and not a stack: counted against RLIMIT_DATA. */
export function isDataVma(vma: Vma): boolean {
  return !vma.shared && (vma.prot & 2) !== 0 && !vma.growsDown;
}

/** Adds a vma to the counters or takes it off them. Brackets every change of a field that they depend on. */
export function countVma(mm: Mm, vma: Vma, sign: 1 | -1): void {
  const pages = ((vma.end - vma.start) / PAGE_SIZE) * sign;
  mm.totalPages += pages;
  if (isDataVma(vma)) mm.dataPages += pages;
  if (vma.locked) mm.lockedPages += pages;
}

/** Merges the vma at `index` into the one before it, if they are one. */
function mergeAt(kernel: Kernel, mm: Mm, index: number): void {
  const lower = mm.vmas[index - 1];
  const upper = mm.vmas[index];
  if (lower === undefined || upper === undefined || !canMerge(lower, upper)) return;
  lower.end = upper.end;
  mm.vmas.splice(index, 1);
  dropVma(kernel, upper);
}

function canMerge(lower: Vma, upper: Vma): boolean {
  return (
    lower.end === upper.start &&
    lower.prot === upper.prot &&
    lower.shared === upper.shared &&
    lower.file === upper.file &&
    lower.inode === upper.inode &&
    (lower.inode === 0 || lower.offset + (lower.end - lower.start) === upper.offset) &&
    lower.growsDown === upper.growsDown &&
    lower.noReserve === upper.noReserve &&
    lower.locked === upper.locked &&
    lower.dontFork === upper.dontFork &&
    lower.wipeOnFork === upper.wipeOnFork &&
    lower.dontDump === upper.dontDump &&
    lower.name === upper.name
  );
}
