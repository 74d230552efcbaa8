/**
 * Contents of the guest's files and memory for whoever only looks on. Interface: ReadBytes, fileReader, memoryReader, peekWord.
 * Nothing is changed by reading: no page enters the page cache, none is faulted in, no bit of a page table is set.
 */
import { frameWords, PTE, pteSlot } from '../../kernel/arch/riscv64/page-table.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { frameBytes, PAGE_SIZE } from '../../kernel/mm/frames.ts';
import type { Mm } from '../../kernel/mm/types.ts';
import { failed } from '../../kernel/result.ts';
import { dataInode, fsOf } from '../../kernel/vfs/registry.ts';
import type { Inode } from '../../kernel/vfs/types.ts';

/** `length` bytes from `offset`, or null where they are not all to be had. */
export type ReadBytes = (offset: number, length: number) => Uint8Array | null;

/** No section that is worth reading is longer: a guest may claim any length. */
const MOST_BYTES = 1 << 28;

/** Reads a regular file. */
export function fileReader(kernel: Kernel, file: Inode): ReadBytes {
  const inode = dataInode(kernel, file);
  return (offset, length) => {
    if (!(offset >= 0 && length >= 0 && length <= MOST_BYTES && offset + length <= file.size)) return null;
    return gather(offset, length, (index) => filePage(kernel, inode, index));
  };
}

/** Reads memory of an address space from `base` on, as far as its pages are present. */
export function memoryReader(kernel: Kernel, mm: Mm, base: number): ReadBytes {
  return (offset, length) => {
    if (!(offset >= 0 && length >= 0 && length <= MOST_BYTES)) return null;
    return gather(base + offset, length, (index) => userPage(kernel, mm, index));
  };
}

/** The 64-bit word at `address`, a multiple of 4, as an unsigned number; NaN: it is not there, or lies in two pages. */
export function peekWord(kernel: Kernel, mm: Mm, address: number): number {
  if (!(address >= 0 && address < mm.taskSize) || address % 4 !== 0 || address % PAGE_SIZE > PAGE_SIZE - 8) return NaN;
  const page = userPageWords(kernel, mm, Math.floor(address / PAGE_SIZE));
  if (page < 0) return NaN;
  const words = kernel.machine.ram.u32;
  const at = page + (address % PAGE_SIZE) / 4;
  return words[at + 1]! * 0x1_0000_0000 + words[at]!;
}

function gather(start: number, length: number, pageAt: (index: number) => Uint8Array | null): Uint8Array | null {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const page = pageAt(Math.floor((start + done) / PAGE_SIZE));
    if (page === null) return null;
    const skip = (start + done) % PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - skip, length - done);
    bytes.set(page.subarray(skip, skip + count), done);
    done += count;
  }
  return bytes;
}

function filePage(kernel: Kernel, inode: Inode, index: number): Uint8Array | null {
  const cached = inode.pages.get(index);
  if (cached !== undefined) return frameBytes(kernel, cached);
  const page = new Uint8Array(PAGE_SIZE);
  const { readPage } = fsOf(kernel, inode);
  // Without readPage, what is not in the cache is a hole.
  return readPage === undefined || !failed(readPage(kernel, inode, index, page)) ? page : null;
}

function userPage(kernel: Kernel, mm: Mm, vpn: number): Uint8Array | null {
  const words = userPageWords(kernel, mm, vpn);
  return words < 0 ? null : kernel.machine.ram.u8.subarray(words * 4, words * 4 + PAGE_SIZE);
}

/** Where the page's words begin in `machine.ram.u32`; -1: it is not present. */
function userPageWords(kernel: Kernel, mm: Mm, vpn: number): number {
  if (!(vpn >= 0 && vpn < mm.taskSize / PAGE_SIZE)) return -1;
  const slot = pteSlot(kernel, mm.root, vpn);
  const entry = slot < 0 ? 0 : kernel.machine.ram.i32[slot]!;
  return (entry & (PTE.V | PTE.R)) === (PTE.V | PTE.R) ? frameWords(kernel) + (entry & PTE.FRAME) : -1;
}
