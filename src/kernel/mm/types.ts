/** Records of memory. Interface: Mm, Vma, FrameTable. See the design, section 4, and mmap(2). */
import type { ByteString } from '../../util/byte-string.ts';
import type { FileId, InodeId, MmId, Pfn } from '../ids.ts';
import type { PathRef } from '../vfs/types.ts';

/** An address space. */
export interface Mm {
  readonly id: MmId;
  /** Tasks that run in it. At 0 it is torn down. */
  users: number;
  /** Root page table. */
  root: Pfn;
  /** Address-space id in satp. */
  asid: number;
  /** Sorted by start, never overlapping, merged where Linux would merge. */
  vmas: Vma[];
  /** Addresses below this are the user's (TASK_SIZE). */
  taskSize: number;
  /** Top-down allocation starts below this. */
  mmapBase: number;
  brkStart: number;
  brk: number;
  startCode: number;
  endCode: number;
  startData: number;
  endData: number;
  startStack: number;
  argStart: number;
  argEnd: number;
  envStart: number;
  envEnd: number;
  /** Raw auxv as put on the stack, for /proc/PID/auxv. */
  auxv: Uint8Array;
  exe: PathRef | null;
  /** Where '[vdso]' lies. */
  vdso: number;
  rssAnon: number;
  rssFile: number;
  rssShmem: number;
  /** Pages of page tables. */
  pageTablePages: number;
  lockedPages: number;
  /** mlockall(MCL_FUTURE). */
  lockFuture: boolean;
  /** … with MCL_ONFAULT: their pages come with the first access. */
  lockOnFault: boolean;
  /** Pages of all mappings, counted against RLIMIT_AS; and of private writable ones, against RLIMIT_DATA. */
  totalPages: number;
  dataPages: number;
  /** Highest rss so far, in pages (VmHWM). */
  peakRss: number;
  /** Its user half was reclaimed because it is being killed for want of memory: touching it again is SIGBUS. */
  oomReaped: boolean;
  /** membarrier registrations. */
  membarrier: number;
  dumpable: number;
  /** Which mappings a core dump would hold (/proc/PID/coredump_filter). Children and executed programs inherit it. */
  coreDumpFilter: number;
  /** PR_SET_THP_DISABLE, inherited likewise. */
  thpDisabled: boolean;
}

/** A mapping: [start, end), page aligned. */
export interface Vma {
  start: number;
  end: number;
  /** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4. */
  prot: number;
  shared: boolean;
  growsDown: boolean;
  noReserve: boolean;
  locked: boolean;
  dontFork: boolean;
  wipeOnFork: boolean;
  dontDump: boolean;
  /** Mapped file; 0 for anonymous memory. The vma holds a reference on it. */
  file: FileId;
  /** Its inode (also shared anonymous memory: an unlinked tmpfs inode); 0 for private anonymous memory. */
  inode: InodeId;
  /** Byte offset in the file of `start`. */
  offset: number;
  /** '[heap]', '[stack]', '[vdso]', prctl names; empty: none. */
  name: ByteString;
}

/** Per frame of RAM, indexed by pfn - firstPfn. */
export interface FrameTable {
  readonly firstPfn: Pfn;
  readonly pages: number;
  /** References: page-table mappings + page cache + kernel. 0: free. */
  readonly refs: Uint32Array;
  /** Stack of free pfns is kept as an intrusive list: next free index + 1, 0 ends. */
  readonly nextFree: Uint32Array;
  freeHead: number;
  freePages: number;
  /** Frames at and above this index have never been used: their memory is still zero. */
  highWater: number;
  /** Back links of the free list, coded as nextFree. */
  readonly prevFree: Uint32Array;
  /** 1 for a frame that has been mapped executable since it was allocated: it may have been decoded. */
  readonly mayHoldCode: Uint8Array;
  /** The frame of zeros that reads of untouched anonymous memory share. */
  readonly zeroPage: Pfn;
  /** Root page table with the kernel's half only; 0 before initKernelMappings. */
  kernelRoot: Pfn;
  /** Address-space ids: the next never used, and those given back. 0 is the kernel's. */
  nextAsid: number;
  freeAsids: number[];
  /** Frames that page caches hold, for /proc/meminfo. */
  cachePages: number;
  /** Frames that hold page tables. */
  tablePages: number;
  /** Where reclaim goes on: the inode at which it stopped. */
  reclaimCursor: InodeId;
}
