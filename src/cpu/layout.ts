/**
 * Where everything lies in the machine's one linear memory. All offsets are in bytes, all values little-endian.
 *
 *   0..4095            never used, so that no host address is 0
 *   hart state         one 4 KiB page: registers, exit details, bases of the tables (constants HART below)
 *   code TLB           CODE_TLB_ENTRIES x 16: tag i64, record base i32, unused i32
 *   high TLBs          HIGH_TLB_ENTRIES x 16 for reads, then for writes: tag i64, host page i32, unused i32
 *   flat table pairs   each 4 MiB of read entries, then 4 MiB of write entries: i32 per 4 KiB page below 4 GiB
 *   record pages       RECORD_PAGE_BYTES each: decoded code of one physical page
 *   bounce page        4 KiB
 *   translation        counts of translated code, then the jump cache (translator/jump-cache.ts)
 *   RAM                guest-physical RAM_BASE upward
 *
 * A TLB tag is (virtual address & ~0xfff) | context, context in 1..4095 (0 is never valid, so fresh memory matches
 * nothing). A TLB's index is the low bits of the virtual page number, and in the code TLB of that plus codeSpread(context), so that
 * programs at the same addresses do not evict each other.
 *
 * Pages 0 and 2^20 - 1 have no flat entries (translator/flat-access.ts); the high TLBs serve them. A flat entry is 0 (no access) or flatEntry(hostPage, guestPage): host = (address + entry + FLAT_BIAS) mod 2^32.
 *
 * Interface: createLayout, Layout, ramOffset, flatEntry, codeSpread, codeTlbIndex, the constants.
 */

/** Offsets inside the hart-state page. Register numbers are pre-multiplied by 8 in records. */
export const HART = {
  /** x0..x31, i64 each; x[0] stays 0. */
  x: 0,
  /** Written by instructions whose rd is x0: register index 32. */
  sink: 256,
  f: 264,
  pc: 520,
  /** i32, accrued FP flags NX 1, UF 2, OF 4, DZ 8, NV 16. */
  fflags: 528,
  /** i32, 0..7. */
  frm: 532,
  /** i32, the address-space context of instruction fetch (tags of the code TLB). */
  fetchContext: 536,
  /** i32, the context of loads and stores (tags of the high TLBs); differs under MPRV. */
  dataContext: 540,
  /** i32, linear-memory offset of the active table pair; Layout.emptyTables when there is none. */
  flatTable: 544,
  /** i32, instructions that may still retire; see the exit protocol in interpreter.ts. */
  budget: 548,
  /** i64, address of the access or fetch that missed, or the trap's tval. */
  tval: 552,
  /** i32, cause of an exit TRAP. */
  cause: 560,
  /** i32, size in bytes of the access that missed. */
  accessSize: 564,
  /** i32, raw instruction word of an exit SYSTEM. */
  instruction: 568,
  /** i32, linear-memory address of the record that exited. */
  record: 572,
  /** i64, reserved address of LR, or -1. */
  reservation: 576,
  /** Scratch of the generated code, 64 bytes. */
  scratch: 584,
  /** i64, the native vector; an odd one is never reached. */
  nativeVector: 648,
  /** i32, for riscv/crossing.ts: what VIEW_BITS of mstatus were when the hart was last found ready for user mode; -1: look again. */
  userView: 656,
  /** i32, times that user mode may be entered before the clock is looked at. */
  entries: 660,
  /** i64 and i32, for interpreter/time.ts: the time CSR when it was last read, and what the budget was then. */
  timeTicks: 664,
  timeBudget: 672,
  /** i32, codeSpread(fetchContext). */
  fetchSpread: 676,
  /** Free for the privileged architecture: CSRs, i64 each, to the end of the page. */
  csr: 1024,
  bytes: 4096,
} as const;

export const CODE_TLB_ENTRIES = 4096;
export const HIGH_TLB_ENTRIES = 1024;
export const TLB_ENTRY_BYTES = 16;
export const FLAT_TABLE_BYTES = 4 << 20;
export const FLAT_PAIR_BYTES = 2 * FLAT_TABLE_BYTES;

