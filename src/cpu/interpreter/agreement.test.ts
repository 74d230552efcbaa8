/**
 * The interpreter against the oracle: every row on random operands and states, then random programs in random slices.
 * RINGFENCE_CPU_CASES sets the number of cases of each row.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeWasm } from '../../host/node/wasm.ts';
import { decode } from '../../isa/riscv/decode.ts';
import { RV64C } from '../../isa/riscv/rv64c.ts';
import { INSNS } from '../../isa/riscv/table.ts';
import { GuestTrap } from '../oracle/base-ops.ts';
import { RiscvOracle, type Outcome } from '../oracle/riscv-oracle.ts';
import { EXIT } from './exits.ts';
import { FUSED, type FusedPart, type Opcode } from './opcodes.ts';
import { TestMachine } from './test-machine.ts';

const CASES = Number(process.env['RINGFENCE_CPU_CASES'] ?? 60);
const RAM_BYTES = 32 * 4096;
/** The lower half is code and may not be written. */
const WRITABLE = RAM_BYTES / 2;
const ECALL = 0x73;
const BASES = { low: 0x20000n, high: 0x40_0002_0000n };

let seed = 1;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const random32 = (): number => (random(65536) << 16) | random(65536);
const random64 = (): bigint => BigInt.asUintN(64, (BigInt(random32()) << 32n) ^ BigInt(random32() >>> 0));
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;

const INTERESTING = [0n, 1n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 63n - 1n, 2n ** 31n, 2n ** 31n - 1n, 0xffff_ffffn];
const FLOATS = [
  0n,
  1n << 63n,
  0x3ff0000000000000n,
  0x7ff0000000000000n,
  0xfff8000000000000n,
  0x7ff0000000000001n,
  1n,
  0x000fffffffffffffn,
  0x7fefffffffffffffn,
  0xffffffff3f800000n,
  0xffffffff7fc00000n,
  0xffffffff7f800001n,
  0xffffffff80000000n,
  0xffffffff00000001n,
  0xffffffff7f7fffffn,
  0x41e0000000000000n,
  0xc3e0000000000000n,
  0xffffffffcf000000n,
];

class Pair {
  readonly machine: TestMachine;
  readonly oracle: RiscvOracle;
  readonly bytes = new Uint8Array(RAM_BYTES);
  readonly base: bigint;

  constructor(base: bigint) {
    this.base = base;
    this.machine = new TestMachine(nodeWasm, { base, ramBytes: RAM_BYTES, writableFrom: WRITABLE });
    const at = (address: bigint, cause: number, from: number): number => {
      const offset = address - base;
      if (offset < BigInt(from) || offset >= BigInt(RAM_BYTES)) throw new GuestTrap(cause, address);
      return Number(offset);
    };
    this.oracle = new RiscvOracle({
      load: (size, address) => {
        let value = 0n;
        for (let i = 0; i < size; i++)
          value |= BigInt(this.bytes[at(BigInt.asUintN(64, address + BigInt(i)), 5, 0)]!) << BigInt(8 * i);
        return value;
      },
      store: (size, address, value) => {
        const places = Array.from({ length: size }, (_, i) => at(BigInt.asUintN(64, address + BigInt(i)), 7, WRITABLE));
        places.forEach((place, i) => (this.bytes[place] = Number((value >> BigInt(8 * i)) & 0xffn)));
      },
    });
  }

  ram(): Uint8Array {
    return new Uint8Array(this.machine.memory.buffer, this.machine.layout.ram, RAM_BYTES);
  }

