/** Translated code that comes from another thread, some time after it was ordered. */
import { expect, it } from 'vitest';
import { nodeWasm } from '../host/node/wasm.ts';
import { assemble } from '../isa/riscv/assemble.ts';
import { createMachine, RAM_BASE, type Machine } from './machine.ts';
import { fillOrder, type CompiledModule, type Workshop } from './workshop.ts';

const [T0, COUNT] = [5, 8];
const FIRST_PFN = RAM_BASE / 4096;
const LOOP = (step: number): string =>
  `loop:\naddi t0, t0, ${step}\naddi s0, s0, -1\nbne s0, zero, loop\nend:\njal zero, end`;

/** Fills orders when it is told to, or fails. */
class SlowWorkshop implements Workshop {
  readonly isBusy = false;
  readonly #waiting: (() => void)[] = [];
  readonly #fails: boolean;

  constructor(fails = false) {
    this.#fails = fails;
  }

  get count(): number {
    return this.#waiting.length;
  }

  order(order: Parameters<Workshop['order']>[0], done: (made: CompiledModule | undefined) => void): void {
    this.#waiting.push(() => {
      if (this.#fails) return done(undefined);
      done(nodeWasm.compile(fillOrder(structuredClone(order))));
    });
  }

  deliver(): void {
    for (const fill of this.#waiting.splice(0)) fill();
  }
}

function start(workshop: Workshop, rounds: number): Machine {
  const clock = { nowNs: () => 0 };
  const machine = createMachine({ wasm: { ...nodeWasm, workshop: () => workshop }, ramBytes: 1 << 20, clock });
  put(machine, 1);
  machine.hart.setX(COUNT, rounds);
  machine.hart.pc = RAM_BASE;
  return machine;
}

function put({ ram }: Machine, step: number): void {
  ram.i32.set(assemble(LOOP(step), RAM_BASE).words, ram.offsetOf(RAM_BASE) >>> 2);
}

function runUntilOrdered(machine: Machine, workshop: SlowWorkshop): void {
  for (let i = 0; i < 100 && workshop.count === 0; i++) machine.hart.run(50_000);
  expect(workshop.count).toBeGreaterThan(0);
}

function finish(machine: Machine): void {
  while (machine.hart.x(COUNT) !== 0) machine.hart.run(1_000_000);
}

it('goes on interpreting until the code is there, and then runs it', () => {
  const workshop = new SlowWorkshop();
  const machine = start(workshop, 3_000_000);
  runUntilOrdered(machine, workshop);
  machine.hart.run(500_000);
  expect(machine.stats.translator!.retired).toBe(0);
  workshop.deliver();
  finish(machine);
  expect(machine.hart.x(T0)).toBe(3_000_000);
  const { retired, besideModules, modules } = machine.stats.translator!;
  expect(retired).toBeGreaterThan(4_000_000);
  expect(besideModules).toBe(modules);
});

it('orders the same code once', () => {
  const workshop = new SlowWorkshop();
  const machine = start(workshop, 3_000_000);
  runUntilOrdered(machine, workshop);
  machine.hart.run(4_000_000);
  expect(workshop.count).toBe(1);
});

it('takes no code that was changed in the meantime', () => {
  const workshop = new SlowWorkshop();
  const machine = start(workshop, 3_000_000);
  runUntilOrdered(machine, workshop);
  // In a round that has added its step already and not counted itself yet, nothing more is added.
  const isHalfDone = machine.hart.pc === RAM_BASE + 4;
  const [done, left] = [machine.hart.x(T0), machine.hart.x(COUNT) - Number(isHalfDone)];
  put(machine, 2);
  machine.invalidateCode(FIRST_PFN);
  // Decoded anew, before the old code comes.
  machine.hart.run(3);
  workshop.deliver();
  expect(machine.stats.translator!.made).toBe(0);
  finish(machine);
  expect(machine.hart.x(T0)).toBe(done + 2 * left);
});

it('takes no code from before its caches were dropped', () => {
  const workshop = new SlowWorkshop();
  const machine = start(workshop, 3_000_000);
  runUntilOrdered(machine, workshop);
  machine.dropCaches();
  workshop.deliver();
  expect(machine.stats.translator!.made).toBe(0);
});

it('makes here what could not be made there', () => {
  const workshop = new SlowWorkshop(true);
  const machine = start(workshop, 3_000_000);
  runUntilOrdered(machine, workshop);
  workshop.deliver();
  finish(machine);
  const { made, besideModules } = machine.stats.translator!;
  expect(made).toBeGreaterThan(0);
  expect(besideModules).toBe(0);
});
