import { describe, expect, it } from 'vitest';
import { planStretches } from './access-groups.ts';
import type { Instruction } from './instruction.ts';
import { formRegion } from './region.ts';
import { planMoves } from './wide-moves.ts';

const ld = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (3 << 12) | (rd << 7) | 0x03;
const sd = (rs2: number, rs1: number, imm: number): number =>
  ((imm >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (3 << 12) | ((imm & 31) << 7) | 0x23;
const addi = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (rd << 7) | 0x13;
const [A0, A1, T0, T1] = [10, 11, 5, 6];

/** Which instructions of a block are parts of moves. */
function moved(words: readonly number[]): number[] {
  const block = formRegion({
    fpEnabled: true,
    halfword: (at) => (at < words.length * 4 ? (words[at >> 2]! >>> ((at & 2) * 8)) & 0xffff : undefined),
    isKnown: (at) => at < words.length * 4,
  })!.blocks[0]!;
  const instructions: readonly Instruction[] = block.instructions;
  const { members } = planStretches(block)[0]!;
  const plan = planMoves(instructions, 0, instructions.length, (index) => members.get(index));
  return [...plan.keys()].sort((a, b) => a - b);
}

describe('planMoves', () => {
  it('finds pairs of loads and of stores', () => {
    expect(moved([ld(T0, A0, 0), ld(T1, A0, 8), addi(A0, A0, 16), sd(T0, A1, 16), sd(T1, A1, 24)])).toEqual([
      0, 1, 3, 4,
    ]);
  });

  it('takes only neighbours, in order', () => {
    expect(moved([ld(T0, A0, 0), ld(T1, A0, 16), sd(T0, A1, 0), sd(T1, A1, 8)])).toEqual([]);
    expect(moved([ld(T0, A0, 0), ld(T1, A0, 8), sd(T1, A1, 0), sd(T0, A1, 8)])).toEqual([]);
    expect(moved([ld(T0, A0, 0), ld(T1, A0, 8), sd(T0, A1, 0), addi(A0, A0, 1), sd(T1, A1, 8)])).toEqual([]);
  });

  it('does not store what is not in the registers any more', () => {
    expect(moved([ld(T0, A0, 0), ld(T1, A0, 8), addi(T1, T1, 1), sd(T0, A1, 0), sd(T1, A1, 8)])).toEqual([]);
    expect(moved([ld(T0, A0, 0), ld(T0, A0, 8), sd(T0, A1, 0), sd(T0, A1, 8)])).toEqual([]);
  });
});
