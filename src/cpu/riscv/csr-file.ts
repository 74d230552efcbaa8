/**
 * Reading and writing control and status registers. Privileged Architecture, chapters 2, 3, 12; "Zicsr".
 *
 * Interface: CsrFile.
 * Invariants: all state is in linear memory (one i64 per row of csr-table.ts), so that it is saved with it; 64-bit
 * values pass as int32 halves and nothing here allocates. `satpChanged` and `pmpChanged` are notes to the hart, which clears them.
 */
import { HART } from '../layout.ts';
import type { Bus } from './bus.ts';
import { csrByName, CSR_BY_NUMBER, CSRS, MODE_WORD } from './csr-table.ts';
import type { CsrRow } from './csr-table.ts';
import { BIT_63_HI, MENVCFG_STCE_HI, MIP, MSTATUS, PRV } from './privileged.ts';
import { legalPmpConfig, pmpAddressLocked, readPmpAddressLo } from './pmp.ts';

/** What the registers need from outside the file. */
export interface CsrInputs {
  /** Instructions retired before the current one. */
  retiredCount(): number;
  /** mtime. */
  timeTicks(): number;
  /** Tick at which MTIP becomes pending. */
  machineDeadline(): number;
  /** A deadline of stimecmp has changed. */
  timerSet(): void;
  /** Bits of mip that devices drive, timers excepted: MSIP, SEIP, MEIP. */
  readonly wires: Pick<Bus, 'interruptWires'>;
}

/** Index in the hart-state page of the CSR area. */
const BASE = HART.csr / 4;

const MSTATUS_WORD = BASE + csrByName('mstatus').index * 2;
const MIE_WORD = BASE + csrByName('mie').index * 2;
const MIP_WORD = BASE + csrByName('mip').index * 2;
const MEDELEG_WORD = BASE + csrByName('medeleg').index * 2;
const MIDELEG_WORD = BASE + csrByName('mideleg').index * 2;
const FFLAGS_WORD = HART.fflags / 4;
const FRM_WORD = HART.frm / 4;
const STIMECMP_WORD = BASE + csrByName('stimecmp').index * 2;
const MENVCFG_WORD = BASE + csrByName('menvcfg').index * 2;

const MSTATUS_ROW = csrByName('mstatus');
const MCOUNTEREN = csrByName('mcounteren').index;
const SCOUNTEREN = csrByName('scounteren').index;
const MINSTRET = csrByName('minstret').index;
const MCYCLE = csrByName('mcycle').index;
const SATP = csrByName('satp').index;
const PMPADDR0_NUMBER = csrByName('pmpaddr0').number;

/** Fields of mstatus that sstatus shows: SIE SPIE SPP FS XS SUM MXR, and UXL. */
const SSTATUS_LO = 0x000d_e122;
const SSTATUS_HI = 0x3;

export class CsrFile {
  /** Halves of what the last read() gave. */
  lo = 0;
  hi = 0;
  satpChanged = true;
  pmpChanged = true;
  readonly #words: Int32Array;
  readonly #inputs: CsrInputs;
  readonly #wires: CsrInputs['wires'];
  /** STIP of stimecmp, and MTIP, as of the last look at the clock: a cache. */
  #timerBits = 0;

  /** `words`: the hart-state page. */
  constructor(words: Int32Array, inputs: CsrInputs) {
    this.#words = words;
    this.#inputs = inputs;
    this.#wires = inputs.wires;
  }

  reset(): void {
    for (const row of CSRS) this.store(row.index, row.resetLo, row.resetHi);
    this.mode = PRV.M;
    this.satpChanged = true;
    this.pmpChanged = true;
  }

  get mode(): number {
    return this.#words[MODE_WORD]!;
  }

  set mode(mode: number) {
    this.#words[MODE_WORD] = mode;
  }

  /** Low half of mstatus without SD (which is in the high half). */
  get mstatus(): number {
    return this.#words[MSTATUS_WORD]!;
  }

  set mstatus(lo: number) {
    this.#words[MSTATUS_WORD] = lo;
  }

  /** Raw storage of a row. */
  storedLo(index: number): number {
    return this.#words[BASE + index * 2]!;
  }

  storedHi(index: number): number {
    return this.#words[BASE + index * 2 + 1]!;
  }

  store(index: number, lo: number, hi: number): void {
    this.#words[BASE + index * 2] = lo;
    this.#words[BASE + index * 2 + 1] = hi;
  }

  /** Interrupts that are pending, whether enabled or not; timers as of the last refreshTimers(). */
  pendingInterrupts(): number {
    return this.#words[MIP_WORD]! | this.#timerBits | this.#wires.interruptWires();
  }

