/** Translated code that one machine leaves and another takes. */
import { expect, it } from 'vitest';
import { memoryStore, type MemoryStore } from '../host/test-code-store.ts';
import type { WasmPort } from '../cpu/wasm-port.ts';
import { nodeWasm } from '../host/node/wasm.ts';
import { assemble } from '../isa/riscv/assemble.ts';
import { createMachine, RAM_BASE, type Machine } from './machine.ts';

const T0 = 5;
const COUNT = 10;
const KIND = 11;
const SUM = 12;
const PAGE_WORDS = 1024;

/** The words at an address. */
type Program = (at: number) => ArrayLike<number>;

/** Adds `step` or 100 to t0, as a1 says, a0 times. */
const loop =
  (step: number): Program =>
  (at) =>
    assemble(
      `loop:
       beq a1, zero, other
       addi t0, t0, ${step}
       jal zero, next
       other:
       addi t0, t0, 100
       next:
       addi a0, a0, -1
       bne a0, zero, loop
       ebreak`,
      at,
    ).words;

/** Calls a function on the next page that adds to t0, a0 times. */
const twoPages =
  (step: number): Program =>
  (at) => {
    const words = new Int32Array(2 * PAGE_WORDS);
    const next = at + 4 * PAGE_WORDS;
    words.set(assemble('loop:\njal ra, away\naddi a0, a0, -1\nbne a0, zero, loop\nebreak', at, { away: next }).words);
    words.set(assemble(`addi t0, t0, ${step}\naddi a2, a2, 1\njalr zero, 0(ra)`, next).words, PAGE_WORDS);
    return words;
  };

interface Work {
  readonly store: MemoryStore;
  readonly program?: Program;
  readonly at?: number;
  readonly kind?: number;
  readonly wasm?: WasmPort;
  /** Before it starts. */
  readonly change?: (words: Int32Array) => void;
}

/** Runs so often, and leaves what was translated. */
function work({ store, program = loop(1), at = RAM_BASE, kind = 1, wasm = nodeWasm, change }: Work): Machine {
  const machine = createMachine({
    wasm: { ...wasm, openCodeStore: () => store },
    ramBytes: 1 << 20,
    clock: { nowNs: () => 0 },
    tier: 'translator',
  });
  const { ram, hart } = machine;
  const words = ram.i32.subarray(ram.offsetOf(at) >>> 2, (ram.offsetOf(at) >>> 2) + 2 * PAGE_WORDS);
  words.set(program(at));
  change?.(words);
  machine.setNativeVector(RAM_BASE + 0x8000);
  hart.setCsr('mtvec', RAM_BASE + 0x8000);
  hart.setX(COUNT, ROUNDS);
  hart.setX(KIND, kind);
  hart.pc = at;
  expect(hart.run(100 * ROUNDS)).toBe('native-vector');
  expect(hart.x(COUNT)).toBe(0);
  machine.keepCode();
  return machine;
}

const ROUNDS = 1000;
const statsOf = ({ stats }: Machine) => stats.translator!;

it('is taken instead of made', () => {
  const store = memoryStore();
  const first = work({ store });
  expect(statsOf(first).revived).toBe(0);
  const second = work({ store });
  expect(second.hart.x(T0)).toBe(ROUNDS);
  expect(statsOf(second)).toMatchObject({ made: 0, modules: 0, retired: statsOf(first).retired });
  expect(statsOf(second).revived).toBeGreaterThan(0);
});

it('is taken at another address', () => {
  const store = memoryStore();
  work({ store });
  const second = work({ store, at: RAM_BASE + 0x3000 });
  expect(second.hart.x(T0)).toBe(ROUNDS);
  expect(statsOf(second)).toMatchObject({ made: 0 });
});

it('is not taken where one word of the page is another', () => {
  const store = memoryStore();
  work({ store });
  for (let word = 100; word < 116; word++) {
    const { revived, made } = statsOf(work({ store, change: (words) => void (words[word] = 1) }));
    expect([revived, made > 0], `word ${word}`).toEqual([0, true]);
  }
  // Nor has what came later driven it out.
  expect(statsOf(work({ store })).made).toBe(0);
});

