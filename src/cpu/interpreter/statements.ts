/**
 * Turns a recorded instruction (isa/graph.ts) into WebAssembly, over a Flow that says how stores and endings are done.
 *
 * Interface: emitInstruction, Flow.
 */
import type { Expr, Stmt } from '../../isa/graph.ts';
import type { AccessSize } from '../../isa/ops.ts';
import { ValueEmitter, type Site } from './values.ts';

export interface Flow extends Site {
  store(size: AccessSize, address: Expr, value: Expr, values: ValueEmitter): void;
  /** The ways in which an instruction ends; each leaves the current block. */
  fallThrough(): void;
  jump(target: Expr, values: ValueEmitter): void;
  jumpRelative(): void;
  repeat(): void;
  trap(cause: number, value: Expr, values: ValueEmitter): void;
  system(): void;
}

/** `after`, by default fallThrough, is what follows when control reaches the instruction's end. */
export function emitInstruction(
  graph: readonly Stmt[],
  flow: Flow,
  after: () => unknown = () => flow.fallThrough(),
): void {
  const values = new ValueEmitter(flow);
  if (emitList(graph, flow, values)) after();
  flow.temps.reset();
}

/** Returns whether control can reach the end of the list. */
function emitList(list: readonly Stmt[], flow: Flow, values: ValueEmitter): boolean {
  for (const statement of list) if (!emitStatement(statement, flow, values)) return false;
  return true;
}

function emitStatement(statement: Stmt, flow: Flow, values: ValueEmitter): boolean {
  const { code } = flow;
  switch (statement.do) {
    case 'let':
      values.bind(statement.expr);
      return true;
    case 'setReg':
      flow.setRegister(statement.operand, statement.value, values);
      return true;
    case 'store':
      flow.store(statement.size, statement.address, statement.value, values);
      return true;
    case 'jump':
      flow.jump(statement.target, values);
      return false;
    case 'jumpRelative':
      flow.jumpRelative();
      return false;
    case 'repeat':
      flow.repeat();
      return false;
    case 'system':
      flow.system();
      return false;
    case 'branchIf':
      values.condition(statement.condition);
      code.if(() => flow.jumpRelative());
      return true;
    case 'trapIf':
      if (!statement.condition) {
        flow.trap(statement.cause, statement.value, values);
        return false;
      }
      values.condition(statement.condition);
      code.if(() => flow.trap(statement.cause, statement.value, values));
      return true;
    case 'if':
      values.condition(statement.condition);
      code.if(
        () => void emitList(statement.then, flow, values),
        statement.otherwise.length > 0 ? () => void emitList(statement.otherwise, flow, values) : undefined,
      );
      return true;
  }
}
