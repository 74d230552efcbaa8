/**
 * More ways into a region than its root: headers of loops, and places after calls. Code that was left in the middle, at the end of a slice or
 * by a call that came back late, is so gone on with where it is, instead of being interpreted, and then translated once more from there.
 *
 * A way in leads from a block in front of the root through one in front of each loop around its place, so that loops keep
 * one header, and loops without places in them are left as they are:
 *
 *     entrance -+-> root -> ... -> gate of a loop -+-> header -> ... -> place -> ... -> back to the gate
 *               +-----------------> gate           +------------------> place
 *
 * Entrance and gates are 'select' blocks. The way is told by the value that leads to its place: 1 and the number of its block; in
 * all other rounds the value is 0, which leads on to the root or the header.
 *
 * Interface: chooseEntries, withEntries, Entry.
 */
import { orderBlocks, type FlowGraph } from './flow-graph.ts';
import { bodyOf, latchesOf } from './loops.ts';
import {
  retarget,
  selectValue,
  type Block,
  type BlockEnd,
  type Region,
  type SelectCase,
  type Target,
} from './region.ts';

const MAX_ENTRIES = 16;

export interface Entry {
  /** Number of the one that was asked for. */
  readonly index: number;
  /** What the entrance is to be told. */
  readonly value: number;
}

/** Where a region is worth to be entered besides its root. */
export function chooseEntries({ blocks }: Region): Target[] {
  const graph = orderBlocks(blocks);
  const { order, isLoopHeader } = graph;
  const own = order.filter((block) => block > 0 && !blocks[block]!.isTakenIn);
  const headers = own.filter((block) => isLoopHeader[block]);
  const places = [...headers, ...own.filter((block) => !isLoopHeader[block] && isBehind(graph, block, 'call'))];
  return places.slice(0, MAX_ENTRIES).map((block) => ({ block, at: blocks[block]!.at }));
}

/** The graph of a region with those of the ways in that were asked for which are at headers of loops or after calls. */
export function withEntries(
  graph: FlowGraph,
  wanted: readonly Target[],
): { graph: FlowGraph; entries: readonly Entry[] } {
  if (wanted.length === 0) return { graph, entries: [] };
  const places = wanted.map(({ block }) => block);
  const loops = loopsOf(graph);
  const isSuitable = suitablePlaces(graph, loops);
  const accepted = [...new Set(places)].filter((block) => isSuitable(block));
  if (accepted.length === 0) return { graph, entries: [] };
  const entries = accepted.map((block) => ({ index: places.indexOf(block), value: selectValue(block) }));
  return { graph: orderBlocks(new Gates(graph, loops, accepted).build()), entries };
}

/** Whether a block comes after one that ends in a way. */
function isBehind({ blocks, predecessors }: FlowGraph, block: number, kind: BlockEnd['kind']): boolean {
  return predecessors[block]!.some((from) => blocks[from]!.end.kind === kind);
}

function suitablePlaces(graph: FlowGraph, loops: Loops): (block: number) => boolean {
  const { blocks, place, isLoopHeader } = graph;
  // A gate would cost such a loop more than to wait for the next round. What goes on for long is a loop within, or calls.
  const isMetSoon = (block: number): boolean =>
    [...loops].some(([header, body]) => {
      if (header === block || !body.has(block) || blocks[header]!.end.kind === 'select') return false;
      return latchesOf(graph, block).every((latch) => bodyOf(graph, block, [latch]).has(header));
    });
  return (block) =>
    block > 0 &&
    place[block]! >= 0 &&
    (isBehind(graph, block, 'call') ||
      ((isLoopHeader[block] === 1 || isBehind(graph, block, 'select')) && !isMetSoon(block)));
}

/** The blocks of loops, by their headers. */
type Loops = ReadonlyMap<number, ReadonlySet<number>>;

class Gates {
  private readonly graph: FlowGraph;
  private readonly places: readonly number[];
  private readonly blocks: Block[];
  /** By place: headers of the loops that are entered on the way to it otherwise than through their headers, from the outside inwards. */
  private readonly around: ReadonlyMap<number, readonly number[]>;
  /** The gates by their loops' headers. A header that is a 'select' block is its loop's gate. */
  private readonly gates = new Map<number, number>();
  /** Where the root has gone. */
  private readonly root: number;

  constructor(graph: FlowGraph, loops: Loops, places: readonly number[]) {
    this.graph = graph;
    this.places = places;
    this.blocks = [...graph.blocks];
    this.root = this.blocks.push(graph.blocks[0]!) - 1;
    this.around = new Map(places.map((place) => [place, headersAround(loops, place)]));
  }

