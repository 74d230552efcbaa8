/**
 * Page faults: demand paging, copy-on-write, file mappings, stack growth. See Linux's mm/memory.c and arch/riscv/mm/fault.c.
 *
 * Interface: handleUserFault, faultIn, growStack, UserFault, FAULT, ACCESS.
 * faultIn serves the hart's faults and the kernel's own accesses to user memory (uaccess.ts) alike.
 */
import { flushPage, makePteSlot, PTE } from '../arch/riscv64/page-table.ts';
import type { Kernel } from '../kernel.ts';
import { isWait, type Wait } from '../result.ts';
import { softLimit } from '../task/rlimit.ts';
import type { Task } from '../task/types.ts';
import { touchModified } from '../vfs/inode.ts';
import { fsOf } from '../vfs/registry.ts';
import type { Inode } from '../vfs/types.ts';
import { FIRST_PFN, frameOffset, getFrame, PAGE_SIZE, putFrame } from './frames.ts';
import { addPage, markDirty, needsDirty, readAhead } from './page-cache.ts';
import { countEntry, entryBits, isShmem } from './page-range.ts';
import type { Mm, Vma } from './types.ts';
import { takeUserFrame } from './user-frames.ts';
import { countVma, findVmaIndex } from './vma.ts';

export interface UserFault {
  readonly signal: 'SIGSEGV' | 'SIGBUS';
  /** SEGV_MAPERR 1, SEGV_ACCERR 2, BUS_ADRERR 2. */
  readonly code: number;
  readonly address: number;
}

/** How faultIn ended. Ordered: up to `major` the page is there. */
export const FAULT = { minor: 0, major: 1, noMapping: 2, noAccess: 3, beyondFile: 4, noMemory: 5 } as const;
export type FaultResult = (typeof FAULT)[keyof typeof FAULT];

/** Kinds of access, as PROT bits. */
export const ACCESS = { read: 1, write: 2, exec: 4 } as const;
export type Access = (typeof ACCESS)[keyof typeof ACCESS];

/** Pages of a file that are mapped around one that is read (Linux: fault_around_bytes). A power of two. */
const FAULT_AROUND = 16;
/** Pages that must lie free between a stack and what is below it (stack_guard_gap). */
export const STACK_GUARD_PAGES = 256;

/** A page fault of user code. 0: go on, the access will succeed, or a fatal signal is pending. */
export function handleUserFault(
  kernel: Kernel,
  task: Task,
  mm: Mm,
  address: number,
  access: keyof typeof ACCESS,
): 0 | Wait | UserFault {
  const result = faultIn(kernel, mm, address, ACCESS[access]);
  if (isWait(result)) return result;
  switch (result) {
    case FAULT.minor:
      task.usage.minorFaults++;
      return 0;
    case FAULT.major:
      task.usage.majorFaults++;
      kernel.stats.majorFaults++;
      return 0;
    case FAULT.noMapping:
      return { signal: 'SIGSEGV', code: 1, address };
    case FAULT.noAccess:
      return { signal: 'SIGSEGV', code: 2, address };
    case FAULT.beyondFile:
      return { signal: 'SIGBUS', code: 2, address };
    case FAULT.noMemory:
      // The OOM killer chose this process: it dies on its way back. If nobody could be killed, it is a bus error.
      return mm.oomReaped ? 0 : { signal: 'SIGBUS', code: 2, address };
  }
}

/** Makes the page at `address` present for the access, or says why not. Waits only where a file system must. */
export function faultIn(kernel: Kernel, mm: Mm, address: number, access: Access): FaultResult | Wait {
  if (!(address >= 0 && address < mm.taskSize)) return FAULT.noMapping;
  let vma = mm.vmas[findVmaIndex(mm, address)];
  if (vma === undefined) return FAULT.noMapping;
  if (vma.start > address) {
    if (!vma.growsDown || !growStack(kernel, mm, vma, address)) return FAULT.noMapping;
    vma = mm.vmas[findVmaIndex(mm, address)]!;
  }
  // Linux (riscv): write implies read.
  const wanted = access === ACCESS.read ? ACCESS.read | ACCESS.write : access;
  if ((vma.prot & wanted) === 0) return FAULT.noAccess;
  if (mm.oomReaped) return FAULT.noMemory;
  const vpn = Math.floor(address / PAGE_SIZE);
  const slot = makePteSlot(kernel, mm, vpn);
  if (slot < 0) return FAULT.noMemory;
  const entry = kernel.machine.ram.i32[slot]!;
  if (entry !== 0) {
    if (access === ACCESS.write && (entry & PTE.W) === 0) return makeWritable(kernel, mm, vma, vpn, slot, entry);
    return FAULT.minor;
  }
  if (vma.inode === 0) return mapAnonymous(kernel, mm, vma, slot, access);
  return mapFilePage(kernel, mm, vma, vpn, slot, access);
}

