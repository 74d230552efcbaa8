/**
 * Writes the function of one region (signature.ts).
 *
 * Guest registers are locals. The budget is a local, paid as budget.ts plans. Memory is reached through the flat tables; an access that
 * they do not allow leaves the region with nothing done, and the interpreter does that instruction. Where a region is left, one of a
 * few stubs writes back what may have changed (region-exits.ts).
 *
 * Interface: emitRegion, RegionLinks.
 */
import type { Expr, RegisterOperand } from '../../isa/graph.ts';
import type { AccessSize } from '../../isa/ops.ts';
import type { CodeEmitter, FuncRef, GlobalRef, Label, Local } from '../../wasm/code.ts';
import { emitInstruction, type Flow } from '../interpreter/statements.ts';
import { Temps, type ValueEmitter } from '../interpreter/values.ts';
import { HART, type Layout } from '../layout.ts';
import { planBudget, type BudgetPlan } from './budget.ts';
import { analyzeRegisters, type RegisterFlow } from './dataflow.ts';
import { withEntries, type Entry } from './entries.ts';
import { analyze, type FlowGraph } from './flow-graph.ts';
import {
  endsInControlFlow,
  NO_MEMBERS,
  planStretches,
  type AccessGroup,
  type GroupMembers,
  type Stretch,
} from './access-groups.ts';
import { FlatAccess, type Host } from './flat-access.ts';
import { Guards } from './guards.ts';
import { GuestRegisters } from './guest-registers.ts';
import { versionLoops } from './loop-versions.ts';
import { emitMemoryEffect } from './memory-effects.ts';
import { registerNumber, timeRegister, type Instruction } from './instruction.ts';
import type { Region, SelectCase, Target } from './region.ts';
import type { Facts } from './register-facts.ts';
import type { RegisterSet } from './register-set.ts';
import { planWindows, type FpWindow } from './fp-windows.ts';
import { RegionFp, type FpLinks } from './region-fp.ts';
import { BEGINNING, RegionExits } from './region-exits.ts';
import { ENTRY, RESULT } from './signature.ts';
import { StructuredCode } from './structure.ts';
import { findPointerChains, type PointerChains } from './pointer-chains.ts';
import { planMoves, WideMoves } from './wide-moves.ts';
import { leavesWord, Words, type WordContext } from './words.ts';

/** What a region's function refers to. */
export interface RegionLinks {
  /** Calls whatever is at an address (jump-cache.ts). */
  readonly dispatch: FuncRef;
  /** See interpreter/time.ts; undefined where nothing reads the time. */
  readonly time: FuncRef | undefined;
  readonly fp: FpLinks;
  /** Makes an i32 that is kept from call to call. */
  global(initial: number): GlobalRef;
  /** A region of the same module whose root is at an offset from this one's, and whether it needs no look-up. */
  callee(at: number): { readonly region: FuncRef; readonly isSafe: boolean } | undefined;
}

/** Gives the ways in that it has besides the root (signature.ts). */
export function emitRegion(code: CodeEmitter, layout: Layout, region: Region, links: RegionLinks): readonly Entry[] {
  const emitter = new RegionEmitter(code, layout, region, links);
  emitter.emit();
  return emitter.entries;
}

const WORD_STORES = { 1: 'i32.store8', 2: 'i32.store16', 4: 'i32.store' } as const;
/** Cases that are compared one after another. */
const MAX_COMPARED_CASES = 3;
/** Behind an instruction in a block the next one follows. */
const GO_ON = (): void => undefined;

class RegionEmitter implements Flow {
  readonly code: CodeEmitter;
  readonly temps: Temps;
  readonly layout: Layout;
  readonly entries: readonly Entry[];
  private readonly links: RegionLinks;
  /** Ways out that more knowledge of the code may turn into ways within. */
  private readonly openExits: ReadonlySet<number>;
  private readonly graph: FlowGraph;
  private readonly registers: RegisterFlow;
  private readonly budgetPlan: BudgetPlan;
  private readonly structure: StructuredCode;
  private readonly exits: RegionExits;
  private readonly guest: GuestRegisters;
  private readonly flat: FlatAccess;
  private readonly guards: Guards;
  private readonly fp: RegionFp;
  private readonly words: Words;
  private readonly moves: WideMoves;
  private readonly chains: PointerChains;
  private readonly pc: Local;
  private readonly budget: Local;
  private readonly depth: Local;
  /** What a call gave. */
  private readonly result: Local;
  /** Never set: see DISPATCH_PARAMS. */
  private readonly nothing: Local;
  private readonly select: Local;
  /** Accesses that have been looked up in groups of the stretch. */
  private members: GroupMembers = NO_MEMBERS;
  private block = 0;
  private index = 0;
  private instruction!: Instruction;

