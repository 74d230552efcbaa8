/**
 * The ways out of a region in the middle. Each says where it is, what is owed there and what the region's result is; a stub writes
 * back what may have changed (exit-stubs.ts), and all then leave together.
 *
 * Exits are named by their block and their place in it: the index of an instruction, BEGINNING, or the number of instructions for the end.
 *
 * Interface: RegionExits, BEGINNING.
 */
import type { CodeEmitter, Label, Local } from '../../wasm/code.ts';
import { HART, type Layout } from '../layout.ts';
import type { BudgetPlan } from './budget.ts';
import type { RegisterFlow } from './dataflow.ts';
import { ExitStubs } from './exit-stubs.ts';
import type { FlowGraph } from './flow-graph.ts';
import type { GuestRegisters } from './guest-registers.ts';
import { targetsOf } from './region.ts';

/** Where the budget is compared. */
export const BEGINNING = -1;

export class RegionExits {
  private readonly code: CodeEmitter;
  private readonly layout: Layout;
  private readonly stubs = new ExitStubs();
  /** The stub of each exit. */
  private readonly stubOf = new Map<number, number>();
  private readonly labels: Label[] = [];
  /** Where the region was left, what is owed there, and the result. One local, as V8 has a variable for each in every stub. */
  private readonly way: Local;

  constructor(code: CodeEmitter, layout: Layout) {
    this.code = code;
    this.layout = layout;
    this.way = code.local('i64');
  }

  /** Decides which stub serves which exit; to be called before any code refers to one. */
  choose(graph: FlowGraph, registers: RegisterFlow, plan: BudgetPlan): void {
    for (const block of graph.order) {
      let dirty = registers.dirtyIn[block]!;
      let valid = registers.validIn[block]!;
      const choose = (place: number): void =>
        void this.stubOf.set(keyOf(block, place), this.stubs.choose(dirty, valid));
      const { instructions, end } = graph.blocks[block]!;
      if (plan.isCheckpoint(block)) choose(BEGINNING);
      instructions.forEach((instruction, i) => {
        if (instruction.mayExit) choose(i);
        dirty = dirty.union(instruction.writes);
        valid = valid.union(instruction.writes);
      });
      const targets = end.kind === 'call' ? [] : targetsOf(end);
      if (end.kind === 'leave' || targets.some((target) => target.block < 0)) choose(instructions.length);
    }
  }

  /** Emits the region's code, out of which nothing falls, and the stubs around it. */
  emitAround(registers: GuestRegisters, pc: Local, budget: Local, emitCode: () => void): void {
    const { code } = this;
    const hart = (field: 'pc' | 'budget'): number => this.layout.hart + HART[field];
    code.block((common) => {
      this.nest(0, common, registers, emitCode);
    });
    code.i32(0).get(pc).get(this.way).i64(WAY.atShift).op('i64.shr_s', 'i64.add').mem('i64.store', hart('pc'));
    code.i32(0).get(budget).get(this.way).op('i32.wrap_i64');
    code.i32(WAY.owedShift).op('i32.shr_u').i32(WAY.owedMask).op('i32.and', 'i32.sub').mem('i32.store', hart('budget'));
    code.i32(0).get(this.way).op('i32.wrap_i64').i32(WAY.resultMask).op('i32.and', 'i32.sub');
  }

  private nest(stub: number, common: Label, registers: GuestRegisters, emitCode: () => void): void {
    const { code } = this;
    if (stub === this.stubs.count) return emitCode();
    code.block((label) => {
      this.labels[stub] = label;
      this.nest(stub + 1, common, registers, emitCode);
      code.op('unreachable');
    });
    registers.writeBack(this.stubs.writes(stub));
    code.br(common);
  }

  /** Says what a branch to an exit's label that follows is to mean: `at` is an offset from the root. */
  prepare(at: number, owed: number, result: number): void {
    if (owed > WAY.owedMask) throw new RangeError(`${owed} instructions are owed`);
    this.code.i64(at * 2 ** WAY.atShift + owed * 2 ** WAY.owedShift - result).set(this.way);
  }

  label(block: number, place: number): Label {
    return this.labels[this.stubOf.get(keyOf(block, place))!]!;
  }
}

/** The negated result, what is owed, and on top the offset; together no more than a number has bits. */
const WAY = { resultMask: 7, owedShift: 3, owedMask: 0x1ffff, atShift: 20 } as const;

/** More than a block has places. */
const PLACES = 1 << 16;

function keyOf(block: number, place: number): number {
  return block * PLACES + place;
}
