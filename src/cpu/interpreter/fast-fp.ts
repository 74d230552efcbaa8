/**
 * Floating-point expressions by the host's own arithmetic (fp/host-fp.ts), after a look at the rounding mode and at the inexact
 * flag. Anything else branches to `slow`, where the complete functions do the primitive again from its start.
 *
 * Interface: isInHotLoop, emitFastFp, FastFpOptions, signFlipped, boxedOperand, isConstant.
 */
import { type FpPrimitive } from '../../isa/fp-ops.ts';
import type { Expr } from '../../isa/graph.ts';
import type { CodeEmitter, Label, Local } from '../../wasm/code.ts';
import { FLAG, RM } from '../fp/format.ts';
import { PLAIN_FP_HOST, type FpHost } from '../fp/fp-host.ts';
import { emitHostFp, hostFpNeeds, hostFpTypes } from '../fp/host-fp.ts';
import { HART, type Layout } from '../layout.ts';
import type { ValueEmitter } from './values.ts';

type FpExpr = Extract<Expr, { op: 'fp' }>;

export interface FastFpOptions {
  readonly host?: FpHost;
  /** NX is known to be set. */
  readonly inexactIsSet?: boolean;
  /** The rounding mode, where it is known. Without it, a conversion to an integer is expected to round towards zero. */
  readonly mode?: number;
  /** Pushes the number of an expression, or that which it carries in a box, as a float of a format, if it is at hand as one. */
  pushFloat?(expr: Expr, format: 'f32' | 'f64'): boolean;
  /** As in FpSite. */
  readonly isFinite?: boolean;
  readonly areNumbers?: readonly boolean[];
  readonly withZeros?: boolean;
}

/**
 * Whether the interpreter's hot loop does a primitive itself. What is left out would take it over the size at which V8 allocates
 * registers badly (run.test.ts), and so cost every other instruction a third of its speed.
 */
export function isInHotLoop(name: FpPrimitive): boolean {
  const [op, , int] = name.split('.');
  if (op === 'fToInt') return int === 'i32' || int === 'i64';
  return op !== 'fma' && op !== 'fmin' && op !== 'fmax';
}

const SIGN_BIT = { f32: 1n << 31n, f64: -(1n << 63n) } as const;

/** `result` may be an i64 or, for a primitive that gives a float, of its type. */
export function emitFastFp(
  expr: FpExpr,
  result: Local,
  values: ValueEmitter,
  layout: Layout,
  slow: Label,
  options: FastFpOptions = {},
): void {
  const { code, temps } = values.site;
  const isToInt = expr.name.startsWith('fToInt');
  const mode = isToInt ? (options.mode ?? RM.RTZ) : RM.RNE;
  if (hostFpNeeds(expr.name) === 'mode and NX') {
    if (options.mode === undefined) {
      values.value(expr.rounding!);
      code.i64(mode).op('i64.ne').unlikely().brIf(slow);
    } else if (options.mode !== mode || mode > RM.RUP) {
      code.br(slow);
      return;
    }
    if (!options.inexactIsSet) requireInexact(code, layout, slow);
  } else if (expr.rounding && options.mode === undefined) {
    // A reserved rounding mode is illegal even where rounding does not matter.
    values.value(expr.rounding);
    code.i64(RM.RMM).op('i64.gt_u').unlikely().brIf(slow);
  }
  const types = hostFpTypes(expr.name);
  for (const arg of expr.args) {
    if (types.operand === 'f64' || types.operand === 'f32') pushFloat(arg, types.operand, values, slow, options);
    else values.value(arg);
  }
  const { host = PLAIN_FP_HOST, isFinite = false, areNumbers = [], withZeros = false } = options;
  emitHostFp(expr.name, { code, host, slow, temp: (type) => temps.take(type), isFinite, areNumbers, withZeros }, mode);
  if (types.result === 'i32') code.op('i64.extend_i32_u');
  else if (types.result === 'f32' && result.type === 'i64') code.op('i32.reinterpret_f32', 'i64.extend_i32_u');
  else if (types.result === 'f64' && result.type === 'i64') code.op('i64.reinterpret_f64');
  code.set(result);
}

/** X, where the expression is a number X of the format with its sign turned. */
export function signFlipped(expr: Expr, format: 'f32' | 'f64'): Expr | undefined {
  return expr.op === 'xor' && isConstant(expr.b, SIGN_BIT[format]) ? expr.a : undefined;
}

function requireInexact(code: CodeEmitter, layout: Layout, slow: Label): void {
  code
    .i32(0)
    .mem('i32.load', layout.hart + HART.fflags)
    .i32(FLAG.NX)
    .op('i32.and', 'i32.eqz')
    .unlikely()
    .brIf(slow);
}

function pushFloat(arg: Expr, format: 'f32' | 'f64', values: ValueEmitter, slow: Label, options: FastFpOptions): void {
  const { code } = values.site;
  const positive = signFlipped(arg, format);
  if (positive) {
    pushFloat(positive, format, values, slow, options);
    code.op(`${format}.neg`);
  } else if (options.pushFloat?.(boxedOperand(arg) ?? arg, format)) return;
  else if (format === 'f32') pushF32(arg, values, slow);
  else {
    values.value(arg);
    code.op('f64.reinterpret_i64');
  }
}

function pushF32(arg: Expr, values: ValueEmitter, slow: Label): void {
  const { code } = values.site;
  const boxed = boxedOperand(arg);
  if (boxed) {
    values.value(boxed);
    code.i64(32).op('i64.shr_s').i64(-1).op('i64.ne').unlikely().brIf(slow);
  }
  values.value(boxed ?? arg);
  code.op('i32.wrap_i64', 'f32.reinterpret_i32');
}

/** X, where the expression is the NaN-boxed binary32 in X or else the canonical NaN (isa/riscv/rv64fd.ts, unbox). */
export function boxedOperand(expr: Expr): Expr | undefined {
  if (expr.op !== 'select' || expr.a.op !== 'zext32' || expr.condition.op !== 'eq') return undefined;
  const { a: tag, b: ones } = expr.condition;
  const isUnbox = tag.op === 'shru' && tag.a === expr.a.a && isConstant(tag.b, 32n) && isConstant(ones, 0xffff_ffffn);
  return isUnbox ? expr.a.a : undefined;
}

export function isConstant(expr: Expr, value: bigint): boolean {
  return expr.op === 'const' && expr.value === value;
}
