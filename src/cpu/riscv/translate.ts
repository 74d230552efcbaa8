/**
 * From a virtual address to a frame, under the hart's present mode and mstatus: bare or Sv39, then PMP. This is the slow
 * path; its results are cached by the MMU.
 *
 * Interface: Translator.
 * Invariant: `activate` is called after mode, mstatus, satp or PMP may have changed and before code runs.
 */
import { codeSpread, HART, RAM_BASE } from '../layout.ts';
import type { Layout } from '../layout.ts';
import type { CodeCache } from './code-cache.ts';
import type { CsrFile } from './csr-file.ts';
import { VIEW_BITS } from './crossing.ts';
import { csrByName } from './csr-table.ts';
import type { Context, Mmu } from './mmu.ts';
import { Pmp } from './pmp.ts';
import { ACCESS, CAUSE, MSTATUS, PRV, PTE } from './privileged.ts';
import type { Access } from './privileged.ts';
import { permits, Sv39Walker, WALK } from './sv39.ts';

const FETCH_CONTEXT = HART.fetchContext / 4;
const FETCH_SPREAD = HART.fetchSpread / 4;
const DATA_CONTEXT = HART.dataContext / 4;
const FLAT_TABLE = HART.flatTable / 4;

const RAM_PFN = RAM_BASE / 4096;
const PAGE_FAULTS = [CAUSE.LOAD_PAGE, CAUSE.STORE_PAGE, CAUSE.FETCH_PAGE] as const;
const ACCESS_FAULTS = [CAUSE.LOAD_ACCESS, CAUSE.STORE_ACCESS, CAUSE.FETCH_ACCESS] as const;
/** Flags of an address that is not translated. */
const BARE_FLAGS = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;
const SATP = csrByName('satp').index;

export class Translator {
  /** After translate() gave 0: the guest-physical frame number, and its offset in linear memory or -1 where it is no RAM. */
  pfn = 0;
  hostPage = -1;
  walks = 0;
  readonly #layout: Layout;
  /** The hart-state page. */
  readonly #state: Int32Array;
  readonly #csrs: CsrFile;
  readonly #mmu: Mmu;
  readonly #code: CodeCache;
  readonly #pmp = new Pmp();
  readonly #walker: Sv39Walker;
  readonly #frames: number;
  #flags = 0;
  #view = -1;
  #data: Context | undefined;
  #fetch: Context | undefined;
  #dataMode: number = PRV.M;

  constructor(layout: Layout, words: Int32Array, state: Int32Array, csrs: CsrFile, mmu: Mmu, code: CodeCache) {
    this.#layout = layout;
    this.#state = state;
    this.#csrs = csrs;
    this.#mmu = mmu;
    this.#code = code;
    this.#frames = layout.ramBytes >>> 12;
    const memory = {
      words,
      wordOf: (pa: number) =>
        pa >= RAM_BASE && pa < RAM_BASE + layout.ramBytes ? (pa - RAM_BASE + layout.ram) >>> 2 : -1,
      wrote: (pfn: number) => code.invalidate(pfn - RAM_PFN),
    };
    this.#walker = new Sv39Walker(memory, this.#pmp);
  }

