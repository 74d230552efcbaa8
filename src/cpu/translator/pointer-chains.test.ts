import { describe, expect, it } from 'vitest';
import { analyze } from './flow-graph.ts';
import { findPointerChains } from './pointer-chains.ts';
import { formRegion } from './region.ts';

const RET = 0x8067;
const [SP, A0, A1, A2] = [2, 10, 11, 12];
const ld = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (3 << 12) | (rd << 7) | 0x03;
const mv = (rd: number, rs2: number): number => (rs2 << 20) | (rd << 7) | 0x33;
const add = (rd: number, rs1: number, rs2: number): number => (rs2 << 20) | (rs1 << 15) | (rd << 7) | 0x33;
const bnez = (rs1: number, d: number): number =>
  ((d >> 12) << 31) | (((d >> 5) & 63) << 25) | (rs1 << 15) | (1 << 12) | (((d >> 1) & 15) << 8) | (((d >> 11) & 1) << 7) | 0x63; // prettier-ignore

/** Registers, as bits, through which the code follows pointers. */
function basesOf(words: readonly number[]): number {
  const isThere = (at: number): boolean => at >= 0 && at < words.length * 4;
  const region = formRegion({
    fpEnabled: true,
    halfword: (at) => (isThere(at) ? (words[at >> 2]! >>> ((at & 2) * 8)) & 0xffff : undefined),
    isKnown: isThere,
  })!;
  return findPointerChains(analyze(region)).bases;
}

describe('findPointerChains', () => {
  it('finds a walk through a list, and what its nodes point to', () => {
    const words = [ld(A2, A1, 8), ld(A2, A2, 0), ld(A0, A1, 0), mv(A1, A0), bnez(A1, -16), RET];
    expect(basesOf(words)).toBe((1 << A1) | (1 << A2));
  });

  it('counts no pointer that is read anew in every round', () => {
    expect(basesOf([ld(A1, SP, 8), ld(A2, A1, 0), bnez(A2, -8), RET])).toBe(0);
  });

  it('counts no sum of registers, which may go anywhere', () => {
    expect(basesOf([add(A1, A1, A0), ld(A1, A1, 0), bnez(A1, -8), RET])).toBe(0);
  });
});
