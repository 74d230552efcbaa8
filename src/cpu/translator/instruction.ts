/**
 * Instructions of a region: a word at a place. What the word says wherever it stands is found out once, and kept.
 *
 * Interface: Instruction, Form, instructionAt, placedAt, settledBranch, formOf, Ending, PlainAccess, AddedImmediate, FpExpr, isSumOf, registerNumber,
 * timeRegister.
 */
import type { Expr, RegisterOperand, Stmt } from '../../isa/graph.ts';
import { decode, type Decoded } from '../../isa/riscv/decode.ts';
import { readTimeRegister } from '../../isa/riscv/system.ts';
import { graphOf, usageOf } from '../../isa/riscv/table.ts';
import { RegisterSet } from './register-set.ts';

/** What an instruction word says. */
export interface Form {
  readonly word: number;
  readonly length: 2 | 4;
  readonly decoded: Decoded;
  readonly graph: readonly Stmt[];
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
  /** The x register that it writes, 0 if none; more than one there are not. */
  readonly result: number;
  /** May leave the region in the middle, undone. */
  readonly mayExit: boolean;
  readonly ending: Ending | undefined;
  readonly access: PlainAccess | undefined;
  readonly sum: AddedImmediate | undefined;
  /** The primitive that it does, if it is one of floating point. */
  readonly fp: FpExpr | undefined;
  /** What `result` becomes, if nothing else is done. */
  readonly value: Expr | undefined;
}

export interface Instruction extends Form {
  /** Offset from the region's root. */
  readonly at: number;
}

export type FpExpr = Extract<Expr, { op: 'fp' }>;

/** How an instruction ends its block; `by` is the distance to where it goes. */
export type Ending =
  | { readonly kind: 'branch' | 'goto' | 'call'; readonly by: number }
  | { readonly kind: 'callRegister' | 'return' }
  /** To an address in a register. */
  | { readonly kind: 'jump'; readonly mayBeSwitch: boolean }
  /** It is the interpreter's. */
  | { readonly kind: 'leave'; readonly isEcall: boolean };

/** A plain load or store through a register and an immediate. */
export interface PlainAccess {
  readonly access: 'read' | 'write';
  readonly size: number;
  readonly base: number;
  readonly offset: number;
}

/** Of an instruction that does nothing but add an immediate, or copy a register: what it adds to what for its result. */
export interface AddedImmediate {
  readonly from: number;
  readonly by: number;
}

/** The instruction that a word is, at an offset from the root; undefined: none. */
export function instructionAt(at: number, word: number): Instruction | undefined {
  const form = formOf(word);
  return form && placedAt(at, form);
}

export function placedAt(at: number, form: Form): Instruction {
  // Not a spread, which takes longer.
  const { word, length, decoded, graph, reads, writes, result, mayExit, ending, access, sum, fp, value } = form;
  return { at, word, length, decoded, graph, reads, writes, result, mayExit, ending, access, sum, fp, value };
}

/** What retires without doing anything: a branch of which it is known how it goes. */
export function settledBranch(branch: Instruction): Instruction {
  const none = RegisterSet.EMPTY;
  return { ...branch, graph: [], reads: none, writes: none, result: 0, mayExit: false, ending: undefined };
}

const MAX_FORMS = 1 << 14;
const forms = new Map<number, Form | undefined>();

export function formOf(word: number): Form | undefined {
  let form = forms.get(word);
  if (!form && !forms.has(word)) {
    if (forms.size >= MAX_FORMS) forms.clear();
    const decoded = decode(word);
    form = decoded && makeForm(word, decoded);
    forms.set(word, form);
  }
  return form;
}

/** Where an instruction puts the time if that is all it does; else 0. No other system instruction is part of a region. */
export function timeRegister({ insn, operands }: Decoded): number {
  return insn.name === 'csrrs' ? readTimeRegister(operands.imm!) : 0;
}

const OPERAND_NAMES = {
  x: { rd: 'rd', rs1: 'rs1', rs2: 'rs2', rs3: 'rs1' },
  f: { rd: 'fd', rs1: 'fs1', rs2: 'fs2', rs3: 'fs3' },
} as const;

