/**
 * Arithmetic on the low halves of registers. The results of the W instructions are words: sign-extended from 32 bits. In i32 a chain of
 * such instructions needs no extensions in between, because V8 knows that a wrapped extension is what was extended.
 *
 * Interface: Words, WordContext, leavesWord.
 */
import type { Expr } from '../../isa/graph.ts';
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import type { PlainOp } from '../../wasm/opcodes.ts';
import type { ValueEmitter } from '../interpreter/values.ts';
import type { Instruction } from './instruction.ts';

/** What must be known to tell words. */
export interface WordContext {
  /** The immediate of the instruction at hand. */
  readonly imm: number;
  /** Number of the x register of an expression, undefined where it is another one's. */
  register(expr: Expr): number | undefined;
  /** Whether a register is known to hold a word. */
  holdsWord(register: number): boolean;
  local(register: number): Local;
}

/** Whether an expression is sign-extended from 32 bits. */
function isWord(expr: Expr, context: WordContext): boolean {
  switch (expr.op) {
    case 'sext32':
    case 'sext16':
    case 'sext8':
    case 'zext16':
    case 'zext8':
    case 'imm':
    case 'eq':
    case 'ne':
    case 'lts':
    case 'ltu':
    case 'ges':
    case 'geu':
      return true;
    case 'const':
      return BigInt.asIntN(32, expr.value) === expr.value;
    case 'load':
      return expr.size < 4 || (expr.size === 4 && expr.signed);
    case 'reg': {
      const register = context.register(expr);
      return register !== undefined && context.holdsWord(register);
    }
    case 'and':
      if (expr.b.op === 'imm' && context.imm >= 0) return true;
      return isWord(expr.a, context) && isWord(expr.b, context);
    case 'or':
    case 'xor':
      return isWord(expr.a, context) && isWord(expr.b, context);
    case 'select':
      return isWord(expr.a, context) && isWord(expr.b, context);
    case 'shrs':
      return isWord(expr.a, context);
    case 'add':
      if (expr.b.op !== 'imm') return context.register(expr.a) === 0 && isWord(expr.b, context);
      return (context.imm === 0 && isWord(expr.a, context)) || context.register(expr.a) === 0;
    default:
      return false;
  }
}

const BITWISE: Partial<Record<Expr['op'], PlainOp>> = { and: 'i32.and', or: 'i32.or', xor: 'i32.xor' };
const MODULAR: Partial<Record<Expr['op'], PlainOp>> = { ...BITWISE, add: 'i32.add', sub: 'i32.sub', mul: 'i32.mul' };
const WORD_BITS = 32;

/** A shift of a register that the other half of a rotation may follow. */
interface Shift {
  readonly source: number;
  readonly direction: 'left' | 'right';
  readonly by: number;
}

/** Follows the instructions of a block. */
export class Words {
  private readonly code: CodeEmitter;
  private readonly context: WordContext;
  /** By the register that has the result, while it and the source are as they were. */
  private readonly shifts = new Map<number, Shift>();
  /** The register that holds what `upperWord` was, moved up by 32 bits. */
  private upper: number | undefined;
  private upperWord: Local | undefined;

  constructor(code: CodeEmitter, context: WordContext) {
    this.code = code;
    this.context = context;
  }

  /** To be called where other code was emitted last than what is executed before. */
  forget(): void {
    this.shifts.clear();
    this.upper = undefined;
  }

  /** Pushes an i64 in a better way than expression by expression, if there is one. */
  push(expr: Expr, values: ValueEmitter): boolean {
    const { code, context } = this;
    if (expr.op === 'shru' && expr.b.op === 'imm' && context.imm === WORD_BITS) {
      const register = context.register(expr.a);
      if (register === undefined || register !== this.upper) return false;
      code.get(this.upperWord!).op('i64.extend_i32_u');
      return true;
    }
    const isExtended = expr.op === 'sext32' || (expr.op === 'shrs' && expr.a.op === 'sext32');
    const isOfWords = BITWISE[expr.op] && 'b' in expr && isWord(expr.a, context) && isWord(expr.b, context);
    if (!isExtended && !isOfWords) return false;
    if (!this.tryWord(expr, values)) return false;
    code.op('i64.extend_i32_s');
    return true;
  }

