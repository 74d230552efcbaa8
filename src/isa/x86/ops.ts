/**
 * `Ops` with what x86-64 adds: general registers with partial writes, XMM halves, flags.
 *
 * The flags are lazy: an arithmetic operation only notes its result and its vector of carries, from which each flag can be read
 * when it is wanted (Intel SDM volume 1, 3.4.3). Both are noted shifted up so that the operand's top bit is bit 63:
 *   ZF, SF from the result; CF is bit 63 of the carries, OF bit 63 xor bit 62, AF kept apart with PF's byte.
 * A row names flags only by these operations; the oracle computes them eagerly from their definitions instead.
 *
 * Interface: X86Ops, GprField, XmmField, OperandSize, Condition.
 */
import type { Ops } from '../ops.ts';

export type OperandSize = 1 | 2 | 4 | 8;

declare const file: unique symbol;

/** A general register. For byte operands, `high` fields mean AH, CH, DH, BH. */
export interface Gpr {
  readonly [file]: 'gpr';
}

export interface Xmm {
  readonly [file]: 'xmm';
}

/** The condition codes without their negations: tttn / 2 of the encoding. */
export type Condition = 'o' | 'b' | 'z' | 'be' | 's' | 'p' | 'l' | 'le';

export type Flag = 'cf' | 'pf' | 'af' | 'zf' | 'sf' | 'of';

export interface X86Ops<V> extends Ops<V> {
  /** All 64 bits. */
  gpr(reg: Gpr): V;
  setGpr(reg: Gpr, value: V): void;
  /** By number, for implied operands: 0 RAX, 1 RCX, 2 RDX, 4 RSP, 6 RSI, 7 RDI. */
  fixedGpr(number: number): Gpr;
  /** Low 64 bits of an XMM register; a write leaves the high half alone. */
  xmmLow(reg: Xmm): V;
  setXmmLow(reg: Xmm, value: V): void;

  /** Flags of result = a + b + carryIn, or of a - b - carryIn, on operands of `size` bytes (higher bits are ignored). */
  flagsOfAdd(size: OperandSize, a: V, b: V, result: V): void;
  flagsOfSub(size: OperandSize, a: V, b: V, result: V): void;
  /** ZF, SF, PF of the result; CF, OF, AF clear. */
  flagsOfLogic(size: OperandSize, result: V): void;
  /** ZF, SF, PF of the result; CF and OF given as 0 or 1, AF clear. */
  flagsOfShift(size: OperandSize, result: V, carry: V, overflow: V): void;
  /** 0 or 1. */
  flag(name: Flag): V;
}

/** 0 or 1 for a condition code. Intel SDM volume 1, appendix B. */
export function conditionHolds<V>(m: X86Ops<V>, condition: Condition): V {
  const less = (): V => m.xor(m.flag('sf'), m.flag('of'));
  switch (condition) {
    case 'o':
      return m.flag('of');
    case 'b':
      return m.flag('cf');
    case 'z':
      return m.flag('zf');
    case 'be':
      return m.or(m.flag('cf'), m.flag('zf'));
    case 's':
      return m.flag('sf');
    case 'p':
      return m.flag('pf');
    case 'l':
      return less();
    case 'le':
      return m.or(less(), m.flag('zf'));
  }
}