  private readonly wordContext: WordContext;

  constructor(code: CodeEmitter, layout: Layout, region: Region, links: RegionLinks) {
    this.code = code;
    this.temps = new Temps(code);
    this.layout = layout;
    this.links = links;
    this.openExits = region.exits;
    const { graph, entries } = withEntries(analyze(region), region.entries);
    this.entries = entries;
    this.graph = versionLoops(graph);
    this.registers = analyzeRegisters(this.graph);
    this.budgetPlan = planBudget(this.graph);
    this.chains = findPointerChains(this.graph);
    this.structure = new StructuredCode(code, this.graph, (block) => this.emitBlock(block));
    [this.pc, this.budget, this.depth] = code.params as [Local, Local, Local];
    this.exits = new RegionExits(code, layout);
    this.guest = new GuestRegisters(code, layout);
    this.result = code.local('i32');
    this.nothing = code.local('v128');
    this.select = code.local('i32');
    this.moves = new WideMoves(code);
    this.flat = new FlatAccess(code, code.local('i32'));
    this.flat.declarePredictions(this.chains.bases, links.global);
    this.wordContext = this.makeWordContext();
    this.words = new Words(code, this.wordContext);
    this.guards = new Guards(code, this.flat, this.graph.blocks, (number) => this.guest.local('x', number));
    this.fp = new RegionFp(code, layout, links.fp, this.graph.blocks, (file, number) => this.guest.local(file, number));
  }

  private makeWordContext(): WordContext {
    const registerOf = (expr: Expr): number | undefined =>
      expr.op === 'reg' && expr.operand.file === 'x' ? this.numberOf('x', expr.operand.reg) : undefined;
    const imm = (): number => this.instruction.decoded.operands.imm ?? 0;
    return {
      get imm() {
        return imm();
      },
      register: registerOf,
      holdsWord: (register) => this.flat.facts.isWord(register),
      local: (register) => this.fp.at('x', register),
    };
  }

  emit(): void {
    this.exits.choose(this.graph, this.registers, this.budgetPlan);
    this.flat.loadTable(this.hart('flatTable'));
    this.fp.lookAtFlags();
    if (this.entries.length === 0) this.guest.load(this.registers.entryLoads(0));
    this.exits.emitAround(this.guest, this.pc, this.budget, () => this.structure.emit());
  }

  private emitBlock(block: number): void {
    const { instructions, end } = this.graph.blocks[block]!;
    this.block = block;
    this.words.forget();
    this.flat.beginBlock(this.graph.isLoopHeader[block] ? [] : this.graph.predecessors[block]!);
    if (this.budgetPlan.isCheckpoint(block)) this.emitCheckpoint(block);
    if (end.kind === 'select') return this.emitSelect(block, end.cases);
    const goTo = (target: Target): void => {
      this.block = block;
      this.goTo(target);
    };
    if (end.kind === 'guard') return this.guards.emitGuard(end, this.budget, this.budgetPlan.needed(block), goTo);
    if (end.kind === 'turn') return this.guards.emitTurn(end, goTo);
    for (const stretch of planStretches(this.graph.blocks[block]!)) this.emitStretch(stretch);
    if (endsInControlFlow(end.kind, instructions)) this.emitOne(instructions.length - 1);
    else this.fallThrough();
  }

  private emitSelect(block: number, cases: readonly SelectCase[]): void {
    if (block === 0) return this.emitEntrance(cases);
    this.emitCases(cases, (target) => this.goToCase(block, target));
  }

  /** Nothing is known at a select: it is a loop's header, or the entrance. Other blocks may have been emitted since it began. */
  private goToCase(block: number, target: Target): void {
    this.block = block;
    this.flat.beginBlock([]);
    this.goTo(target);
  }