  /** The same random registers on both sides; many of them point into RAM. */
  randomState(pc: bigint): void {
    const { machine, oracle } = this;
    for (let i = 1; i < 32; i++) {
      const pointer = this.base + BigInt(random(RAM_BYTES)) - BigInt(random(100) === 0 ? 0x40000 : 0);
      const aligned = pointer & (random(4) === 0 ? -1n : -8n);
      const value = pick([aligned, aligned, random64(), BigInt(random(64)), pick(INTERESTING)]);
      oracle.xs[i] = BigInt.asUintN(64, value);
      machine.setRegister('x', i, oracle.xs[i]!);
    }
    for (let i = 0; i < 32; i++) {
      const boxed = 0xffff_ffff_0000_0000n | BigInt(random32() >>> 0);
      oracle.fs[i] = pick([
        random64(),
        boxed,
        pick(FLOATS),
        BigInt.asUintN(64, 0x3ff0000000000000n + (random64() >> 8n)),
      ]);
      machine.setRegister('f', i, oracle.fs[i]!);
    }
    oracle.fflags = pick([0, 1, 1, 1, 31]);
    oracle.frm = pick([0, 0, 0, 1, 2, 3, 4, 5, 7]);
    machine.setHart('fflags', oracle.fflags);
    machine.setHart('frm', oracle.frm);
    oracle.reservation = undefined;
    machine.clearReservation();
    oracle.pcNow = pc;
    machine.pc = pc;
  }

  /** Everything that can be seen, in comparable form. */
  machineState(): unknown {
    const { machine } = this;
    const file = (name: 'x' | 'f') => Array.from({ length: 32 }, (_, i) => machine.register(name, i).toString(16));
    return { pc: machine.get64('pc').toString(16), x: file('x'), f: file('f'), fflags: machine.getHart('fflags') };
  }

  oracleState(): unknown {
    const file = (values: readonly bigint[]) => values.map((value) => value.toString(16));
    const { pcNow, xs, fs, fflags } = this.oracle;
    return { pc: pcNow.toString(16), x: file(xs), f: file(fs), fflags };
  }

  expectSame(what: string): void {
    expect(this.machineState(), what).toEqual(this.oracleState());
    expect(Buffer.compare(this.ram(), this.bytes), `${what}: memory`).toBe(0);
  }

  /** How the machine's exit looks to a program. */
  outcome(reason: number): Outcome {
    const { machine } = this;
    if (reason === EXIT.system) return { kind: 'system' };
    if (reason === EXIT.trap) return { kind: 'trap', cause: machine.getHart('cause'), value: machine.get64('tval') };
    if (reason === EXIT.loadMiss) return { kind: 'trap', cause: 5, value: machine.get64('tval') };
    if (reason === EXIT.storeMiss || reason === EXIT.amoMiss)
      return { kind: 'trap', cause: 7, value: machine.get64('tval') };
    return { kind: 'retired' };
  }

  fetch(pc: bigint): number | undefined {
    const offset = pc - this.base;
    if (offset < 0n || offset + 4n > BigInt(RAM_BYTES)) return undefined;
    return new DataView(this.bytes.buffer).getInt32(Number(offset), true);
  }
}

/** An instance of a row: operand bits random, the rounding mode mostly dynamic. */
function instance(row: { mask: number; value: number; name: string }, width: number): number {
  const all = width === 16 ? 0xffff : -1;
  const word = (row.value | (random32() & ~row.mask)) & all;
  return 'format' in row && 'rm' in (row.format as { operands: object }).operands && random(3) > 0
    ? word | 0x7000
    : word;
}