/** Extends a stack down to `address`, if limits and the gap below allow it. */
export function growStack(kernel: Kernel, mm: Mm, vma: Vma, address: number): boolean {
  const start = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
  const pages = (vma.start - start) / PAGE_SIZE;
  const below = mm.vmas[findVmaIndex(mm, start) - 1];
  if (below !== undefined && !below.growsDown && below.prot !== 0) {
    if (start - below.end < STACK_GUARD_PAGES * PAGE_SIZE) return false;
  }
  const group = kernel.groups.get(kernel.tasks.get(kernel.current)?.tgid ?? 0);
  if (group !== undefined) {
    if (vma.end - start > softLimit(group, 'RLIMIT_STACK')) return false;
    if ((mm.totalPages + pages) * PAGE_SIZE > softLimit(group, 'RLIMIT_AS')) return false;
    if (vma.locked && (mm.lockedPages + pages) * PAGE_SIZE > softLimit(group, 'RLIMIT_MEMLOCK')) return false;
  }
  if (start < PAGE_SIZE * 16) return false;
  countVma(mm, vma, -1);
  vma.start = start;
  countVma(mm, vma, 1);
  return true;
}

function mapAnonymous(kernel: Kernel, mm: Mm, vma: Vma, slot: number, access: Access): FaultResult {
  const words = kernel.machine.ram.i32;
  const bits = entryBits(vma.prot);
  if (access !== ACCESS.write) {
    const zero = kernel.frames.zeroPage;
    getFrame(kernel, zero);
    if ((bits & PTE.X) !== 0) kernel.frames.mayHoldCode[zero - FIRST_PFN] = 1;
    words[slot] = (zero << 10) | bits;
    return FAULT.minor;
  }
  const pfn = takeUserFrame(kernel, true);
  if (pfn === 0) return FAULT.noMemory;
  if ((bits & PTE.X) !== 0) kernel.frames.mayHoldCode[pfn - FIRST_PFN] = 1;
  words[slot] = (pfn << 10) | bits | PTE.W | PTE.ANON;
  mm.rssAnon++;
  return FAULT.minor;
}

function mapFilePage(kernel: Kernel, mm: Mm, vma: Vma, vpn: number, slot: number, access: Access): FaultResult | Wait {
  const inode = kernel.inodes.get(vma.inode)!;
  const index = vpn - vma.start / PAGE_SIZE + vma.offset / PAGE_SIZE;
  if (index * PAGE_SIZE >= inode.size) return FAULT.beyondFile;
  let result: FaultResult = FAULT.minor;
  let page = inode.pages.get(index);
  if (page === undefined) {
    const added = addPage(kernel, inode, index, true);
    if (isWait(added)) return added;
    if (typeof added === 'string') return added === 'ENOMEM' ? FAULT.noMemory : FAULT.beyondFile;
    page = added;
    if (fsOf(kernel, inode).readPage !== undefined) result = FAULT.major;
    // What a program reads here it will probably read nearby.
    const around = index - (index % FAULT_AROUND);
    getFrame(kernel, page);
    readAhead(kernel, inode, around, around + FAULT_AROUND);
    putFrame(kernel, page);
  }
  const words = kernel.machine.ram.i32;
  const shmem = isShmem(kernel, vma);
  let bits = entryBits(vma.prot);
  if (access === ACCESS.write && !vma.shared) {
    const copy = copyFrame(kernel, page);
    if (copy === 0) return FAULT.noMemory;
    if ((bits & PTE.X) !== 0) kernel.frames.mayHoldCode[copy - FIRST_PFN] = 1;
    words[slot] = (copy << 10) | bits | PTE.W | PTE.ANON;
    mm.rssAnon++;
    return result;
  }
  if (vma.shared && (vma.prot & 2) !== 0) {
    if (access === ACCESS.write) noteWrite(kernel, inode, index);
    // Where nothing is to be written back, later writes need not be noticed.
    if (access === ACCESS.write || !needsDirty(fsOf(kernel, inode))) bits |= PTE.W;
  }
  mapFrame(kernel, mm, slot, page, bits, shmem);
  if (access !== ACCESS.write) mapAround(kernel, mm, vma, inode, vpn, bits, shmem);
  return result;
}

