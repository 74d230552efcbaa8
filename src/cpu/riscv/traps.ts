/**
 * Which traps are taken, and to which mode they go: delegation, interrupt priority. What they do is generated (trap-entry.ts).
 * Privileged Architecture, "Machine-Level ISA" and "Supervisor-Level ISA", trap sections.
 *
 * Interface: Traps.
 * Invariant: pc in linear memory is exact before each call: the instruction that traps, or the next one to run.
 */
import type { CsrFile } from './csr-file.ts';
import { BIT_63_HI, INTERRUPT_PRIORITY, MSTATUS, PRV } from './privileged.ts';
import type { TrapEntries } from './trap-entry.ts';

export class Traps {
  /** Times each cause was taken; interrupts from index 64. */
  readonly counts: number[] = new Array<number>(128).fill(0);
  readonly #csrs: CsrFile;
  readonly #entries: TrapEntries;

  constructor(csrs: CsrFile, entries: TrapEntries) {
    this.#csrs = csrs;
    this.#entries = entries;
  }

  /** Raises a synchronous exception at pc. */
  exception(cause: number, tvalLo: number, tvalHi: number): void {
    const { mode, medeleg } = this.#csrs;
    this.counts[cause]!++;
    const isDelegated = mode !== PRV.M && ((medeleg >> cause) & 1) !== 0;
    if (isDelegated) this.#entries.trapToSupervisor(cause, 0, tvalLo, tvalHi);
    else this.#entries.trapToMachine(cause, 0, tvalLo, tvalHi);
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
    if (forMachine !== 0) this.#entries.trapToMachine(cause, BIT_63_HI, 0, 0);
    else this.#entries.trapToSupervisor(cause, BIT_63_HI, 0, 0);
    return true;
  }

  sret(): void {
    this.#entries.sret();
  }

  mret(): void {
    this.#entries.mret();
  }
}

function highestPriority(interrupts: number): number {
  if (interrupts === 0) return -1;
  for (const cause of INTERRUPT_PRIORITY) if (((interrupts >> cause) & 1) !== 0) return cause;
  return -1;
}