  /** The last case is that of all other values. */
  private emitCases(cases: readonly SelectCase[], goTo: (target: Target) => void): void {
    const { code } = this;
    cases.forEach((target, i) => {
      if (i === cases.length - 1) return goTo(target);
      target.values.forEach((value, nth) => {
        code.get(this.select).i32(value).op('i32.eq');
        if (nth > 0) code.op('i32.or');
      });
      code.if(() => goTo(target));
    });
  }

  /** The first case is the root. */
  private emitEntrance([root, ...cases]: readonly SelectCase[]): void {
    const { code, depth, select } = this;
    const goTo = (target: Target): void => {
      this.guest.load(this.registers.entryLoads(target.block));
      this.goToCase(0, target);
    };
    code.get(depth).i32(ENTRY.depthMask).op('i32.gt_u').unlikely();
    code.if(() => {
      code.get(depth).i32(ENTRY.shift).op('i32.shr_u').set(select);
      code.get(depth).i32(ENTRY.depthMask).op('i32.and').set(depth);
      this.emitCases(cases, goTo);
    });
    goTo(root!);
  }

  /** Where accesses are grouped there are two versions of a stretch: with one look-up for each group, and without groups. */
  private emitStretch({ from, to, groups, members }: Stretch): void {
    const { flat } = this;
    const { instructions } = this.graph.blocks[this.block]!;
    const emitAll = (): void => {
      this.moves.begin(planMoves(instructions, from, to, (index) => this.memberAt(index)));
      this.emitPlain(from, to);
    };
    if (groups.length === 0) return emitAll();
    this.emitVersions((alone) => {
      flat.predict(this.chains.before(this.block, from));
      for (const group of groups) flat.openGroup(group, this.guest.local('x', group.base), alone);
      this.members = members;
      emitAll();
      this.members = NO_MEMBERS;
    }, emitAll);
  }

  private emitPlain(from: number, to: number): void {
    let at = from;
    for (const window of planWindows(this.graph.blocks[this.block]!.instructions, from, to)) {
      while (at < window.from) this.emitOne(at++);
      this.emitWindow(window);
      at = window.to;
    }
    while (at < to) this.emitOne(at++);
  }

  /** There are two versions of a window, too: fast and careful. */
  private emitWindow(window: FpWindow): void {
    const { fp } = this;
    const emitAll = (): void => {
      for (let i = window.from; i < window.to; i++) this.emitOne(i);
    };
    this.emitVersions(
      (careful) => fp.emitWindow(window, careful, emitAll),
      () => {
        emitAll();
        if (window.needsReady) fp.lookAtFlags();
      },
    );
  }

  /** The same instructions in two ways, of which the first may go over to the second from anywhere. */
  private emitVersions(emitFirst: (second: Label) => void, emitSecond: () => void): void {
    const { code, flat } = this;
    let facts: Facts;
    code.block((done) => {
      code.block((second) => {
        const before = flat.facts.snapshot();
        emitFirst(second);
        code.br(done);
        facts = flat.facts.snapshot();
        flat.facts.restore(before);
        this.words.forget();
      });
      emitSecond();
    });
    flat.facts.meet([flat.facts.snapshot(), facts!]);
  }

  private emitOne(index: number): void {
    this.index = index;
    this.instruction = this.graph.blocks[this.block]!.instructions[index]!;
    const { instruction } = this;
    this.fp.begin(instruction, index);
    if (instruction.mayExit) this.flat.predict(this.chains.before(this.block, index));
    const isWord = leavesWord(instruction, this.wordContext);
    this.words.before(instruction);
    emitInstruction(instruction.graph, this, instruction.ending?.kind === 'branch' ? undefined : GO_ON);
    this.words.after(instruction);
    this.noteWrites(instruction, isWord);
  }

  /** Tells the memory path what became of registers. */
  private noteWrites(instruction: Instruction, isWord: boolean): void {
    const { result, sum } = instruction;
    this.flat.facts.wrote(result, isWord, sum?.from, sum?.by);
  }

  private emitCheckpoint(block: number): void {
    const { code } = this;
    this.exits.prepare(this.graph.blocks[block]!.at, 0, RESULT.exhausted);
    code.get(this.budget).i32(this.budgetPlan.needed(block)).op('i32.lt_s').unlikely().brIf(this.exitLabel(BEGINNING));
  }