it('is not taken where another page that it needs is another', () => {
  const store = memoryStore();
  const run = (step: number): Machine => work({ store, program: twoPages(step) });
  expect(run(3).hart.x(T0)).toBe(3 * ROUNDS);
  expect(statsOf(run(3)).made).toBe(0);
  const other = run(5);
  expect([other.hart.x(T0), other.hart.x(SUM)]).toEqual([5 * ROUNDS, ROUNDS]);
});

it('is given up when the guest changes it', () => {
  const store = memoryStore();
  work({ store });
  const machine = work({ store });
  const { ram, hart } = machine;
  ram.i32.set(loop(7)(RAM_BASE), ram.offsetOf(RAM_BASE) >>> 2);
  machine.invalidateCode(0x80000);
  hart.setX(COUNT, 10);
  hart.setX(T0, 0);
  hart.pc = RAM_BASE;
  hart.run(10_000);
  expect(hart.x(T0)).toBe(70);
});

it('is extended by what only a later run executes, and that is kept too', () => {
  const store = memoryStore();
  const tier = (kind: number): Machine => work({ store, kind });
  tier(1);
  expect(tier(0).hart.x(T0)).toBe(100 * ROUNDS);
  for (const kind of [0, 1]) expect(statsOf(tier(kind)).made).toBe(0);
});

it('is not taken where the engine multiplies and adds in another way', () => {
  const store = memoryStore();
  work({ store });
  for (const [name, page] of store.pages) store.pages.set(name, { ...page, host: { fusedMadd: !page.host.fusedMadd } });
  expect(statsOf(work({ store })).revived).toBe(0);
});

it('is compiled anew where the engine does not take its machine code', () => {
  const store = memoryStore();
  work({ store });
  const native = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  for (const [name, page] of store.pages)
    store.pages.set(name, { ...page, modules: page.modules.map((module) => ({ ...module, native })) });
  const second = work({ store });
  expect(second.hart.x(T0)).toBe(ROUNDS);
  expect(statsOf(second)).toMatchObject({ made: 0 });
});

it('is looked for anew after the caches were dropped', () => {
  const store = memoryStore();
  const machine = work({ store });
  machine.dropCaches();
  const { hart } = machine;
  hart.setX(COUNT, 10);
  hart.pc = RAM_BASE;
  hart.run(10_000);
  expect(statsOf(machine).revived).toBeGreaterThan(0);
});

it('has the interpreter with it, once the engine has optimised that', async () => {
  const store = memoryStore();
  const revived: (Uint8Array | undefined)[] = [];
  const start = (): Machine => {
    const machine = createMachine({
      wasm: {
        ...nodeWasm,
        openCodeStore: () => store,
        revive: (bytes, native) => {
          revived.push(native);
          return nodeWasm.revive!(bytes, native);
        },
      },
      ...{ ramBytes: 1 << 20, clock: { nowNs: () => 0 }, tier: 'interpreter' },
    });
    machine.ram.i32.set(loop(1)(RAM_BASE), machine.ram.offsetOf(RAM_BASE) >>> 2);
    machine.hart.setX(COUNT, 1e9);
    machine.hart.setX(KIND, 1);
    machine.hart.pc = RAM_BASE;
    return machine;
  };
  const first = start();
  for (let i = 0; i < 500 && store.pages.size === 0; i++) {
    first.hart.run(1_000_000);
    // V8 optimises beside.
    await new Promise((resolve) => setTimeout(resolve, 5));
    first.keepCode();
  }
  expect(store.pages.size).toBe(1);
  expect(revived).toEqual([]);
  const second = start();
  second.hart.run(5000);
  expect(second.hart.x(T0)).toBe(1000);
  expect(revived[0]!.length).toBeGreaterThan(1000);
  const before = [...store.pages];
  second.keepCode();
  expect([...store.pages]).toEqual(before);
});
