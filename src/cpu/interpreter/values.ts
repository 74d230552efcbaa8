/**
 * Turns recorded expressions (isa/graph.ts) into WebAssembly.
 *
 * Interface: ValueEmitter, Site, Temps.
 * A Site says how the instruction at hand is reached: where its record is and how its effects are done.
 */
import { isEffect, type Expr, type RegisterOperand } from '../../isa/graph.ts';
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import type { PlainOp, ValType } from '../../wasm/opcodes.ts';

/** Locals of a function that serve one instruction after another. */
export class Temps {
  private readonly free = new Map<ValType, Local[]>();
  private readonly used: Local[] = [];
  private readonly code: CodeEmitter;

  constructor(code: CodeEmitter) {
    this.code = code;
  }

  take(type: ValType): Local {
    const local = this.free.get(type)?.pop() ?? this.code.local(type);
    this.used.push(local);
    return local;
  }

  /** Ends the instruction: all temporaries may be taken again. */
  reset(): void {
    for (const local of this.used) {
      const list = this.free.get(local.type);
      if (list) list.push(local);
      else this.free.set(local.type, [local]);
    }
    this.used.length = 0;
  }
}

export interface Site {
  readonly code: CodeEmitter;
  readonly temps: Temps;
  /** Pushes a register's value as an i64. */
  pushRegisterValue(operand: RegisterOperand): void;
  setRegister(operand: RegisterOperand, value: Expr, values: ValueEmitter): void;
  /** Pushes an i64. */
  pushImm(): void;
  pushPc(): void;
  pushNextPc(): void;
  /** What an expression is kept as, if not as an i64: the bits of a float. */
  floatType?(expr: Expr): 'f32' | 'f64' | undefined;
  /** Pushes a binary64 as such. */
  pushFloat?(expr: Expr, values: ValueEmitter): void;
  /** Evaluates an effect into `result`, or leaves the instruction undone. */
  effect(expr: Expr, result: Local, values: ValueEmitter): void;
  /** Pushes an expression as an i64 in a way of its own and returns true, or does nothing. */
  shortcut?(expr: Expr, values: ValueEmitter): boolean;
}

const COMPARE: Partial<Record<Expr['op'], PlainOp>> = {
  eq: 'i64.eq',
  ne: 'i64.ne',
  lts: 'i64.lt_s',
  ltu: 'i64.lt_u',
  ges: 'i64.ge_s',
  geu: 'i64.ge_u',
};
const SIMPLE: Partial<Record<Expr['op'], PlainOp>> = {
  add: 'i64.add',
  sub: 'i64.sub',
  mul: 'i64.mul',
  and: 'i64.and',
  or: 'i64.or',
  xor: 'i64.xor',
  shl: 'i64.shl',
  shrs: 'i64.shr_s',
  shru: 'i64.shr_u',
  sext8: 'i64.extend8_s',
  sext16: 'i64.extend16_s',
  sext32: 'i64.extend32_s',
  popcount: 'i64.popcnt',
};
const MASK: Partial<Record<Expr['op'], number>> = { zext8: 0xff, zext16: 0xffff, zext32: 0xffff_ffff };

export class ValueEmitter {
  readonly site: Site;
  /** Expressions that are kept, mostly one or none, and the locals in which they are. */
  private readonly bound: Expr[] = [];
  private readonly locals: Local[] = [];

  constructor(site: Site) {
    this.site = site;
  }

  /** Computes an expression here, for later. */
  bind(expr: Expr): void {
    const { code, temps } = this.site;
    const local = temps.take(this.site.floatType?.(expr) ?? 'i64');
    if (isEffect(expr)) this.site.effect(expr, local, this);
    else {
      if (local.type === 'f64') this.site.pushFloat!(expr, this);
      else this.compute(expr);
      code.set(local);
    }
    this.alias(expr, local);
  }

  /** Where an expression is kept. */
  kept(expr: Expr): Local | undefined {
    const place = this.bound.indexOf(expr);
    return place < 0 ? undefined : this.locals[place];
  }

  /** Makes a local stand for an expression (the old value inside an AMO). */
  alias(expr: Expr, local: Local): void {
    this.bound.push(expr);
    this.locals.push(local);
  }

  /** Pushes the value as an i64. */
  value(expr: Expr): void {
    const local = this.kept(expr);
    if (!local) {
      if (!this.site.shortcut?.(expr, this)) this.compute(expr);
      return;
    }
    const { code } = this.site;
    code.get(local);
    if (local.type === 'f64') code.op('i64.reinterpret_f64');
    else if (local.type === 'f32') code.op('i32.reinterpret_f32', 'i64.extend_i32_u');
  }