  // Flow: how instructions end.

  fallThrough(): void {
    const { end } = this.graph.blocks[this.block]!;
    if (end.kind === 'branch' || end.kind === 'goto') return this.goTo(end.next);
    if (end.kind !== 'leave') throw new Error(`a ${end.kind} falls through`);
    this.exits.prepare(end.at, this.owedAtEnd(), end.isEcall ? RESULT.ecall : RESULT.interpret);
    this.code.br(this.exitLabel(this.graph.blocks[this.block]!.instructions.length));
  }

  jumpRelative(): void {
    const { block, index } = this;
    const { end } = this.graph.blocks[block]!;
    const facts = this.flat.facts.snapshot();
    if (end.kind === 'branch') this.goTo(end.taken);
    else if (end.kind === 'goto') this.goTo(end.next);
    else if (end.kind === 'call') this.emitCall(() => this.code.get(this.pc).i64(end.callee!).op('i64.add'), end);
    else throw new Error(`a ${end.kind} jumps`);
    // Other blocks may have been emitted in between.
    this.block = block;
    this.index = index;
    this.flat.facts.restore(facts);
  }

  jump(target: Expr, values: ValueEmitter): void {
    const { code, block } = this;
    const { end } = this.graph.blocks[block]!;
    if (end.kind === 'return') {
      this.guest.writeBack(this.dirtyAtEnd());
      code.get(this.budget).i32(this.owedAtEnd()).op('i32.sub', 'return');
    } else if (end.kind === 'returnTo') this.emitInlinedReturn(end.next);
    else if (end.kind === 'call') this.emitCall(() => values.value(target), end);
    else if (end.kind === 'jump') {
      if (end.cases.length > 0) {
        const distance = this.temps.take('i64');
        values.value(target);
        code.get(this.pc).op('i64.sub').set(distance);
        this.emitSwitch(
          distance,
          [...end.cases].sort((a, b) => a.at - b.at),
        );
      }
      this.guest.writeBack(this.dirtyAtEnd());
      values.value(target);
      code.get(this.budget).i32(this.owedAtEnd()).op('i32.sub').get(this.depth).get(this.nothing);
      code.returnCall(this.links.dispatch);
    } else throw new Error(`a ${end.kind} jumps`);
  }

  /** Goes to the case that lies at a distance from the root, or goes on where it is none of them, which are in order. */
  private emitSwitch(distance: Local, cases: readonly Target[]): void {
    const { code, block } = this;
    const facts = this.flat.facts.snapshot();
    const goTo = (target: Target): void => {
      this.goTo(target);
      this.block = block;
      this.flat.facts.restore(facts);
    };
    const search = (from: number, to: number): void => {
      const middle = (from + to) >> 1;
      if (to - from > MAX_COMPARED_CASES) {
        code.get(distance).i64(cases[middle]!.at).op('i64.lt_s');
        code.if(
          () => search(from, middle),
          () => search(middle, to),
        );
      } else
        for (const target of cases.slice(from, to)) {
          code.get(distance).i64(target.at).op('i64.eq');
          code.if(() => goTo(target));
        }
    };
    search(0, cases.length);
  }

  repeat(): never {
    throw new Error('left to the interpreter');
  }

  /** Conditional traps of a row are raised by the interpreter, which does the instruction again. */
  trap(): void {
    this.prepareSideExit(RESULT.trap);
    this.code.br(this.exitLabel(this.index));
  }

  /** rdtime; the others are left to the interpreter. */
  system(): void {
    const { code } = this;
    const ticks = this.temps.take('i64');
    this.prepareSideExit(RESULT.interpret);
    code
      .get(this.budget)
      .i32(this.budgetPlan.owedAt(this.block) + this.index)
      .op('i32.sub')
      .call(this.links.time!)
      .tee(ticks)
      .i64(0)
      .op('i64.lt_s')
      .unlikely()
      .brIf(this.exitLabel(this.index));
    code.get(ticks).set(this.guest.local('x', timeRegister(this.instruction.decoded)));
  }