export const JUMP_CACHE_ENTRIES = 16384;
export const JUMP_CACHE_ENTRY_BYTES = 16;
const TRANSLATED_BYTES = 128;

export const RECORD_BYTES = 16;
/** Slots of the halfwords of a page. */
export const PAGE_SLOTS = 2048;
/** All slots: behind the halfwords' come 2048 page end, 2049 crossing instruction, 2050 header, 2051 its end, 2052.. spare. */
export const RECORD_SLOTS = 2056;
export const RECORD_PAGE_BYTES = RECORD_SLOTS * RECORD_BYTES;
/** In the header slot (2050), which is never executed: i32, host address of the physical page (for CROSS). */
export const RECORD_PAGE_HOST = 2050 * RECORD_BYTES;

export const RAM_BASE = 0x8000_0000;
export const FLAT_BIAS = 1;

export interface LayoutOptions {
  readonly ramBytes: number;
  /** Address spaces that can hold a flat table pair at once. */
  readonly tablePairs?: number;
  /** Pages of decoded code that can exist at once. */
  readonly codePages?: number;
}

export interface Layout {
  readonly hart: number;
  readonly codeTlb: number;
  readonly highReadTlb: number;
  readonly highWriteTlb: number;
  readonly tables: number;
  readonly tablePairs: number;
  /** A pair that stays all zero, for an address space without a pair of its own. */
  readonly emptyTables: number;
  readonly records: number;
  readonly codePages: number;
  /** One page through which a single device access is carried out. */
  readonly bounce: number;
  /** Counts of what translated code did: COUNTS in jump-cache.ts. */
  readonly translated: number;
  readonly jumpCache: number;
  readonly ram: number;
  readonly ramBytes: number;
  /** Size of the whole memory in 64 KiB WebAssembly pages. */
  readonly wasmPages: number;
}

export function createLayout({ ramBytes, tablePairs = 16, codePages = 4096 }: LayoutOptions): Layout {
  let at = 4096;
  const take = (bytes: number, align = 4096): number => {
    const start = Math.ceil(at / align) * align;
    at = start + bytes;
    return start;
  };
  const hart = take(HART.bytes);
  const codeTlb = take(CODE_TLB_ENTRIES * TLB_ENTRY_BYTES);
  const highReadTlb = take(HIGH_TLB_ENTRIES * TLB_ENTRY_BYTES);
  const highWriteTlb = take(HIGH_TLB_ENTRIES * TLB_ENTRY_BYTES);
  const tables = take(tablePairs * FLAT_PAIR_BYTES, 65536);
  const emptyTables = take(FLAT_PAIR_BYTES, 65536);
  const records = take(codePages * RECORD_PAGE_BYTES);
  const bounce = take(4096);
  const translated = take(TRANSLATED_BYTES);
  const jumpCache = take(JUMP_CACHE_ENTRIES * JUMP_CACHE_ENTRY_BYTES);
  const ram = take(ramBytes, 65536);
  const wasmPages = Math.ceil(at / 65536);
  if (wasmPages > 65536) throw new RangeError(`machine memory of ${ramBytes} bytes does not fit into 4 GiB`);
  return {
    hart,
    codeTlb,
    highReadTlb,
    highWriteTlb,
    tables,
    tablePairs,
    emptyTables,
    records,
    codePages,
    bounce,
    translated,
    jumpCache,
    ram,
    ramBytes,
    wasmPages,
  };
}

const CODE_SPREAD = 613;

/** What a context adds to the indices of its entries in the code TLB. */
export function codeSpread(context: number): number {
  return context * CODE_SPREAD;
}

/** Index of the entry of an address (its low half) in the code TLB. */
export function codeTlbIndex(vaLo: number, spread: number): number {
  return ((vaLo >>> 12) + spread) & (CODE_TLB_ENTRIES - 1);
}

/** Linear-memory offset of a guest-physical RAM address. */
export function ramOffset(layout: Layout, physicalAddress: number): number {
  return physicalAddress - RAM_BASE + layout.ram;
}

/** The flat entry that maps the guest page (virtual, below 4 GiB) to the page at linear offset `hostPage`. */
export function flatEntry(hostPage: number, guestPage: number): number {
  return (hostPage - guestPage - 4096) | 0xfff;
}