  /** Pushes the low half of an expression as an i32. */
  pushWord(expr: Expr, values: ValueEmitter): void {
    const { code } = this;
    if (!values.kept(expr) && this.tryWord(expr, values)) return;
    values.value(expr);
    code.op('i32.wrap_i64');
  }

  /** An instruction is about to be emitted. */
  before(instruction: Instruction): void {
    const source = this.movedUp(instruction);
    if (source === undefined || source === 0) return;
    this.upperWord ??= this.code.local('i32');
    this.code.get(this.context.local(source)).op('i32.wrap_i64').set(this.upperWord);
  }

  /** An instruction was emitted. */
  after(instruction: Instruction): void {
    const { result } = instruction;
    if (result === 0) return;
    this.shifts.delete(result);
    for (const [other, { source }] of this.shifts) if (source === result) this.shifts.delete(other);
    if (this.upper === result) this.upper = undefined;
    if (this.movedUp(instruction) !== undefined) this.upper = result;
    const shift = this.shiftOf(instruction);
    if (shift && shift.source !== result) this.shifts.set(result, shift);
  }

  /** The register that an instruction moves up by 32 bits. */
  private movedUp({ value }: Instruction): number | undefined {
    if (value?.op !== 'shl' || value.b.op !== 'imm' || this.context.imm !== WORD_BITS) return undefined;
    return this.context.register(value.a);
  }

  private shiftOf({ value }: Instruction): Shift | undefined {
    if (value?.op !== 'sext32') return undefined;
    const { a } = value;
    if ((a.op !== 'shl' && a.op !== 'shru') || a.b.op !== 'imm') return undefined;
    const direction = a.op === 'shl' ? 'left' : 'right';
    const source = this.context.register(a.op === 'shru' && a.a.op === 'zext32' ? a.a.a : a.a);
    return source === undefined ? undefined : { source, direction, by: this.context.imm };
  }

  private tryWord(expr: Expr, values: ValueEmitter): boolean {
    const { code, context } = this;
    const modular = MODULAR[expr.op];
    if (modular && 'b' in expr) {
      if (expr.op === 'or' && this.tryRotation(expr.a, expr.b)) return true;
      this.pushWord(expr.a, values);
      this.pushWord(expr.b, values);
      code.op(modular);
      return true;
    }
    switch (expr.op) {
      case 'imm':
        code.i32(context.imm | 0);
        return true;
      case 'const':
        code.i32(Number(BigInt.asIntN(WORD_BITS, expr.value)));
        return true;
      case 'sext32':
      case 'zext32':
        this.pushWord(expr.a, values);
        return true;
      case 'shl':
        return this.tryShift('i32.shl', expr.a, expr.b, values);
      case 'shru':
        return expr.a.op === 'zext32' && this.tryShift('i32.shr_u', expr.a, expr.b, values);
      case 'shrs':
        return expr.a.op === 'sext32' && this.tryShift('i32.shr_s', expr.a, expr.b, values);
      default:
        return false;
    }
  }

  /** Amounts that are below 32 in any case: i32 shifts look at five bits only. */
  private tryShift(op: PlainOp, a: Expr, by: Expr, values: ValueEmitter): boolean {
    const isMasked = by.op === 'and' && by.b.op === 'const' && by.b.value === BigInt(WORD_BITS - 1);
    if (!isMasked && !(by.op === 'imm' && this.context.imm < WORD_BITS)) return false;
    this.pushWord(a, values);
    this.pushWord(isMasked ? by.a : by, values);
    this.code.op(op);
    return true;
  }

  private tryRotation(left: Expr, right: Expr): boolean {
    const shiftIn = (part: Expr): Shift | undefined => this.shifts.get(this.context.register(part) ?? -1);
    const [a, b] = [shiftIn(left), shiftIn(right)];
    if (!a || a.source !== b?.source || a.direction === b.direction || a.by + b.by !== WORD_BITS) return false;
    const by = a.direction === 'right' ? a.by : b.by;
    this.code.get(this.context.local(a.source)).op('i32.wrap_i64').i32(by).op('i32.rotr');
    return true;
  }
}

/** Whether an instruction leaves a word in the x register that it writes. */
export function leavesWord({ graph }: Instruction, context: WordContext): boolean {
  const last = graph.at(-1);
  return last?.do === 'setReg' && last.operand.file === 'x' && isWord(last.value, context);
}
