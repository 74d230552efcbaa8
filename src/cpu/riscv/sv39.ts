/**
 * The Sv39 page-table walk, over the real tables in guest memory. Privileged Architecture, "Sv39: Page-Based 39-bit
 * Virtual-Memory System". A and D bits are set by the walk; misaligned superpages and reserved bits fault.
 *
 * Interface: Sv39Walker, WALK.
 * Invariant: nothing is changed in memory unless the walk succeeds.
 */
import type { Pmp } from './pmp.ts';
import { ACCESS, PRV, PTE } from './privileged.ts';
import type { Access } from './privileged.ts';

/** How a walk ended. */
export const WALK = { OK: 0, PAGE_FAULT: 1, ACCESS_FAULT: 2 } as const;
export type WalkResult = (typeof WALK)[keyof typeof WALK];

/** Page-table reads and writes in RAM. */
export interface WalkMemory {
  readonly words: Int32Array;
  /** Index in `words` of the 8-byte entry at `pa`, or -1 outside RAM. */
  wordOf(pa: number): number;
  /** Called after an entry in the frame `pfn` was changed. */
  wrote(pfn: number): void;
}

const LEVELS = 3;
/** N, PBMT and the reserved bits above PPN. */
const RESERVED_HI = 0xffc0_0000 | 0;

export class Sv39Walker {
  /** After a successful walk: the 4 KiB frame of the address, and the entry's low eight bits as they are now in memory. */
  pfn = 0;
  flags = 0;
  isSuperpage = false;
  readonly #memory: WalkMemory;
  readonly #pmp: Pmp;

  constructor(memory: WalkMemory, pmp: Pmp) {
    this.#memory = memory;
    this.#pmp = pmp;
  }

  /**
   * `rootPfn` is satp.PPN; `mode` is U or S; `sum` and `mxr` are the mstatus bits. Unless it `mayUpdate`, a walk that would have to
   * set A or D ends as a page fault.
   */
  walk(
    rootPfn: number,
    vaLo: number,
    vaHi: number,
    access: Access,
    mode: number,
    sum: boolean,
    mxr: boolean,
    mayUpdate = true,
  ): WalkResult {
    // Bits 63..39 must equal bit 38.
    if ((vaHi << 25) >> 25 !== vaHi) return WALK.PAGE_FAULT;
    const words = this.#memory.words;
    let tablePfn = rootPfn;
    for (let level = LEVELS - 1; level >= 0; level--) {
      const word = this.#memory.wordOf(tablePfn * 4096 + tableIndex(vaLo, vaHi, level) * 8);
      if (word < 0 || !this.#pmp.allows(tablePfn, PRV.S, ACCESS.LOAD)) return WALK.ACCESS_FAULT;
      const lo = words[word]!;
      const hi = words[word + 1]!;
      if ((lo & PTE.V) === 0 || (lo & (PTE.R | PTE.W)) === PTE.W || (hi & RESERVED_HI) !== 0) return WALK.PAGE_FAULT;
      const pfn = (hi & 0x003f_ffff) * 0x40_0000 + (lo >>> 10);
      if ((lo & (PTE.R | PTE.X)) === 0) {
        if ((lo & (PTE.A | PTE.D | PTE.U)) !== 0) return WALK.PAGE_FAULT;
        tablePfn = pfn;
        continue;
      }
      if (!permits(lo, access, mode, sum, mxr)) return WALK.PAGE_FAULT;
      const lowPages = (1 << (9 * level)) - 1;
      // (lo >>> 10) has all of the PPN bits that a superpage must have clear.
      if (((lo >>> 10) & lowPages) !== 0) return WALK.PAGE_FAULT;
      const flags = lo | PTE.A | (access === ACCESS.STORE ? PTE.D : 0);
      if (flags !== lo) {
        if (!mayUpdate) return WALK.PAGE_FAULT;
        if (!this.#pmp.allows(tablePfn, PRV.S, ACCESS.STORE)) return WALK.ACCESS_FAULT;
        words[word] = flags;
        this.#memory.wrote(tablePfn);
      }
      this.flags = flags & 0xff;
      this.isSuperpage = level > 0;
      this.pfn = pfn + (((((vaHi & 0x7f) << 20) | (vaLo >>> 12)) & lowPages) >>> 0);
      return WALK.OK;
    }
    return WALK.PAGE_FAULT;
  }
}

/** Whether a leaf entry permits the access. */
export function permits(flags: number, access: Access, mode: number, sum: boolean, mxr: boolean): boolean {
  const isUserPage = (flags & PTE.U) !== 0;
  if (mode === PRV.U && !isUserPage) return false;
  // S mode never executes user pages, and touches them only with SUM.
  if (mode === PRV.S && isUserPage && (access === ACCESS.FETCH || !sum)) return false;
  if (access === ACCESS.FETCH) return (flags & PTE.X) !== 0;
  if (access === ACCESS.STORE) return (flags & PTE.W) !== 0;
  return (flags & PTE.R) !== 0 || (mxr && (flags & PTE.X) !== 0);
}

function tableIndex(vaLo: number, vaHi: number, level: number): number {
  if (level === 2) return ((vaHi & 0x7f) << 2) | (vaLo >>> 30);
  return (vaLo >>> (12 + 9 * level)) & 511;
}