describe.each(Object.entries(BASES))('interpreter and oracle, %s addresses', (_, base) => {
  let pair: Pair;
  beforeAll(() => (pair = new Pair(base)));

  const rows = [...INSNS.map((row) => ({ row, width: 32 })), ...RV64C.map((row) => ({ row, width: 16 }))];
  it.each(rows.map(({ row, width }) => ({ name: row.name, row, width })))('$name', ({ row, width }) => {
    for (let i = 0; i < CASES; i++) {
      for (let k = 0; k < 64; k++) pair.bytes[WRITABLE + random(WRITABLE)] = random(256);
      const word = instance(row, width);
      // Anywhere in a page, also across its end.
      const offset = 4096 + (random(3) === 0 ? 4096 - 2 * random(4) : 2 * random(2048));
      const view = new DataView(pair.bytes.buffer);
      view.setInt32(offset, word, true);
      view.setInt32(offset + (width === 16 ? 2 : 4), ECALL, true);
      pair.ram().set(pair.bytes);
      pair.machine.dropCode();
      const pc = base + BigInt(offset);
      pair.randomState(pc);
      const what = `${row.name} ${(word >>> 0).toString(16)} at ${pc.toString(16)}`;
      const expected = pair.oracle.execute(view.getInt32(offset, true));
      const stepping = random(2) === 0;
      const relevant = decode(word);
      const budget =
        stepping || expected.kind !== 'retired' || pair.oracle.pcNow !== pc + BigInt(relevant!.length) ? 1 : 2;
      const reason = pair.machine.run(budget, stepping ? () => pair.machine.interpreter.step() : undefined);
      const retired = budget - pair.machine.getHart('budget');
      const actual = budget === 2 && reason === EXIT.system ? { kind: 'retired' } : pair.outcome(reason);
      expect(actual, what).toEqual(expected);
      expect(retired, what).toBe(expected.kind === 'retired' ? 1 : 0);
      pair.expectSame(what);
    }
  });

  it('sequences of instructions done in one go', { timeout: 60_000 }, () => {
    const view = new DataView(pair.bytes.buffer);
    for (const { parts } of FUSED)
      for (let trial = 0; trial < 12; trial++) {
        const start = 4096 + 512;
        let offset = start;
        for (const word of sequenceInstance(parts)) {
          view.setInt32(offset, word, true);
          offset += (word & 3) === 3 ? 4 : 2;
        }
        view.setInt32(offset, ECALL, true);
        pair.ram().set(pair.bytes);
        pair.machine.dropCode();
        pair.randomState(base + BigInt(start));
        const what = parts.map(({ opcode, chain }) => `${opcode.insn.name} ${chain}`).join(' ');
        runBoth(pair, what, 1 + random(parts.length + 2));
      }
  });

  it('random programs in random slices', { timeout: 60_000 }, () => {
    for (let program = 0; program < 40; program++) {
      const view = new DataView(pair.bytes.buffer);
      for (let offset = 0; offset < WRITABLE - 4;) {
        const { row, width } = pick(rows);
        view.setInt32(offset, instance(row, width), true);
        offset += width / 8;
      }
      for (let k = WRITABLE; k < RAM_BYTES; k++) pair.bytes[k] = random(256);
      pair.ram().set(pair.bytes);
      pair.machine.dropCode();
      for (let trial = 0; trial < 60; trial++) {
        pair.randomState(base + BigInt(2 * random(WRITABLE / 2 - 64)));
        runBoth(pair, `program ${program}.${trial}`);
      }
    }
  });
});

/** Words of the instructions of a sequence; chained ones share a register. */
function sequenceInstance(parts: readonly FusedPart[]): number[] {
  for (;;) {
    const words = parts.map(({ opcode }) => wordOf(opcode));
    parts.forEach(({ opcode, chain }, i) => {
      if (chain === 'none' || opcode.length === 2) return;
      const shift = chain === 'rs1' ? 15 : 20;
      words[i] = (words[i]! & ~(31 << shift)) | (decode(words[i - 1]!)!.operands.rd! << shift);
    });
    const isChained = ({ chain }: FusedPart, i: number): boolean =>
      chain === 'none' || decode(words[i]!)!.operands[chain] === decode(words[i - 1]!)!.operands.rd;
    if (parts.every(isChained)) return words;
  }
}

function wordOf({ insn, length }: Opcode): number {
  if (length === 4) return instance(insn, 32);
  for (;;) {
    const word = instance(pick(RV64C.filter((row) => row.expandsTo === insn.name)), 16);
    if (decode(word)?.insn === insn) return word;
  }
}

/** Up to 300 instructions, to the first that does not retire, comparing after every slice. */
function runBoth(pair: Pair, what: string, firstBudget?: number): void {
  for (let done = 0; done < 300;) {
    const budget = done === 0 && firstBudget ? firstBudget : 1 + random(random(2) === 0 ? 3 : 60);
    let expected: Outcome = { kind: 'retired' };
    let steps = 0;
    while (steps < budget) {
      const word = pair.fetch(pair.oracle.pcNow);
      if (word === undefined) break;
      expected = pair.oracle.execute(word);
      if (expected.kind !== 'retired') break;
      steps++;
    }
    const reason = pair.machine.run(budget);
    expect(pair.outcome(reason), what).toEqual(expected);
    expect(budget - pair.machine.getHart('budget'), what).toBe(steps);
    pair.expectSame(what);
    if (steps < budget) return;
    done += steps;
  }
}
