/**
 * Expressions and statements over CodeEmitter, so that the arithmetic of this folder reads as formulas.
 *
 *   const sum = f.let(x.add(y));                 // a new local
 *   f.if(sum.ltU(x), () => f.return(sum.or(1)));
 *
 * Interface: FunctionWriter, Value, Variable, writeFunction.
 * Invariant: a Value is code, not a result: used twice, it is computed twice. Keep what is used twice in a `let`.
 */
import type { CodeEmitter, FuncRef, Label, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import type { PlainOp, ValType } from '../../wasm/opcodes.ts';

export type NumericType = Exclude<ValType, 'v128' | 'funcref'>;
type Operand = Value | number | bigint;

/** Code that leaves one value of `type` on the stack. */
export class Value {
  readonly type: NumericType;
  readonly emit: (code: CodeEmitter) => void;

  constructor(type: NumericType, emit: (code: CodeEmitter) => void) {
    this.type = type;
    this.emit = emit;
  }

  // Arithmetic, for every type.
  add = (y: Operand): Value => this.binary('add', y);
  sub = (y: Operand): Value => this.binary('sub', y);
  mul = (y: Operand): Value => this.binary('mul', y);
  eq = (y: Operand): Value => this.binary('eq', y, 'i32');
  ne = (y: Operand): Value => this.binary('ne', y, 'i32');

  // Integers.
  and = (y: Operand): Value => this.binary('and', y);
  or = (y: Operand): Value => this.binary('or', y);
  xor = (y: Operand): Value => this.binary('xor', y);
  shl = (y: Operand): Value => this.binary('shl', y);
  shrU = (y: Operand): Value => this.binary('shr_u', y);
  shrS = (y: Operand): Value => this.binary('shr_s', y);
  ltU = (y: Operand): Value => this.binary('lt_u', y, 'i32');
  ltS = (y: Operand): Value => this.binary('lt_s', y, 'i32');
  geU = (y: Operand): Value => this.binary('ge_u', y, 'i32');
  geS = (y: Operand): Value => this.binary('ge_s', y, 'i32');
  gtU = (y: Operand): Value => this.binary('gt_u', y, 'i32');
  gtS = (y: Operand): Value => this.binary('gt_s', y, 'i32');
  leU = (y: Operand): Value => this.binary('le_u', y, 'i32');
  leS = (y: Operand): Value => this.binary('le_s', y, 'i32');
  eqz = (): Value => this.unary('eqz', 'i32');
  clz = (): Value => this.unary('clz');
  ctz = (): Value => this.unary('ctz');

  // Floats.
  div = (y: Operand): Value => this.binary('div', y);
  sqrt = (): Value => this.unary('sqrt');
  abs = (): Value => this.unary('abs');
  trunc = (): Value => this.unary('trunc');
  floor = (): Value => this.unary('floor');
  ceil = (): Value => this.unary('ceil');
  nearest = (): Value => this.unary('nearest');
  copysign = (y: Value): Value => this.binary('copysign', y);
  lt = (y: Operand): Value => this.binary('lt', y, 'i32');
  le = (y: Operand): Value => this.binary('le', y, 'i32');
  ge = (y: Operand): Value => this.binary('ge', y, 'i32');

  /** Any instruction with one operand, for conversions: x.to('i64', 'i64.extend_i32_u'). */
  to(type: NumericType, op: PlainOp): Value {
    return new Value(type, (code) => {
      this.emit(code);
      code.op(op);
    });
  }

  /** Any instruction with two operands and a result of the same type. */
  with(op: PlainOp, y: Value): Value {
    return new Value(this.type, (code) => {
      this.emit(code);
      y.emit(code);
      code.op(op);
    });
  }

  /** this ? x : y. `this` is an i32. */
  select(x: Value, y: Operand): Value {
    return new Value(x.type, (code) => {
      x.emit(code);
      constant(x.type, y).emit(code);
      this.emit(code);
      code.op('select');
    });
  }

  private binary(name: string, y: Operand, result: NumericType = this.type): Value {
    return new Value(result, (code) => {
      this.emit(code);
      constant(this.type, y).emit(code);
      code.op(`${this.type}.${name}` as PlainOp);
    });
  }

  private unary(name: string, result: NumericType = this.type): Value {
    return this.to(result, `${this.type}.${name}` as PlainOp);
  }
}

/** A Value that can be assigned to. */
export class Variable extends Value {
  readonly local: Local;

  constructor(local: Local) {
    super(local.type as NumericType, (code) => void code.get(local));
    this.local = local;
  }
}

/** A constant, or the value itself. */
export function constant(type: NumericType, value: Operand): Value {
  if (value instanceof Value) return value;
  return new Value(type, (code) => {
    if (type === 'i64') code.i64(value);
    else code[type](Number(value));
  });
}

/** Statements. `newLocal` gives out the locals; where they are used again, they hold anything at first. */
export class FunctionWriter {
  readonly code: CodeEmitter;
  private readonly newLocal: (type: NumericType) => Local;

  constructor(code: CodeEmitter, newLocal = (type: NumericType): Local => code.local(type)) {
    this.code = code;
    this.newLocal = newLocal;
  }

  let(value: Value): Variable {
    const variable = new Variable(this.newLocal(value.type));
    this.set(variable, value);
    return variable;
  }

  /** Takes what is on the stack into new variables; the last type is that of the topmost value. */
  pop(...types: NumericType[]): Variable[] {
    const variables = types.map((type) => new Variable(this.newLocal(type)));
    for (const variable of variables.toReversed()) this.code.set(variable.local);
    return variables;
  }

  set(variable: Variable, value: Operand): void {
    constant(variable.type, value).emit(this.code);
    this.code.set(variable.local);
  }

  if(condition: Value, then: () => void, otherwise?: () => void): void {
    condition.emit(this.code);
    this.code.if(then, otherwise);
  }

  block(body: (label: Label) => void): void {
    this.code.block(body);
  }

  /** To a way that is hardly ever taken. */
  branchIf(condition: Value, label: Label): void {
    condition.emit(this.code);
    this.code.unlikely().brIf(label);
  }

  return(value: Value): void {
    value.emit(this.code);
    this.code.op('return');
  }
}

export function call(callee: FuncRef, ...operands: Value[]): Value {
  return new Value(callee.results[0] as NumericType, (code) => {
    for (const operand of operands) operand.emit(code);
    code.call(callee);
  });
}

/** Defines a declared function; `body` returns its last value. */
export function writeFunction(
  module: ModuleBuilder,
  ref: FuncRef,
  body: (f: FunctionWriter, ...params: Variable[]) => Value,
): void {
  module.define(ref, (code, ...params) => {
    body(new FunctionWriter(code), ...params.map((local) => new Variable(local))).emit(code);
  });
}

// Bit patterns and their floats.
export const asF64 = (x: Value): Value => x.to('f64', 'f64.reinterpret_i64');
export const asF32 = (x: Value): Value => x.to('i32', 'i32.wrap_i64').to('f32', 'f32.reinterpret_i32');
export const bitsOfF64 = (x: Value): Value => x.to('i64', 'i64.reinterpret_f64');
export const bitsOfF32 = (x: Value): Value => zeroExtend(x.to('i32', 'i32.reinterpret_f32'));
export const promote = (x: Value): Value => x.to('f64', 'f64.promote_f32');
export const demote = (x: Value): Value => x.to('f32', 'f32.demote_f64');
export const wrap = (x: Value): Value => x.to('i32', 'i32.wrap_i64');
export const zeroExtend = (x: Value): Value => x.to('i64', 'i64.extend_i32_u');
export const signExtend = (x: Value): Value => x.to('i64', 'i64.extend_i32_s');