  private goTo(target: Target): void {
    const { code, block } = this;
    if (target.block < 0) {
      const isOpen = this.openExits.has(target.at);
      this.exits.prepare(target.at, this.owedAtEnd(), isOpen ? RESULT.goOn : RESULT.settled);
      code.br(this.exitLabel(this.graph.blocks[block]!.instructions.length));
      return;
    }
    const payment = this.budgetPlan.paymentBetween(block, target.block);
    if (target.select !== undefined) code.i32(target.select).set(this.select);
    if (payment !== 0) code.get(this.budget).i32(payment).op('i32.sub').set(this.budget);
    this.flat.endBlock(block);
    this.structure.goTo(block, target.block);
  }

  private emitInlinedReturn(next: Target): void {
    const { code } = this;
    const link = this.guest.local('x', 1);
    code.get(link).get(this.pc).i64(next.at).op('i64.add', 'i64.ne');
    code.unlikely().if(() => {
      this.guest.writeBack(this.dirtyAtEnd());
      code.get(this.budget).i32(this.owedAtEnd()).op('i32.sub').set(this.budget);
      this.goOnAt(() => code.get(link).i64(-2).op('i64.and'));
    });
    this.goTo(next);
  }

  private emitCall(pushTarget: () => void, end: { callee: number | undefined; next: Target }): void {
    const { code, block, result } = this;
    const callee = end.callee === undefined ? undefined : this.links.callee(end.callee);
    this.guest.writeBack(this.dirtyAtEnd());
    code.get(this.budget).i32(this.owedAtEnd()).op('i32.sub').set(this.budget);
    if (callee?.isSafe) {
      code.get(this.depth).op('i32.eqz');
      code.unlikely().if(() => this.goOnAt(pushTarget));
      pushTarget();
      code.get(this.budget).get(this.depth).i32(1).op('i32.sub').call(callee.region);
    } else {
      pushTarget();
      code.get(this.budget).get(this.depth).i32(1).op('i32.sub').get(this.nothing).call(this.links.dispatch);
    }
    code.tee(result).i32(0).op('i32.lt_s');
    code.unlikely().if(() => code.get(result).op('return'));
    code.get(result).set(this.budget);
    this.flat.forgetStreams();
    const back = end.next.at;
    const link = (): void => void code.i32(0).mem('i64.load', this.guest.address('x', 1));
    link();
    code.get(this.pc).i64(back).op('i64.add', 'i64.ne');
    code.unlikely().if(() =>
      this.goOnAt(() => {
        link();
        code.i64(-2).op('i64.and');
      }),
    );
    if (end.next.block < 0) return this.goOnAt(() => code.get(this.pc).i64(back).op('i64.add'));
    this.guest.load(this.registers.loadsAfterCall(block));
    this.fp.lookAtFlags();
    if (end.next.select !== undefined) code.i32(end.next.select).set(this.select);
    this.structure.goTo(block, end.next.block);
  }

  /** Leaves to an address; registers are written back and nothing is owed. */
  private goOnAt(pushAddress: () => void): void {
    const { code } = this;
    code.i32(0);
    pushAddress();
    code.mem('i64.store', this.hart('pc'));
    code.i32(0).get(this.budget).mem('i32.store', this.hart('budget'));
    code.i32(RESULT.goOn).op('return');
  }

  // Site: what instructions read and write.

  pushRegisterValue({ file, reg }: RegisterOperand): void {
    const { code } = this;
    if (file === 'flag') throw new Error('RISC-V has no flags');
    const number = this.numberOf(file, reg);
    if (file === 'f') this.fp.pushBits(number);
    else if (number === 0) code.i64(0);
    else code.get(this.fp.at(file, number));
  }

  setRegister({ file, reg }: RegisterOperand, value: Expr, values: ValueEmitter): void {
    if (file === 'flag') throw new Error('RISC-V has no flags');
    const number = this.numberOf(file, reg);
    if (file === 'f' || number !== 0) this.fp.setRegister(file, number, value, values);
  }

  floatType(expr: Expr): 'f32' | 'f64' | undefined {
    return this.fp.floatType(expr);
  }

  pushFloat(expr: Expr, values: ValueEmitter): void {
    this.fp.pushFloat(expr, values);
  }

  pushImm(): void {
    this.code.i64(this.instruction.decoded.operands.imm ?? 0);
  }

  pushPc(): void {
    this.pushAddress(this.instruction.at);
  }

