import { describe, expect, it } from 'vitest';
import { assemble } from '../../isa/riscv/assemble.ts';
import { chooseEntries, withEntries, type Entry } from './entries.ts';
import { analyze, orderBlocks, type FlowGraph } from './flow-graph.ts';
import { formRegion, targetsOf, type Region, type Target } from './region.ts';
import { codeOf } from './test-code.ts';

let seed = 3;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};

const regionOf = (source: string): Region => formRegion(codeOf(assemble(source, 0).words))!;

const NESTED = `
  addi t0, zero, 9
outer:
  addi t1, zero, 9
inner:
  addi t1, t1, -1
  bne t1, zero, inner
  jal ra, far
  addi t0, t0, -1
  bne t0, zero, outer
  jalr zero, 0(ra)
far:
${'  addi t2, t2, 1\n'.repeat(50)}
  jalr zero, 0(ra)`;

/** Branches from anywhere to anywhere, so that many loops have several ways in. */
function randomRegion(): Region {
  const lines = Array.from({ length: 4 + random(12) }, (_, i, { length } = { length: 16 }) => {
    const to = `l${random(length)}`;
    const line =
      random(6) === 0 ? `jal ra, far` : random(4) === 0 ? `jal zero, ${to}` : `bne a${random(8)}, zero, ${to}`;
    return `l${i}:\naddi t${random(3)}, t0, 1\n${line}`;
  });
  const far = `far:\n${'addi t2, t2, 1\n'.repeat(50)}jalr zero, 0(ra)`;
  return regionOf(
    [...lines, ...Array.from({ length: 16 }, (_, i) => `l${i}:`).slice(lines.length), 'jalr zero, 0(ra)', far].join(
      '\n',
    ),
  );
}

/** A block, and what the next `select` block would be told. */
interface Place {
  readonly block: number;
  readonly told: number;
}

/** Where control is after `select` blocks. */
function settle(graph: FlowGraph, target: Target, told = target.select ?? 0): Place {
  const { end } = graph.blocks[target.block]!;
  if (end.kind !== 'select') return { block: target.block, told };
  const next = end.cases.find(({ values }) => values.includes(told)) ?? end.cases.at(-1)!;
  return settle(graph, next, next.select ?? told);
}

function isReducible({ order, place, predecessors, dominator }: FlowGraph): boolean {
  const dominates = (a: number, b: number): boolean => {
    while (place[b]! > place[a]!) b = dominator[b]!;
    return a === b;
  };
  return order.every((to) => predecessors[to]!.every((from) => place[from]! < place[to]! || dominates(to, from)));
}

describe('chooseEntries', () => {
  it('takes headers of loops and places behind calls', () => {
    // The root, the headers, behind the call, and the end.
    expect(chooseEntries(regionOf(NESTED)).map(({ at }) => at)).toEqual([4, 8, 20]);
  });
});

describe('withEntries', () => {
  const enter = (graph: FlowGraph, { value }: Entry) => settle(graph, { block: 0, at: 0 }, value);

  it('leaves a region without such places as it is', () => {
    const graph = analyze(regionOf('addi t0, t0, 1\njalr zero, 0(ra)'));
    expect(withEntries(graph, [])).toEqual({ graph, entries: [] });
    expect(withEntries(graph, [{ block: 0, at: 0 }])).toEqual({ graph, entries: [] });
  });

  it('puts a gate in front of loops with places in them only', () => {
    const region = regionOf(NESTED);
    const { graph, entries } = withEntries(analyze(region), chooseEntries(region));
    expect(entries).toHaveLength(3);
    // The entrance, and the outer loop's gate.
    expect(graph.blocks.filter(({ end }) => end.kind === 'select')).toHaveLength(2);
    const inner = graph.blocks.findIndex(({ at }) => at === 8);
    expect([graph.isLoopHeader[inner], graph.blocks[inner]!.instructions.length]).toEqual([1, 2]);
  });

  it('leads to each place, and from there on through the same code, in random programs', () => {
    let [accepted, gates] = [0, 0];
    for (let program = 0; program < 400; program++) {
      const region = randomRegion();
      const old = analyze(region);
      const { graph, entries } = withEntries(old, chooseEntries(region));
      expect(isReducible(graph), `program ${program}`).toBe(true);
      accepted += entries.length;
      gates += graph.blocks.length - old.blocks.length;
      const wanted = chooseEntries(region);
      const starts = entries.map(
        (entry) => [enter(graph, entry), { block: wanted[entry.index]!.block, told: 0 }] as const,
      );
      if (entries.length > 0) starts.push([settle(graph, { block: 0, at: 0 }), { block: 0, told: 0 }]);
      for (const [one, two] of starts) {
        let here = one;
        let there: Place = two;
        for (let step = 0; step < 60; step++) {
          expect(here.told, `program ${program}`).toBe(0);
          expect(graph.blocks[here.block]!.instructions, `program ${program}`).toBe(
            old.blocks[there.block]!.instructions,
          );
          const [ways, oldWays] = [graph, old].map(({ blocks }, i) =>
            targetsOf(blocks[[here, there][i]!.block]!.end),
          ) as [readonly Target[], readonly Target[]];
          const way = random(ways.length);
          if (ways.length === 0 || ways[way]!.block < 0) break;
          here = settle(graph, ways[way]!, ways[way]!.select ?? here.told);
          there = settle(old, oldWays[way]!);
        }
      }
    }
    expect(accepted).toBeGreaterThan(500);
    expect(gates).toBeGreaterThan(400);
  });

  it('keeps the order of blocks sound', () => {
    const region = regionOf(NESTED);
    const { graph } = withEntries(analyze(region), chooseEntries(region));
    const again = orderBlocks(graph.blocks);
    expect(again.order).toEqual(graph.order);
    for (const block of graph.order)
      for (const next of graph.successors[block]!) expect(graph.place[next]).toBeGreaterThanOrEqual(0);
  });
});
