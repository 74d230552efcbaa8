/**
 * Sv39 page tables in guest memory, as the kernel writes and reads them. Privileged Architecture, "Sv39".
 *
 * Interface: PTE, frameWords, pteSlot, makePteSlot, pteFrame, copyKernelHalf, buildDirectMap, freeTables, freeLeafTables,
 * setAddressSpace, flushPage, flushAddressSpace, DIRECT_MAP, TASK_SIZE.
 * Invariants: every frame number is below 2^21, so that all of an entry that matters is in its low 32 bits, positive, and
 * `entry & PTE.FRAME` is at once the frame's first word relative to frameWords(). An entry that is not 0 owns one reference on
 * its frame, whether it is valid or not. Virtual page numbers (vpn) of user addresses are below 2^26.
 */
import { RAM_BASE } from '../../../machine/machine.ts';
import type { Pfn } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import { FIRST_PFN, putFrame, takeFrame } from '../../mm/frames.ts';
import type { Mm } from '../../mm/types.ts';

export const PTE = {
  V: 1,
  R: 2,
  W: 4,
  X: 8,
  U: 16,
  G: 32,
  A: 64,
  D: 128,
  /** Software: the page is there, but PROT_NONE (then V is clear). */
  NONE: 256,
  /** Software: anonymous memory, of this address space or shared with its relatives by copy-on-write. */
  ANON: 512,
  /** The frame number, in place. */
  FRAME: -1024,
} as const;

/** User addresses are below this. */
export const TASK_SIZE = 2 ** 38;
/** Where the kernel sees the first byte of RAM. */
export const DIRECT_MAP = 0xffff_ffd6_0000_0000;

const ENTRIES = 512;
const TABLE_WORDS = 1024;
/** Root entries of the user's half. */
const USER_ROOT_ENTRIES = 256;
const GIGA_PAGES = 1 << 18;
const MEGA_PAGES = 1 << 9;

/** Index in `machine.ram.i32` that frame number 0 would have: add `entry & PTE.FRAME`, or `pfn * 1024`. */
export function frameWords(kernel: Kernel): number {
  return (kernel.machine.ram.offsetOf(RAM_BASE) - RAM_BASE) / 4;
}

export function pteFrame(entry: number): Pfn {
  return entry >>> 10;
}

/**
 * Index in `machine.ram.i32` of the leaf entry of page `vpn`. -1: there is no leaf table for its 2 MiB, -2: nor a table for its GiB.
 */
export function pteSlot(kernel: Kernel, root: Pfn, vpn: number): number {
  const words = kernel.machine.ram.i32;
  const base = frameWords(kernel);
  const upper = words[base + root * TABLE_WORDS + (vpn >>> 18) * 2]!;
  if (upper === 0) return -2;
  const middle = words[base + (upper & PTE.FRAME) + ((vpn >>> 9) & 511) * 2]!;
  if (middle === 0) return -1;
  return base + (middle & PTE.FRAME) + (vpn & 511) * 2;
}

/** As pteSlot, making the tables that are missing. -1: out of memory. */
export function makePteSlot(kernel: Kernel, mm: Mm, vpn: number): number {
  const words = kernel.machine.ram.i32;
  const base = frameWords(kernel);
  const upperSlot = base + mm.root * TABLE_WORDS + (vpn >>> 18) * 2;
  let upper = words[upperSlot]!;
  if (upper === 0) {
    upper = newTable(kernel, mm);
    if (upper === 0) return -1;
    words[upperSlot] = upper;
  }
  const middleSlot = base + (upper & PTE.FRAME) + ((vpn >>> 9) & 511) * 2;
  let middle = words[middleSlot]!;
  if (middle === 0) {
    middle = newTable(kernel, mm);
    if (middle === 0) return -1;
    words[middleSlot] = middle;
  }
  return base + (middle & PTE.FRAME) + (vpn & 511) * 2;
}

/** The first page after `vpn` that a missing table (pteSlot gave `missing`) says nothing about. */
export function afterMissing(vpn: number, missing: number): number {
  const pages = missing === -2 ? GIGA_PAGES : MEGA_PAGES;
  return (vpn | (pages - 1)) + 1;
}

function newTable(kernel: Kernel, mm: Mm): number {
  const pfn = takeFrame(kernel, true);
  if (pfn === 0) return 0;
  mm.pageTablePages++;
  kernel.frames.tablePages++;
  return (pfn << 10) | PTE.V;
}

/** Puts the kernel's half, which all address spaces share, into a new root. */
export function copyKernelHalf(kernel: Kernel, root: Pfn): void {
  const base = frameWords(kernel);
  const from = base + kernel.frames.kernelRoot * TABLE_WORDS + USER_ROOT_ENTRIES * 2;
  kernel.machine.ram.i32.copyWithin(
    base + root * TABLE_WORDS + USER_ROOT_ENTRIES * 2,
    from,
    from + USER_ROOT_ENTRIES * 2,
  );
}

