import { describe, expect, it } from 'vitest';
import { planBudget } from './budget.ts';
import { analyze } from './flow-graph.ts';
import { versionLoops } from './loop-versions.ts';
import { innermostLoops } from './loops.ts';
import { formRegion, type Region } from './region.ts';
import { codeOf } from './test-code.ts';

const RET = 0x8067;
const addi = (rd: number, rs1: number, imm: number): number => ((imm & 0xfff) << 20) | (rs1 << 15) | (rd << 7) | 0x13;
const add = (rd: number, rs1: number, rs2: number): number => (rs2 << 20) | (rs1 << 15) | (rd << 7) | 0x33;
const addiw = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (rd << 7) | 0x1b;
const lbu = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (4 << 12) | (rd << 7) | 0x03;
const lh = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (1 << 12) | (rd << 7) | 0x03;
const slli = (rd: number, rs1: number, by: number): number => (by << 20) | (rs1 << 15) | (1 << 12) | (rd << 7) | 0x13;
const srli = (rd: number, rs1: number, by: number): number => (by << 20) | (rs1 << 15) | (5 << 12) | (rd << 7) | 0x13;
const bne = (rs1: number, rs2: number, d: number): number =>
  ((d >> 12) << 31) | (((d >> 5) & 63) << 25) | (rs2 << 20) | (rs1 << 15) | (1 << 12) | (((d >> 1) & 15) << 8) | (((d >> 11) & 1) << 7) | 0x63; // prettier-ignore

const regionOf = (words: readonly number[]): Region => formRegion(codeOf(words))!;

const [S0, A0, A1, A2] = [8, 10, 11, 12];

