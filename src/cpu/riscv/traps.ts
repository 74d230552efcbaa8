/**
 * Trap entry and return: delegation, interrupt priority, the mstatus stack, vectored mode. Privileged Architecture,
 * "Machine-Level ISA" and "Supervisor-Level ISA", trap sections.
 *
 * Interface: Traps.
 * Invariant: pc in linear memory is exact before each call: the instruction that traps, or the next one to run.
 */
import { HART } from '../layout.ts';
import type { CsrFile } from './csr-file.ts';
import { csrByName } from './csr-table.ts';
import { BIT_63_HI, INTERRUPT_PRIORITY, MSTATUS, PRV } from './privileged.ts';

const PC = HART.pc / 4;
const RESERVATION = HART.reservation / 4;
const SEPC = csrByName('sepc').index;
const MEPC = csrByName('mepc').index;
const SCAUSE = csrByName('scause').index;
const MCAUSE = csrByName('mcause').index;
const STVAL = csrByName('stval').index;
const MTVAL = csrByName('mtval').index;
const STVEC = csrByName('stvec').index;
const MTVEC = csrByName('mtvec').index;
const MEDELEG = csrByName('medeleg').index;

export class Traps {
  /** Times each cause was taken; interrupts from index 64. */
  readonly counts: number[] = new Array<number>(128).fill(0);
  readonly #csrs: CsrFile;
  readonly #words: Int32Array;

  /** `words`: the hart-state page. */
  constructor(csrs: CsrFile, words: Int32Array) {
    this.#csrs = csrs;
    this.#words = words;
  }

  /** Raises a synchronous exception at pc. */
  exception(cause: number, tvalLo: number, tvalHi: number): void {
    const csrs = this.#csrs;
    this.counts[cause]!++;
    const isDelegated = csrs.mode !== PRV.M && ((csrs.storedLo(MEDELEG) >> cause) & 1) !== 0;
    if (isDelegated) this.#enterSupervisor(cause, 0, tvalLo, tvalHi);
    else this.#enterMachine(cause, 0, tvalLo, tvalHi);
  }

  /** Takes the pending and enabled interrupt of highest priority, if there is one. */
  takeInterrupt(): boolean {
    const csrs = this.#csrs;
    const mie = csrs.mie;
    if (mie === 0) return false;
    const mode = csrs.mode;
    const status = csrs.mstatus;
    const mideleg = csrs.mideleg;
    const isMachineOn = mode !== PRV.M || (status & MSTATUS.MIE) !== 0;
    const isSupervisorOn = mode === PRV.U || (mode === PRV.S && (status & MSTATUS.SIE) !== 0);
    const enabled = mie & ((isMachineOn ? ~mideleg : 0) | (isSupervisorOn ? mideleg : 0));
    if (enabled === 0) return false;
    const active = csrs.pendingInterrupts() & enabled;
    if (active === 0) return false;
    const forMachine = active & ~mideleg;
    const forSupervisor = active & mideleg;
    // What goes to M mode comes before what goes to S mode.
    const cause = highestPriority(forMachine !== 0 ? forMachine : forSupervisor);
    if (cause < 0) return false;
    this.counts[64 + cause]!++;
    if (forMachine !== 0) this.#enterMachine(cause, BIT_63_HI, 0, 0);
    else this.#enterSupervisor(cause, BIT_63_HI, 0, 0);
    return true;
  }

  sret(): void {
    const csrs = this.#csrs;
    const status = csrs.mstatus;
    csrs.mode = (status & MSTATUS.SPP) !== 0 ? PRV.S : PRV.U;
    // The mode returned to is never M, so MPRV is cleared.
    const sie = (status & MSTATUS.SPIE) !== 0 ? MSTATUS.SIE : 0;
    csrs.mstatus = (status & ~(MSTATUS.SIE | MSTATUS.SPP | MSTATUS.MPRV)) | sie | MSTATUS.SPIE;
    this.#dropReservation();
    this.#setPc(csrs.storedLo(SEPC), csrs.storedHi(SEPC));
  }

  mret(): void {
    const csrs = this.#csrs;
    const status = csrs.mstatus;
    const mode = (status & MSTATUS.MPP) >> MSTATUS.MPP_SHIFT;
    csrs.mode = mode;
    const mie = (status & MSTATUS.MPIE) !== 0 ? MSTATUS.MIE : 0;
    const mprv = mode === PRV.M ? 0 : MSTATUS.MPRV;
    csrs.mstatus = (status & ~(MSTATUS.MIE | MSTATUS.MPP | mprv)) | mie | MSTATUS.MPIE;
    this.#dropReservation();
    this.#setPc(csrs.storedLo(MEPC), csrs.storedHi(MEPC));
  }

  #enterSupervisor(cause: number, causeHi: number, tvalLo: number, tvalHi: number): void {
    const csrs = this.#csrs;
    const status = csrs.mstatus;
    const spie = (status & MSTATUS.SIE) !== 0 ? MSTATUS.SPIE : 0;
    const spp = csrs.mode === PRV.U ? 0 : MSTATUS.SPP;
    csrs.mstatus = (status & ~(MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP)) | spie | spp;
    csrs.store(SEPC, this.#words[PC]!, this.#words[PC + 1]!);
    csrs.store(SCAUSE, cause, causeHi);
    csrs.store(STVAL, tvalLo, tvalHi);
    csrs.mode = PRV.S;
    this.#jumpToVector(STVEC, cause, causeHi);
  }

  #enterMachine(cause: number, causeHi: number, tvalLo: number, tvalHi: number): void {
    const csrs = this.#csrs;
    const status = csrs.mstatus;
    const mpie = (status & MSTATUS.MIE) !== 0 ? MSTATUS.MPIE : 0;
    csrs.mstatus = (status & ~(MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP)) | mpie | (csrs.mode << MSTATUS.MPP_SHIFT);
    csrs.store(MEPC, this.#words[PC]!, this.#words[PC + 1]!);
    csrs.store(MCAUSE, cause, causeHi);
    csrs.store(MTVAL, tvalLo, tvalHi);
    csrs.mode = PRV.M;
    this.#jumpToVector(MTVEC, cause, causeHi);
  }

  /** In vectored mode (bit 0) interrupts go to base + 4 * cause. The base is aligned to four, so only causes can carry. */
  #jumpToVector(index: number, cause: number, causeHi: number): void {
    const lo = this.#csrs.storedLo(index);
    const hi = this.#csrs.storedHi(index);
    const base = lo & ~3;
    if ((lo & 1) === 0 || causeHi === 0) return this.#setPc(base, hi);
    const sum = (base >>> 0) + 4 * cause;
    this.#setPc(sum | 0, sum > 0xffff_ffff ? (hi + 1) | 0 : hi);
  }

  /** Another task may come back than the one that was left, so an sc must not succeed for an lr from before the trap. */
  #dropReservation(): void {
    this.#words[RESERVATION] = -1;
    this.#words[RESERVATION + 1] = -1;
  }

  #setPc(lo: number, hi: number): void {
    this.#words[PC] = lo;
    this.#words[PC + 1] = hi;
  }
}

function highestPriority(interrupts: number): number {
  if (interrupts === 0) return -1;
  for (const cause of INTERRUPT_PRIORITY) if (((interrupts >> cause) & 1) !== 0) return cause;
  return -1;
}
