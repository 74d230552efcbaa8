/**
 * Loops through memory, in lock step with the interpreter in slices of random length: their accesses are looked up for many rounds at once,
 * and come to pages that cannot be written or are not there. Faulting instructions are skipped.
 */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/riscv/assemble.ts';
import { Lockstep, type Start } from './lockstep.ts';
import { CODE_BASES, LOW_REGION, PAGE } from './places.ts';
import { Random } from './random.ts';
import { WAYS } from './ways.ts';

const RUNS = 12;
const MAX_INSTRUCTIONS = 60_000;
const [S1, A0, A1, A5, S2] = [9, 10, 11, 15, 18];

interface LoopProgram {
  readonly body: string;
  /** Where a0 points to at first. */
  readonly from: number;
  readonly index?: number;
  /** How it ends, with s1 and s2 at first; otherwise s1 is the number of the round from behind, and s2 is 12. */
  readonly end?: { readonly code: string; readonly s1: bigint; readonly s2: bigint };
}

const COUNT_DOWN = { code: 'addi s1, s1, -1\nbne s1, zero, loop', s1: 2600n, s2: 12n };
const SUM = { body: 'lw t0, 0(a0)\nadd t1, t1, t0\naddi a0, a0, 4', from: 100 };
const MOST = 2n ** 63n - 1n;

/** Bodies of loops: a0 points into memory, a1 is an index, a5 too; temporaries are t0 to t3. */
const LOOPS: Readonly<Record<string, LoopProgram>> = {
  forwards: { body: 'lw t0, 0(a0)\nadd t1, t0, s1\nxor t2, t1, t0\nsw t2, 4(a0)\naddi a0, a0, 4', from: PAGE - 404 },
  'backwards by bytes': { body: 'lbu t0, 0(a0)\nadd t1, t0, s1\nsb t1, 1(a0)\naddi a0, a0, -1', from: 2 * PAGE - 10 },
  'by an index': { body: 'add t0, a0, a1\nlbu t1, 0(t0)\nadd t2, t2, t1\nsb t2, 1(t0)\naddiw a1, a1, 3', from: 16 },
  'by an index that becomes negative': {
    body: 'add t0, a0, a1\nlbu t1, 0(t0)\nadd t2, t2, t1\naddiw a1, a1, -2',
    from: PAGE,
    index: 700,
  },
  'around an index that is no index any more': {
    body: 'add t0, a0, a1\nlbu t1, 0(t0)\nadd t2, t2, t1\naddiw a1, a1, 1',
    from: PAGE - 0x7fff_ff00,
    index: 0x7fff_ff00,
  },
  'that is not aligned in every round': { body: 'lw t0, 0(a0)\nadd t1, t1, t0\naddi a0, a0, 6', from: 100 },
  'in two ways': {
    body: 'ld t0, 0(a0)\nandi t1, s1, 3\nbne t1, zero, other\nadd t2, t0, s1\nother:\nxor t3, t0, t1\nsd t3, 8(a0)\naddi a0, a0, 8',
    from: PAGE - 1000,
  },
  'by a constant and by a register': {
    body: 'lw t0, 0(a0)\nlw t1, 8(a5)\nadd t2, t0, t1\nsw t2, 4(a0)\nadd a5, a5, s2\naddi a0, a0, 4',
    from: 2000,
  },
  'in one place and through many': {
    body: 'ld t0, 0(a5)\nld t1, -16(a0)\nadd t0, t0, t1\nsd t0, 0(a5)\naddi a0, a0, -16',
    from: 3 * PAGE,
  },
  'until a number is not lower': { ...SUM, end: { code: 'addi s1, s1, 5\nblt s1, s2, loop', s1: -9000n, s2: 12n } },
  'until zero is not lower': { ...SUM, end: { code: 'addi s1, s1, -7\nblt zero, s1, loop', s1: 18_203n, s2: 0n } },
  'until an unsigned number is not lower': {
    ...SUM,
    end: { code: 'addi s1, s1, 3\nbltu s1, s2, loop', s1: 2n ** 63n - 3000n, s2: 2n ** 63n + 3001n },
  },
  'that has counted too far already': { ...SUM, end: { code: 'addi s1, s1, 3\nblt s1, s2, loop', s1: 50n, s2: -50n } },
  'that counts past the largest number': {
    ...SUM,
    end: { code: 'addi s1, s1, 8\nblt s1, s2, loop', s1: MOST - 2001n, s2: MOST },
  },
  'that never meets the number it counts to': {
    ...SUM,
    end: { ...COUNT_DOWN, code: 'addi s1, s1, -2\nbne s1, zero, loop', s1: 1501n },
  },
  'that counts to where it begins': {
    ...SUM,
    end: { ...COUNT_DOWN, code: 'addi s1, s1, 1\nbne s1, s2, loop', s1: 12n },
  },
  'that counts to what moves, too': {
    ...SUM,
    end: { code: 'addi s1, s1, 2\naddi s2, s2, 1\nblt s1, s2, loop', s1: 0n, s2: 1500n },
  },
  'that goes on as long as it is not lower': {
    ...SUM,
    end: { code: 'addi s1, s1, -4\nbge s1, s2, loop', s1: 8000n, s2: -13n },
  },
};

describe.each(WAYS.slice(1))('$name', ({ name, ...way }) => {
  it.each(Object.keys(LOOPS))('%s', (which) => {
    const lockstep = new Lockstep({ name, ...way });
    for (let seed = 1; seed <= RUNS; seed++) {
      const difference = lockstep.run(startOf(which, seed), new Random(seed), MAX_INSTRUCTIONS);
      expect(difference, `seed ${seed}`).toBeUndefined();
    }
  });
});

function startOf(which: string, seed: number): Start {
  const { body, from, index = 0, end = COUNT_DOWN } = LOOPS[which]!;
  const start = CODE_BASES.low;
  const source = `loop:\n${body}\n${end.code}\njalr zero, 0(ra)`;
  const code = Int32Array.from(assemble(source, start).words);
  const random = new Random(seed);
  const data = Uint8Array.from({ length: 3 * PAGE }, () => random.below(256));
  const part = (page: number, pages: number): Uint8Array => data.slice(page * PAGE, (page + pages) * PAGE);
  const x = Array.from({ length: 32 }, () => 0n);
  x[A0] = BigInt.asUintN(64, BigInt(LOW_REGION.start + from + 48 * seed));
  x[A1] = BigInt(index);
  x[A5] = BigInt(LOW_REGION.start + 512);
  x[S1] = BigInt.asUintN(64, end.s1);
  x[S2] = BigInt.asUintN(64, end.s2);
  return {
    mappings: [
      { start: LOW_REGION.start, bytes: part(0, 2), access: 'rw' },
      { start: LOW_REGION.start + 2 * PAGE, bytes: part(2, 1), access: 'r' },
      { start, bytes: new Uint8Array(code.buffer), access: 'rwx' },
    ],
    initial: { x, f: Array.from({ length: 32 }, () => 0n), fcsr: 0 },
    entry: start,
  };
}