describe('versionLoops', () => {
  it('looks up what eight rounds read at once', () => {
    const graph = versionLoops(analyze(regionOf([lbu(A2, A0, 0), addi(A0, A0, 1), bne(A0, A1, -8), RET])));
    const guard = graph.blocks[0]!.end;
    if (guard.kind !== 'guard') throw new Error(`the loop begins with ${guard.kind}`);
    expect(guard.groups).toEqual([
      { base: A0, index: undefined, shift: 0, isUnsigned: false, indexes: [], access: 'read', size: 1, from: 0, to: 8 },
    ]);
    const offsets = graph.blocks.flatMap(({ guarded }) => [...(guarded?.values() ?? [])].map(({ offset }) => offset));
    expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0]);
    expect(guard.steps).toEqual([8]);
    const turn = guard.hit.block;
    expect(graph.blocks[turn]!.end.kind).toBe('turn');
    // After the last round and after one with its own look-ups; from the guard and after eight rounds.
    expect([0, turn].map((block) => graph.predecessors[block]!.length)).toEqual([2, 2]);
    expect(graph.isLoopHeader.reduce((sum, is) => sum + is)).toBe(2);
  });

  it('follows the sum of a base and an index of 32 bits', () => {
    const words = [add(A2, A0, A1), lbu(A2, A2, 0), addiw(A1, A1, 1), bne(A1, S0, -12), RET];
    const guard = versionLoops(analyze(regionOf(words))).blocks[0]!.end;
    if (guard.kind !== 'guard') throw new Error(`the loop begins with ${guard.kind}`);
    expect(guard.groups).toEqual([
      { base: A0, index: A1, shift: 0, isUnsigned: false, indexes: [A1], access: 'read', size: 1, from: 0, to: 8 },
    ]);
  });

  it('follows an unsigned index of 32 bits that counts elements', () => {
    const words = [slli(A2, A1, 32), srli(A2, A2, 31), add(A2, A2, A0), lh(A2, A2, 0), addiw(A1, A1, 1), bne(A1, S0, -20), RET]; // prettier-ignore
    const guard = versionLoops(analyze(regionOf(words))).blocks[0]!.end;
    if (guard.kind !== 'guard') throw new Error(`the loop begins with ${guard.kind}`);
    const [group] = guard.groups;
    expect(group).toEqual({
      base: A0,
      index: A1,
      shift: 1,
      isUnsigned: true,
      indexes: [A1],
      access: 'read',
      size: 2,
      from: 0,
      to: 16,
    });
  });

  it('does not count turns for such an index that falls', () => {
    const words = [slli(A2, A1, 32), srli(A2, A2, 31), add(A2, A2, A0), lh(A2, A2, 0), addiw(A1, A1, 0xfff), bne(A1, S0, -20), RET]; // prettier-ignore
    const graph = versionLoops(analyze(regionOf(words)));
    expect(graph.blocks.some(({ end }) => end.kind === 'guard')).toBe(false);
  });

  it('does not follow such an index that may have become negative', () => {
    const words = [addiw(A1, A1, 0xfff), slli(A2, A1, 32), srli(A2, A2, 31), add(A2, A2, A0), lh(A2, A2, 0), bne(A1, S0, -20), RET]; // prettier-ignore
    const graph = versionLoops(analyze(regionOf(words)));
    expect(graph.blocks.some(({ end }) => end.kind === 'guard')).toBe(false);
  });

  it('counts turns by an index, but not where two registers move against each other', () => {
    const stepsOf = (by: number): readonly number[] | undefined => {
      const words = [add(A2, A0, A1), lbu(A2, A2, 0), addi(A0, A0, by), addiw(A1, A1, 1), bne(A1, S0, -16), RET];
      const { end } = versionLoops(analyze(regionOf(words))).blocks[0]!;
      return end.kind === 'guard' ? end.steps : undefined;
    };
    expect(stepsOf(2)).toEqual([24]);
    // The place stays where it is, and the index would go beyond 2^31.
    expect(stepsOf(-1)).toBeUndefined();
  });

  it('does not count turns where an access moves by a register', () => {
    const words = [lbu(A2, A0, 0), lbu(A2, A0, 1), add(A0, A0, S0), bne(A0, A1, -12), RET];
    const { end } = versionLoops(analyze(regionOf(words))).blocks[0]!;
    expect(end.kind === 'guard' && end.steps === undefined).toBe(true);
  });

  it('leaves out of the guard what moves by a register, if something moves by a constant', () => {
    const words = [lbu(A2, A0, 0), lbu(A2, A1, 0), add(A0, A0, S0), addi(A1, A1, 1), bne(A1, A2, -16), RET];
    const { end } = versionLoops(analyze(regionOf(words))).blocks[0]!;
    if (end.kind !== 'guard') throw new Error(`the loop begins with ${end.kind}`);
    expect(end.groups.map(({ base }) => base)).toEqual([A1]);
    expect(end.steps).toEqual([8]);
  });

  it('does not ask within a turn whether a loop ends that counts', () => {
    const blt = (rs1: number, rs2: number, d: number): number => bne(rs1, rs2, d) ^ (5 << 12);
    const guardOf = (end: readonly number[]) => {
      const graph = versionLoops(analyze(regionOf([lbu(A2, A0, 0), ...end, RET])));
      const guard = graph.blocks[0]!.end;
      if (guard.kind !== 'guard') throw new Error(`the loop begins with ${guard.kind}`);
      return { trips: guard.trips, blocks: graph.blocks.length };
    };
    const counted = guardOf([addi(A0, A0, 1), bne(A0, A1, -8)]);
    expect(counted.trips).toEqual({ counter: A0, limit: A1, step: 8, until: 'equal', isSigned: false });
    const alsoCounted = guardOf([addi(A0, A0, 1), addi(A1, A1, -2), blt(0, A1, -12)]);
    expect(alsoCounted.trips).toEqual({ counter: A1, limit: 0, step: -16, until: 'notLower', isSigned: true });
    // The counter moves away from the limit; both move; neither does.
    for (const end of [
      [addi(A0, A0, 1), blt(A1, A0, -8)],
      [addi(A0, A0, 1), addi(A1, A1, 1), bne(A0, A1, -12)],
      [addi(A0, A0, 1), bne(A1, 0, -8)],
    ]) {
      const asking = guardOf(end);
      expect(asking.trips).toBeUndefined();
      expect(asking.blocks).toBe(counted.blocks + 7);
    }
  });

  it('asks for the budget of one turn, and nothing within it', () => {
    const graph = versionLoops(analyze(regionOf([lbu(A2, A0, 0), addi(A0, A0, 1), bne(A0, A1, -8), RET])));
    const guard = graph.blocks[0]!.end;
    if (guard.kind !== 'guard') throw new Error(`the loop begins with ${guard.kind}`);
    const plan = planBudget(graph);
    const rounds = 8;
    const perRound = 3;
    expect(plan.needed(0)).toBe(rounds * perRound);
    expect(graph.order.filter((block) => plan.isCheckpoint(block))).toEqual([0]);
    const turn = guard.hit.block;
    const [latch] = graph.predecessors[turn]!.filter((block) => block !== 0);
    expect(plan.owedAt(turn)).toBe(0);
    expect(graph.blocks[latch!]!.instructions).toHaveLength(rounds * perRound);
    expect(plan.paymentBetween(latch!, turn)).toBe(rounds * perRound);
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
