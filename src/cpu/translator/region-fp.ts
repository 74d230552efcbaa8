/**
 * Floating point in translated code. f registers are f64 locals, and binary64 stays in them: only the bits of numbers that are used as
 * such become integers.
 *
 * Arithmetic is the host's, in windows (fp-windows.ts). A window is entered if `ready` is set: rounding is to nearest even, and the
 * inexact flag is set already. A region's own arithmetic can only set flags, and all else that could change them leaves the region; so
 * `ready` is found out where the region is entered, after calls, and after careful code, which has the exact functions do everything.
 *
 * In a window registers are written to copies, which become the registers at its end.
 *
 * Interface: RegionFp, FpLinks.
 */
import type { Expr, RegisterOperand } from '../../isa/graph.ts';
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import type { CodeEmitter, FuncRef, Label, Local } from '../../wasm/code.ts';
import { FLAG } from '../fp/format.ts';
import type { FpHost } from '../fp/fp-host.ts';
import { hostFpTypes } from '../fp/host-fp.ts';
import { emitFastFp, isConstant, signFlipped } from '../interpreter/fast-fp.ts';
import type { ValueEmitter } from '../interpreter/values.ts';
import { HART, type Layout } from '../layout.ts';
import { canFail, hostMode, needsReady, type FpWindow } from './fp-windows.ts';
import { registerNumber, type FpExpr, type Instruction } from './instruction.ts';
import type { Block } from './region.ts';

/** What the code of a region refers to. */
export interface FpLinks {
  readonly functions: ReadonlyMap<FpPrimitive, FuncRef>;
  readonly host: FpHost;
}

type File = 'x' | 'f';

/** The window that is being emitted. */
interface OpenWindow {
  readonly window: FpWindow;
  readonly careful: Label;
  /** Copies of registers that were written, by file and number. */
  readonly written: Map<string, { readonly file: File; readonly number: number; readonly copy: Local }>;
}

const SIGN = -(1n << 63n);
const MAGNITUDE = (1n << 63n) - 1n;
/** The upper half of a register that holds a binary32. */
const BOX = -(1n << 32n);

export class RegionFp {
  private readonly code: CodeEmitter;
  private readonly layout: Layout;
  private readonly links: FpLinks;
  /** The locals of the registers. */
  private readonly registers: (file: File, number: number) => Local;
  private readonly copies = new Map<string, Local>();
  /** Undefined where no instruction asks for it. */
  private readonly ready: Local | undefined;
  private open: OpenWindow | undefined;
  private instruction!: Instruction;
  private index = 0;

  constructor(
    code: CodeEmitter,
    layout: Layout,
    links: FpLinks,
    blocks: readonly Block[],
    registers: (file: File, number: number) => Local,
  ) {
    this.code = code;
    this.layout = layout;
    this.links = links;
    this.registers = registers;
    const isReadyUsed = blocks.some(({ instructions }) => instructions.some((instruction) => needsReady(instruction)));
    if (isReadyUsed) this.ready = code.local('i32');
  }

  /** Finds out whether windows may be entered. */
  lookAtFlags(): void {
    const { code, layout, ready } = this;
    if (!ready) return;
    code.i32(0).mem('i32.load', layout.hart + HART.fflags);
    code.i32(0).mem('i32.load', layout.hart + HART.frm);
    code.op('i32.eqz').i32(FLAG.NX).op('i32.and', 'i32.and').set(ready);
  }

  /** Emits the instructions of a window; whatever does not go as it should branches to `careful`, with nothing changed. */
  emitWindow(window: FpWindow, careful: Label, emitAll: () => void): void {
    const { code } = this;
    const written: OpenWindow['written'] = new Map();
    this.open = { window, careful, written };
    if (window.needsReady) code.get(this.ready!).op('i32.eqz').unlikely().brIf(careful);
    emitAll();
    for (const { file, number, copy } of written.values()) {
      code.get(copy);
      if (copy.type === 'f32') this.boxed().op('f64.reinterpret_i64');
      code.set(this.registers(file, number));
    }
    this.open = undefined;
  }

  /** Where to go from inside a window. */
  get careful(): Label | undefined {
    return this.open?.careful;
  }

  /** Where a register's value is. */
  at(file: File, number: number): Local {
    return this.open?.written.get(`${file}${number}`)?.copy ?? this.registers(file, number);
  }

  /** Pushes the bits of a register. */
  pushBits(number: number): void {
    const local = this.at('f', number);
    this.code.get(local);
    if (local.type === 'f32') this.boxed();
    else this.code.op('i64.reinterpret_f64');
  }

  /** What follows is of this instruction, which is at a place of its block. */
  begin(instruction: Instruction, index: number): void {
    this.instruction = instruction;
    this.index = index;
  }

  setRegister(file: File, number: number, value: Expr, values: ValueEmitter): void {
    const single = value.op === 'or' && isConstant(value.b, BOX) ? values.kept(value.a) : undefined;
    const type = file === 'x' ? 'i64' : single?.type === 'f32' ? 'f32' : 'f64';
    if (type === 'i64') values.value(value);
    else if (type === 'f32') this.code.get(single!);
    else this.pushFloat(value, values);
    this.code.set(this.open ? this.copyOf(file, number, type) : this.registers(file, number));
  }

