/**
 * Partial registers and operand sizes. Intel SDM volume 1, 3.4.1: a 32-bit write clears the upper half, 8- and 16-bit
 * writes leave the rest alone.
 *
 * Interface: readGpr, writeGpr, readHighByte, writeHighByte, truncate, isNegative, BITS.
 */
import type { Gpr, OperandSize, X86Ops } from './ops.ts';

export const BITS = { 1: 8, 2: 16, 4: 32, 8: 64 } as const;

/** Zero-extended from the operand size. */
export function truncate<V>(m: X86Ops<V>, size: OperandSize, value: V): V {
  return size === 1 ? m.zext8(value) : size === 2 ? m.zext16(value) : size === 4 ? m.zext32(value) : value;
}

export function signExtend<V>(m: X86Ops<V>, size: OperandSize, value: V): V {
  return size === 1 ? m.sext8(value) : size === 2 ? m.sext16(value) : size === 4 ? m.sext32(value) : value;
}

/** 1 if the operand's top bit is set. */
export function isNegative<V>(m: X86Ops<V>, size: OperandSize, value: V): V {
  return m.and(m.shru(value, m.const(BITS[size] - 1)), m.const(1));
}

export function readGpr<V>(m: X86Ops<V>, size: OperandSize, reg: Gpr): V {
  return truncate(m, size, m.gpr(reg));
}

export function writeGpr<V>(m: X86Ops<V>, size: OperandSize, reg: Gpr, value: V): void {
  if (size >= 4) return m.setGpr(reg, truncate(m, size, value));
  const kept = m.and(m.gpr(reg), m.const(size === 1 ? ~0xffn : ~0xffffn));
  m.setGpr(reg, m.or(kept, truncate(m, size, value)));
}

/** AH, CH, DH, BH: bits 8..15. */
export function readHighByte<V>(m: X86Ops<V>, reg: Gpr): V {
  return m.zext8(m.shru(m.gpr(reg), m.const(8)));
}

export function writeHighByte<V>(m: X86Ops<V>, reg: Gpr, value: V): void {
  const kept = m.and(m.gpr(reg), m.const(~0xff00n));
  m.setGpr(reg, m.or(kept, m.shl(m.zext8(value), m.const(8))));
}
