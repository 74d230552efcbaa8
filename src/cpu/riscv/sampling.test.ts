import { describe, expect, it } from 'vitest';
import { HART } from '../layout.ts';
import type { CodeTranslator } from '../translator.ts';
import { Sampling } from './sampling.ts';

const SLICE = 100_000;

/** A hart of which a share of the instructions is translated; gives the samples that were taken. */
function watch(): { run: (pc: number, translated: number) => void; samples: [number, boolean][] } {
  const words = new Int32Array(HART.bytes / 4);
  const samples: [number, boolean][] = [];
  const translator = {
    retired: 0,
    sample: (lo: number, _hi: number, isInterpreted: boolean) => void samples.push([lo, isInterpreted]),
  };
  const sampling = new Sampling(words, translator as unknown as CodeTranslator);
  let retired = 0;
  const run = (pc: number, translated: number): void => {
    sampling.beginSlice(retired);
    words[HART.pc / 4] = pc;
    retired += SLICE;
    translator.retired += translated;
    sampling.endSlice(retired);
    if (retired >= sampling.dueAt) sampling.take(retired);
  };
  return { run, samples };
}

describe('Sampling', () => {
  it('shows where the hart is, and whether it probably interprets', () => {
    const { run, samples } = watch();
    run(0x1000, 0);
    run(0x2000, 99_000);
    expect(samples).toEqual([
      [0x1000, true],
      [0x2000, false],
    ]);
  });

  it('takes samples further apart while most is translated, and close together again when much is not', () => {
    const { run, samples } = watch();
    for (let i = 0; i < 100; i++) run(0x1000, 99_000);
    expect(samples.length).toBeLessThan(15);
    const before = samples.length;
    for (let i = 0; i < 20; i++) run(0x1000, 0);
    expect(samples.length - before).toBeGreaterThan(8);
  });

  it('shows where a slice began if the interpreter went on from there for long', () => {
    const { run, samples } = watch();
    const stranded = (): number[] => samples.filter(([, isInterpreted]) => isInterpreted).map(([pc]) => pc);
    for (let i = 0; i < 10; i++) run(0x1000, SLICE);
    expect(stranded()).toEqual([]);
    run(0x2000, 95_000);
    expect(stranded()).toEqual([0x1000]);
    // Little, or so much that it need not have been in one place.
    run(0x3000, 98_000);
    run(0x4000, 60_000);
    expect(stranded()).toEqual([0x1000]);
  });
});
