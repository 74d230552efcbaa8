import { describe, expect, it } from 'vitest';
import { planBudget } from './budget.ts';
import { planStretches } from './access-groups.ts';
import { analyzeRegisters } from './dataflow.ts';
import { ExitStubs } from './exit-stubs.ts';
import { analyze } from './flow-graph.ts';
import { formRegion, type Region } from './region.ts';
import { RegisterSet } from './register-set.ts';
import { codeOf } from './test-code.ts';

const NOP = 0x13;
const RET = 0x8067;
const addi = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (rd << 7) | 0x13;
const ld = (rd: number, rs1: number, imm: number): number => (imm << 20) | (rs1 << 15) | (3 << 12) | (rd << 7) | 0x03;
const sd = (rs2: number, rs1: number, imm: number): number =>
  ((imm >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (3 << 12) | ((imm & 31) << 7) | 0x23;
const branch = (kind: number, d: number): number =>
  ((d >> 12) << 31) | (((d >> 5) & 63) << 25) | (kind << 12) | (((d >> 1) & 15) << 8) | (((d >> 11) & 1) << 7) | 0x63;
const beq = (d: number): number => branch(0, d);
const jal = (rd: number, d: number): number =>
  ((d >> 20) << 31) | (((d >> 1) & 0x3ff) << 21) | (((d >> 11) & 1) << 20) | (d & 0xff000) | (rd << 7) | 0x6f;

const regionOf = (words: readonly number[], unknown?: readonly number[]): Region => formRegion(codeOf(words, unknown))!;
const places = ({ blocks }: Region): string[] => blocks.map(({ at, end }) => `${at}:${end.kind}`);

describe('formRegion', () => {
  it('follows branches, and splits blocks at their targets', () => {
    expect(places(regionOf([NOP, NOP, beq(-4), RET]))).toEqual(['0:goto', '12:return', '4:branch']);
  });

  it('leaves out what was never executed', () => {
    const region = regionOf([beq(12), NOP, RET, NOP, RET], [12]);
    expect(places(region)).toEqual(['0:branch', '4:return']);
    expect([...region.exits]).toEqual([12]);
  });

  it('names no exits where the limit cut it, as it would not grow', () => {
    const code = codeOf([beq(12), NOP, RET, NOP, RET], [12]);
    expect([...formRegion(code)!.exits]).toEqual([12]);
    expect([...formRegion(code, { limit: 1, inline: false })!.exits]).toEqual([]);
  });

  it('does not cut a block where it is full', () => {
    const long = new Array<number>(400).fill(addi(5, 5, 1));
    const { blocks } = regionOf([...long, jal(0, -1600)]);
    expect(blocks.map(({ instructions }) => instructions.length)).toEqual([401]);
    expect(formRegion(codeOf(long), { limit: 10, inline: false })!.size).toBe(10);
  });

  it('takes executed code around a jump for its cases only behind a comparison of unsigned numbers', () => {
    const bltu = (d: number): number => branch(6, d);
    const jr = (5 << 15) | 0x67;
    const cases = [NOP, RET, NOP, RET];
    expect(places(regionOf([bltu(8), RET, jr, ...cases]))).toEqual([
      '0:branch',
      '4:return',
      '8:jump',
      '12:return',
      '20:return',
    ]);
    expect(places(regionOf([beq(8), RET, jr, ...cases]))).toEqual(['0:branch', '4:return', '8:jump']);
    expect(places(regionOf([jr, ...cases]))).toEqual(['0:jump']);
  });

  it('comes back to the call from what a small function jumps to', () => {
    const jalr = (rd: number, rs1: number): number => (rs1 << 15) | (rd << 7) | 0x67;
    const [link, other] = [1, 28];
    // A call of a stub of the PLT, and a stub in the place of a function.
    const { blocks } = regionOf([jal(link, 8), RET, addi(other, 5, 0), jalr(6, other)]);
    expect(blocks.map(({ at, end }) => `${at}:${end.kind}`)).toEqual(['0:goto', '4:return', '8:call']);
    expect(blocks[2]!.end).toEqual({ kind: 'call', callee: undefined, next: { block: 1, at: 4 } });
    expect(places(regionOf([addi(other, 5, 0), jalr(6, other)]))).toEqual(['0:jump']);
  });

  it('ends before an instruction of the privileged part', () => {
    expect(regionOf([NOP, 0x73]).blocks[0]!.end).toEqual({ kind: 'leave', at: 4, isEcall: true });
    expect(regionOf([NOP, 0x0010_0073]).blocks[0]!.end).toEqual({ kind: 'leave', at: 4, isEcall: false });
  });

  it('takes small functions in, once for each call', () => {
    const region = regionOf([jal(1, 12), jal(1, 8), RET, NOP, RET]);
    expect(region.size).toBe(7);
    expect(region.blocks.filter(({ end }) => end.kind === 'returnTo')).toHaveLength(2);
  });
});

describe('analyze', () => {
  it('leads the ways into a loop with two entries through one block', () => {
    // 0 -> 4 and 12; 4 -> 12; 12 -> 4 or out.
    const graph = analyze(regionOf([beq(12), NOP, NOP, NOP, beq(-12), RET]));
    expect(graph.blocks.filter(({ end }) => end.kind === 'select')).toHaveLength(1);
    for (const block of graph.order)
      for (const from of graph.predecessors[block]!)
        if (graph.place[from]! >= graph.place[block]!) expect(graph.isLoopHeader[block]).toBe(1);
  });

  it('needs one header for a loop that is entered behind its root', () => {
    // 0 -> 4; 4 -> 0 or 8; 8 -> 4 or out.
    const graph = analyze(regionOf([NOP, beq(-4), NOP, beq(-8), RET]));
    expect(graph.isLoopHeader.reduce((sum, is) => sum + is)).toBe(1);
    expect(graph.predecessors[0]).toEqual([]);
    expect(graph.blocks.filter(({ at }) => at === 0)).toHaveLength(2);
  });

  it('leaves reducible code as it is', () => {
    const region = regionOf([NOP, beq(8), NOP, beq(-8), RET]);
    expect(analyze(region).blocks).toEqual(region.blocks);
  });
});

describe('planBudget', () => {
  it('counts every way through a diamond exactly', () => {
    // Either 0, 4, 8, 12 (jump), 20 or 0, 16, 20.
    const graph = analyze(regionOf([beq(16), NOP, NOP, jal(0, 8), NOP, RET]));
    const plan = planBudget(graph);
    const at = (place: number): number => graph.blocks.findIndex((block) => block.at === place);
    const last = plan.owedAt(at(20)) + 1;
    const pay = (...way: number[]): number =>
      way.slice(1).reduce((sum, to, i) => sum + plan.paymentBetween(at(way[i]!), at(to)), last);
    expect(pay(0, 4, 20)).toBe(5);
    expect(pay(0, 16, 20)).toBe(3);
    expect(plan.needed(at(0))).toBe(5);
  });
});

describe('analyzeRegisters', () => {
  it('loads a register that is written on one way only, since it may be written back on both', () => {
    const graph = analyze(regionOf([beq(8), addi(10, 11, 1), ld(12, 13, 0), RET]));
    const { entryLoads } = analyzeRegisters(graph);
    expect(['x10', 'x11', 'x12', 'x13'].map((name) => entryLoads(0).has('x', Number(name.slice(1))))).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});

describe('ExitStubs', () => {
  it('shares a stub only where all that it writes is valid', () => {
    const stubs = new ExitStubs();
    const [a, b] = [RegisterSet.EMPTY.with('x', 1), RegisterSet.EMPTY.with('x', 2)];
    const first = stubs.choose(a, a);
    expect(stubs.choose(b, a.union(b))).not.toBe(first);
    expect(stubs.choose(RegisterSet.EMPTY, a)).toBe(first);
    expect(stubs.writes(first).equals(a)).toBe(true);
  });
});

describe('planStretches', () => {
  it('looks up for writing what is read and written through one register', () => {
    const [block] = regionOf([ld(5, 10, 8), sd(5, 10, 16), RET]).blocks;
    expect(planStretches(block!)[0]!.groups).toMatchObject([{ base: 10, access: 'write', from: 8, to: 24, size: 8 }]);
  });

  it('groups accesses through a register that moves by constants', () => {
    const [block] = regionOf([addi(2, 2, -32), ld(8, 2, 16), ld(9, 2, 24), RET]).blocks;
    expect(planStretches(block!)[0]!.groups).toMatchObject([{ base: 2, access: 'read', from: -16, to: 0, size: 8 }]);
  });

  it('begins anew where a pointer was loaded that is used more than once', () => {
    const [block] = regionOf([ld(10, 11, 0), ld(12, 10, 0), ld(13, 10, 8), RET]).blocks;
    expect(planStretches(block!).map(({ from, to, groups }) => [from, to, groups.length])).toEqual([
      [0, 1, 0],
      [1, 3, 1],
    ]);
  });
});