  /** Pushes an i32 that is not zero if the value is not zero. */
  condition(expr: Expr): void {
    const { code } = this.site;
    const compare = COMPARE[expr.op];
    if (!this.kept(expr) && compare !== undefined && 'b' in expr) {
      this.value(expr.a);
      this.value(expr.b);
      code.op(compare);
    } else {
      this.value(expr);
      code.i64(0).op('i64.ne');
    }
  }

  private compute(expr: Expr): void {
    const { code } = this.site;
    switch (expr.op) {
      case 'const':
        code.i64(expr.value);
        return;
      case 'imm':
        return this.site.pushImm();
      case 'pc':
        return this.site.pushPc();
      case 'nextPc':
        return this.site.pushNextPc();
      case 'reg':
        return this.site.pushRegisterValue(expr.operand);
      case 'select':
        this.value(expr.a);
        this.value(expr.b);
        this.condition(expr.condition);
        code.op('select');
        return;
      case 'zext8':
      case 'zext16':
      case 'zext32':
        this.value(expr.a);
        code.i64(MASK[expr.op]!).op('i64.and');
        return;
      case 'eq':
      case 'ne':
      case 'lts':
      case 'ltu':
      case 'ges':
      case 'geu':
        this.condition(expr);
        code.op('i64.extend_i32_u');
        return;
      case 'mulhs':
      case 'mulhu':
      case 'mulhsu':
        return this.multiplyHigh(expr.op, expr.a, expr.b);
      case 'divs':
      case 'divu':
      case 'rems':
      case 'remu':
        return this.divide(expr.op, expr.a, expr.b);
      default: {
        const op = SIMPLE[expr.op];
        if (op === undefined || !('a' in expr)) throw new Error(`${expr.op} is not a value`);
        this.value(expr.a);
        if ('b' in expr) this.value(expr.b);
        code.op(op);
      }
    }
  }

  /** Schoolbook multiplication of 32-bit halves; the signed forms subtract what a negative operand added. */
  private multiplyHigh(op: 'mulhs' | 'mulhu' | 'mulhsu', left: Expr, right: Expr): void {
    const { code, temps } = this.site;
    const [a, b, cross, middle] = [temps.take('i64'), temps.take('i64'), temps.take('i64'), temps.take('i64')];
    const low = (x: Local) => code.get(x).i64(0xffff_ffff).op('i64.and');
    const high = (x: Local) => code.get(x).i64(32).op('i64.shr_u');
    this.value(left);
    code.set(a);
    this.value(right);
    code.set(b);
    low(a);
    low(b);
    code.op('i64.mul').i64(32).op('i64.shr_u');
    high(a);
    low(b);
    code.op('i64.mul', 'i64.add').set(cross);
    low(a);
    high(b);
    code.op('i64.mul');
    low(cross);
    code.op('i64.add').set(middle);
    high(a);
    high(b);
    code.op('i64.mul');
    high(cross);
    code.op('i64.add');
    high(middle);
    code.op('i64.add');
    if (op !== 'mulhu') code.get(a).i64(63).op('i64.shr_s').get(b).op('i64.and', 'i64.sub');
    if (op === 'mulhs') code.get(b).i64(63).op('i64.shr_s').get(a).op('i64.and', 'i64.sub');
  }

  /** WebAssembly traps on division by zero and on overflow; here both have results. */
  private divide(op: 'divs' | 'divu' | 'rems' | 'remu', left: Expr, right: Expr): void {
    const { code, temps } = this.site;
    const [a, b] = [temps.take('i64'), temps.take('i64')];
    this.value(left);
    code.set(a);
    this.value(right);
    code.tee(b).op('i64.eqz');
    const quotient = op === 'divs' || op === 'divu';
    const onZero = () => (quotient ? code.i64(-1) : code.get(a));
    const native = ({ divs: 'i64.div_s', divu: 'i64.div_u', rems: 'i64.rem_s', remu: 'i64.rem_u' } as const)[op];
    const divide = () => code.get(a).get(b).op(native);
    const guarded = () =>
      code
        .get(b)
        .i64(-1)
        .op('i64.eq')
        .if(() => code.i64(0).get(a).op('i64.sub'), divide, 'i64');
    code.if(onZero, op === 'divs' ? guarded : divide, 'i64');
  }
}
