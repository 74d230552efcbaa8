/** The interpreter and translated code go through the same states: random programs with loops, calls and faults, in slices. */
import { describe, expect, it } from 'vitest';
import { detectFpHost } from '../cpu/fp/fp-host.ts';
import { withoutRelaxedSimd } from '../cpu/fp/test-engine.ts';
import type { WasmPort } from '../cpu/wasm-port.ts';
import { nodeWasm } from '../host/node/wasm.ts';
import { decode } from '../isa/riscv/decode.ts';
import { INSNS, usageOf } from '../isa/riscv/table.ts';
import { createMachine, RAM_BASE } from './machine.ts';
import type { Machine, Tier } from './machine.ts';

const PROGRAMS = 30;
const WORDS = 256;
const CODE = RAM_BASE + 0xe00;
const DATA = RAM_BASE + 0x8000;
const DATA_BYTES = 0x2000;
const HANDLER = RAM_BASE + 0x4000;
const MRET = 0x30200073;
const LINK = 1;

let seed = 7;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const random32 = (): number => (random(65536) << 16) | random(65536);
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;

const PLAIN = INSNS.filter((insn) => !usageOf(insn).controlFlow);
const MEMORY = PLAIN.filter((insn) => /^(f?[ls][bhwd]u?|amo.*|lr.*|sc.*)$/.test(insn.name));
const BRANCHES = INSNS.filter((insn) => insn.name.startsWith('b'));
/** Registers that hold addresses of data, and are left alone mostly. */
const POINTERS = [8, 9, 18, 19];

/** The immediate of a conditional branch and of jal, in place. */
const branchBits = (d: number): number =>
  ((d >> 12) << 31) | (((d >> 5) & 63) << 25) | (((d >> 1) & 15) << 8) | (((d >> 11) & 1) << 7);
const jumpBits = (d: number): number =>
  ((d >> 20) << 31) | (((d >> 1) & 0x3ff) << 21) | (((d >> 11) & 1) << 20) | (d & 0xff000);

function randomWord(index: number): number {
  const distance = 4 * (random(WORDS) - index);
  const near = 4 * Math.max(-index, Math.min(WORDS - 1 - index, random(24) - 14));
  const kind = random(20);
  if (kind < 4) {
    const row = pick(BRANCHES);
    return row.value | (random32() & 0x01ff_8000) | branchBits(near);
  }
  if (kind === 4) return 0x6f | (pick([0, LINK, LINK]) << 7) | jumpBits(distance);
  // ret
  if (kind === 5) return 0x67 | (LINK << 15);
  for (;;) {
    const row = kind < 10 ? pick(MEMORY) : pick(PLAIN);
    let word = row.value | (random32() & ~row.mask);
    if (kind < 10 && random(8) > 0) word = (word & ~(31 << 15)) | (pick(POINTERS) << 15);
    // The rounding mode is mostly dynamic.
    if ('rm' in row.format.operands && random(3) > 0) word |= 0x7000;
    const rd = decode(word)?.operands.rd;
    if (rd === undefined || (!POINTERS.includes(rd) && rd !== LINK)) return word;
  }
}

interface Way {
  readonly tier: Tier;
  readonly wasm: WasmPort;
}

function start({ tier, wasm }: Way, code: readonly number[], registers: readonly number[], data: Uint8Array): Machine {
  const machine = createMachine({
    wasm,
    ramBytes: 1 << 20,
    clock: { nowNs: () => 0 },
    deterministic: true,
    tier,
  });
  const { ram, hart } = machine;
  ram.i32.set(code, ram.offsetOf(CODE) >>> 2);
  // A fault skips the instruction, as far as four bytes do so.
  const skip = [0x341022f3, 0x00428293, 0x34129073, MRET];
  ram.i32.set(skip, ram.offsetOf(HANDLER) >>> 2);
  ram.u8.set(data, ram.offsetOf(DATA));
  hart.setCsr('mtvec', HANDLER);
  hart.setCsr('mstatus', 3 << 13);
  hart.setCsrHalves('pmpaddr0', -1, 0x003f_ffff);
  hart.setCsr('pmpcfg0', 0x1f);
  for (let i = 1; i < 32; i++) hart.setXHalves(i, registers[2 * i]!, registers[2 * i + 1]!);
  for (let i = 0; i < 64; i++) ram.i32[(hart.layout.f >>> 2) + i] = registers[64 + i]!;
  hart.pc = CODE;
  return machine;
}

