/**
 * A RISC-V hart as its kernel sees it. hart.ts implements it.
 *
 * 64-bit values are given in two forms. As a number: unsigned, exact below 2^53 and for larger values whose low bits
 * are zero (upper-half page addresses). As two int32 halves: always exact. `scause` of an interrupt and arbitrary
 * register values need the halves.
 */
import type { Load } from './crossing.ts';
import type { CsrName } from './csr-table.ts';

export { FRAME, LOAD, type Load } from './crossing.ts';
export type { CsrName } from './csr-table.ts';

/** Why run() came back. */
export type StopReason =
  /** A trap or a jump in S or M mode reached the native vector; pc is that address. */
  | 'native-vector'
  /** The given number of instructions has been retired. */
  | 'budget'
  /** A wfi retired and no enabled interrupt is pending: the host may sleep until the next timer deadline or input. */
  | 'wfi';

export type PrivilegeMode = 'U' | 'S' | 'M';

/** Byte offsets into linear memory, for block copies to and from a `pt_regs`. */
export interface HartLayout {
  /** x0..x31, 8 bytes each (x0 reads as zero and must not be written). */
  readonly x: number;
  /** f0..f31, 8 bytes each. */
  readonly f: number;
  readonly pc: number;
  /** The CSRs that a trap handler reads, 8 bytes each. sepc may be written there, with bit 0 clear. */
  readonly sepc: number;
  readonly scause: number;
  readonly stval: number;
  /** Storage of fcsr's two fields, 4 bytes each, and of mstatus, 8 bytes. FS and the bits of the trap stack may be written there. */
  readonly fflags: number;
  readonly frm: number;
  readonly mstatus: number;
}

export interface Hart {
  readonly layout: HartLayout;

  /** Unsigned; see the file comment for large values. */
  pc: number;
  pcLo(): number;
  pcHi(): number;
  setPcHalves(lo: number, hi: number): void;

  /** Integer register as an unsigned number. */
  x(index: number): number;
  /** Integer register as its signed low and high 32 bits. */
  xLo(index: number): number;
  xHi(index: number): number;
  /** Sets x[index] from an integer in -2^63..2^64-1 (negative numbers become two's complement). Ignored for x0. */
  setX(index: number, value: number): void;
  setXHalves(index: number, lo: number, hi: number): void;

  /** Copies x1..x31 to linear memory, x[i] to `to` + 8 * i, as a trap handler's entry code does. */
  saveRegisters(to: number): void;
  /** The way back. */
  loadRegisters(from: number): void;

  /** Reads a CSR as machine mode would. */
  csr(name: CsrName): number;
  csrLo(name: CsrName): number;
  csrHi(name: CsrName): number;
  /** Writes a CSR as machine mode would, with all its side effects. */
  setCsr(name: CsrName, value: number): void;
  setCsrHalves(name: CsrName, lo: number, hi: number): void;

  /** The current privilege mode. */
  mode: PrivilegeMode;

  /** As the instruction: mode = SPP, SIE = SPIE, pc = sepc. */
  sret(): void;
  mret(): void;
  /** As sfence.vma: drops cached translations of `va` (all if undefined) in `asid` (all if undefined). */
  sfenceVma(va: number | undefined, asid: number | undefined): void;
  fenceI(): void;

  /**
   * Runs until one of the stop reasons. Returns 'budget' after exactly `maxInstructions` retired instructions
   * (or fewer if the hart is stuck in a handler that faults at once). Interrupts are taken
   * between instructions; the timer is looked at least every slice (deterministic mode: at the exact instruction).
   */
  run(maxInstructions: number): StopReason;

  /**
   * sret to user mode, then as run(), until `untilRetired` instructions have been retired since reset. pc and x1..x31 come from `frame`
   * (FRAME) as `load` says; LOAD.nothing: the hart is in user mode already. An ecall that leads to the native vector gives 'ecall', and
   * the frame is complete again, with the address behind the ecall; after any other trap it is not.
   */
  runUser(untilRetired: number, frame: number, load: Load): StopReason | 'ecall';

  /** Instructions retired since reset. */
  readonly retired: number;
}
