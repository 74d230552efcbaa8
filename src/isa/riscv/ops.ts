/**
 * `Ops` with what RISC-V adds: integer and floating-point registers, LR/SC, the dynamic rounding mode.
 *
 * Interface: RiscvOps, XReg, FReg, CAUSE.
 */
import type { FpOps } from '../fp-ops.ts';
import type { AccessSize, Imm, Ops } from '../ops.ts';

declare const file: unique symbol;

export interface XReg {
  readonly [file]: 'x';
}

export interface FReg {
  readonly [file]: 'f';
}

export interface RiscvOps<V> extends Ops<V>, FpOps<V> {
  x(reg: XReg): V;
  setX(reg: XReg, value: V): void;
  /** All 64 bits, NaN-boxed where the register holds a binary32. */
  f(reg: FReg): V;
  setF(reg: FReg, value: V): void;
  /** The rounding mode of an rm field, 7 being frm; raises illegal instruction when it is reserved. */
  rounding(rm: Imm): V;
  /** Loads sign-extended and reserves the address. */
  loadReserved(size: AccessSize, address: V): V;
  /** Stores if the reservation still holds, and drops it; gives 0 for success, else 1. */
  storeConditional(size: AccessSize, address: V, value: V): V;
}

/** Synchronous exception codes that rows raise themselves. Privileged manual, table of scause. */
export const CAUSE = { illegalInstruction: 2, breakpoint: 3, loadMisaligned: 4, storeMisaligned: 6 } as const;