  /** Whether some pending interrupt is enabled in mie. */
  hasEnabledInterrupt(): boolean {
    return (this.pendingInterrupts() & this.#words[MIE_WORD]!) !== 0;
  }

  /** Looks at the clock, and gives its ticks. To be called when time has passed or a deadline has changed. */
  refreshTimers(): number {
    const ticks = this.#inputs.timeTicks();
    this.#timerBits =
      (ticks >= this.stimecmp() ? MIP.STIP : 0) | (ticks >= this.#inputs.machineDeadline() ? MIP.MTIP : 0);
    return ticks;
  }

  get mie(): number {
    return this.#words[MIE_WORD]!;
  }

  get medeleg(): number {
    return this.#words[MEDELEG_WORD]!;
  }

  get mideleg(): number {
    return this.#words[MIDELEG_WORD]!;
  }

  /** Tick at which stimecmp fires, Infinity where it is not enabled; inexact above 2^53, which no clock reaches. */
  stimecmp(): number {
    if (!this.#hasStimecmp()) return Infinity;
    return unsigned(this.#words[STIMECMP_WORD]!, this.#words[STIMECMP_WORD + 1]!);
  }

  /** The row that an instruction at privilege `mode` may access, or undefined where it is an illegal instruction. */
  accessible(number: number, isWrite: boolean): CsrRow | undefined {
    const row = CSR_BY_NUMBER[number];
    if (row === undefined) return undefined;
    const mode = this.mode;
    if (mode < ((number >> 8) & 3)) return undefined;
    if (isWrite && number >> 10 === 3) return undefined;
    switch (row.kind) {
      case 'fflags':
      case 'frm':
      case 'fcsr':
        return (this.mstatus & MSTATUS.FS) === 0 ? undefined : row;
      case 'satp':
        return mode === PRV.S && (this.mstatus & MSTATUS.TVM) !== 0 ? undefined : row;
      case 'stimecmp':
        if (mode === PRV.M) return row;
        return this.#hasStimecmp() && (this.storedLo(MCOUNTEREN) & 2) !== 0 ? row : undefined;
      default:
        return number >> 5 === 0xc00 >> 5 && !this.#counterEnabled(number & 31) ? undefined : row;
    }
  }

  /** Whether an instruction may read the time CSR in the present mode. */
  mayReadTime(): boolean {
    return this.#counterEnabled(1);
  }

  /** Sets lo and hi to the register's value. */
  read(row: CsrRow): void {
    const word = BASE + row.index * 2;
    this.lo = this.#words[word]!;
    this.hi = this.#words[word + 1]!;
    switch (row.kind) {
      case 'plain':
      case 'satp':
      case 'stimecmp':
      case 'pmpcfg':
        return;
      case 'mstatus':
        if ((this.lo & MSTATUS.FS) === MSTATUS.FS) this.hi |= BIT_63_HI;
        return;
      case 'sstatus':
        this.read(MSTATUS_ROW);
        this.lo &= SSTATUS_LO;
        this.hi &= SSTATUS_HI | BIT_63_HI;
        return;
      case 'sie':
        return this.#set(this.mie & this.mideleg, 0);
      case 'mip':
        return this.#set(this.pendingInterrupts(), 0);
      case 'sip':
        return this.#set(this.pendingInterrupts() & this.mideleg, 0);
      case 'fflags':
        return this.#set(this.#words[FFLAGS_WORD]!, 0);
      case 'frm':
        return this.#set(this.#words[FRM_WORD]!, 0);
      case 'fcsr':
        return this.#set(this.#words[FFLAGS_WORD]! | (this.#words[FRM_WORD]! << 5), 0);
      case 'counter':
        return this.#readCounter(row);
      case 'time':
        return this.#setNumber(this.#inputs.timeTicks());
      case 'pmpaddr':
        this.lo = readPmpAddressLo(this, row.number - PMPADDR0_NUMBER);
        return;
    }
  }

  /**
   * The value from which csrrs and csrrc start. Equal to read() except that a device's SEIP is left out, so that
   * it does not stick in the bit that software owns.
   */
  readForModify(row: CsrRow): void {
    this.read(row);
    if (row.kind === 'mip') {
      this.lo &= ~MIP.SEIP;
      this.lo |= this.#words[MIP_WORD]! & MIP.SEIP;
    }
  }

  /** Writes a register with its side effects. */
  write(row: CsrRow, lo: number, hi: number): void {
    switch (row.kind) {
      case 'mstatus':
        return this.#writeMstatus(lo, row.maskLo);
      case 'sstatus':
        return this.#writeMstatus(lo, row.maskLo);
      case 'sie':
        return this.#mergeLo(MIE_WORD, lo, this.mideleg);
      case 'mip':
        return this.#mergeLo(MIP_WORD, lo, this.#hasStimecmp() ? row.maskLo & ~MIP.STIP : row.maskLo);
      case 'sip':
        return this.#mergeLo(MIP_WORD, lo, this.mideleg & MIP.SSIP);
      case 'satp':
        return this.#writeSatp(lo, hi);
      case 'fflags':
        this.#words[FFLAGS_WORD] = lo & 0x1f;
        return this.markFpDirty();
      case 'frm':
        this.#words[FRM_WORD] = lo & 7;
        return this.markFpDirty();
      case 'fcsr':
        this.#words[FFLAGS_WORD] = lo & 0x1f;
        this.#words[FRM_WORD] = (lo >> 5) & 7;
        return this.markFpDirty();
      case 'counter':
        return this.#writeCounter(row, lo, hi);
      case 'time':
        return;
      case 'pmpcfg':
        this.store(row.index, ...legalPmpConfig(this.storedLo(row.index), this.storedHi(row.index), lo, hi));
        this.pmpChanged = true;
        return;
      case 'pmpaddr':
        if (pmpAddressLocked(this, row.number - PMPADDR0_NUMBER)) return;
        this.store(row.index, lo & row.maskLo, hi & row.maskHi);
        this.pmpChanged = true;
        return;
      case 'plain':
      case 'stimecmp': {
        const word = BASE + row.index * 2;
        this.#words[word] = (this.#words[word]! & ~row.maskLo) | (lo & row.maskLo);
        this.#words[word + 1] = (this.#words[word + 1]! & ~row.maskHi) | (hi & row.maskHi);
        if (row.kind === 'stimecmp' || row.name === 'menvcfg') this.#timerSet();
      }
    }
  }

  /** mstatus.FS = Dirty. */
  markFpDirty(): void {
    this.mstatus |= MSTATUS.FS;
  }

  /** With stimecmp on, STIP is its alone: what firmware wrote into mip goes. */
  #timerSet(): void {
    if (this.#hasStimecmp()) this.#words[MIP_WORD]! &= ~MIP.STIP;
    this.refreshTimers();
    this.#inputs.timerSet();
  }

  #writeMstatus(lo: number, mask: number): void {
    const old = this.mstatus;
    let value = (old & ~mask) | (lo & mask);
    // MPP = 2 is no mode: keep the old one.
    if ((value & MSTATUS.MPP) === 2 << MSTATUS.MPP_SHIFT) value = (value & ~MSTATUS.MPP) | (old & MSTATUS.MPP);
    this.mstatus = value;
  }

  /** MODE is Bare or Sv39; a write with another mode has no effect at all. */
  #writeSatp(lo: number, hi: number): void {
    const mode = hi >>> 28;
    if (mode !== 0 && mode !== 8) return;
    this.store(SATP, lo, hi);
    this.satpChanged = true;
  }

  #hasStimecmp(): boolean {
    return (this.#words[MENVCFG_WORD + 1]! & MENVCFG_STCE_HI) !== 0;
  }

  #counterEnabled(bit: number): boolean {
    const mode = this.mode;
    if (mode === PRV.M) return true;
    if (((this.storedLo(MCOUNTEREN) >> bit) & 1) === 0) return false;
    return mode === PRV.S || ((this.storedLo(SCOUNTEREN) >> bit) & 1) !== 0;
  }

  /** Counters are stored as the difference to the number of retired instructions. */
  #readCounter(row: CsrRow): void {
    const index = counterStorage(row);
    const [lo, hi] = [this.storedLo(index) >>> 0, this.storedHi(index)];
    this.#setNumber(this.#inputs.retiredCount());
    const sum = (this.lo >>> 0) + lo;
    this.hi = (this.hi + hi + (sum > 0xffff_ffff ? 1 : 0)) | 0;
    this.lo = sum | 0;
  }

  /** The next instruction is to read what is written, so the writing one does not count. */
  #writeCounter(row: CsrRow, lo: number, hi: number): void {
    this.#setNumber(this.#inputs.retiredCount() + 1);
    const [countLo, countHi] = [this.lo >>> 0, this.hi];
    const borrow = lo >>> 0 < countLo ? 1 : 0;
    this.store(counterStorage(row), ((lo >>> 0) - countLo) | 0, (hi - countHi - borrow) | 0);
  }

  #mergeLo(word: number, lo: number, mask: number): void {
    this.#words[word] = (this.#words[word]! & ~mask) | (lo & mask);
  }

  #set(lo: number, hi: number): void {
    this.lo = lo;
    this.hi = hi;
  }

  #setNumber(value: number): void {
    this.lo = value | 0;
    this.hi = (value / 0x1_0000_0000) | 0;
  }
}

function counterStorage(row: CsrRow): number {
  return row.number & 2 ? MINSTRET : MCYCLE;
}

function unsigned(lo: number, hi: number): number {
  return (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
}
