import { describe, expect, it } from 'vitest';
import { analyze } from './flow-graph.ts';
import { versionLoops } from './loop-versions.ts';
import { innermostLoops } from './loops.ts';
import { formRegion, type Region } from './region.ts';

const RET = 0x8067;
const addi = (rd: number, rs1: number, imm: number): number => ((imm & 0xfff) << 20) | (rs1 << 15) | (rd << 7) | 0x13;
const add = (rd: number, rs1: number, rs2: number): number => (rs2 << 20) | (rs1 << 15) | (rd << 7) | 0x33;
const addiw = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (rd << 7) | 0x1b;
const lbu = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (4 << 12) | (rd << 7) | 0x03;
const bne = (rs1: number, rs2: number, d: number): number =>
  ((d >> 12) << 31) | (((d >> 5) & 63) << 25) | (rs2 << 20) | (rs1 << 15) | (1 << 12) | (((d >> 1) & 15) << 8) | (((d >> 11) & 1) << 7) | 0x63; // prettier-ignore

function regionOf(words: readonly number[]): Region {
  const isThere = (at: number): boolean => at >= 0 && at < words.length * 4;
  return formRegion({
    fpEnabled: true,
    halfword: (at) => (isThere(at) ? (words[at >> 2]! >>> ((at & 2) * 8)) & 0xffff : undefined),
    isKnown: isThere,
  })!;
}

const [S0, A0, A1, A2] = [8, 10, 11, 12];

describe('versionLoops', () => {
  it('looks up what eight rounds read at once', () => {
    const graph = versionLoops(analyze(regionOf([lbu(A2, A0, 0), addi(A0, A0, 1), bne(A0, A1, -8), RET])));
    const guard = graph.blocks[0]!.end;
    if (guard.kind !== 'guard') throw new Error(`the loop begins with ${guard.kind}`);
    expect(guard.groups).toEqual([
      { base: A0, index: undefined, indexes: [], access: 'read', size: 1, from: 0, to: 8 },
    ]);
    const offsets = graph.blocks.flatMap(({ guarded }) => [...(guarded?.values() ?? [])].map(({ offset }) => offset));
    expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(graph.isLoopHeader.reduce((sum, is) => sum + is)).toBe(1);
    expect(graph.predecessors[0]).toHaveLength(2);
  });

  it('follows the sum of a base and an index of 32 bits', () => {
    const words = [add(A2, A0, A1), lbu(A2, A2, 0), addiw(A1, A1, 1), bne(A1, S0, -12), RET];
    const guard = versionLoops(analyze(regionOf(words))).blocks[0]!.end;
    if (guard.kind !== 'guard') throw new Error(`the loop begins with ${guard.kind}`);
    expect(guard.groups).toEqual([{ base: A0, index: A1, indexes: [A1], access: 'read', size: 1, from: 0, to: 8 }]);
  });

  it('does not look up what not every round reads', () => {
    // The byte is read only when a1 is not 0.
    const words = [bne(A1, 0, 8), bne(A1, A2, 8), lbu(A2, A0, 0), addi(A0, A0, 1), bne(A0, A1, -16), RET];
    const graph = versionLoops(analyze(regionOf(words)));
    expect(graph.blocks.some(({ end }) => end.kind === 'guard')).toBe(false);
    expect(graph.blocks.length).toBeGreaterThan(analyze(regionOf(words)).blocks.length);
  });

  it('forgets a register that is not moved by a constant', () => {
    const load = lbu(A0, A0, 0);
    const graph = versionLoops(analyze(regionOf([load, addi(A2, A2, 1), bne(A2, A1, -8), RET])));
    expect(graph.blocks.some(({ end }) => end.kind === 'guard')).toBe(false);
  });
});

describe('innermostLoops', () => {
  it('finds the inner one of two loops with one header', () => {
    const nested = [addi(A0, A0, 1), bne(A0, A1, -4), addi(A2, A2, 1), bne(A2, A1, -4), bne(A2, S0, -16), RET];
    const [inner] = innermostLoops(analyze(regionOf(nested)));
    expect(inner?.latches).toHaveLength(1);
    expect(inner?.blocks).toHaveLength(1);
  });
});
