/** Why translated code is left, in statistics: each cause by a program that leaves for it a known number of times. */
import { expect, it } from 'vitest';
import { nodeWasm } from '../host/node/wasm.ts';
import { assemble } from '../isa/riscv/assemble.ts';
import { createMachine, RAM_BASE, type Machine } from './machine.ts';

const HANDLER = RAM_BASE + 0x4000;
const DATA = RAM_BASE + 0x8000;
const [ROUNDS, S1, S2] = [8, 9, 18];
/** mtime, which is no memory. */
const DEVICE = 0x0200_bff8;

/** Runs a loop of `body`, which may use t0, s1 (the address of data) and s2 (of a device), so many times in M mode; traps go on behind the instruction. */
function afterLoop(body: string, rounds: number, slice = 1e9): Machine {
  let nowNs = 0;
  const clock = { nowNs: () => (nowNs += 1000) };
  const machine = createMachine({ wasm: nodeWasm, ramBytes: 1 << 20, clock, tier: 'translator' });
  const { ram, hart } = machine;
  const put = (address: number, source: string): void =>
    ram.i32.set(assemble(source, address).words, ram.offsetOf(address) >>> 2);
  put(RAM_BASE, `loop:\n${body}\naddi s0, s0, -1\nbne s0, zero, loop\nend:\njal zero, end`);
  put(HANDLER, 'csrrs t1, mepc, zero\naddi t1, t1, 4\ncsrrw zero, mepc, t1\nmret');
  hart.setCsr('mtvec', HANDLER);
  hart.setCsrHalves('pmpaddr0', -1, 0x003f_ffff);
  hart.setCsr('pmpcfg0', 0x1f);
  hart.setX(ROUNDS, rounds);
  hart.setX(S1, DATA);
  hart.setX(S2, DEVICE);
  hart.pc = RAM_BASE;
  while (hart.x(ROUNDS) !== 0) hart.run(slice);
  return machine;
}

const sideExits = (...program: Parameters<typeof afterLoop>) => afterLoop(...program).stats.translator!.sideExits;

it('counts nothing while a loop stays in its region', () => {
  // The end of the slice is the only way out of the endless loop behind.
  const { instruction, access, trap, ecall } = sideExits('ld t0, 0(s1)\nsd t0, 8(s1)', 1000);
  expect([instruction, access, trap, ecall].every((count) => count <= 2)).toBe(true);
});

it('counts instructions that are not translated', () => {
  const { instruction, access, trap } = sideExits('csrrs t0, mscratch, zero', 500);
  expect(instruction).toBeGreaterThanOrEqual(499);
  expect(instruction).toBeLessThanOrEqual(505);
  expect(access + trap).toBe(0);
});

it('counts accesses that the flat tables do not allow', () => {
  const { access, trap } = sideExits('ld t0, 0(s2)', 500);
  expect(access).toBeGreaterThanOrEqual(499);
  expect(access).toBeLessThanOrEqual(505);
  expect(trap).toBe(0);
});

it('counts ends of the budget', () => {
  const { budget } = sideExits('addi t0, t0, 1', 3000, 90);
  expect(budget).toBeGreaterThanOrEqual(80);
});

it('goes on in the middle of translated code where a slice has ended there', () => {
  const inner = 'addi t1, zero, 2000\ninner:\naddi t1, t1, -1\nbne t1, zero, inner';
  const { hart, stats } = afterLoop(inner, 50, 500);
  expect(stats.translator!.retired / hart.retired).toBeGreaterThan(0.9);
  expect(stats.translator!.made).toBeLessThanOrEqual(2);
});

it('tells the time that making code took, and what of that the engine took', () => {
  const { makingNs, engineNs, modules } = afterLoop('addi t0, t0, 1', 10).stats.translator!;
  expect(engineNs).toBe(1000 * modules);
  expect(makingNs).toBe(3000 * modules);
});
