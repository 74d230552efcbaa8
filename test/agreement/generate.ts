/**
 * Random programs that end: functions, loops in loops, jump tables, jumps into loops, tail calls, recursion, code that changes itself.
 *
 * Interface: generateProgram, GenerateOptions.
 * Functions call only those with higher numbers (and themselves, bounded), so what a call costs is known when it is made. Costs are in
 * instructions and estimated upward: every loop is given as many turns as its share allows.
 */
import { DUMP, HIGH_REGION, LOW_REGION, REG, STACK_TOP, windowsOf, WINDOW_BYTES } from './places.ts';
import type { InitialState, MazeBlock, Node, Program, ProgramFunction, Test } from './program.ts';
import { Random } from './random.ts';
import { StepMaker } from './steps.ts';
import { floatBits, integerValue } from './values.ts';

export interface GenerateOptions {
  /** For machines that agree to the instruction; see StepOptions. */
  readonly exact?: boolean;
}

export function generateProgram(seed: number, { exact = false }: GenerateOptions = {}): Program {
  const random = new Random(seed);
  const highData = random.chance(20);
  const steps = new StepMaker(random, { highData, exact });
  const initial = initialState(random, highData);
  const allowance = random.weighted([
    [60, 1500],
    [34, 6000],
    [5, 30_000],
    [1, 300_000],
  ]);
  return { seed, functions: new Generator(random, steps).functions(allowance), initial, highData };
}

function initialState(random: Random, highData: boolean): InitialState {
  const { window, edge } = windowsOf(highData ? HIGH_REGION : LOW_REGION);
  const x = Array.from({ length: 32 }, () => integerValue(random));
  x[0] = 0n;
  x[REG.sp] = BigInt(STACK_TOP);
  x[REG.gp] = BigInt(DUMP);
  x[REG.window] = BigInt(window);
  x[REG.edge] = BigInt(edge);
  const f = Array.from({ length: 32 }, () => floatBits(random));
  const windows = new Uint8Array(WINDOW_BYTES);
  const view = new DataView(windows.buffer);
  for (let at = 0; at < WINDOW_BYTES; at += 8)
    view.setBigUint64(at, random.chance(50) ? integerValue(random) : floatBits(random), true);
  // Inexact is set more often than not once a program has run for a while.
  return {
    x,
    f,
    fcsr:
      random.pick([0, 0, 1, 31]) |
      (random.weighted([
        [6, 0],
        [4, random.below(5)],
      ]) <<
        5),
    windows,
  };
}

interface Part {
  readonly node: Node;
  readonly cost: number;
}

interface Callable {
  readonly index: number;
  readonly cost: number;
  /** It, or something that it calls, uses REG.depth. */
  readonly recursive: boolean;
}

const PROLOGUE_COST = 20;
const MAX_DEPTH = 6;
const MAX_NESTING = 3;
const BRANCHES = ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'] as const;

class Generator {
  readonly #random: Random;
  readonly #steps: StepMaker;
  #ids = 0;
  /** Of the function being made. */
  #callable: Callable[] = [];
  #self = 0;
  #mayRecurse = false;
  #recursive = false;
  #counters: number[] = [];
  #countersUsed = new Set<number>();
  #loopDepth = 0;

  constructor(random: Random, steps: StepMaker) {
    this.#random = random;
    this.#steps = steps;
  }