function stateOf({ hart, ram }: Machine): unknown {
  const words = (at: number, count: number): number[] => [...ram.i32.subarray(at >>> 2, (at >>> 2) + count)];
  return {
    pc: hart.pc,
    retired: hart.retired,
    x: words(hart.layout.x, 64),
    f: words(hart.layout.f, 64),
    csrs: [hart.csrLo('fcsr'), hart.csrLo('mcause'), hart.csr('mepc'), hart.csrLo('mtval'), hart.csrHi('mtval')],
  };
}

function randomRegisters(): number[] {
  const registers = Array.from({ length: 128 }, () => (random(2) === 0 ? random32() : random(64)));
  for (const pointer of POINTERS) {
    registers[2 * pointer] = (DATA + 0x1000 + 8 * random(8)) | 0;
    registers[2 * pointer + 1] = 0;
  }
  registers[2 * LINK] = (CODE + 4 * random(WORDS)) | 0;
  registers[2 * LINK + 1] = 0;
  return registers;
}

const ENGINES = { 'this engine': nodeWasm, 'an engine without relaxed SIMD': withoutRelaxedSimd(nodeWasm) };

describe('interpreter and translator', () => {
  it.each(Object.entries(ENGINES))(
    'agree on random programs at the end of every slice, on %s',
    { timeout: 300_000 },
    (_, wasm) => {
      let translated = 0;
      for (let program = 0; program < PROGRAMS; program++) {
        const code = Array.from({ length: WORDS }, (_, i) => randomWord(i));
        const data = Uint8Array.from({ length: DATA_BYTES }, () => random(256));
        const registers = randomRegisters();
        const [one, two] = (['interpreter', 'translator'] as const).map((tier) =>
          start({ tier, wasm }, code, registers, data),
        ) as [Machine, Machine];
        for (let slice = 0; slice < 40; slice++) {
          const instructions = pick([1, 10, 100, 1000, 5000]) + random(50);
          one.hart.run(instructions);
          two.hart.run(instructions);
          expect(stateOf(two), `program ${program}, slice ${slice}`).toEqual(stateOf(one));
          if (random(10) === 0) two.dropCaches();
        }
        const bytes = ({ ram }: Machine): Uint8Array =>
          ram.u8.subarray(ram.offsetOf(DATA), ram.offsetOf(DATA) + DATA_BYTES);
        expect(Buffer.compare(bytes(one), bytes(two)), `memory of program ${program}`).toBe(0);
        translated += two.stats.translator!.retired / two.hart.retired;
      }
      // Else nothing was tested.
      expect(translated / PROGRAMS).toBeGreaterThan(0.1);
    },
  );

  it.runIf(detectFpHost(nodeWasm, nodeWasm.createMemory(1)).fusedMadd)(
    'use fused multiply-add where there is one',
    () => {
      const F64X2_RELAXED_MADD = Buffer.of(0xfd, 0x87, 0x02);
      // fmadd.d f1, f2, f3, f4, and an endless loop.
      const code = [0x2231_70c3, 0x6f];
      const isUsed = (wasm: WasmPort): boolean => {
        let last: Uint8Array = new Uint8Array();
        const compile: WasmPort['compile'] = (bytes) => wasm.compile((last = bytes));
        const way: Way = { tier: 'translator', wasm: { ...wasm, compile } };
        const { hart } = start(way, code, randomRegisters(), new Uint8Array());
        hart.run(2);
        return Buffer.from(last).includes(F64X2_RELAXED_MADD);
      };
      expect(Object.values(ENGINES).map(isUsed)).toEqual([true, false]);
    },
  );
});
