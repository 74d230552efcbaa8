/**
 * Floating-point primitives of `Ops`: IEEE 754-2019 arithmetic on raw bits, with RISC-V's NaN rules.
 *
 * Every operand and result is a V that carries raw bits: binary64 in all 64 bits, binary32 in the low 32 (the high half
 * of an operand is ignored, of a result is zero). NaN boxing is not seen here: rows unbox before and box after.
 * A result that is a NaN is the canonical quiet NaN (0x7fc00000, 0x7ff8000000000000).
 *
 * `rounding` is a V in 0..4 (0 RNE, 1 RTZ, 2 RDN, 3 RUP, 4 RMM); rows have resolved `rm` and rejected the reserved ones.
 * Flags are accrued (OR) into the hart's fflags: NX 1, UF 2, OF 4, DZ 8, NV 16. Tininess is detected after rounding.
 *
 * Comparisons give 0 or 1. `flt` and `fle` signal NV on any NaN, `feq` only on a signalling one. `fmin`/`fmax` are
 * IEEE 2019 minimumNumber/maximumNumber (one NaN: the other operand; -0 < +0; NV on a signalling NaN).
 * Conversions to integers saturate by RISC-V's table (NaN: largest positive) and set NV, not NX, when out of range;
 * results for 32-bit integers are sign-extended to 64, for 'u32' too.
 *
 * Interface: FpFormat, IntFormat, FpOps, FP_PRIMITIVES, FpPrimitive (name and WebAssembly signature of each helper).
 */
export type FpFormat = 'f32' | 'f64';
export type IntFormat = 'i32' | 'u32' | 'i64' | 'u64';

/** The manual: "The RISC-V Instruction Set Manual, Volume I", chapters F and D. */
export interface FpOps<V> {
  fadd(format: FpFormat, a: V, b: V, rounding: V): V;
  fsub(format: FpFormat, a: V, b: V, rounding: V): V;
  fmul(format: FpFormat, a: V, b: V, rounding: V): V;
  fdiv(format: FpFormat, a: V, b: V, rounding: V): V;
  fsqrt(format: FpFormat, a: V, rounding: V): V;
  /** a * b + c with one rounding. Rows negate a, c by flipping sign bits for fmsub, fnmsub, fnmadd. */
  fma(format: FpFormat, a: V, b: V, c: V, rounding: V): V;
  fmin(format: FpFormat, a: V, b: V): V;
  fmax(format: FpFormat, a: V, b: V): V;
  feq(format: FpFormat, a: V, b: V): V;
  flt(format: FpFormat, a: V, b: V): V;
  fle(format: FpFormat, a: V, b: V): V;
  fToInt(format: FpFormat, to: IntFormat, a: V, rounding: V): V;
  intToF(format: FpFormat, from: IntFormat, a: V, rounding: V): V;
  /** Between the two formats: 'f32' gives binary32 from binary64 (rounds), 'f64' the reverse (exact). */
  fToF(to: FpFormat, a: V, rounding: V): V;
}

const FORMATS = ['f32', 'f64'] as const;
const INTS = ['i32', 'u32', 'i64', 'u64'] as const;

/** Name of the WebAssembly function behind a primitive, e.g. 'fadd.f64', 'fToInt.f32.u64', 'fToF.f32'. */
export type FpPrimitive =
  | `${'fadd' | 'fsub' | 'fmul' | 'fdiv' | 'fsqrt' | 'fma' | 'fmin' | 'fmax' | 'feq' | 'flt' | 'fle'}.${FpFormat}`
  | `${'fToInt' | 'intToF'}.${FpFormat}.${IntFormat}`
  | `fToF.${FpFormat}`;

/**
 * Arguments of each helper function: `operands` i64 values and then, when `rounded`, the rounding mode as an i32.
 * Each returns one i64.
 */
export const FP_PRIMITIVES: ReadonlyMap<FpPrimitive, { readonly operands: number; readonly rounded: boolean }> =
  new Map(
    FORMATS.flatMap((format) => [
      ...(['fadd', 'fsub', 'fmul', 'fdiv'] as const).map((op) => entry(`${op}.${format}`, 2, true)),
      entry(`fsqrt.${format}`, 1, true),
      entry(`fma.${format}`, 3, true),
      ...(['fmin', 'fmax', 'feq', 'flt', 'fle'] as const).map((op) => entry(`${op}.${format}`, 2, false)),
      ...INTS.flatMap((int) => [entry(`fToInt.${format}.${int}`, 1, true), entry(`intToF.${format}.${int}`, 1, true)]),
      entry(`fToF.${format}`, 1, true),
    ]),
  );

function entry(name: FpPrimitive, operands: number, rounded: boolean) {
  return [name, { operands, rounded }] as const;
}
