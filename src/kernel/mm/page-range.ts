/**
 * What is done to the page-table entries of a range of pages at once: drop, copy for fork, protect, move.
 *
 * Interface: zapPages, copyPages, protectPages, movePages, writeProtectPages, entryBits, countEntry, isShmem,
 * isKernelPage.
 * Ranges are virtual page numbers [first, last) inside one vma. Translations are flushed here. Only an entry whose A bit is set can be
 * cached by the hart, and only one whose D bit is set for writing, because the walk sets them.
 */
import { afterMissing, flushAddressSpace, flushPage, makePteSlot, PTE, pteSlot } from '../arch/riscv64/page-table.ts';
import type { Kernel } from '../kernel.ts';
import { fsOf } from '../vfs/registry.ts';
import { FIRST_PFN, putFrame } from './frames.ts';
import { notePeak } from './rss.ts';
import type { Mm, Vma } from './types.ts';

/** Up to this many pages are flushed one by one; for more, the whole address space. */
const MAX_PAGE_FLUSHES = 48;

/** PTE bits for a protection, without W: that is given when the page may really be written. */
export function entryBits(prot: number): number {
  if ((prot & 7) === 0) return PTE.NONE | PTE.U;
  // Linux (riscv): PROT_WRITE implies PROT_READ.
  return PTE.V | PTE.U | ((prot & 3) !== 0 ? PTE.R : 0) | ((prot & 4) !== 0 ? PTE.X : 0);
}

/** A page of the kernel's own that programs see: '[vdso]', '[vvar]'. */
export function isKernelPage(vma: Vma): boolean {
  return vma.inode !== 0 && vma.file === 0 && vma.name.startsWith('[');
}

/** Whether pages of the mapping count as shared memory (tmpfs, shared anonymous memory) rather than as file pages. */
export function isShmem(kernel: Kernel, vma: Vma): boolean {
  if (vma.inode === 0 || isKernelPage(vma)) return false;
  return vma.file === 0 || fsOf(kernel, kernel.inodes.get(vma.inode)!).readPage === undefined;
}

/** Adds a page to the address space's resident set, or takes it off. */
export function countEntry(kernel: Kernel, mm: Mm, entry: number, shmem: boolean, sign: 1 | -1): void {
  if ((entry & PTE.ANON) !== 0) mm.rssAnon += sign;
  else if (entry >>> 10 === kernel.frames.zeroPage) return;
  else if (shmem) mm.rssShmem += sign;
  else mm.rssFile += sign;
}

/** Unmaps pages. `keepCopies`: private copies of file pages stay (a file page that goes away for reclaim). */
export function zapPages(kernel: Kernel, mm: Mm, vma: Vma, first: number, last: number, keepCopies = false): void {
  const words = kernel.machine.ram.i32;
  const shmem = isShmem(kernel, vma);
  let flushes = 0;
  notePeak(mm);
  for (let vpn = first; vpn < last;) {
    let slot = pteSlot(kernel, mm.root, vpn);
    if (slot < 0) {
      vpn = afterMissing(vpn, slot);
      continue;
    }
    const stop = Math.min(last, (vpn | 511) + 1);
    for (; vpn < stop; vpn++, slot += 2) {
      const entry = words[slot]!;
      if (entry === 0 || (keepCopies && (entry & PTE.ANON) !== 0)) continue;
      words[slot] = 0;
      countEntry(kernel, mm, entry, shmem, -1);
      if ((entry & PTE.A) !== 0 && ++flushes <= MAX_PAGE_FLUSHES) flushPage(kernel, mm, vpn);
      putFrame(kernel, entry >>> 10);
    }
  }
  if (flushes > MAX_PAGE_FLUSHES) flushAddressSpace(kernel, mm.asid);
}

/**
 * Gives `to` the pages that `from` has in a mapping: the same frames, and those of private mappings read-only in both. False: out of memory.
 */
