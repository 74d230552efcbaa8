/**
 * Trap entry and return: delegation, interrupt priority, the mstatus stack, vectored mode. Privileged Architecture,
 * "Machine-Level ISA" and "Supervisor-Level ISA", trap sections.
 *
 * Interface: Traps.
 * Invariant: pc in linear memory is exact before each call: the instruction that traps, or the next one to run.
 */
import { HART } from '../layout.ts';
import type { CsrFile } from './csr-file.ts';
import { csrWord, MODE_WORD } from './csr-table.ts';
import { BIT_63_HI, INTERRUPT_PRIORITY, MSTATUS, PRV } from './privileged.ts';

const PC = HART.pc / 4;
const RESERVATION = HART.reservation / 4;
const STATUS = csrWord('mstatus');
const SEPC = csrWord('sepc');
const SCAUSE = csrWord('scause');
const STVAL = csrWord('stval');
const STVEC = csrWord('stvec');
const MEDELEG = csrWord('medeleg');
const MEPC = csrWord('mepc');
const MCAUSE = csrWord('mcause');
const MTVAL = csrWord('mtval');
const MTVEC = csrWord('mtvec');

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
    const words = this.#words;
    this.counts[cause]!++;
    const isDelegated = words[MODE_WORD] !== PRV.M && ((words[MEDELEG]! >> cause) & 1) !== 0;
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
    const words = this.#words;
    const status = words[STATUS]!;
    words[MODE_WORD] = (status & MSTATUS.SPP) !== 0 ? PRV.S : PRV.U;
    // The mode returned to is never M, so MPRV is cleared.
    const sie = (status & MSTATUS.SPIE) !== 0 ? MSTATUS.SIE : 0;
    words[STATUS] = (status & ~(MSTATUS.SIE | MSTATUS.SPP | MSTATUS.MPRV)) | sie | MSTATUS.SPIE;
    returnTo(words, SEPC);
  }

  mret(): void {
    const words = this.#words;
    const status = words[STATUS]!;
    const mode = (status & MSTATUS.MPP) >> MSTATUS.MPP_SHIFT;
    words[MODE_WORD] = mode;
    const mie = (status & MSTATUS.MPIE) !== 0 ? MSTATUS.MIE : 0;
    const mprv = mode === PRV.M ? 0 : MSTATUS.MPRV;
    words[STATUS] = (status & ~(MSTATUS.MIE | MSTATUS.MPP | mprv)) | mie | MSTATUS.MPIE;
    returnTo(words, MEPC);
  }

  #enterSupervisor(cause: number, causeHi: number, tvalLo: number, tvalHi: number): void {
    const words = this.#words;
    const status = words[STATUS]!;
    const spie = (status & MSTATUS.SIE) !== 0 ? MSTATUS.SPIE : 0;
    const spp = words[MODE_WORD] === PRV.U ? 0 : MSTATUS.SPP;
    words[STATUS] = (status & ~(MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP)) | spie | spp;
    words[SEPC] = words[PC]!;
    words[SEPC + 1] = words[PC + 1]!;
    words[SCAUSE] = cause;
    words[SCAUSE + 1] = causeHi;
    words[STVAL] = tvalLo;
    words[STVAL + 1] = tvalHi;
    words[MODE_WORD] = PRV.S;
    jumpToVector(words, STVEC, cause, causeHi);
  }

  #enterMachine(cause: number, causeHi: number, tvalLo: number, tvalHi: number): void {
    const words = this.#words;
    const status = words[STATUS]!;
    const mpie = (status & MSTATUS.MIE) !== 0 ? MSTATUS.MPIE : 0;
    const mpp = words[MODE_WORD]! << MSTATUS.MPP_SHIFT;
    words[STATUS] = (status & ~(MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP)) | mpie | mpp;
    words[MEPC] = words[PC]!;
    words[MEPC + 1] = words[PC + 1]!;
    words[MCAUSE] = cause;
    words[MCAUSE + 1] = causeHi;
    words[MTVAL] = tvalLo;
    words[MTVAL + 1] = tvalHi;
    words[MODE_WORD] = PRV.M;
    jumpToVector(words, MTVEC, cause, causeHi);
  }
}

/** Another task may come back than the one that was left, so an sc must not succeed for an lr from before the trap. */
function returnTo(words: Int32Array, epc: number): void {
  words[RESERVATION] = -1;
  words[RESERVATION + 1] = -1;
  words[PC] = words[epc]!;
  words[PC + 1] = words[epc + 1]!;
}

/** In vectored mode (bit 0) interrupts go to base + 4 * cause. */
function jumpToVector(words: Int32Array, tvec: number, cause: number, causeHi: number): void {
  const lo = words[tvec]!;
  const hi = words[tvec + 1]!;
  const base = lo & ~3;
  if ((lo & 1) === 0 || causeHi === 0) {
    words[PC] = base;
    words[PC + 1] = hi;
  } else {
    const sum = (base >>> 0) + 4 * cause;
    words[PC] = sum | 0;
    words[PC + 1] = sum > 0xffff_ffff ? (hi + 1) | 0 : hi;
  }
}

function highestPriority(interrupts: number): number {
  if (interrupts === 0) return -1;
  for (const cause of INTERRUPT_PRIORITY) if (((interrupts >> cause) & 1) !== 0) return cause;
  return -1;
}
