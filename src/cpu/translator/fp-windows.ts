/**
 * Windows of floating-point code: instructions of a block that are done by the host's arithmetic as if nothing special could happen,
 * into copies of the registers. Whatever shows that it did happen leads to a careful version of the same instructions, from the
 * window's beginning.
 *
 * So a result need not be looked at where a later one of the window tells: an infinity or a NaN makes all sums, products and square
 * roots infinities or NaNs that come from it.
 *
 * Interface: planWindows, FpWindow, FpPlan, needsReady, canFail, hostMode.
 */
import type { Expr, RegisterOperand, Stmt } from '../../isa/graph.ts';
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import { RM } from '../fp/format.ts';
import { hostFpNeeds, hostFpTypes } from '../fp/host-fp.ts';
import { boxedOperand, signFlipped } from '../interpreter/fast-fp.ts';
import { registerNumber, type FpExpr, type Instruction } from './instruction.ts';

/** Instructions [from, to) of a block. */
export interface FpWindow {
  readonly from: number;
  readonly to: number;
  /** Rounding must be to nearest even, and NX set. */
  readonly needsReady: boolean;
  readonly plans: ReadonlyMap<number, FpPlan>;
}

/** What is known of the primitive of an instruction, by what other instructions of the window look at. */
export interface FpPlan {
  /** The result is finite. */
  readonly isFinite: boolean;
  /** For each operand, whether it is not a NaN. */
  readonly areNumbers: readonly boolean[];
}

/** The field of an instruction that says: as frm says. */
const DYNAMIC = 7;
/** More instructions than these between two of floating point are not worth having twice. */
const MAX_GAP = 6;
const MAX_WINDOW = 48;

/** The windows of the instructions [from, to) of a block, in order. */
export function planWindows(instructions: readonly Instruction[], from: number, to: number): FpWindow[] {
  const windows: FpWindow[] = [];
  for (let i = from; i < to;) {
    if (!startsWindow(instructions[i]!)) {
      i++;
      continue;
    }
    let end = i + 1;
    for (let k = end; k < to && k - end <= MAX_GAP && k - i < MAX_WINDOW && canBeRepeated(instructions[k]!); k++)
      if (instructions[k]!.fp) end = k + 1;
    windows.push(planWindow(instructions, i, end));
    i = end;
  }
  return windows;
}

/** The rounding mode in which a window does an instruction; undefined where it is not the host's. */
export function hostMode({ decoded }: Instruction, { name, rounding }: FpExpr): number | undefined {
  if (!rounding) return RM.RNE;
  const field = decoded.operands.rm!;
  const mode = field === DYNAMIC ? RM.RNE : field;
  if (hostFpNeeds(name) === 'nothing') return mode <= RM.RMM ? mode : undefined;
  if (operationOf(name) === 'fToInt') return mode <= RM.RUP ? mode : undefined;
  return mode === RM.RNE ? mode : undefined;
}

/** Whether an instruction's primitive may turn out not to be the host's. */
export function canFail(instruction: Instruction, fp: FpExpr): boolean {
  return needsReady(instruction, fp) || !(operationOf(fp.name) === 'intToF');
}

function startsWindow(instruction: Instruction): boolean {
  const { fp } = instruction;
  return fp !== undefined && canFail(instruction, fp) && canBeRepeated(instruction);
}

/** Changes registers alone, and can be done in a window. */
function canBeRepeated(instruction: Instruction): boolean {
  const { fp } = instruction;
  return instruction.graph.every(isPure) && !(fp && hostMode(instruction, fp) === undefined);
}

function isPure(statement: Stmt): boolean {
  if (statement.do === 'setReg') return true;
  return statement.do === 'let' && !['loadReserved', 'storeConditional', 'amo'].includes(statement.expr.op);
}

/** Whether a window must know rounding to be to nearest even, and NX to be set, to do an instruction. */
export function needsReady(instruction: Instruction, fp = instruction.fp): boolean {
  if (!fp) return false;
  // A reserved mode in frm is illegal even where rounding does not matter.
  return hostFpNeeds(fp.name) !== 'nothing' || (!!fp.rounding && instruction.decoded.operands.rm === DYNAMIC);
}

type Operation = FpPrimitive extends infer Name ? (Name extends `${infer Op}.${string}` ? Op : never) : never;

function operationOf(name: FpPrimitive): Operation {
  return name.slice(0, name.indexOf('.')) as Operation;
}

/** What an instruction computes, with what of it was computed in the window, too. */
interface Computed {
  readonly index: number;
  readonly name: FpPrimitive;
  readonly operands: readonly (Computed | undefined)[];
}

function planWindow(instructions: readonly Instruction[], from: number, to: number): FpWindow {
  const computed = trace(instructions, from, to);
  const finite = new Set<Computed>();
  const plans = new Map<number, FpPlan>();
  for (const one of computed.toReversed()) {
    plans.set(one.index, {
      isFinite: finite.has(one),
      areNumbers: one.operands.map((operand) => operand !== undefined),
    });
    for (const operand of one.operands.slice(0, tellingOperands(one.name))) if (operand) finite.add(operand);
  }
  return { from, to, needsReady: computed.some(({ index }) => needsReady(instructions[index]!)), plans };
}

/** How many operands must be finite if the primitive was found to be the host's. */
function tellingOperands(name: FpPrimitive): number {
  switch (operationOf(name)) {
    case 'fadd':
    case 'fsub':
    case 'fmul':
    case 'fma':
      return 3;
    // The divisor may be infinite.
    case 'fdiv':
    case 'fsqrt':
    case 'fToInt':
      return 1;
    case 'fToF':
      return name === 'fToF.f32' ? 1 : 0;
    default:
      return 0;
  }
}

function trace(instructions: readonly Instruction[], from: number, to: number): Computed[] {
  const all: Computed[] = [];
  const holder = new Map<number, Computed | undefined>();
  for (let index = from; index < to; index++) {
    const instruction = instructions[index]!;
    const { fp } = instruction;
    const operand = (expr: Expr): Computed | undefined => {
      const format = hostFpTypes(fp!.name).operand;
      const register = format === 'f32' || format === 'f64' ? registerOf(expr, format) : undefined;
      if (register?.file !== 'f') return undefined;
      const found = holder.get(registerNumber(instruction.decoded, 'f', register.reg));
      return found && hostFpTypes(found.name).result === format ? found : undefined;
    };
    const one = fp && { index, name: fp.name, operands: fp.args.map(operand) };
    if (one) all.push(one);
    instruction.writes.forEach((file, register) => {
      if (file === 'f') holder.set(register, one);
    });
  }
  return all;
}

/** The register in which an operand is, perhaps with its sign turned. */
function registerOf(expr: Expr, format: 'f32' | 'f64'): RegisterOperand | undefined {
  const inner = signFlipped(expr, format) ?? expr;
  const boxed = boxedOperand(inner) ?? inner;
  return boxed.op === 'reg' ? boxed.operand : undefined;
}
