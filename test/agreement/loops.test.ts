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
const ROUNDS = 2600;
const MAX_INSTRUCTIONS = 60_000;
const [S1, A0, A1, A5, S2] = [9, 10, 11, 15, 18];

/** Bodies of loops: a0 points into memory, a1 is an index, a5 too, s1 is the number of the round from behind, s2 is 12; temporaries are t0 to t3. */
const LOOPS: Readonly<Record<string, { readonly body: string; readonly from: number; readonly index?: number }>> = {
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
  const { body, from, index = 0 } = LOOPS[which]!;
  const start = CODE_BASES.low;
  const source = `loop:\n${body}\naddi s1, s1, -1\nbne s1, zero, loop\njalr zero, 0(ra)`;
  const code = Int32Array.from(assemble(source, start).words);
  const random = new Random(seed);
  const data = Uint8Array.from({ length: 3 * PAGE }, () => random.below(256));
  const part = (page: number, pages: number): Uint8Array => data.slice(page * PAGE, (page + pages) * PAGE);
  const x = Array.from({ length: 32 }, () => 0n);
  x[A0] = BigInt.asUintN(64, BigInt(LOW_REGION.start + from + 48 * seed));
  x[A1] = BigInt(index);
  x[A5] = BigInt(LOW_REGION.start + 512);
  x[S1] = BigInt(ROUNDS);
  x[S2] = 12n;
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