/** The number of the register that an operand of a row's graph names in an instruction. */
export function registerNumber(decoded: Decoded, file: 'x' | 'f', reg: 'rd' | 'rs1' | 'rs2' | 'rs3' | number): number {
  return typeof reg === 'number' ? reg : decoded.operands[OPERAND_NAMES[file][reg]]!;
}

function makeForm(word: number, decoded: Decoded): Form {
  const { insn, length } = decoded;
  const usage = usageOf(insn);
  const graph = graphOf(insn);
  const reads = setOf(usage.reads, decoded);
  const time = timeRegister(decoded);
  const writes = time === 0 ? setOf(usage.writes, decoded) : RegisterSet.EMPTY.with('x', time);
  const result = writes.x === 0 ? 0 : Math.log2(writes.x >>> 0);
  const mayExit = usage.mayTrap || (reads.f | writes.f) !== 0;
  const ending = time === 0 ? endingOf(graph, decoded) : undefined;
  const access = accessOf(graph, decoded);
  const value = result === 0 ? undefined : valueOf(graph);
  const sum = value && sumOf(value, decoded);
  return { word, length, decoded, graph, reads, writes, result, mayExit, ending, access, sum, fp: fpOf(graph), value };
}

function setOf(operands: readonly RegisterOperand[], decoded: Decoded): RegisterSet {
  const bits = { x: 0, f: 0 };
  for (const { file, reg } of operands) {
    if (file === 'flag') throw new Error('RISC-V has no flags');
    bits[file] |= 1 << registerNumber(decoded, file, reg);
  }
  return new RegisterSet(bits.x, bits.f);
}

function fpOf(graph: readonly Stmt[]): FpExpr | undefined {
  for (const statement of graph) if (statement.do === 'let' && statement.expr.op === 'fp') return statement.expr;
  return undefined;
}

function valueOf(graph: readonly Stmt[]): Expr | undefined {
  const only = graph.length === 1 ? graph[0] : undefined;
  return only?.do === 'setReg' ? only.value : undefined;
}

const LINK = 1;

function endingOf(graph: readonly Stmt[], { insn, operands }: Decoded): Ending | undefined {
  const { rd = 0, rs1 = 0, imm = 0 } = operands;
  for (const statement of graph) {
    const isTrap = statement.do === 'trapIf' && !statement.condition;
    if (isTrap || statement.do === 'system' || statement.do === 'repeat')
      return { kind: 'leave', isEcall: insn.name === 'ecall' };
    if (statement.do === 'branchIf') return { kind: 'branch', by: imm };
    if (statement.do === 'jumpRelative') return { kind: rd === LINK ? 'call' : 'goto', by: imm };
    if (statement.do === 'jump') {
      if (rd === LINK) return { kind: 'callRegister' };
      if (rd === 0 && rs1 === LINK && imm === 0) return { kind: 'return' };
      // A stub of the PLT leaves its own address in a register.
      return { kind: 'jump', mayBeSwitch: rd === 0 };
    }
  }
  return undefined;
}

function accessOf(graph: readonly Stmt[], { operands }: Decoded): PlainAccess | undefined {
  for (const statement of graph) {
    const plain = addressOf(statement);
    if (!plain) continue;
    const { address, access, size } = plain;
    if (!isSumOf(address, 'imm')) return undefined;
    return { access, size, base: operands.rs1!, offset: operands.imm! };
  }
  return undefined;
}

function addressOf(statement: Stmt): { access: 'read' | 'write'; size: number; address: Expr } | undefined {
  if (statement.do === 'store') return { access: 'write', size: statement.size, address: statement.address };
  if (statement.do !== 'let' || statement.expr.op !== 'load') return undefined;
  return { access: 'read', size: statement.expr.size, address: statement.expr.a };
}

function sumOf(value: Expr, { operands }: Decoded): AddedImmediate | undefined {
  const { rs1, rs2, imm } = operands;
  if (isSumOf(value, 'imm')) return { from: rs1!, by: imm! };
  return isSumOf(value, 'reg') && rs1 === 0 ? { from: rs2!, by: 0 } : undefined;
}

/** Whether an expression is rs1 plus an immediate or rs2. */
export function isSumOf(value: Expr, second: 'imm' | 'reg'): boolean {
  return value.op === 'add' && value.a.op === 'reg' && value.b.op === second;
}