  pushNextPc(): void {
    this.pushAddress(this.instruction.at + this.instruction.length);
  }

  effect(expr: Expr, result: Local, values: ValueEmitter): void {
    if (expr.op === 'load') {
      const { size, a } = expr;
      if (this.moves.load(this.index, () => this.translate(size, a, 'read', values), result)) return;
    }
    if (emitMemoryEffect(this, expr, result, values)) return;
    switch (expr.op) {
      case 'rounding':
        return this.emitRounding(result);
      case 'fp':
        return this.fp.emit(expr, result, values);
      default:
        throw new Error(`${expr.op} is no effect`);
    }
  }

  store(size: AccessSize, address: Expr, value: Expr, values: ValueEmitter): void {
    const { code } = this;
    if (this.moves.store(this.index, () => this.translate(size, address, 'write', values))) return;
    const host = this.translate(size, address, 'write', values);
    code.get(host.local);
    if (size === 8 && this.instruction.reads.f !== 0) {
      this.fp.pushFloat(value, values);
      code.mem('f64.store', host.offset);
    } else if (size === 8) {
      values.value(value);
      code.mem('i64.store', host.offset);
    } else {
      this.words.pushWord(value, values);
      code.mem(WORD_STORES[size], host.offset);
    }
  }

  shortcut(expr: Expr, values: ValueEmitter): boolean {
    return this.words.push(expr, values);
  }

  private emitRounding(result: Local): void {
    const { code } = this;
    const [dynamic, largest] = [7, 4];
    // The mode is known where a window is entered.
    if (this.fp.careful) return;
    const mode = this.instruction.decoded.operands.rm ?? dynamic;
    if (mode === dynamic) code.i32(0).mem('i64.load32_u', this.hart('frm')).set(result);
    else code.i64(mode).set(result);
    if (mode !== dynamic && mode <= largest) return;
    this.prepareSideExit(RESULT.trap);
    code.get(result).i64(largest).op('i64.gt_u').unlikely().brIf(this.exitLabel(this.index));
  }

  /** The group of an access that has been looked up. */
  private memberAt(index: number): { readonly group: AccessGroup; readonly offset: number } | undefined {
    return this.members.get(index) ?? this.graph.blocks[this.block]!.guarded?.get(index);
  }

  translate(size: AccessSize, address: Expr, access: 'read' | 'write', values: ValueEmitter): Host {
    const member = this.memberAt(this.index);
    if (member) return this.flat.inGroup(member.group, member.offset);
    const { careful } = this.fp;
    const { operands } = this.instruction.decoded;
    const pair = address.op === 'add' && address.b.op === 'imm' ? address : undefined;
    const base = pair ? pair.a : address;
    const place = {
      base: base.op === 'reg' ? this.numberOf('x', base.operand.reg) : undefined,
      offset: pair ? (operands.imm ?? 0) : 0,
    };
    return this.flat.translate(
      size,
      access,
      place,
      () => values.value(base),
      this.temps,
      () => {
        if (!careful) this.prepareSideExit(RESULT.access);
        this.code.br(careful ?? this.exitLabel(this.index));
      },
    );
  }

  // Ways out.

  private prepareSideExit(result: number): void {
    this.exits.prepare(this.instruction.at, this.budgetPlan.owedAt(this.block) + this.index, result);
  }

  private exitLabel(place: number): Label {
    return this.exits.label(this.block, place);
  }

  private owedAtEnd(): number {
    return this.budgetPlan.owedAt(this.block) + this.graph.blocks[this.block]!.instructions.length;
  }

  private dirtyAtEnd(): RegisterSet {
    const { instructions } = this.graph.blocks[this.block]!;
    return instructions.reduce((set, { writes }) => set.union(writes), this.registers.dirtyIn[this.block]!);
  }

  private pushAddress(at: number): void {
    this.code.get(this.pc);
    if (at !== 0) this.code.i64(at).op('i64.add');
  }

  private numberOf(file: 'x' | 'f', reg: RegisterOperand['reg']): number {
    return registerNumber(this.instruction.decoded, file, reg);
  }

  private hart(field: Exclude<keyof typeof HART, 'bytes'>): number {
    return this.layout.hart + HART[field];
  }
}
