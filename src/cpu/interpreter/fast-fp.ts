/**
 * Floating point done by the host's own instructions, where that is known to give the exact result and flags: the inexact
 * flag is already set, rounding is to nearest, and the result is an ordinary number, so that no other flag can arise.
 * Anything else branches to `slow`, where the exact helper functions do the instruction again from its start.
 *
 * Interface: hasFastFp, emitFastFp.
 */
import type { Expr } from '../../isa/graph.ts';
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import type { CodeEmitter, Label, Local } from '../../wasm/code.ts';
import type { PlainOp } from '../../wasm/opcodes.ts';
import { HART, type Layout } from '../layout.ts';
import type { ValueEmitter } from './values.ts';

type FpExpr = Extract<Expr, { op: 'fp' }>;
type Format = 'f32' | 'f64';

const NX = 1;
const EXPONENT = { f32: { bits: 8n, fraction: 23n }, f64: { bits: 11n, fraction: 52n } } as const;

const ARITHMETIC = new Set(['fadd', 'fsub', 'fmul', 'fdiv', 'fsqrt']);
const COMPARE: Readonly<Record<string, 'eq' | 'lt' | 'le'>> = { feq: 'eq', flt: 'lt', fle: 'le' };

export function hasFastFp(name: FpPrimitive): boolean {
  const [op, , int] = name.split('.');
  if (op === 'fToInt' || op === 'intToF') return int === 'i32' || int === 'i64' || op === 'intToF';
  return ARITHMETIC.has(op!) || COMPARE[op!] !== undefined || op === 'fToF';
}

export function emitFastFp(expr: FpExpr, result: Local, values: ValueEmitter, layout: Layout, slow: Label): void {
  const { code } = values.site;
  const [op, format, int] = expr.name.split('.') as [string, Format, string | undefined];
  const requireNearest = (): void => {
    requireMode(expr, values, 0, slow);
    requireInexact(code, layout, slow);
  };
  if (ARITHMETIC.has(op)) {
    requireNearest();
    for (const arg of expr.args) pushFloat(format, arg, values);
    code.op(`${format}.${op.slice(1)}` as PlainOp);
    popFloat(format, code, result);
    // A sum of two numbers is exact where it is tiny; a product, quotient or narrowing may have underflowed.
    requireOrdinary(format, code, result, op === 'fadd' || op === 'fsub' || op === 'fsqrt', slow);
  } else if (COMPARE[op] !== undefined) {
    requireNumbers(format, expr.args, values, slow);
    for (const arg of expr.args) pushFloat(format, arg, values);
    code.op(`${format}.${COMPARE[op]}`, 'i64.extend_i32_u').set(result);
  } else if (op === 'intToF') {
    const narrow = int === 'i32' || int === 'u32';
    if (!narrow || format === 'f32') requireNearest();
    // A reserved rounding mode is illegal even where rounding does not matter.
    else requireLegalMode(expr, values, slow);
    values.value(expr.args[0]!);
    if (narrow) code.op('i32.wrap_i64');
    code.op(`${format}.convert_${narrow ? 'i32' : 'i64'}_${int!.startsWith('u') ? 'u' : 's'}` as PlainOp);
    popFloat(format, code, result);
  } else if (op === 'fToInt') {
    requireMode(expr, values, 1, slow);
    requireInexact(code, layout, slow);
    const limit = int === 'i32' ? 2 ** 31 : 2 ** 63;
    pushFloat(format, expr.args[0]!, values);
    code.op(`${format}.abs`);
    pushConstant(format, code, limit);
    code.op(`${format}.lt`, 'i32.eqz').brIf(slow);
    pushFloat(format, expr.args[0]!, values);
    code.op(`i64.trunc_${format}_s` as PlainOp).set(result);
  } else if (format === 'f64') {
    requireLegalMode(expr, values, slow);
    requireNumbers('f32', expr.args, values, slow);
    pushFloat('f32', expr.args[0]!, values);
    code.op('f64.promote_f32');
    popFloat('f64', code, result);
  } else {
    requireNearest();
    pushFloat('f64', expr.args[0]!, values);
    code.op('f32.demote_f64');
    popFloat('f32', code, result);
    requireOrdinary('f32', code, result, false, slow);
  }
}

function requireMode(expr: FpExpr, values: ValueEmitter, mode: number, slow: Label): void {
  values.value(expr.rounding!);
  values.site.code.i64(mode).op('i64.ne').brIf(slow);
}

function requireLegalMode(expr: FpExpr, values: ValueEmitter, slow: Label): void {
  values.value(expr.rounding!);
  values.site.code.i64(4).op('i64.gt_u').brIf(slow);
}

function requireInexact(code: CodeEmitter, layout: Layout, slow: Label): void {
  code
    .i32(0)
    .mem('i32.load', layout.hart + HART.fflags)
    .i32(NX)
    .op('i32.and', 'i32.eqz')
    .brIf(slow);
}

function requireNumbers(format: Format, args: readonly Expr[], values: ValueEmitter, slow: Label): void {
  for (const arg of args) {
    pushFloat(format, arg, values);
    pushFloat(format, arg, values);
    values.site.code.op(`${format}.ne`).brIf(slow);
  }
}

/** The result is finite, and, unless tiny ones are known to be exact, has a normal exponent above the smallest. */
function requireOrdinary(format: Format, code: CodeEmitter, result: Local, tinyIsExact: boolean, slow: Label): void {
  const { bits, fraction } = EXPONENT[format];
  const all = (1n << bits) - 1n;
  code.get(result).i64(fraction).op('i64.shr_u').i64(all).op('i64.and');
  if (tinyIsExact) code.i64(all).op('i64.eq').brIf(slow);
  else
    code
      .i64(2)
      .op('i64.sub')
      .i64(all - 2n)
      .op('i64.ge_u')
      .brIf(slow);
}

function pushConstant(format: Format, code: CodeEmitter, value: number): void {
  if (format === 'f32') code.f32(value);
  else code.f64(value);
}

function pushFloat(format: Format, arg: Expr, values: ValueEmitter): void {
  values.value(arg);
  if (format === 'f32') values.site.code.op('i32.wrap_i64', 'f32.reinterpret_i32');
  else values.site.code.op('f64.reinterpret_i64');
}

function popFloat(format: Format, code: CodeEmitter, result: Local): void {
  if (format === 'f32') code.op('i32.reinterpret_f32', 'i64.extend_i32_u').set(result);
  else code.op('i64.reinterpret_f64').set(result);
}