  /** Selects the contexts of the present mode, and tells the interpreter. */
  activate(): void {
    const csrs = this.#csrs;
    if (csrs.pmpChanged) this.#refreshPmp();
    const view = csrs.mode | (csrs.mstatus & VIEW_BITS);
    if (view !== this.#view || csrs.satpChanged) this.#select(view);
    const data = this.#data!;
    const state = this.#state;
    state[FETCH_CONTEXT] = this.#fetch!.id;
    state[FETCH_SPREAD] = codeSpread(this.#fetch!.id);
    state[DATA_CONTEXT] = data.id;
    if (data.pair < 0) state[FLAT_TABLE] = this.#mmu.ensurePair(data);
  }

  /** Forgets the selection, after the MMU was flushed or the registers were restored. */
  reset(): void {
    this.#view = -1;
    this.#csrs.satpChanged = true;
    this.#csrs.pmpChanged = true;
  }

  /**
   * Translates for an access; gives 0 and sets pfn and hostPage, or gives the cause of the exception. Unless it `mayUpdate`, what would
   * set an A or D bit fails.
   */
  translate(vaLo: number, vaHi: number, access: Access, mayUpdate = true): number {
    const csrs = this.#csrs;
    const mode = access === ACCESS.FETCH ? csrs.mode : this.#dataMode;
    const satpHi = csrs.storedHi(SATP);
    if (mode === PRV.M || satpHi >>> 28 === 0) {
      // Physical addresses have 56 bits.
      if (vaHi >>> 24 !== 0) return ACCESS_FAULTS[access];
      this.pfn = vaHi * 0x10_0000 + (vaLo >>> 12);
      this.#flags = BARE_FLAGS;
    } else {
      this.walks++;
      const root = (satpHi & 0xfff) * 0x1_0000_0000 + (csrs.storedLo(SATP) >>> 0);
      const sum = (csrs.mstatus & MSTATUS.SUM) !== 0;
      const mxr = (csrs.mstatus & MSTATUS.MXR) !== 0;
      const result = this.#walker.walk(root, vaLo, vaHi, access, mode, sum, mxr, mayUpdate);
      if (result !== WALK.OK) return (result === WALK.PAGE_FAULT ? PAGE_FAULTS : ACCESS_FAULTS)[access];
      this.pfn = this.#walker.pfn;
      this.#flags = this.#walker.flags;
      if (this.#walker.isSuperpage) (access === ACCESS.FETCH ? this.#fetch! : this.#data!).hasSuperpage = true;
    }
    if (!this.#pmp.allows(this.pfn, mode, access)) return ACCESS_FAULTS[access];
    const frame = this.pfn - RAM_PFN;
    this.hostPage = frame >= 0 && frame < this.#frames ? this.#layout.ram + frame * 4096 : -1;
    return 0;
  }

  /**
   * Caches the last translation, which was for a load or a store to RAM at this address. A write entry for a frame with code
   * may stay for one instruction only: see single-access.ts.
   */
  fillData(vaLo: number, vaHi: number, access: Access): void {
    const frame = this.pfn - RAM_PFN;
    const mode = this.#dataMode;
    const status = this.#csrs.mstatus;
    const sum = (status & MSTATUS.SUM) !== 0;
    const mxr = (status & MSTATUS.MXR) !== 0;
    const may = (wanted: Access): boolean =>
      (this.#flags === BARE_FLAGS || permits(this.#flags, wanted, mode, sum, mxr)) &&
      this.#pmp.allows(this.pfn, mode, wanted);
    // Stores may go to the page straight away if D is set already and nothing is decoded from it.
    const writable =
      access === ACCESS.STORE || ((this.#flags & PTE.D) !== 0 && !this.#code.hasCode(frame) && may(ACCESS.STORE));
    const readable = access === ACCESS.LOAD || may(ACCESS.LOAD);
    this.#mmu.fillData(this.#data!, vaLo, vaHi, this.hostPage, readable, writable);
  }

  /** Whether code was decoded from the frame of the last translation. */
  hasCode(): boolean {
    return this.#code.hasCode(this.pfn - RAM_PFN);
  }

  /** Maps the bounce page at an address, or takes it away. */
  mapBounce(vaLo: number, vaHi: number): void {
    this.#mmu.fillData(this.#data!, vaLo, vaHi, this.#layout.bounce, true, true);
  }

  unmapBounce(vaLo: number, vaHi: number): void {
    this.#mmu.dropData(this.#data!, vaLo, vaHi);
  }

  /** Caches the last translation, which was for a fetch from RAM; gives the page of records. */
  fillCode(vaLo: number, vaHi: number): number {
    const recordBase = this.#code.recordBase(this.pfn - RAM_PFN, this.#isFpDirty());
    this.#mmu.fillCode(this.#fetch!, vaLo, vaHi, recordBase);
    return recordBase;
  }

  /** Caches the translation of a page for fetches if it is mapped and its code is decoded already. Nothing changes for the guest. */
  touchCode(vaLo: number, vaHi: number): void {
    if (this.translate(vaLo, vaHi, ACCESS.FETCH, false) !== 0 || this.hostPage < 0) return;
    const key = (this.pfn - RAM_PFN) * 2 + (this.#isFpDirty() ? 1 : 0);
    const records = this.#code.recordsOf(key);
    if (records !== undefined) this.#mmu.fillCode(this.#fetch!, vaLo, vaHi, records);
  }

  /** Flushing this page shall renew the present context of fetches. */
  dependOnCode(vaLo: number, vaHi: number): void {
    this.#mmu.depend(this.#fetch!, vaLo, vaHi);
  }

  #isFpDirty(): boolean {
    return (this.#csrs.mstatus & MSTATUS.FS) === MSTATUS.FS;
  }

  #select(view: number): void {
    const csrs = this.#csrs;
    const mode = csrs.mode;
    const status = csrs.mstatus;
    this.#dataMode =
      mode === PRV.M && (status & MSTATUS.MPRV) !== 0 ? (status & MSTATUS.MPP) >> MSTATUS.MPP_SHIFT : mode;
    const isSum = this.#dataMode === PRV.S && (status & MSTATUS.SUM) !== 0;
    const dataView = this.#dataMode | (isSum ? 4 : 0) | ((status & MSTATUS.MXR) !== 0 ? 8 : 0);
    const fetchView = mode | ((status & MSTATUS.FS) === MSTATUS.FS ? 4 : 0);
    this.#data = this.#contextOf(this.#dataMode, dataView, false);
    this.#fetch = this.#contextOf(mode, fetchView, true);
    this.#view = view;
    csrs.satpChanged = false;
    this.#state[FLAT_TABLE] = this.#mmu.ensurePair(this.#data);
  }

  /** M mode and an untranslated satp share one address space of physical addresses. */
  #contextOf(mode: number, view: number, isFetch: boolean): Context {
    const satpHi = this.#csrs.storedHi(SATP);
    const isBare = mode === PRV.M || satpHi >>> 28 === 0;
    const lo = isBare ? 0 : this.#csrs.storedLo(SATP);
    const hi = isBare ? 0 : satpHi;
    return isFetch ? this.#mmu.fetchContext(lo, hi, view) : this.#mmu.dataContext(lo, hi, view);
  }

  #refreshPmp(): void {
    this.#pmp.refresh(this.#csrs);
    this.#csrs.pmpChanged = false;
    this.#mmu.flushAll();
    this.#view = -1;
  }
}
