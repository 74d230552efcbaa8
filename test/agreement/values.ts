/**
 * Values that arithmetic finds hard, among random ones.
 *
 * Interface: integerValue, floatBits.
 */
import type { Random } from './random.ts';

const INTEGERS: readonly bigint[] = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  1n << 63n,
  (1n << 63n) - 1n,
  1n << 31n,
  (1n << 31n) - 1n,
  -(1n << 31n),
  0xffff_ffffn,
  1n << 32n,
  0x8000n,
  0xffn,
  0x7fffn,
  0x5555_5555_5555_5555n,
];

/** 64 bits: zeros, ones, ends of ranges, small numbers, anything. */
export function integerValue(random: Random): bigint {
  const value = random.weighted<() => bigint>([
    [3, () => random.pick(INTEGERS)],
    [2, () => BigInt(random.between(-64, 64))],
    [1, () => BigInt(random.next() | 0)],
    [1, () => 1n << BigInt(random.below(64))],
    [3, () => random.bits64()],
  ])();
  return BigInt.asUintN(64, value);
}

const DOUBLES: readonly number[] = [
  0,
  1,
  1.5,
  2,
  3,
  10,
  0.1,
  1 / 3,
  2 ** 31,
  2 ** 53,
  2 ** 63,
  1e300,
  1e-300,
  1e38,
  1e-45,
];
const SINGLE_SPECIALS = [0, 1, 0x7f_ffff, 0x80_0000, 0x7f7f_ffff, 0x7f80_0000, 0x7fc0_0000, 0x7f80_0001, 0x3f80_0001];
const DOUBLE_SPECIALS = [
  0n,
  1n,
  0xf_ffff_ffff_ffffn,
  0x10_0000_0000_0000n,
  0x7fef_ffff_ffff_ffffn,
  0x7ff0_0000_0000_0000n,
  0x7ff8_0000_0000_0000n,
  0x7ff0_0000_0000_0001n,
  0x3ff0_0000_0000_0001n,
];

/** An f register: a binary32, boxed or rarely not, or a binary64; ordinary numbers more often than not. */
export function floatBits(random: Random): bigint {
  const boxed = (bits: number): bigint => 0xffff_ffff_0000_0000n | BigInt((bits ^ (random.below(2) << 31)) >>> 0);
  return random.weighted<() => bigint>([
    [4, () => boxed(bitsOfSingle(ordinary(random)))],
    [2, () => boxed(random.pick(SINGLE_SPECIALS))],
    [1, () => boxed(random.next())],
    [5, () => bitsOfDouble(ordinary(random))],
    [2, () => random.pick(DOUBLE_SPECIALS) | (BigInt(random.below(2)) << 63n)],
    [1, () => random.bits64()],
  ])();
}

/** Exponents near each other, so that sums and products keep in range and round. */
function ordinary(random: Random): number {
  const value = random.chance(30) ? random.pick(DOUBLES) : (random.next() / 2 ** 32) * 2 ** random.between(-20, 40);
  return random.chance(50) ? value : -value;
}

const view = new DataView(new ArrayBuffer(8));

function bitsOfSingle(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

function bitsOfDouble(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