  /** What an expression is kept as, if not as an i64. */
  floatType(expr: Expr): 'f32' | 'f64' | undefined {
    if (expr.op === 'reg') return expr.operand.file === 'f' ? 'f64' : undefined;
    if (expr.op === 'load') return expr.size === 8 && this.instruction.writes.f !== 0 ? 'f64' : undefined;
    if (expr.op !== 'fp') return undefined;
    const { result } = hostFpTypes(expr.name);
    return result === 'f64' || (result === 'f32' && this.open) ? result : undefined;
  }

  /** Pushes a binary64 as an f64. */
  pushFloat(expr: Expr, values: ValueEmitter): void {
    const { code } = this;
    const kept = values.kept(expr);
    if (kept?.type === 'f64') code.get(kept);
    else if (kept || !this.pushSigned(expr, values)) {
      values.value(expr);
      code.op('f64.reinterpret_i64');
    }
  }

  /** The same for a register, or for one whose sign is set. */
  private pushSigned(expr: Expr, values: ValueEmitter): boolean {
    const { code } = this;
    if (expr.op === 'reg' && expr.operand.file === 'f') {
      const local = this.at('f', this.numberOf(expr.operand));
      code.get(local);
      if (local.type === 'f32') this.boxed().op('f64.reinterpret_i64');
      return true;
    }
    const turned = signFlipped(expr, 'f64');
    if (turned) {
      this.pushFloat(turned, values);
      code.op('f64.neg');
      return true;
    }
    const signed = withSign(expr);
    if (!signed) return false;
    const { magnitude, sign, isTurned } = signed;
    const isSame = this.isSameRegister(magnitude, sign);
    if (signed.isProduct && !isSame) return false;
    this.pushFloat(magnitude, values);
    if (signed.isProduct) code.op('f64.abs');
    else if (!isSame) {
      this.pushFloat(sign, values);
      if (isTurned) code.op('f64.neg');
      code.op('f64.copysign');
    } else if (isTurned) code.op('f64.neg');
    return true;
  }

  /** Does a primitive: in a window by the host, or off to the careful version; else exactly. */
  emit(expr: FpExpr, result: Local, values: ValueEmitter): void {
    const { layout, links, instruction } = this;
    const mode = hostMode(instruction, expr);
    if (mode === undefined || (!this.open && canFail(instruction, expr))) return this.callExact(expr, result, values);
    const plan = this.open?.window.plans.get(this.index);
    const pushFloat = (arg: Expr, format: 'f32' | 'f64'): boolean => this.pushOperand(arg, format, values);
    // What cannot fail does not branch.
    const slow = this.open?.careful ?? { depth: 0 };
    const options = { host: links.host, mode, inexactIsSet: true, withZeros: true, pushFloat, ...plan };
    emitFastFp(expr, result, values, layout, slow, options);
  }

  private callExact(expr: FpExpr, result: Local, values: ValueEmitter): void {
    const { code } = this;
    for (const arg of expr.args) values.value(arg);
    if (expr.rounding) {
      values.value(expr.rounding);
      code.op('i32.wrap_i64');
    }
    code.call(this.links.functions.get(expr.name)!);
    if (result.type === 'f64') code.op('f64.reinterpret_i64');
    code.set(result);
  }

  private pushOperand(expr: Expr, format: 'f32' | 'f64', values: ValueEmitter): boolean {
    if (format === 'f64') {
      this.pushFloat(expr, values);
      return true;
    }
    const local =
      expr.op === 'reg' && expr.operand.file === 'f' ? this.at('f', this.numberOf(expr.operand)) : undefined;
    if (local?.type !== 'f32') return false;
    this.code.get(local);
    return true;
  }

  /** Puts the f32 on the stack into a box. */
  private boxed(): CodeEmitter {
    return this.code.op('i32.reinterpret_f32', 'i64.extend_i32_u').i64(BOX).op('i64.or');
  }

  private copyOf(file: File, number: number, type: 'i64' | 'f32' | 'f64'): Local {
    const key = `${file}${number}.${type}`;
    let copy = this.copies.get(key);
    if (!copy) this.copies.set(key, (copy = this.code.local(type)));
    this.open!.written.set(`${file}${number}`, { file, number, copy });
    return copy;
  }

  private isSameRegister(a: Expr, b: Expr): boolean {
    return a.op === 'reg' && b.op === 'reg' && this.numberOf(a.operand) === this.numberOf(b.operand);
  }

  private numberOf({ reg }: RegisterOperand): number {
    return registerNumber(this.instruction.decoded, 'f', reg);
  }
}

interface WithSign {
  readonly magnitude: Expr;
  readonly sign: Expr;
  /** Of the opposite sign. */
  readonly isTurned: boolean;
  /** Of the product of both signs. */
  readonly isProduct: boolean;
}

/** What the sign injections of binary64 compute (isa/riscv/rv64fd.ts). */
function withSign(expr: Expr): WithSign | undefined {
  const [isTurned, isProduct] = [false, false];
  if (expr.op === 'xor') {
    const sign = maskedBy(expr.b, SIGN);
    return sign && { magnitude: expr.a, sign, isTurned, isProduct: true };
  }
  if (expr.op !== 'or') return undefined;
  const [magnitude, sign] = [maskedBy(expr.a, MAGNITUDE), maskedBy(expr.b, SIGN)];
  if (!magnitude || !sign) return undefined;
  const turned = signFlipped(sign, 'f64');
  return turned ? { magnitude, sign: turned, isTurned: true, isProduct } : { magnitude, sign, isTurned, isProduct };
}

function maskedBy(expr: Expr, mask: bigint): Expr | undefined {
  return expr.op === 'and' && isConstant(expr.b, mask) ? expr.a : undefined;
}
