/**
 * The lazy form of the flags over plain operations; see ops.ts. Three slots of state:
 *   result   shifted up to the top of 64 bits: ZF, SF
 *   carries  carry out of each bit position, shifted up alike: CF in bit 63, OF is bit 63 xor bit 62
 *   low      bits 0..7: the byte whose parity is PF; bit 8: AF
 *
 * Interface: lazyAdd, lazySub, lazyLogic, lazyShift, lazyFlag, FlagSlots.
 */
import type { Ops } from '../ops.ts';
import { BITS } from './operands.ts';
import type { Flag, OperandSize } from './ops.ts';

export interface FlagSlots<V> {
  get(slot: 'result' | 'carries' | 'low'): V;
  set(slot: 'result' | 'carries' | 'low', value: V): void;
}

export function lazyAdd<V>(m: Ops<V>, slots: FlagSlots<V>, size: OperandSize, a: V, b: V, result: V): void {
  // A bit carries out if both are set, or one is and the sum's bit is not.
  const carries = m.or(m.and(a, b), m.and(m.or(a, b), not(m, result)));
  note(m, slots, size, result, carries, carries);
}

export function lazySub<V>(m: Ops<V>, slots: FlagSlots<V>, size: OperandSize, a: V, b: V, result: V): void {
  const borrows = m.or(m.and(not(m, a), b), m.and(not(m, m.xor(a, b)), result));
  note(m, slots, size, result, borrows, borrows);
}

export function lazyLogic<V>(m: Ops<V>, slots: FlagSlots<V>, size: OperandSize, result: V): void {
  note(m, slots, size, result, m.const(0), m.const(0));
}

export function lazyShift<V>(m: Ops<V>, slots: FlagSlots<V>, size: OperandSize, result: V, cf: V, of: V): void {
  const top = BITS[size] - 1;
  const carries = m.or(m.shl(cf, m.const(top)), m.shl(m.xor(cf, of), m.const(top - 1)));
  note(m, slots, size, result, carries, m.const(0));
}

export function lazyFlag<V>(m: Ops<V>, slots: FlagSlots<V>, flag: Flag): V {
  const one = m.const(1);
  const carries = (): V => slots.get('carries');
  switch (flag) {
    case 'zf':
      return m.eq(slots.get('result'), m.const(0));
    case 'sf':
      return m.shru(slots.get('result'), m.const(63));
    case 'cf':
      return m.shru(carries(), m.const(63));
    case 'of':
      return m.shru(m.xor(carries(), m.shl(carries(), one)), m.const(63));
    case 'af':
      return m.and(m.shru(slots.get('low'), m.const(8)), one);
    case 'pf':
      return m.xor(m.and(m.popcount(m.zext8(slots.get('low'))), one), one);
  }
}

function note<V>(m: Ops<V>, slots: FlagSlots<V>, size: OperandSize, result: V, carries: V, nibbleCarries: V): void {
  const up = (value: V): V => (size === 8 ? value : m.shl(value, m.const(64 - BITS[size])));
  slots.set('result', up(result));
  slots.set('carries', up(carries));
  // Carry out of bit 3 becomes bit 8.
  slots.set('low', m.or(m.zext8(result), m.shl(m.and(nibbleCarries, m.const(8)), m.const(5))));
}

function not<V>(m: Ops<V>, value: V): V {
  return m.xor(value, m.const(-1));
}
