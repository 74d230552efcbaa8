/**
 * `Ops` that records: running a row's semantics once against it gives the row's graph (graph.ts).
 *
 * Interface: Recorder (operations common to all instruction sets); an instruction set extends it with its own.
 */
import type { Expr, ExprShape, RegisterOperand, Stmt } from './graph.ts';
import { BINARY, isEffect, UNARY, type BinaryOp, type UnaryOp } from './graph.ts';
import type { FpFormat, FpOps, FpPrimitive, IntFormat } from './fp-ops.ts';
import type { AccessSize, Imm, Ops } from './ops.ts';

type Arithmetic = { [K in BinaryOp]: (a: Expr, b: Expr) => Expr } & { [K in UnaryOp]: (a: Expr) => Expr };

// The arithmetic methods are all alike and are added to the prototype below.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type
export interface Recorder extends Arithmetic {}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class Recorder implements Ops<Expr>, FpOps<Expr> {
  private statements: Stmt[] = [];
  private epoch = 0;

  /** The recorded program, with the `let`s that turned out unnecessary removed. */
  finish(): Stmt[] {
    return prune(this.statements);
  }

  const(value: number | bigint): Expr {
    return this.expr({ op: 'const', value: BigInt.asIntN(64, BigInt(value)) }, []);
  }

  imm(_field: Imm): Expr {
    return this.expr({ op: 'imm' }, []);
  }

  select(condition: Expr, a: Expr, b: Expr): Expr {
    return this.expr({ op: 'select', condition, a, b }, [condition, a, b]);
  }

  load(size: AccessSize, a: Expr): Expr {
    return this.expr({ op: 'load', size, signed: false, a }, [a]);
  }

  loads(size: AccessSize, a: Expr): Expr {
    return this.expr({ op: 'load', size, signed: true, a }, [a]);
  }

  store(size: AccessSize, address: Expr, value: Expr): void {
    this.statement({ do: 'store', size, address, value }, [address, value]);
  }

  amo(size: AccessSize, a: Expr, update: (old: Expr) => Expr): Expr {
    // The update is nested in the access, so it may refer to registers (as lets) and to the old value only.
    const old = this.expr({ op: 'amoOld' }, []);
    const next = update(old);
    this.use(next);
    return this.expr({ op: 'amo', size, a, old, update: next }, [a]);
  }

  loadReserved(size: AccessSize, a: Expr): Expr {
    return this.expr({ op: 'loadReserved', size, a }, [a]);
  }

  storeConditional(size: AccessSize, a: Expr, b: Expr): Expr {
    return this.expr({ op: 'storeConditional', size, a, b }, [a, b]);
  }

  pc(): Expr {
    return this.expr({ op: 'pc' }, []);
  }

  nextPc(): Expr {
    return this.expr({ op: 'nextPc' }, []);
  }

  jump(target: Expr): void {
    this.statement({ do: 'jump', target }, [target]);
  }

  jumpRelative(_displacement: Imm): void {
    this.statement({ do: 'jumpRelative' }, []);
  }

  branchIf(condition: Expr, _displacement: Imm): void {
    this.statement({ do: 'branchIf', condition }, [condition]);
  }

  repeat(): void {
    this.statement({ do: 'repeat' }, []);
  }

  trap(cause: number, value: Expr): void {
    this.statement({ do: 'trapIf', condition: undefined, cause, value }, [value]);
  }

  trapIf(condition: Expr, cause: number, value: Expr): void {
    this.statement({ do: 'trapIf', condition, cause, value }, [condition, value]);
  }

  system(): void {
    this.statement({ do: 'system' }, []);
  }

  ifThen(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.use(condition);
    const outer = this.statements;
    const branch = (body: (() => void) | undefined): Stmt[] => {
      this.statements = [];
      this.epoch++;
      body?.();
      return this.statements;
    };
    const statement: Stmt = { do: 'if', condition, then: branch(then), otherwise: branch(otherwise) };
    this.statements = outer;
    this.epoch++;
    this.statements.push(statement);
  }

  fadd(format: FpFormat, a: Expr, b: Expr, rounding: Expr): Expr {
    return this.fp(`fadd.${format}`, [a, b], rounding);
  }

  fsub(format: FpFormat, a: Expr, b: Expr, rounding: Expr): Expr {
    return this.fp(`fsub.${format}`, [a, b], rounding);
  }

