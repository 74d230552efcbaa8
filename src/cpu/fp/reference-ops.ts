/**
 * The reference arithmetic in the shape that instruction rows use, for the oracle.
 *
 * Interface: makeReferenceFpOps.
 */
import type { FpFormat as FormatName, FpOps, IntFormat } from '../../isa/fp-ops.ts';
import { F32, F64 } from './format.ts';
import type { FpFormat, RoundingMode } from './format.ts';
import * as reference from './reference.ts';
import type { FpResult } from './reference-rounding.ts';

/** Values are unsigned 64-bit patterns. `accrue` receives the flags (FLAG) of each operation that raises some. */
export function makeReferenceFpOps(accrue: (flags: number) => void): FpOps<bigint> {
  const finish = ({ bits, flags }: FpResult): bigint => {
    if (flags !== 0) accrue(flags);
    return bits;
  };

  type Binary = (format: FpFormat, a: bigint, b: bigint, rm: RoundingMode) => FpResult;
  const binary =
    (run: Binary) =>
    (format: FormatName, a: bigint, b: bigint, rounding = 0n): bigint =>
      finish(run(formatOf(format), operand(format, a), operand(format, b), modeOf(rounding)));

  return {
    fadd: binary(reference.fpAdd),
    fsub: binary(reference.fpSub),
    fmul: binary(reference.fpMul),
    fdiv: binary(reference.fpDiv),
    fmin: binary(reference.fpMin),
    fmax: binary(reference.fpMax),
    feq: binary(reference.fpEq),
    flt: binary(reference.fpLt),
    fle: binary(reference.fpLe),
    fsqrt: (format, a, rounding) => finish(reference.fpSqrt(formatOf(format), operand(format, a), modeOf(rounding))),
    fma: (format, a, b, c, rounding) => {
      const [x, y, z] = [operand(format, a), operand(format, b), operand(format, c)];
      return finish(reference.fpFma(formatOf(format), x, y, z, modeOf(rounding)));
    },
    fToInt: (format, to, a, rounding) => {
      const { width, signed } = INTS[to];
      const result = reference.fpToInt(formatOf(format), operand(format, a), width, signed, modeOf(rounding));
      return BigInt.asUintN(64, BigInt.asIntN(width, finish(result)));
    },
    intToF: (format, from, a, rounding) => {
      const { width, signed } = INTS[from];
      const value = signed ? BigInt.asIntN(width, a) : BigInt.asUintN(width, a);
      return finish(reference.fpFromInt(formatOf(format), value, modeOf(rounding)));
    },
    fToF: (to, a, rounding) => {
      const from = to === 'f32' ? 'f64' : 'f32';
      return finish(reference.fpConvert(formatOf(from), formatOf(to), operand(from, a), modeOf(rounding)));
    },
  };
}

const INTS: Readonly<Record<IntFormat, { readonly width: 32 | 64; readonly signed: boolean }>> = {
  i32: { width: 32, signed: true },
  u32: { width: 32, signed: false },
  i64: { width: 64, signed: true },
  u64: { width: 64, signed: false },
};

function formatOf(name: FormatName): FpFormat {
  return name === 'f32' ? F32 : F64;
}

/** The bits that belong to the format. */
function operand(format: FormatName, value: bigint): bigint {
  return BigInt.asUintN(formatOf(format).width, value);
}

function modeOf(rounding: bigint): RoundingMode {
  return Number(rounding) as RoundingMode;
}