export function copyPages(kernel: Kernel, from: Mm, to: Mm, vma: Vma): boolean {
  const words = kernel.machine.ram.i32;
  const refs = kernel.frames.refs;
  const zeroPage = kernel.frames.zeroPage;
  const last = vma.end / 4096;
  const isPrivate = !vma.shared;
  let pages = 0;
  let anon = 0;
  let flushes = 0;
  for (let vpn = vma.start / 4096; vpn < last;) {
    let slot = pteSlot(kernel, from.root, vpn);
    if (slot < 0) {
      vpn = afterMissing(vpn, slot);
      continue;
    }
    const stop = Math.min(last, (vpn | 511) + 1);
    // Distance from the parent's slot to the child's; found out at the first page of this table.
    let shift = 0;
    for (; vpn < stop; vpn++, slot += 2) {
      let entry = words[slot]!;
      if (entry === 0) continue;
      if (shift === 0) {
        const copy = makePteSlot(kernel, to, vpn);
        if (copy < 0) return false;
        shift = copy - slot;
      }
      if (isPrivate && (entry & PTE.W) !== 0) {
        if ((entry & PTE.D) !== 0 && ++flushes <= MAX_PAGE_FLUSHES) flushPage(kernel, from, vpn);
        entry &= ~PTE.W;
        words[slot] = entry;
      }
      const pfn = entry >>> 10;
      refs[pfn - FIRST_PFN]!++;
      words[slot + shift] = entry & ~(PTE.A | PTE.D);
      if (pfn !== zeroPage) pages++;
      if ((entry & PTE.ANON) !== 0) anon++;
    }
  }
  if (flushes > MAX_PAGE_FLUSHES) flushAddressSpace(kernel, from.asid);
  to.rssAnon += anon;
  if (isShmem(kernel, vma)) to.rssShmem += pages - anon;
  else to.rssFile += pages - anon;
  return true;
}

/** Brings entries in line with the vma's protection, which has just been changed. */
export function protectPages(kernel: Kernel, mm: Mm, vma: Vma, first: number, last: number): void {
  const words = kernel.machine.ram.i32;
  const { refs, mayHoldCode } = kernel.frames;
  const bits = entryBits(vma.prot);
  const mayWrite = (vma.prot & 2) !== 0;
  let flushes = 0;
  for (let vpn = first; vpn < last;) {
    let slot = pteSlot(kernel, mm.root, vpn);
    if (slot < 0) {
      vpn = afterMissing(vpn, slot);
      continue;
    }
    const stop = Math.min(last, (vpn | 511) + 1);
    for (; vpn < stop; vpn++, slot += 2) {
      const entry = words[slot]!;
      if (entry === 0) continue;
      const index = (entry >>> 10) - FIRST_PFN;
      const isOwn = !vma.shared && (entry & PTE.ANON) !== 0 && refs[index] === 1;
      const canWrite = mayWrite && (isOwn || (entry & PTE.W) !== 0);
      const changed = (entry & (PTE.FRAME | PTE.ANON | PTE.A | PTE.D)) | bits | (canWrite ? PTE.W : 0);
      words[slot] = changed;
      if ((bits & PTE.X) !== 0) mayHoldCode[index] = 1;
      const lost = entry & ~changed & (PTE.V | PTE.R | PTE.W | PTE.X);
      if (lost !== 0 && (entry & PTE.A) !== 0 && ++flushes <= MAX_PAGE_FLUSHES) flushPage(kernel, mm, vpn);
    }
  }
  if (flushes > MAX_PAGE_FLUSHES) flushAddressSpace(kernel, mm.asid);
}

/** Moves entries to other addresses, where nothing is mapped. False: out of memory for tables; then some have moved. */
export function movePages(kernel: Kernel, mm: Mm, first: number, last: number, target: number): boolean {
  const words = kernel.machine.ram.i32;
  let flushes = 0;
  for (let vpn = first; vpn < last; vpn++) {
    const slot = pteSlot(kernel, mm.root, vpn);
    if (slot < 0) {
      vpn = afterMissing(vpn, slot) - 1;
      continue;
    }
    const entry = words[slot]!;
    if (entry === 0) continue;
    const goal = makePteSlot(kernel, mm, target + (vpn - first));
    if (goal < 0) {
      flushAddressSpace(kernel, mm.asid);
      return false;
    }
    words[slot] = 0;
    words[goal] = entry & ~(PTE.A | PTE.D);
    if ((entry & PTE.A) !== 0 && ++flushes <= MAX_PAGE_FLUSHES) flushPage(kernel, mm, vpn);
  }
  if (flushes > MAX_PAGE_FLUSHES) flushAddressSpace(kernel, mm.asid);
  return true;
}

/** Takes W from the pages of a shared file mapping, so that the next write is noticed. */
export function writeProtectPages(kernel: Kernel, mm: Mm, first: number, last: number): void {
  const words = kernel.machine.ram.i32;
  for (let vpn = first; vpn < last; vpn++) {
    const slot = pteSlot(kernel, mm.root, vpn);
    if (slot < 0 || (words[slot]! & PTE.W) === 0) continue;
    words[slot] = words[slot]! & ~PTE.W;
    flushPage(kernel, mm, vpn);
  }
}
