import { describe, expect, it } from 'vitest';
import { planWindows } from './fp-windows.ts';
import type { Instruction } from './instruction.ts';
import { formRegion } from './region.ts';

const RET = 0x8067;
const DYNAMIC = 7;
const TOWARDS_ZERO = 1;
const fp =
  (funct7: number) =>
  (fd: number, fs1: number, fs2: number, rm = DYNAMIC): number =>
    (funct7 << 25) | (fs2 << 20) | (fs1 << 15) | (rm << 12) | (fd << 7) | 0x53;
const [addD, mulD, divD, addS] = [fp(0b0000001), fp(0b0001001), fp(0b0001101), fp(0b0000000)];
const ltD = (rd: number, fs1: number, fs2: number): number => fp(0b1010001)(rd, fs1, fs2, 1);
const sd = (rs1: number, rs2: number): number => (rs2 << 20) | (rs1 << 15) | (3 << 12) | 0x23;

function instructionsOf(...words: number[]): readonly Instruction[] {
  const code = [...words, RET];
  const region = formRegion({
    fpEnabled: true,
    halfword: (at) => (at < 0 || at >= code.length * 4 ? undefined : (code[at >> 2]! >>> ((at & 2) * 8)) & 0xffff),
    isKnown: () => true,
  })!;
  return region.blocks[0]!.instructions.slice(0, -1);
}

function plan(...words: number[]) {
  const instructions = instructionsOf(...words);
  return planWindows(instructions, 0, instructions.length);
}

const areFinite = (window: ReturnType<typeof plan>[number] | undefined): boolean[] =>
  [...window!.plans].sort(([a], [b]) => a - b).map(([, { isFinite }]) => isFinite);

describe('planWindows', () => {
  it('lets a sum tell of its terms', () => {
    expect(areFinite(plan(addD(1, 2, 3), mulD(4, 1, 1), addD(5, 4, 6))[0])).toEqual([true, true, false]);
  });

  it('does not let a quotient tell of its divisor, which may be infinite', () => {
    expect(areFinite(plan(addD(1, 2, 3), addD(4, 5, 6), divD(7, 1, 4))[0])).toEqual([true, false, false]);
  });

  it('does not let a number of one format tell of one of the other in the same register', () => {
    expect(areFinite(plan(addS(1, 2, 3), addD(4, 1, 1))[0])).toEqual([false, false]);
  });

  it('does not let a comparison tell, but knows that what was computed is a number', () => {
    const [window] = plan(addD(1, 2, 3), ltD(10, 1, 4));
    expect(areFinite(window)).toEqual([false, false]);
    expect(window!.plans.get(1)!.areNumbers).toEqual([true, false]);
  });

  it('ends before a store, and leaves out what the host cannot do', () => {
    const windows = plan(addD(1, 2, 3), sd(10, 11), addD(4, 5, 6), addD(7, 7, 7, TOWARDS_ZERO), ltD(10, 1, 2));
    expect(windows.map(({ from, to, needsReady }) => [from, to, needsReady])).toEqual([
      [0, 1, true],
      [2, 3, true],
      [4, 5, false],
    ]);
  });
});
