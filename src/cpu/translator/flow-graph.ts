/**
 * The order of a region's blocks: reverse postorder, dominators, loop headers, merge points. Edges that make the graph irreducible
 * (into the middle of a loop from outside) are cut: they leave the region.
 *
 * Interface: analyze, FlowGraph. Dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
 */
import type { Block, BlockEnd, Region, Target } from './region.ts';

export interface FlowGraph {
  readonly blocks: readonly Block[];
  /** Reachable blocks in reverse postorder; the root is first. */
  readonly order: readonly number[];
  /** Place of a block in the order, -1 if it cannot be reached. */
  readonly place: Int32Array;
  readonly dominator: Int32Array;
  readonly isLoopHeader: Uint8Array;
  /** Predecessors by forward edges and by back edges. */
  readonly predecessors: readonly (readonly number[])[];
}

/** The blocks to which control can go inside the region. */
export function successorsOf(end: BlockEnd): number[] {
  const targets = end.kind === 'branch' ? [end.taken, end.next] : 'next' in end ? [end.next] : [];
  return targets.filter((target) => target.block >= 0).map((target) => target.block);
}

export function analyze(region: Region): FlowGraph {
  let { blocks } = region;
  for (;;) {
    const graph = orderBlocks(blocks);
    const bad = irreducibleEdges(graph);
    if (bad.length === 0) return graph;
    blocks = blocks.map((block, from) => {
      const cut = (target: Target): Target =>
        bad.some((edge) => edge.from === from && edge.to === target.block) ? { block: -1, at: target.at } : target;
      const { end } = block;
      if (end.kind === 'branch') return { ...block, end: { ...end, taken: cut(end.taken), next: cut(end.next) } };
      return 'next' in end ? { ...block, end: { ...end, next: cut(end.next) } } : block;
    });
  }
}

function orderBlocks(blocks: readonly Block[]): FlowGraph {
  const order = reversePostorder(blocks);
  const place = new Int32Array(blocks.length).fill(-1);
  order.forEach((block, i) => (place[block] = i));
  const predecessors: number[][] = blocks.map(() => []);
  for (const block of order) for (const next of successorsOf(blocks[block]!.end)) predecessors[next]!.push(block);
  const dominator = dominators(order, place, predecessors);
  const isLoopHeader = new Uint8Array(blocks.length);
  for (const block of order)
    if (predecessors[block]!.some((from) => place[from]! >= place[block]!)) isLoopHeader[block] = 1;
  return { blocks, order, place, dominator, isLoopHeader, predecessors };
}

function reversePostorder(blocks: readonly Block[]): number[] {
  const seen = new Uint8Array(blocks.length);
  const postorder: number[] = [];
  const stack: { block: number; rest: number[] }[] = [];
  const visit = (block: number): void => {
    seen[block] = 1;
    stack.push({ block, rest: successorsOf(blocks[block]!.end) });
  };
  visit(0);
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const next = top.rest.pop();
    if (next === undefined) {
      postorder.push(top.block);
      stack.pop();
    } else if (!seen[next]) visit(next);
  }
  return postorder.reverse();
}

function dominators(order: readonly number[], place: Int32Array, predecessors: readonly number[][]): Int32Array {
  const dominator = new Int32Array(place.length).fill(-1);
  dominator[order[0]!] = order[0]!;
  const meet = (a: number, b: number): number => {
    while (a !== b) {
      while (place[a]! > place[b]!) a = dominator[a]!;
      while (place[b]! > place[a]!) b = dominator[b]!;
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const block of order.slice(1)) {
      let found = -1;
      for (const from of predecessors[block]!) if (dominator[from]! >= 0) found = found < 0 ? from : meet(found, from);
      if (dominator[block] !== found) {
        dominator[block] = found;
        changed = true;
      }
    }
  }
  return dominator;
}

function irreducibleEdges({ order, place, predecessors, dominator }: FlowGraph): { from: number; to: number }[] {
  const dominates = (a: number, b: number): boolean => {
    while (place[b]! > place[a]!) b = dominator[b]!;
    return a === b;
  };
  return order.flatMap((to) =>
    predecessors[to]!.filter((from) => place[from]! >= place[to]! && !dominates(to, from)).map((from) => ({
      from,
      to,
    })),
  );
}