  build(): Block[] {
    const { blocks, gates, places } = this;
    for (const place of places)
      for (const header of this.around.get(place)!) if (!gates.has(header)) gates.set(header, this.gateFor(header));
    const count = blocks.length;
    const inner = new Map([...gates.keys()].map((header) => [header, this.innerLatches(header)]));
    for (let block = 1; block < count; block++) {
      const from = block === this.root ? 0 : block;
      const turn = (to: Target): Target =>
        inner.get(to.block)?.has(from) ? { ...to, block: this.moved(to.block) } : this.throughGate(to);
      blocks[block] = retarget(blocks[block]!, turn);
    }
    for (const [header, gate] of gates) blocks[gate] = this.select(blocks[gate]!.at, this.casesOf(header, gate));
    blocks.forEach(({ at, end }, block) => {
      if (end.kind === 'select' && !gates.has(block) && block < this.graph.blocks.length)
        blocks[block] = this.select(at, end.cases);
    });
    blocks[0] = this.select(blocks[0]!.at, [
      { ...this.throughGate({ block: 0, at: blocks[0]!.at }), values: [0] },
      ...this.casesWithin(undefined),
    ]);
    return blocks;
  }

  /**
   * From where a loop within, which has the same header but no places, goes back to it: that is not led through the gate. A header that is a
   * 'select' block has none.
   */
  private innerLatches(header: number): ReadonlySet<number> {
    if (this.gates.get(header) === header) return new Set();
    const isApart = (latch: number): boolean => {
      const body = bodyOf(this.graph, header, [latch]);
      return this.places.every((place) => place === header || !body.has(place));
    };
    return new Set(latchesOf(this.graph, header).filter(isApart));
  }

  private gateFor(header: number): number {
    const block = this.graph.blocks[header]!;
    if (block.end.kind === 'select') return header;
    return this.blocks.push({ at: block.at, instructions: [], end: { kind: 'select', cases: [] } }) - 1;
  }

  private moved(block: number): number {
    return block === 0 ? this.root : block;
  }

  private throughGate(target: Target): Target {
    if (target.block < 0) return target;
    const block = this.gates.get(target.block) ?? this.moved(target.block);
    return block === target.block ? target : { ...target, block };
  }

  private casesOf(header: number, gate: number): SelectCase[] {
    const { end, at } = this.blocks[gate]!;
    const inner = this.casesWithin(header);
    if (gate !== header || end.kind !== 'select') return [{ block: this.moved(header), at, values: [0] }, ...inner];
    const known = new Set(end.cases.flatMap(({ values }) => values));
    const added = inner.map((one) => ({ ...one, values: one.values.filter((value) => !known.has(value)) }));
    return [...end.cases, ...added.filter(({ values }) => values.length > 0)];
  }

  /** The next steps to the places inside of a loop, or of the region. */
  private casesWithin(header: number | undefined): SelectCase[] {
    const steps = new Map<string, SelectCase>();
    for (const place of this.places) {
      const around = this.around.get(place)!;
      const depth = header === undefined ? 0 : around.indexOf(header) + 1;
      if (header !== undefined && depth === 0) continue;
      const block = this.gates.get(around[depth] ?? place) ?? place;
      const value = selectValue(place);
      // Arriving at a loop's header is another case than going further into the loop.
      const key = `${block} ${this.arrivesAt(block, value)}`;
      const values = [...(steps.get(key)?.values ?? []), value];
      steps.set(key, { block, at: this.blocks[block]!.at, values });
    }
    return [...steps.values()];
  }

  /** Whoever has arrived tells the next gate nothing. */
  private select(at: number, cases: readonly SelectCase[]): Block {
    const arriving = cases.map((one): SelectCase => {
      const isOnTheWay = one.values.some((value) => !this.arrivesAt(one.block, value));
      return isOnTheWay || one.values[0] === 0 ? one : { ...one, select: 0 };
    });
    return { at, instructions: [], end: { kind: 'select', cases: arriving } };
  }

  private arrivesAt(block: number, value: number): boolean {
    const place = value - 1;
    return block === this.moved(place) || (block !== place && block === this.gates.get(place));
  }
}

function headersAround(loops: Loops, place: number): number[] {
  const around = [...loops].filter(([header, body]) => header !== place && body.has(place));
  return around.sort(([, a], [, b]) => b.size - a.size).map(([header]) => header);
}

function loopsOf(graph: FlowGraph): Loops {
  const headers = graph.order.filter((block) => graph.isLoopHeader[block]);
  return new Map(headers.map((header) => [header, bodyOf(graph, header, latchesOf(graph, header))]));
}
