/**
 * The vocabulary of IEEE 754-2019 arithmetic: rounding modes, exception flags, the two binary formats.
 *
 * Encodings are those of the RISC-V fcsr ("F" extension, section "Floating-Point Control and Status Register").
 * x86 numbers modes and flags differently; its rows translate on the way in and out.
 */

/** Rounding modes, as in frm and the rm field. */
export const RM = {
  /** To nearest, ties to even. */
  RNE: 0,
  /** Towards zero. */
  RTZ: 1,
  /** Down, towards -infinity. */
  RDN: 2,
  /** Up, towards +infinity. */
  RUP: 3,
  /** To nearest, ties away from zero. */
  RMM: 4,
} as const;
export type RoundingMode = (typeof RM)[keyof typeof RM];

/** Accrued exception flags, as in fflags. */
export const FLAG = {
  /** Inexact. */
  NX: 1,
  /** Underflow: tiny after rounding, and inexact. */
  UF: 2,
  OF: 4,
  /** Division of a finite non-zero number by zero. */
  DZ: 8,
  /** Invalid operation. */
  NV: 16,
} as const;

/** An interchange format; `bits` of a value are held as an unsigned bigint of the format's width. */
export interface FpFormat {
  readonly width: 32 | 64;
  /** Bits of the stored fraction: 23 or 52. The precision is one more. */
  readonly fractionBits: number;
  readonly exponentBits: number;
  readonly bias: number;
  /** The NaN that every invalid operation gives. */
  readonly canonicalNan: bigint;
}

export const F32: FpFormat = {
  width: 32,
  fractionBits: 23,
  exponentBits: 8,
  bias: 127,
  canonicalNan: 0x7fc0_0000n,
};

export const F64: FpFormat = {
  width: 64,
  fractionBits: 52,
  exponentBits: 11,
  bias: 1023,
  canonicalNan: 0x7ff8_0000_0000_0000n,
};
