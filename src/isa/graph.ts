/**
 * What a row's semantics turn into when they are recorded: expressions, and statements in order.
 * The interpreter and the translator are generated from this form; def/use sets are read off it.
 *
 * An expression that is used once, with nothing in between that could change its value, stays nested; every other one
 * has a `let` statement where it was first computed and is referred to by identity.
 *
 * Interface: Expr, Stmt, RegisterFile, FieldName, UNARY, BINARY.
 */
import type { FpPrimitive } from './fp-ops.ts';
import type { AccessSize } from './ops.ts';

/** Register files; 'flag' are the slots of x86's lazy flags. */
export type RegisterFile = 'x' | 'f' | 'flag';

/** Operand fields of a pre-decoded record. */
export type FieldName = 'rd' | 'rs1' | 'rs2' | 'rs3';

/** An operand that names a register: a field of the record, or a fixed number. */
export type RegisterOperand = { readonly file: RegisterFile; readonly reg: FieldName | number };

// prettier-ignore
export const UNARY = ['sext8', 'sext16', 'sext32', 'zext8', 'zext16', 'zext32', 'popcount'] as const;
// prettier-ignore
export const BINARY = [
  'add', 'sub', 'mul', 'mulhs', 'mulhu', 'mulhsu', 'divs', 'divu', 'rems', 'remu', 'and', 'or', 'xor',
  'shl', 'shrs', 'shru', 'eq', 'ne', 'lts', 'ltu', 'ges', 'geu',
] as const;
export type UnaryOp = (typeof UNARY)[number];
export type BinaryOp = (typeof BINARY)[number];

export type Expr = ExprShape & {
  uses: number;
  /** Effects so far when it was computed. */
  readonly epoch: number;
  /** Depends on registers or memory, so it must not move past an effect. */
  readonly readsState: boolean;
  pinned: boolean;
};

export type ExprShape =
  | { readonly op: 'const'; readonly value: bigint }
  | { readonly op: 'imm' | 'pc' | 'nextPc' | 'amoOld' }
  | { readonly op: 'reg'; readonly operand: RegisterOperand }
  | { readonly op: UnaryOp; readonly a: Expr }
  | { readonly op: BinaryOp; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'select'; readonly condition: Expr; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'load'; readonly size: AccessSize; readonly signed: boolean; readonly a: Expr }
  | { readonly op: 'loadReserved'; readonly size: AccessSize; readonly a: Expr }
  | { readonly op: 'storeConditional'; readonly size: AccessSize; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'amo'; readonly size: AccessSize; readonly a: Expr; readonly old: Expr; readonly update: Expr }
  /** The rounding mode of the record's imm field, dynamic resolved; traps when reserved. */
  | { readonly op: 'rounding' }
  | { readonly op: 'fp'; readonly name: FpPrimitive; readonly args: readonly Expr[]; readonly rounding?: Expr };

export type Stmt =
  | { readonly do: 'let'; readonly expr: Expr }
  | { readonly do: 'setReg'; readonly operand: RegisterOperand; readonly value: Expr }
  | { readonly do: 'store'; readonly size: AccessSize; readonly address: Expr; readonly value: Expr }
  | { readonly do: 'jump'; readonly target: Expr }
  | { readonly do: 'jumpRelative' | 'repeat' | 'system' }
  | { readonly do: 'branchIf'; readonly condition: Expr }
  | { readonly do: 'trapIf'; readonly condition: Expr | undefined; readonly cause: number; readonly value: Expr }
  | { readonly do: 'if'; readonly condition: Expr; readonly then: Stmt[]; readonly otherwise: Stmt[] };

/** Whether an expression has an effect (it may trap, or sets flags), so that it keeps its place. */
export function isEffect(expr: ExprShape): boolean {
  return ['load', 'loadReserved', 'storeConditional', 'amo', 'rounding', 'fp'].includes(expr.op);
}
