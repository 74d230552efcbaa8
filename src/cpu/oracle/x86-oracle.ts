/**
 * The x86-64 oracle: registers and eagerly computed flags. For tests.
 *
 * Interface: X86Oracle.
 */
import type { FpOps } from '../../isa/fp-ops.ts';
import type { Flag, Gpr, OperandSize, X86Ops, Xmm } from '../../isa/x86/ops.ts';
import type { X86Operands, X86Row } from '../../isa/x86/rows.ts';
import { makeReferenceFpOps } from '../fp/reference-ops.ts';
import { BaseOracle, GuestTrap, type OracleMemory } from './base-ops.ts';

export class X86Oracle extends BaseOracle implements X86Ops<bigint> {
  readonly gprs = new Array<bigint>(16).fill(0n);
  readonly xmms = new Array<bigint>(16).fill(0n);
  readonly flags: Record<Flag, boolean> = { cf: false, pf: false, af: false, zf: false, sf: false, of: false };
  private readonly ops: X86Ops<bigint> & FpOps<bigint>;

  constructor(memory: OracleMemory) {
    super(memory);
    this.ops = Object.assign(
      this,
      makeReferenceFpOps(() => {}),
    );
  }

  /** The vector of the exception raised, or undefined. `next` is where execution goes on. */
  execute(row: X86Row, operands: X86Operands): number | undefined {
    try {
      row.semantics(this.ops, operands);
      return undefined;
    } catch (trap) {
      if (trap instanceof GuestTrap) return trap.cause;
      throw trap;
    }
  }

  gpr = (reg: Gpr): bigint => this.gprs[reg as unknown as number]!;
  setGpr = (reg: Gpr, value: bigint): void => void (this.gprs[reg as unknown as number] = value);
  fixedGpr = (number: number): Gpr => number as unknown as Gpr;
  xmmLow = (reg: Xmm): bigint => this.xmms[reg as unknown as number]!;
  setXmmLow = (reg: Xmm, value: bigint): void => void (this.xmms[reg as unknown as number] = value);

  flagsOfAdd = (size: OperandSize, a: bigint, b: bigint, result: bigint): void => {
    const bits = 8 * size;
    const [x, y, sum] = [a, b, result].map((value) => BigInt.asUintN(bits, value)) as [bigint, bigint, bigint];
    const carryIn = sum === BigInt.asUintN(bits, x + y) ? 0n : 1n;
    const exact = BigInt.asIntN(bits, x) + BigInt.asIntN(bits, y) + carryIn;
    this.flags.cf = x + y + carryIn >= 1n << BigInt(bits);
    this.flags.of = exact !== BigInt.asIntN(bits, exact);
    this.flags.af = (x & 15n) + (y & 15n) + carryIn > 15n;
    this.setResultFlags(bits, sum);
  };

  flagsOfSub = (size: OperandSize, a: bigint, b: bigint, result: bigint): void => {
    const bits = 8 * size;
    const [x, y, difference] = [a, b, result].map((value) => BigInt.asUintN(bits, value)) as [bigint, bigint, bigint];
    const borrowIn = difference === BigInt.asUintN(bits, x - y) ? 0n : 1n;
    const exact = BigInt.asIntN(bits, x) - BigInt.asIntN(bits, y) - borrowIn;
    this.flags.cf = x < y + borrowIn;
    this.flags.of = exact !== BigInt.asIntN(bits, exact);
    this.flags.af = (x & 15n) < (y & 15n) + borrowIn;
    this.setResultFlags(bits, difference);
  };

  flagsOfLogic = (size: OperandSize, result: bigint): void => this.flagsOfShift(size, result, 0n, 0n);

  flagsOfShift = (size: OperandSize, result: bigint, carry: bigint, overflow: bigint): void => {
    this.flags.cf = carry !== 0n;
    this.flags.of = overflow !== 0n;
    this.flags.af = false;
    this.setResultFlags(8 * size, BigInt.asUintN(8 * size, result));
  };

  flag = (name: Flag): bigint => (this.flags[name] ? 1n : 0n);

  private setResultFlags(bits: number, result: bigint): void {
    this.flags.zf = result === 0n;
    this.flags.sf = result >> BigInt(bits - 1) === 1n;
    this.flags.pf = this.popcount(result & 0xffn) % 2n === 0n;
  }
}
