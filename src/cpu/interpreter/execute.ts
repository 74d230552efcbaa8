/**
 * The generated function execute(record, bias): one instruction, all cases. It is the slow path of `run` and all of `step`.
 *
 * Returns the next record's address, or JUMPED or MOVED with pc set, or an exit reason (exits.ts).
 *
 * Interface: defineExecute, FpFunctions.
 */
import type { Expr } from '../../isa/graph.ts';
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import type { AccessSize } from '../../isa/ops.ts';
import { CAUSE } from '../../isa/riscv/ops.ts';
import { RDTIME } from '../../isa/riscv/system.ts';
import type { CodeEmitter, FuncRef, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import type { AccessOp } from '../../wasm/opcodes.ts';
import { HART, RECORD_BYTES, RECORD_PAGE_HOST, type Layout } from '../layout.ts';
import { EXIT, JUMPED, MOVED, type ExitReason } from './exits.ts';
import { emitCodeLookup } from './lookup.ts';
import { FUSED, OPCODES } from './opcodes.ts';
import { FIELD, PSEUDO, REGION_FLAG } from './record.ts';
import { RecordSite } from './record-site.ts';
import { emitInstruction, type Flow } from './statements.ts';
import { Temps, type ValueEmitter } from './values.ts';

export type FpFunctions = ReadonlyMap<FpPrimitive, FuncRef>;

export interface Helpers {
  readonly translateRead: FuncRef;
  readonly translateWrite: FuncRef;
  readonly fp: FpFunctions;
  /** See time.ts. */
  readonly time: FuncRef;
}

export const LOADS: Readonly<Record<AccessSize, { readonly signed: AccessOp; readonly unsigned: AccessOp }>> = {
  1: { signed: 'i64.load8_s', unsigned: 'i64.load8_u' },
  2: { signed: 'i64.load16_s', unsigned: 'i64.load16_u' },
  4: { signed: 'i64.load32_s', unsigned: 'i64.load32_u' },
  8: { signed: 'i64.load', unsigned: 'i64.load' },
};
export const STORES: Readonly<Record<AccessSize, AccessOp>> = {
  1: 'i64.store8',
  2: 'i64.store16',
  4: 'i64.store32',
  8: 'i64.store',
};

export function defineExecute(module: ModuleBuilder, layout: Layout, helpers: Helpers): FuncRef {
  const self = module.declare('execute', ['i32', 'i64'], ['i32']);
  module.define(self, (code, record, bias) => {
    const place = { record: record!, bias: bias! };
    const temps = new Temps(code);
    const site = (length: 2 | 4, near: boolean): ExecuteFlow =>
      new ExecuteFlow(code, temps, layout, place, { length, near }, helpers);
    const handlers: (() => void)[] = [];
    handlers[PSEUDO.undecoded] = () => site(4, false).exit(EXIT.decode);
    handlers[PSEUDO.pageEnd] = () => site(4, false).movePastPage();
    handlers[PSEUDO.cross] = () => site(4, false).cross(self);
    handlers[PSEUDO.fpOff] = () => site(4, false).system();
    handlers[PSEUDO.illegal] = () => site(4, false).illegal();
    for (const { op, graph, length, near } of OPCODES) handlers[op] = () => emitInstruction(graph, site(length, near));
    // Alone, the first record of a sequence does its own instruction.
    const numbers = [...handlers.keys(), ...FUSED.map(({ parts }) => parts[0]!.opcode.op)];
    emitSwitch(code, handlers, numbers, () =>
      code
        .get(record!)
        .mem('i32.load16_u', FIELD.op)
        .i32(REGION_FLAG - 1)
        .op('i32.and'),
    );
    code.op('unreachable');
  });
  return self;
}

/** Jumps to the handler `numbers[n]`, where n is what `pushNumber` pushes. A handler must leave by itself. */
export function emitSwitch(
  code: CodeEmitter,
  handlers: readonly (() => void)[],
  numbers: readonly number[],
  pushNumber: () => void,
): void {
  const nest = (i: number, labels: { depth: number }[]): void => {
    if (i < 0) {
      pushNumber();
      const inOrder = labels.toReversed();
      code.brTable(
        numbers.map((number) => inOrder[number]!),
        inOrder[0]!,
      );
      return;
    }
    code.block((label) => nest(i - 1, [...labels, label]));
    handlers[i]!();
  };
  nest(handlers.length - 1, []);
}

class ExecuteFlow extends RecordSite implements Flow {
  private readonly helpers: Helpers;
  private readonly near: boolean;

  constructor(
    code: CodeEmitter,
    temps: Temps,
    layout: Layout,
    place: { record: Local; bias: Local },
    form: { length: 2 | 4; near: boolean },
    helpers: Helpers,
  ) {
    super(code, temps, layout, place, form);
    this.near = form.near;
    this.helpers = helpers;
  }

  effect(expr: Expr, result: Local, values: ValueEmitter): void {
    const { code } = this;
    switch (expr.op) {
      case 'load':
        return this.load(expr.size, expr.signed, expr.a, result, values);
      case 'loadReserved': {
        const address = this.address(expr.a, values);
        this.requireAligned(address, expr.size, CAUSE.loadMisaligned);
        const host = this.translated(address, expr.size, 'read', EXIT.loadMiss);
        code.get(host).mem(LOADS[expr.size].signed).set(result);
        code.i32(0).get(address).mem('i64.store', this.hart('reservation'));
        return;
      }
      case 'storeConditional': {
        const address = this.address(expr.a, values);
        this.requireAligned(address, expr.size, CAUSE.storeMisaligned);
        const host = this.translated(address, expr.size, 'write', EXIT.storeMiss);
        code.i32(0).mem('i64.load', this.hart('reservation')).get(address).op('i64.ne', 'i64.extend_i32_u').tee(result);
        code.op('i64.eqz').if(() => {
          code.get(host);
          values.value(expr.b);
          code.mem(STORES[expr.size]);
        });
        code.i32(0).i64(-1).mem('i64.store', this.hart('reservation'));
        return;
      }
      case 'amo': {
        const address = this.address(expr.a, values);
        this.requireAligned(address, expr.size, CAUSE.storeMisaligned);
        const host = this.translated(address, expr.size, 'write', EXIT.amoMiss);
        code.get(host).mem(LOADS[expr.size].signed).set(result);
        values.alias(expr.old, result);
        code.get(host);
        values.value(expr.update);
        code.mem(STORES[expr.size]);
        return;
      }
      case 'rounding':
        return this.rounding(result);
      case 'fp':
        for (const arg of expr.args) values.value(arg);
        if (expr.rounding) {
          values.value(expr.rounding);
          code.op('i32.wrap_i64');
        }
        code.call(this.helpers.fp.get(expr.name)!).set(result);
        return;
      default:
        throw new Error(`${expr.op} is no effect`);
    }
  }

  store(size: AccessSize, addressExpr: Expr, value: Expr, values: ValueEmitter): void {
    const { code, temps, helpers } = this;
    const address = this.address(addressExpr, values);
    const host = temps.take('i32');
    code.get(address).i32(size).call(helpers.translateWrite).tee(host);
    const whole = (): void => {
      code.get(host);
      values.value(value);
      code.mem(STORES[size]);
    };
    code.if(whole, () => {
      // Across two pages: nothing is stored before every byte is known to be allowed.
      const at = temps.take('i64');
      const bytes = (body: (i: number) => void): void => {
        for (let i = 0; i < size; i++) {
          code.get(address).i64(i).op('i64.add').tee(at).i32(1).call(helpers.translateWrite).tee(host).op('i32.eqz');
          code.if(() => this.miss(EXIT.storeMiss, at, size));
          body(i);
        }
      };
      bytes(() => {});
      bytes((i) => {
        code.get(host);
        values.value(value);
        code
          .i64(8 * i)
          .op('i64.shr_u')
          .mem('i64.store8');
      });
    });
  }

  fallThrough(): void {
    this.code.get(this.record).i32(this.next).op('i32.add', 'return');
  }

  jump(target: Expr, values: ValueEmitter): void {
    this.jumpTo(() => values.value(target));
  }

  jumpRelative(): void {
    this.jumpTo(() => {
      this.pushPc();
      this.pushImm();
      if (this.near) this.code.i64(3).op('i64.shr_s');
      this.code.op('i64.add');
    });
  }

  repeat(): void {
    this.jumpTo(() => this.pushPc());
  }

  trap(cause: number, value: Expr, values: ValueEmitter): void {
    const { code } = this;
    code.i32(0).i32(cause).mem('i32.store', this.hart('cause'));
    code.i32(0);
    values.value(value);
    code.mem('i64.store', this.hart('tval'));
    this.exit(EXIT.trap);
  }

  /** Leaves to the privileged part, unless it is rdtime, which programs do often. */
  system(): void {
    const { code, temps } = this;
    const word = temps.take('i32');
    const ticks = temps.take('i64');
    code.get(this.record).mem('i32.load', FIELD.imm).set(word);
    code.block((other) => {
      code.get(word).i32(~RDTIME.rd).op('i32.and').i32(RDTIME.word).op('i32.ne').brIf(other);
      code.get(word).i32(RDTIME.rd).op('i32.and', 'i32.eqz').brIf(other);
      code
        .i32(0)
        .mem('i32.load', this.hart('budget'))
        .call(this.helpers.time)
        .tee(ticks)
        .i64(0)
        .op('i64.lt_s')
        .brIf(other);
      // Eight times rd.
      code.get(word).i32(4).op('i32.shr_u').i32(0xf8).op('i32.and');
      code.get(ticks).mem('i64.store', this.hart('x'));
      this.jumpTo(() => {
        this.pushPc();
        code.i64(4).op('i64.add');
      });
    });
    code.i32(0).get(word).mem('i32.store', this.hart('instruction'));
    this.exit(EXIT.system);
  }

  illegal(): void {
    const { code } = this;
    code.i32(0).i32(CAUSE.illegalInstruction).mem('i32.store', this.hart('cause'));
    code.i32(0).get(this.record).mem('i64.load32_u', FIELD.imm).mem('i64.store', this.hart('tval'));
    this.exit(EXIT.trap);
  }

  /** The record after a page's last: goes on at its own address (imm corrects it after a crossing instruction). */
  movePastPage(): void {
    const { code } = this;
    code.i32(0);
    this.pushPc();
    this.pushImm();
    code.op('i64.add').mem('i64.store', this.hart('pc')).i32(MOVED).op('return');
  }

  /** An instruction whose second half is in the next page: valid if that page, as mapped now, still begins with it. */
  cross(execute: FuncRef): void {
    const { code, temps } = this;
    const next = { record: temps.take('i32'), bias: temps.take('i64') };
    const address = temps.take('i64');
    this.pushPc();
    code.i64(2).op('i64.add').set(address);
    code.block((mapped) => {
      code.block((miss) => {
        emitCodeLookup(code, this.layout, address, next, miss);
        code.br(mapped);
      });
      code.i32(0).get(address).mem('i64.store', this.hart('tval'));
      this.exit(EXIT.fetch);
    });
    code.get(next.record).mem('i32.load', RECORD_PAGE_HOST).mem('i32.load16_u');
    code.get(this.record).mem('i32.load', FIELD.imm).op('i32.ne');
    code.if(() => this.exit(EXIT.decode));
    code
      .get(this.record)
      .i32(2 * RECORD_BYTES)
      .op('i32.add');
    code.get(this.bias).i64(4).op('i64.sub').call(execute).op('return');
    temps.reset();
  }

  exit(reason: ExitReason): void {
    const { code } = this;
    code.i32(0);
    this.pushPc();
    code.mem('i64.store', this.hart('pc'));
    code.i32(0).get(this.record).mem('i32.store', this.hart('record'));
    code.i32(reason).op('return');
  }

  private load(size: AccessSize, signed: boolean, addressExpr: Expr, result: Local, values: ValueEmitter): void {
    const { code, temps, helpers } = this;
    const address = this.address(addressExpr, values);
    const host = temps.take('i32');
    code.get(address).i32(size).call(helpers.translateRead).tee(host);
    const whole = (): void => {
      code
        .get(host)
        .mem(signed ? LOADS[size].signed : LOADS[size].unsigned)
        .set(result);
    };
    code.if(whole, () => {
      const at = temps.take('i64');
      code.i64(0).set(result);
      for (let i = 0; i < size; i++) {
        code.get(address).i64(i).op('i64.add').tee(at).i32(1).call(helpers.translateRead).tee(host).op('i32.eqz');
        code.if(() => this.miss(EXIT.loadMiss, at, size));
        code
          .get(host)
          .mem('i64.load8_u')
          .i64(8 * i)
          .op('i64.shl')
          .get(result)
          .op('i64.or')
          .set(result);
      }
      if (signed && size === 2) code.get(result).op('i64.extend16_s').set(result);
      if (signed && size === 4) code.get(result).op('i64.extend32_s').set(result);
    });
  }

  private rounding(result: Local): void {
    const { code } = this;
    const dynamic = 7;
    code.get(this.record).mem('i64.load32_u', FIELD.imm).tee(result).i64(dynamic).op('i64.eq');
    code.if(() => code.i32(0).mem('i64.load32_u', this.hart('frm')).set(result));
    code
      .get(result)
      .i64(4)
      .op('i64.gt_u')
      .if(() => {
        code.i32(0).i32(CAUSE.illegalInstruction).mem('i32.store', this.hart('cause'));
        code.i32(0).i64(0).mem('i64.store', this.hart('tval'));
        this.exit(EXIT.trap);
      });
  }

  private address(expr: Expr, values: ValueEmitter): Local {
    const address = this.temps.take('i64');
    values.value(expr);
    this.code.set(address);
    return address;
  }

  private requireAligned(address: Local, size: AccessSize, cause: number): void {
    const { code } = this;
    code
      .get(address)
      .i64(size - 1)
      .op('i64.and')
      .i64(0)
      .op('i64.ne')
      .if(() => {
        code.i32(0).i32(cause).mem('i32.store', this.hart('cause'));
        code.i32(0).get(address).mem('i64.store', this.hart('tval'));
        this.exit(EXIT.trap);
      });
  }

  private translated(address: Local, size: AccessSize, access: 'read' | 'write', reason: ExitReason): Local {
    const { code, helpers } = this;
    const host = this.temps.take('i32');
    code
      .get(address)
      .i32(size)
      .call(access === 'read' ? helpers.translateRead : helpers.translateWrite);
    code
      .tee(host)
      .op('i32.eqz')
      .if(() => this.miss(reason, address, size));
    return host;
  }

  private miss(reason: ExitReason, address: Local, size: AccessSize): void {
    const { code } = this;
    code.i32(0).get(address).mem('i64.store', this.hart('tval'));
    code.i32(0).i32(size).mem('i32.store', this.hart('accessSize'));
    this.exit(reason);
  }

  private jumpTo(pushTarget: () => void): void {
    const { code } = this;
    code.i32(0);
    pushTarget();
    code.mem('i64.store', this.hart('pc')).i32(JUMPED).op('return');
  }

  private hart(field: Exclude<keyof typeof HART, 'bytes'>): number {
    return this.layout.hart + HART[field];
  }
}