/** Maps the pages near `vpn` that are cached and not yet mapped, within its block of FAULT_AROUND pages. */
function mapAround(kernel: Kernel, mm: Mm, vma: Vma, inode: Inode, vpn: number, bits: number, shmem: boolean): void {
  const words = kernel.machine.ram.i32;
  const indexShift = vma.offset / PAGE_SIZE - vma.start / PAGE_SIZE;
  // A block never crosses a leaf table.
  const block = vpn & ~(FAULT_AROUND - 1);
  const first = Math.max(block, vma.start / PAGE_SIZE);
  const last = Math.min(block + FAULT_AROUND, vma.end / PAGE_SIZE, Math.ceil(inode.size / PAGE_SIZE) - indexShift);
  let slot = makePteSlot(kernel, mm, first);
  if (slot < 0) return;
  for (let page = first; page < last; page++, slot += 2) {
    if (words[slot] !== 0) continue;
    const pfn = inode.pages.get(page + indexShift);
    if (pfn !== undefined) mapFrame(kernel, mm, slot, pfn, bits, shmem);
  }
}

function mapFrame(kernel: Kernel, mm: Mm, slot: number, pfn: number, bits: number, shmem: boolean): void {
  const index = pfn - FIRST_PFN;
  kernel.frames.refs[index]!++;
  if ((bits & PTE.X) !== 0) kernel.frames.mayHoldCode[index] = 1;
  kernel.machine.ram.i32[slot] = (pfn << 10) | bits;
  if (shmem) mm.rssShmem++;
  else mm.rssFile++;
}

/** A write to a page that is present but not writable, in a mapping that may be written. */
function makeWritable(kernel: Kernel, mm: Mm, vma: Vma, vpn: number, slot: number, entry: number): FaultResult {
  const words = kernel.machine.ram.i32;
  const pfn = entry >>> 10;
  if (vma.shared) {
    noteWrite(kernel, kernel.inodes.get(vma.inode)!, vpn - vma.start / PAGE_SIZE + vma.offset / PAGE_SIZE);
    words[slot] = entry | PTE.W;
    return FAULT.minor;
  }
  if ((entry & PTE.ANON) !== 0 && kernel.frames.refs[pfn - FIRST_PFN] === 1) {
    words[slot] = entry | PTE.W;
    return FAULT.minor;
  }
  const copy = pfn === kernel.frames.zeroPage ? takeUserFrame(kernel, true) : copyFrame(kernel, pfn);
  if (copy === 0) return FAULT.noMemory;
  // Making room may have taken the page away.
  if (words[slot] !== entry) {
    putFrame(kernel, copy);
    return FAULT.minor;
  }
  const bits = entryBits(vma.prot);
  if ((bits & PTE.X) !== 0) kernel.frames.mayHoldCode[copy - FIRST_PFN] = 1;
  words[slot] = (copy << 10) | bits | PTE.W | PTE.ANON;
  countEntry(kernel, mm, entry, isShmem(kernel, vma), -1);
  mm.rssAnon++;
  if ((entry & PTE.A) !== 0) flushPage(kernel, mm, vpn);
  putFrame(kernel, pfn);
  return FAULT.minor;
}

/** A frame of its own with the contents of `pfn`; 0: out of memory. */
function copyFrame(kernel: Kernel, pfn: number): number {
  getFrame(kernel, pfn);
  const copy = takeUserFrame(kernel, false);
  if (copy !== 0) {
    const from = frameOffset(kernel, pfn);
    kernel.machine.ram.u8.copyWithin(frameOffset(kernel, copy), from, from + PAGE_SIZE);
  }
  putFrame(kernel, pfn);
  return copy;
}

/** A program is about to write to a file's page through a shared mapping. */
function noteWrite(kernel: Kernel, inode: Inode, index: number): void {
  markDirty(kernel, inode, index);
  touchModified(kernel, inode);
}