  functions(allowance: number): ProgramFunction[] {
    const made: ProgramFunction[] = [];
    const count = this.#random.weighted([
      [4, 1],
      [4, 2],
      [3, 4],
      [1, 7],
    ]);
    // Callees first.
    for (let index = count - 1; index >= 0; index--)
      made.unshift(this.#function(index, allowance / 2 ** Math.min(index, 3)));
    return made;
  }

  #function(index: number, allowance: number): ProgramFunction {
    const random = this.#random;
    this.#self = index;
    this.#recursive = false;
    this.#mayRecurse = index > 0 && random.chance(40);
    this.#counters = [...REG.counters];
    this.#countersUsed = new Set();
    const callable = this.#callable;
    // Recursion counts in one register: what recurses calls nothing that does.
    if (this.#mayRecurse) this.#callable = callable.filter(({ recursive }) => !recursive);
    const usesRecursion = this.#callable.some(({ recursive }) => recursive);
    const { nodes, cost } = this.#body(this.#mayRecurse ? allowance / MAX_DEPTH : allowance, 0);
    const tail = this.#tail(allowance - cost);
    const total = (cost + PROLOGUE_COST) * (this.#recursive ? MAX_DEPTH + 1 : 1) + (tail?.cost ?? 0);
    this.#callable = [...callable, { index, cost: total, recursive: this.#recursive || usesRecursion }];
    return { body: nodes, counters: [...this.#countersUsed], tail: tail?.tail };
  }

  #tail(allowance: number): { tail: NonNullable<ProgramFunction['tail']>; cost: number } | undefined {
    const random = this.#random;
    const callee = this.#affordable(allowance);
    if (!callee || this.#recursive || random.chance(70)) return undefined;
    const via = random.chance(50) ? undefined : this.#steps.free();
    return { tail: { callee: callee.index, depth: this.#depthFor([callee]), via }, cost: callee.cost };
  }

  #affordable(allowance: number): Callable | undefined {
    const affordable = this.#callable.filter(({ cost }) => cost < allowance);
    return affordable.length > 0 ? this.#random.pick(affordable) : undefined;
  }

  #body(allowance: number, nesting: number): { nodes: Node[]; cost: number } {
    const random = this.#random;
    const nodes: Node[] = [];
    let cost = 0;
    for (let wanted = random.between(1, nesting === 0 ? 9 : 5); wanted > 0 && cost < allowance; wanted--) {
      const part = this.#node(allowance - cost, nesting);
      nodes.push(part.node);
      cost += part.cost;
    }
    return { nodes, cost };
  }

  #node(allowance: number, nesting: number): Part {
    const random = this.#random;
    const nests = nesting < MAX_NESTING && allowance > 20;
    const make = random.weighted<() => Part | undefined>([
      [45, () => this.#step(allowance)],
      [nests ? 12 : 0, () => this.#if(allowance, nesting)],
      [nests ? 16 : 0, () => this.#loop(allowance, nesting)],
      [nests ? 6 : 0, () => this.#switch(allowance, nesting)],
      [nests ? 7 : 0, () => this.#maze(allowance, nesting)],
      [12, () => this.#call(allowance)],
      [this.#mayRecurse ? 8 : 0, () => this.#recurse()],
      [4, () => this.#leave()],
      [5, () => this.#walk(allowance)],
      [2, () => this.#hop()],
      [allowance > 500 ? 2 : 0, () => this.#patch()],
      [3, () => this.#reserve()],
      [3, () => this.#relative()],
    ]);
    return make() ?? this.#step(allowance);
  }

  #id(): number {
    return this.#ids++;
  }

  #step(allowance: number): Part {
    const { insns, cost } = this.#steps.step(allowance);
    return { node: { id: this.#id(), kind: 'step', insns }, cost };
  }

  #test(): Test {
    const random = this.#random;
    return {
      name: random.pick(BRANCHES),
      operands: { rs1: this.#steps.source(), rs2: random.chance(30) ? 0 : this.#steps.source() },
    };
  }

  #if(allowance: number, nesting: number): Part {
    const random = this.#random;
    const then = this.#body(allowance / 2, nesting + 1);
    const otherwise = random.chance(50) ? this.#body(allowance / 2, nesting + 1) : { nodes: [], cost: 0 };
    const test = this.#test();
    const node: Node = { id: this.#id(), kind: 'if', test, then: then.nodes, otherwise: otherwise.nodes };
    return { node, cost: 2 + Math.max(then.cost, otherwise.cost) };
  }

  #loop(allowance: number, nesting: number): Part | undefined {
    const counter = this.#counters.shift();
    if (counter === undefined) return undefined;
    const random = this.#random;
    const share = random.pick([2, 4, 10, 40]);
    this.#loopDepth++;
    const body = this.#body(Math.max(4, allowance / share - 4), nesting + 1);
    this.#loopDepth--;
    this.#release(counter);
    const times = this.#times(allowance, body.cost + 4);
    const shape = random.pick(['down', 'up', 'while', 'test-at-end'] as const);
    const node: Node = {
      id: this.#id(),
      kind: 'loop',
      setup: [],
      shape,
      counter,
      times,
      limit: this.#steps.free(),
      body: body.nodes,
    };
    return { node, cost: times * (body.cost + 4) };
  }

  /** How often something may be done; sometimes as often as can be. */
  #times(allowance: number, cost: number): number {
    const most = Math.max(1, Math.min(100_000, Math.floor(allowance / cost)));
    return this.#random.chance(30) ? most : this.#random.between(1, Math.min(most, 30));
  }

  #release(counter: number): void {
    this.#counters.unshift(counter);
    this.#countersUsed.add(counter);
  }

  #switch(allowance: number, nesting: number): Part {
    const random = this.#random;
    const bodies = Array.from({ length: random.pick([2, 4, 4, 8]) }, () => this.#body(allowance / 2, nesting + 2));
    const node: Node = {
      id: this.#id(),
      kind: 'switch',
      form: random.pick(['pointers', 'offsets', 'jumps']),
      index: this.#indexRegister(),
      temps: this.#steps.twoFree(),
      cases: bodies.map(({ nodes }) => nodes),
    };
    return { node, cost: 10 + Math.max(...bodies.map(({ cost }) => cost)) };
  }

  /** In a loop often its counter, so that all cases are met. */
  #indexRegister(): number {
    return this.#loopDepth > 0 && this.#random.chance(60) ? this.#random.pick(REG.counters) : this.#steps.source();
  }

  #maze(allowance: number, nesting: number): Part | undefined {
    const counter = this.#counters.shift();
    if (counter === undefined) return undefined;
    const random = this.#random;
    const count = random.between(2, 6);
    const bodies = Array.from({ length: count }, () => this.#body(Math.max(2, allowance / 20), nesting + 2));
    this.#release(counter);
    const blocks = bodies.map(({ nodes }, index): MazeBlock => ({
      body: nodes,
      test: this.#test(),
      taken: random.below(count + 1),
      next: random.chance(60) ? index + 1 : random.below(count + 1),
    }));
    // Between two jumps back each block is met once at most.
    const turn = bodies.reduce((sum, { cost }) => sum + cost + 5, 0);
    const fuel = this.#times(allowance, turn);
    const node: Node = { id: this.#id(), kind: 'maze', counter, fuel, start: random.below(count), blocks };
    return { node, cost: (fuel + 1) * turn };
  }

  #call(allowance: number): Part | undefined {
    const random = this.#random;
    const first = this.#affordable(allowance);
    if (!first) return undefined;
    const form = random.pick(['near', 'near', 'far', 'table'] as const);
    const others = form === 'table' ? [0, 1, 2].map(() => this.#affordable(allowance)!) : [];
    const callees = [first, ...others];
    const node: Node = {
      id: this.#id(),
      kind: 'call',
      form,
      callees: callees.map(({ index }) => index),
      index: this.#indexRegister(),
      temps: this.#steps.twoFree(),
      depth: this.#depthFor(callees),
    };
    return { node, cost: 8 + Math.max(...callees.map(({ cost }) => cost)) };
  }

  #depthFor(callees: readonly Callable[]): number {
    return callees.some(({ recursive }) => recursive) ? this.#random.between(1, MAX_DEPTH) : 0;
  }

  #recurse(): Part {
    this.#recursive = true;
    return { node: { id: this.#id(), kind: 'recurse', self: this.#self }, cost: 3 };
  }

  #leave(): Part {
    const random = this.#random;
    const to = this.#loopDepth > 0 ? random.pick(['break', 'break', 'continue', 'return'] as const) : 'return';
    return { node: { id: this.#id(), kind: 'leave', test: this.#test(), to, levels: random.between(1, 2) }, cost: 1 };
  }

  #walk(allowance: number): Part | undefined {
    const counter = this.#counters.shift();
    if (counter === undefined) return undefined;
    const random = this.#random;
    const { setup, turn, pointer } = this.#steps.walk(allowance > 30_000);
    this.#release(counter);
    const between = this.#steps.arithmetic();
    const insns = random.chance(50) && between.operands.rd !== pointer ? [between, ...turn] : turn;
    const body: Node[] = [{ id: this.#id(), kind: 'step', insns }];
    const shape = random.pick(['down', 'while', 'test-at-end'] as const);
    // More would leave the window.
    const times = random.between(2, 11);
    const node: Node = { id: this.#id(), kind: 'loop', setup, shape, counter, times, limit: pointer, body };
    return { node, cost: times * 8 };
  }

  #hop(): Part {
    const link = this.#random.pick([REG.ra, 5, this.#steps.free()]);
    return { node: { id: this.#id(), kind: 'hop', link, skipped: this.#steps.arithmetic() }, cost: 4 };
  }

  #patch(): Part {
    const choices = [this.#steps.arithmetic(), this.#steps.arithmetic()] as const;
    const node: Node = {
      id: this.#id(),
      kind: 'patch',
      chooser: this.#indexRegister(),
      temps: this.#steps.twoFree(),
      choices,
    };
    return { node, cost: 200 };
  }

  #reserve(): Part {
    return { node: { id: this.#id(), kind: 'reserve', ...this.#steps.reserve() }, cost: 6 };
  }

  #relative(): Part {
    const random = this.#random;
    const [via, rd] = this.#steps.twoFree();
    const insn = random.pick([
      { name: 'addi', operands: { rd: via, rs1: via }, compress: false },
      { name: random.pick(['ld', 'lw', 'lhu', 'lb']), operands: { rd, rs1: via }, compress: false },
      { name: random.pick(['fld', 'flw']), operands: { fd: random.below(32), rs1: via }, compress: false },
    ]);
    return { node: { id: this.#id(), kind: 'relative', via, insn, data: floatBits(random) }, cost: 2 };
  }
}
