/**
 * The generated function run(): the hot loop. It knows only the frequent cases of the frequent instructions; all else goes
 * to `execute` (execute.ts), one instruction at a time, from which it carries on; and so do records at which translated code begins
 * (translator/jump-cache.ts).
 *
 *   far:      look the target up in the code TLB
 *   enter:    the record begins a run: the budget must cover `left`, which is paid at once
 *   dispatch: br_table on the record's op
 *
 * Nothing of the loop's state lives across a call, so that the register allocator can keep it in registers: what the slow
 * path needs is passed, and what comes after it is reloaded from the hart state.
 *
 * Interface: defineRun.
 */
import { isEffect, type Expr } from '../../isa/graph.ts';
import type { AccessSize } from '../../isa/ops.ts';
import type { CodeEmitter, FuncRef, Label, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { FLAT_BIAS, FLAT_TABLE_BYTES, HART, type Layout } from '../layout.ts';
import { emitSwitch, LOADS, STORES } from './execute.ts';
import { EXIT, JUMPED, MOVED } from './exits.ts';
import { emitFastFp, isInHotLoop } from './fast-fp.ts';
import { emitCodeLookup } from './lookup.ts';
import { FUSED, OPCODES, type FusedPart } from './opcodes.ts';
import { FIELD, PSEUDO } from './record.ts';
import { RecordSite } from './record-site.ts';
import { emitInstruction, type Flow } from './statements.ts';
import { Temps, type ValueEmitter } from './values.ts';

interface Loop {
  readonly far: Label;
  readonly enter: Label;
  readonly takenFar: Label;
  readonly dispatch: Label;
  readonly slow: Label;
  readonly target: Local;
  readonly flatTable: Local;
}

/** Exports run() -> exit reason, and gives it. `slowPath` has the signature of `execute`, and does what is not done here. */
export function defineRun(module: ModuleBuilder, layout: Layout, slowPath: FuncRef, step: FuncRef): FuncRef {
  const hart = (field: Exclude<keyof typeof HART, 'bytes'>): number => layout.hart + HART[field];
  return module.function(
    'run',
    [],
    ['i32'],
    (code) => {
      const temps = new Temps(code);
      const place = { record: code.local('i32'), bias: code.local('i64') };
      const [target, flatTable, budget, left] = [
        code.local('i64'),
        code.local('i32'),
        code.local('i32'),
        code.local('i32'),
      ];
      const carried = code.local('i64');
      const site = new RecordSite(code, temps, layout, place, { length: 4 });
      const storeBudget = (): void => void code.i32(0).get(budget).mem('i32.store', hart('budget'));
      const emitSequence = (loop: Loop, parts: readonly FusedPart[]): void => {
        let offset = 0;
        parts.forEach(({ opcode, chain }, i) => {
          if (offset > 0 && opcode.graph.some(needsRecord)) {
            code.get(place.record).i32(offset).op('i32.add').set(place.record);
            offset = 0;
          }
          const flow = new RunFlow(code, temps, layout, place, opcode, loop, offset);
          if (chain !== 'none') flow.forward = { field: chain, local: carried };
          const following = parts[i + 1];
          if (following && following.chain !== 'none') flow.keep = carried;
          emitInstruction(opcode.graph, flow, following && (() => (offset = flow.next)));
        });
      };
      code.i32(0).mem('i64.load', hart('pc')).set(target);
      code.i32(0).mem('i32.load', hart('flatTable')).set(flatTable);
      code.i32(0).mem('i32.load', hart('budget')).set(budget);
      code.loop((far) => {
        code.block((found) => {
          code.block((miss) => {
            emitCodeLookup(code, layout, target, place, miss);
            code.br(found);
          });
          code.i32(0).get(target).mem('i64.store', hart('pc'));
          code.i32(0).get(target).mem('i64.store', hart('tval'));
          storeBudget();
          code.i32(EXIT.fetch).op('return');
        });
        code.loop((enter) => {
          code.get(place.record).mem('i32.load16_u', FIELD.left).set(left);
          code
            .get(budget)
            .get(left)
            .op('i32.lt_u')
            .if(() => {
              code.i32(0);
              site.pushPc();
              code.mem('i64.store', hart('pc'));
              storeBudget();
              code.call(step).op('return');
            });
          code.get(budget).get(left).op('i32.sub').set(budget);
          code.block((takenFar) => {
            code.loop((dispatch) => {
              code.block((slow) => {
                const loop: Loop = { far, enter, takenFar, dispatch, slow, target, flatTable };
                const handlers: (() => void)[] = Array.from(PSEUDO_ORDER, () => () => code.br(slow));
                handlers[PSEUDO.pageEnd] = () => code.br(takenFar);
                for (const opcode of OPCODES)
                  handlers[opcode.op] = opcode.graph.every(isFast)
                    ? () => emitSequence(loop, [{ opcode, chain: 'none' }])
                    : () => code.br(slow);
                for (const { op, parts } of FUSED) handlers[op] = () => emitSequence(loop, parts);
                emitSwitch(code, handlers, [...handlers.keys()], () =>
                  code.get(place.record).mem('i32.load16_u', FIELD.op),
                );
              });
              storeBudget();
              code.i32(0).get(place.bias).mem('i64.store', hart('scratch'));
              code.get(place.record).get(place.bias).call(slowPath).set(place.record);
              code.i32(0).mem('i32.load', hart('budget')).set(budget);
              code.i32(0).mem('i64.load', hart('scratch')).set(place.bias);
              code.i32(0).mem('i32.load', hart('flatTable')).set(flatTable);
              code.get(place.record).i32(4096).op('i32.ge_u').brIf(dispatch);
            });
            code.i32(0).mem('i64.load', hart('pc')).set(target);
            code.get(place.record).i32(JUMPED).op('i32.eq').brIf(far);
            code.get(place.record).i32(MOVED).op('i32.eq').brIf(far);
            // An exit: the rest of the run was paid for and did not retire.
            code.i32(0).get(budget);
            code.i32(0).mem('i32.load', hart('record')).mem('i32.load16_u', FIELD.left);
            code.op('i32.add').mem('i32.store', hart('budget'));
            code.get(place.record).op('return');
          });
          site.pushPc();
          site.pushImm();
          code.op('i64.add').set(target).br(far);
        });
      });
      code.op('unreachable');
    },
    'run',
  );
}

const PSEUDO_ORDER = Object.values(PSEUDO);

/** Whether `run` has code for a statement; otherwise the whole instruction is done by `execute`. */
function isFast(statement: OpcodeStatement): boolean {
  switch (statement.do) {
    case 'system':
    case 'trapIf':
    case 'repeat':
      return false;
    case 'let': {
      const { expr } = statement;
      if (expr.op === 'fp') return isInHotLoop(expr.name);
      return !['amo', 'loadReserved', 'storeConditional'].includes(expr.op);
    }
    default:
      return true;
  }
}

/** Whether a statement may leave its instruction's own code, to where all know the instruction by its record alone. */
function needsRecord(statement: OpcodeStatement): boolean {
  return !['setReg', 'jump'].includes(statement.do) && !(statement.do === 'let' && !isEffect(statement.expr));
}

type OpcodeStatement = (typeof OPCODES)[number]['graph'][number];

class RunFlow extends RecordSite implements Flow {
  private readonly loop: Loop;
  private readonly near: boolean;

  constructor(
    code: CodeEmitter,
    temps: Temps,
    layout: Layout,
    place: { record: Local; bias: Local },
    form: { length: 2 | 4; near: boolean },
    loop: Loop,
    offset: number,
  ) {
    super(code, temps, layout, place, form, offset);
    this.near = form.near;
    this.loop = loop;
  }

  effect(expr: Expr, result: Local, values: ValueEmitter): void {
    const { code } = this;
    if (expr.op === 'load') {
      const host = this.translate(expr.size, expr.a, 0, values);
      code
        .get(host)
        .mem(expr.signed ? LOADS[expr.size].signed : LOADS[expr.size].unsigned, FLAT_BIAS)
        .set(result);
    } else if (expr.op === 'rounding') {
      const dynamic = 7;
      code.get(this.record).mem('i64.load32_u', FIELD.imm).tee(result).i64(dynamic).op('i64.eq');
      code.if(() =>
        code
          .i32(0)
          .mem('i64.load32_u', this.layout.hart + HART.frm)
          .set(result),
      );
    } else if (expr.op === 'fp') {
      emitFastFp(expr, result, values, this.layout, this.loop.slow);
    } else throw new Error(`no fast path for ${expr.op}`);
  }

  store(size: AccessSize, address: Expr, value: Expr, values: ValueEmitter): void {
    const host = this.translate(size, address, FLAT_TABLE_BYTES, values);
    this.code.get(host);
    values.value(value);
    this.code.mem(STORES[size], FLAT_BIAS);
  }

  fallThrough(): void {
    const { code, loop } = this;
    code.get(this.record).i32(this.next).op('i32.add').set(this.record);
    code.br(this.isBranch ? loop.enter : loop.dispatch);
  }

  jump(target: Expr, values: ValueEmitter): void {
    values.value(target);
    this.code.set(this.loop.target).br(this.loop.far);
  }

  jumpRelative(): void {
    const { code, loop } = this;
    this.isBranch = true;
    if (this.near) {
      code.get(this.record).get(this.record).mem('i32.load', FIELD.imm).op('i32.add').set(this.record).br(loop.enter);
      return;
    }
    code.br(loop.takenFar);
  }

  repeat(): never {
    throw new Error('no fast path');
  }

  trap(): never {
    throw new Error('no fast path');
  }

  system(): never {
    throw new Error('no fast path');
  }

  /** A conditional branch that falls through begins a new run. */
  private isBranch = false;

  /** The flat-table look-up: host address without FLAT_BIAS, or off to the slow path. */
  private translate(size: AccessSize, expr: Expr, table: number, values: ValueEmitter): Local {
    const { code, temps, loop } = this;
    const [address, low, entry] = [temps.take('i64'), temps.take('i32'), temps.take('i32')];
    values.value(expr);
    code.tee(address).op('i32.wrap_i64').set(low);
    // Several branches that are never taken cost less than to join their conditions.
    code.get(address).i64(32).op('i64.shr_u', 'i32.wrap_i64').brIf(loop.slow);
    if (size > 1)
      code
        .get(low)
        .i32(size - 1)
        .op('i32.and')
        .brIf(loop.slow);
    code.get(low).i32(12).op('i32.shr_u').i32(2).op('i32.shl').get(loop.flatTable).op('i32.add').mem('i32.load', table);
    code.tee(entry).op('i32.eqz').brIf(loop.slow);
    code.get(low).get(entry).op('i32.add').set(entry);
    return entry;
  }
}