/**
 * Maps all of RAM at DIRECT_MAP into `root`, with U off: gigapages, then megapages, then pages for what is left.
 * False: out of memory.
 */
export function buildDirectMap(kernel: Kernel, root: Pfn): boolean {
  const { firstPfn, pages } = kernel.frames;
  const words = kernel.machine.ram.i32;
  const base = frameWords(kernel);
  const leaf = PTE.V | PTE.R | PTE.W | PTE.G | PTE.A | PTE.D;
  const firstRoot = Math.floor(DIRECT_MAP / 2 ** 30) % ENTRIES;
  const tableAt = (slot: number): number => {
    if (words[slot] === 0) {
      const pfn = takeFrame(kernel, true);
      if (pfn === 0) return -1;
      kernel.frames.tablePages++;
      words[slot] = (pfn << 10) | PTE.V;
    }
    return base + (words[slot]! & PTE.FRAME);
  };
  for (let page = 0; page < pages;) {
    const rootSlot = base + root * TABLE_WORDS + (firstRoot + (page >>> 18)) * 2;
    const entry = ((firstPfn + page) << 10) | leaf;
    if (pages - page >= GIGA_PAGES) {
      words[rootSlot] = entry;
      page += GIGA_PAGES;
      continue;
    }
    const middle = tableAt(rootSlot);
    if (middle < 0) return false;
    const middleSlot = middle + ((page >>> 9) & 511) * 2;
    if (pages - page >= MEGA_PAGES) {
      words[middleSlot] = entry;
      page += MEGA_PAGES;
      continue;
    }
    const table = tableAt(middleSlot);
    if (table < 0) return false;
    words[table + (page & 511) * 2] = entry;
    page++;
  }
  return true;
}

/** Gives back every frame and table of the user's half, and the root. Translations must be flushed by the caller. */
export function freeTables(kernel: Kernel, root: Pfn): void {
  const words = kernel.machine.ram.i32;
  const base = frameWords(kernel);
  const rootWord = base + root * TABLE_WORDS;
  const refs = kernel.frames.refs;
  for (let i = 0; i < USER_ROOT_ENTRIES; i++) {
    const upper = words[rootWord + i * 2]!;
    if (upper === 0) continue;
    const middleWord = base + (upper & PTE.FRAME);
    for (let j = 0; j < ENTRIES; j++) {
      const middle = words[middleWord + j * 2]!;
      if (middle === 0) continue;
      const leafWord = base + (middle & PTE.FRAME);
      for (let word = leafWord; word < leafWord + TABLE_WORDS; word += 2) {
        const entry = words[word]!;
        if (entry === 0) continue;
        // Most are shared with the page cache or with a relative.
        const index = (entry >>> 10) - FIRST_PFN;
        if (refs[index]! > 1) refs[index]!--;
        else putFrame(kernel, entry >>> 10);
      }
      putTable(kernel, middle >>> 10);
    }
    putTable(kernel, upper >>> 10);
  }
  putTable(kernel, root);
}

/** Gives back the leaf tables whose 2 MiB lie in [floor, ceiling) (vpns): nothing is mapped there any more. */
export function freeLeafTables(kernel: Kernel, mm: Mm, floor: number, ceiling: number): void {
  const words = kernel.machine.ram.i32;
  const base = frameWords(kernel);
  const first = (floor + MEGA_PAGES - 1) & ~(MEGA_PAGES - 1);
  for (let vpn = first; vpn + MEGA_PAGES <= ceiling;) {
    const upper = words[base + mm.root * TABLE_WORDS + (vpn >>> 18) * 2]!;
    if (upper === 0) {
      vpn = afterMissing(vpn, -2);
      continue;
    }
    const middleSlot = base + (upper & PTE.FRAME) + ((vpn >>> 9) & 511) * 2;
    const middle = words[middleSlot]!;
    if (middle !== 0) {
      words[middleSlot] = 0;
      mm.pageTablePages--;
      putTable(kernel, middle >>> 10);
    }
    vpn += MEGA_PAGES;
  }
}

function putTable(kernel: Kernel, pfn: Pfn): void {
  kernel.frames.tablePages--;
  putFrame(kernel, pfn);
}

const SATP_SV39_HI = 0x8000_0000 | 0;

/** Writes satp, unless it is that already. */
export function setAddressSpace(kernel: Kernel, root: Pfn, asid: number): void {
  const hart = kernel.machine.hart;
  const hi = SATP_SV39_HI | (asid << 12);
  if (hart.csrLo('satp') === root && hart.csrHi('satp') === hi) return;
  hart.setCsrHalves('satp', root, hi);
}

export function flushPage(kernel: Kernel, mm: Mm, vpn: number): void {
  kernel.machine.hart.sfenceVma(vpn * 4096, mm.asid);
}

export function flushAddressSpace(kernel: Kernel, asid: number): void {
  kernel.machine.hart.sfenceVma(undefined, asid);
}
