/**
 * All rows of RV64GC and the privileged architecture, and what each turns into when its semantics are recorded.
 *
 * Interface: INSNS, insnByName, graphOf, usageOf.
 */
import type { Expr, RegisterOperand, Stmt } from '../graph.ts';
import { isEffect } from '../graph.ts';
import { Recorder } from '../recorder.ts';
import type { Insn, Operands } from './insn.ts';
import type { FReg, RiscvOps, XReg } from './ops.ts';
import { RV64A } from './rv64a.ts';
import { RV64FD } from './rv64fd.ts';
import { RV64I } from './rv64i.ts';
import { RV64M } from './rv64m.ts';
import { SYSTEM_INSNS } from './system.ts';

export const INSNS: readonly Insn[] = [...RV64I, ...RV64M, ...RV64A, ...RV64FD, ...SYSTEM_INSNS];

const BY_NAME = new Map(INSNS.map((insn) => [insn.name, insn]));

export function insnByName(name: string): Insn {
  const insn = BY_NAME.get(name);
  if (!insn) throw new Error(`no instruction ${name}`);
  return insn;
}

/** Operands of the recorder: each names its register file and the field of the record that holds its number. */
const FIELDS = {
  rd: { file: 'x', reg: 'rd' },
  rs1: { file: 'x', reg: 'rs1' },
  rs2: { file: 'x', reg: 'rs2' },
  fd: { file: 'f', reg: 'rd' },
  fs1: { file: 'f', reg: 'rs1' },
  fs2: { file: 'f', reg: 'rs2' },
  fs3: { file: 'f', reg: 'rs3' },
} as const satisfies Record<string, RegisterOperand>;
const OPERANDS = { ...FIELDS, imm: 'imm', rm: 'imm' } as unknown as Operands;

class RiscvRecorder extends Recorder implements RiscvOps<Expr> {
  x(reg: XReg): Expr {
    return this.reg(reg as unknown as RegisterOperand);
  }

  setX(reg: XReg, value: Expr): void {
    this.setReg(reg as unknown as RegisterOperand, value);
  }

  f(reg: FReg): Expr {
    return this.reg(reg as unknown as RegisterOperand);
  }

  setF(reg: FReg, value: Expr): void {
    this.setReg(reg as unknown as RegisterOperand, value);
  }

  rounding(): Expr {
    return this.expr({ op: 'rounding' }, []);
  }
}

const graphs = new Map<string, readonly Stmt[]>();

/** The recorded semantics; made once for each row. */
export function graphOf(insn: Insn): readonly Stmt[] {
  let graph = graphs.get(insn.name);
  if (!graph) {
    const recorder = new RiscvRecorder();
    insn.semantics(recorder, OPERANDS);
    graph = recorder.finish();
    graphs.set(insn.name, graph);
  }
  return graph;
}

export interface Usage {
  readonly reads: readonly RegisterOperand[];
  readonly writes: readonly RegisterOperand[];
  /** May raise an exception or leave to the privileged part. */
  readonly mayTrap: boolean;
  /** May go elsewhere than to the next instruction. */
  readonly controlFlow: boolean;
}

const usages = new Map<string, Usage>();

/** Registers read and written, by operand field, and whether the instruction may trap or jump. */
export function usageOf(insn: Insn): Usage {
  let usage = usages.get(insn.name);
  if (!usage) usages.set(insn.name, (usage = collectUsage(graphOf(insn))));
  return usage;
}

function collectUsage(graph: readonly Stmt[]): Usage {
  const reads = new Map<string, RegisterOperand>();
  const writes = new Map<string, RegisterOperand>();
  let mayTrap = false;
  let controlFlow = false;
  const key = (operand: RegisterOperand): string => `${operand.file}.${operand.reg}`;
  const expression = (expr: Expr): void => {
    if (expr.op === 'reg') reads.set(key(expr.operand), expr.operand);
    // Arithmetic in floating point raises flags, never traps; all other effects may.
    if (isEffect(expr) && expr.op !== 'fp') mayTrap = true;
    for (const child of Object.values(expr) as unknown[])
      for (const part of Array.isArray(child) ? (child as unknown[]) : [child])
        if (typeof part === 'object' && part !== null && 'uses' in part) expression(part as Expr);
  };
  const statements = (list: readonly Stmt[]): void => {
    for (const statement of list) {
      if (statement.do === 'let') expression(statement.expr);
      if ('value' in statement) expression(statement.value);
      if ('condition' in statement && statement.condition) expression(statement.condition);
      if (statement.do === 'setReg') writes.set(key(statement.operand), statement.operand);
      if (statement.do === 'store') expression(statement.address);
      if (statement.do === 'jump') expression(statement.target);
      if (['store', 'trapIf', 'system'].includes(statement.do)) mayTrap = true;
      if (['jump', 'jumpRelative', 'branchIf', 'repeat', 'system'].includes(statement.do)) controlFlow = true;
      if (statement.do === 'trapIf' && !statement.condition) controlFlow = true;
      if (statement.do === 'if') {
        statements(statement.then);
        statements(statement.otherwise);
      }
    }
  };
  statements(graph);
  return { reads: [...reads.values()], writes: [...writes.values()], mayTrap, controlFlow };
}