  fmul(format: FpFormat, a: Expr, b: Expr, rounding: Expr): Expr {
    return this.fp(`fmul.${format}`, [a, b], rounding);
  }

  fdiv(format: FpFormat, a: Expr, b: Expr, rounding: Expr): Expr {
    return this.fp(`fdiv.${format}`, [a, b], rounding);
  }

  fsqrt(format: FpFormat, a: Expr, rounding: Expr): Expr {
    return this.fp(`fsqrt.${format}`, [a], rounding);
  }

  fma(format: FpFormat, a: Expr, b: Expr, c: Expr, rounding: Expr): Expr {
    return this.fp(`fma.${format}`, [a, b, c], rounding);
  }

  fmin(format: FpFormat, a: Expr, b: Expr): Expr {
    return this.fp(`fmin.${format}`, [a, b]);
  }

  fmax(format: FpFormat, a: Expr, b: Expr): Expr {
    return this.fp(`fmax.${format}`, [a, b]);
  }

  feq(format: FpFormat, a: Expr, b: Expr): Expr {
    return this.fp(`feq.${format}`, [a, b]);
  }

  flt(format: FpFormat, a: Expr, b: Expr): Expr {
    return this.fp(`flt.${format}`, [a, b]);
  }

  fle(format: FpFormat, a: Expr, b: Expr): Expr {
    return this.fp(`fle.${format}`, [a, b]);
  }

  fToInt(format: FpFormat, to: IntFormat, a: Expr, rounding: Expr): Expr {
    return this.fp(`fToInt.${format}.${to}`, [a], rounding);
  }

  intToF(format: FpFormat, from: IntFormat, a: Expr, rounding: Expr): Expr {
    return this.fp(`intToF.${format}.${from}`, [a], rounding);
  }

  fToF(to: FpFormat, a: Expr, rounding: Expr): Expr {
    return this.fp(`fToF.${to}`, [a], rounding);
  }

  protected reg(operand: RegisterOperand): Expr {
    return this.expr({ op: 'reg', operand }, []);
  }

  protected setReg(operand: RegisterOperand, value: Expr): void {
    this.statement({ do: 'setReg', operand, value }, [value]);
  }

  protected expr(shape: ExprShape, args: readonly Expr[]): Expr {
    for (const arg of args) this.use(arg);
    const effect = isEffect(shape);
    // Resolving a rounding mode may trap, but changes nothing that others read.
    if (effect && shape.op !== 'rounding') this.epoch++;
    const readsState = shape.op === 'reg' || shape.op === 'amoOld' || effect || args.some((arg) => arg.readsState);
    const expr: Expr = { ...shape, uses: 0, epoch: this.epoch, readsState, pinned: effect };
    this.statements.push({ do: 'let', expr });
    return expr;
  }

  private fp(name: FpPrimitive, args: readonly Expr[], rounding?: Expr): Expr {
    return rounding === undefined
      ? this.expr({ op: 'fp', name, args }, args)
      : this.expr({ op: 'fp', name, args, rounding }, [...args, rounding]);
  }

  private statement(statement: Stmt, args: readonly Expr[]): void {
    for (const arg of args) this.use(arg);
    this.epoch++;
    this.statements.push(statement);
  }

  private use(expr: Expr): void {
    expr.uses++;
    if (expr.readsState && expr.epoch !== this.epoch) expr.pinned = true;
  }
}

for (const op of UNARY)
  Recorder.prototype[op] = function (this: Recorder, a) {
    return this['expr']({ op, a }, [a]);
  };
for (const op of BINARY)
  Recorder.prototype[op] = function (this: Recorder, a, b) {
    return this['expr']({ op, a, b }, [a, b]);
  };

function prune(statements: readonly Stmt[]): Stmt[] {
  return statements.flatMap((statement): Stmt[] => {
    if (statement.do === 'if')
      return [{ ...statement, then: prune(statement.then), otherwise: prune(statement.otherwise) }];
    if (statement.do !== 'let') return [statement];
    const { expr } = statement;
    if (expr.op === 'amoOld' || isFree(expr)) return [];
    return expr.pinned || expr.uses > 1 ? [statement] : [];
  });
}

/** Constants and the like are repeated rather than kept. */
function isFree(expr: Expr): boolean {
  return expr.op === 'const' || expr.op === 'imm' || expr.op === 'pc' || expr.op === 'nextPc';
}
