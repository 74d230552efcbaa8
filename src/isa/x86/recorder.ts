/**
 * Records x86 rows (graph.ts). General registers are file 'x', XMM halves 'f', the slots of the lazy flags 'flag'.
 *
 * Interface: graphOfX86.
 */
import type { Expr, RegisterOperand, Stmt } from '../graph.ts';
import { Recorder } from '../recorder.ts';
import { lazyAdd, lazyFlag, lazyLogic, lazyShift, lazySub, type FlagSlots } from './flags.ts';
import type { Flag, Gpr, OperandSize, X86Ops, Xmm } from './ops.ts';
import type { X86Operands, X86Row } from './rows.ts';

const OPERANDS = {
  dst: { file: 'x', reg: 'rd' },
  src: { file: 'x', reg: 'rs1' },
  xmmDst: { file: 'f', reg: 'rd' },
  xmmSrc: { file: 'f', reg: 'rs1' },
  imm: 'imm',
} as unknown as X86Operands;

const SLOTS = { result: 0, carries: 1, low: 2 } as const;

class X86Recorder extends Recorder implements X86Ops<Expr> {
  private readonly slots: FlagSlots<Expr> = {
    get: (slot) => this.reg({ file: 'flag', reg: SLOTS[slot] }),
    set: (slot, value) => this.setReg({ file: 'flag', reg: SLOTS[slot] }, value),
  };

  gpr(reg: Gpr): Expr {
    return this.reg(reg as unknown as RegisterOperand);
  }

  setGpr(reg: Gpr, value: Expr): void {
    this.setReg(reg as unknown as RegisterOperand, value);
  }

  fixedGpr(number: number): Gpr {
    return { file: 'x', reg: number } as unknown as Gpr;
  }

  xmmLow(reg: Xmm): Expr {
    return this.reg(reg as unknown as RegisterOperand);
  }

  setXmmLow(reg: Xmm, value: Expr): void {
    this.setReg(reg as unknown as RegisterOperand, value);
  }

  flagsOfAdd(size: OperandSize, a: Expr, b: Expr, result: Expr): void {
    lazyAdd(this, this.slots, size, a, b, result);
  }

  flagsOfSub(size: OperandSize, a: Expr, b: Expr, result: Expr): void {
    lazySub(this, this.slots, size, a, b, result);
  }

  flagsOfLogic(size: OperandSize, result: Expr): void {
    lazyLogic(this, this.slots, size, result);
  }

  flagsOfShift(size: OperandSize, result: Expr, carry: Expr, overflow: Expr): void {
    lazyShift(this, this.slots, size, result, carry, overflow);
  }

  flag(name: Flag): Expr {
    return lazyFlag(this, this.slots, name);
  }
}

export function graphOfX86(row: X86Row): readonly Stmt[] {
  const recorder = new X86Recorder();
  row.semantics(recorder, OPERANDS);
  return recorder.finish();
}
