/**
 * The loops of a control-flow graph.
 *
 * Interface: innermostLoops, bodyOf, latchesOf, isInEveryRound, Loop.
 */
import type { FlowGraph } from './flow-graph.ts';

export interface Loop {
  readonly header: number;
  /** In the graph's order; the header is first. */
  readonly blocks: readonly number[];
  /** From where it goes back to the header. */
  readonly latches: readonly number[];
}

/**
 * Loops without other loops in them and without calls, in which other code could run. Where several ways go
 * back to a header, the loop is the smallest: an outer loop may begin there too.
 */
export function innermostLoops(graph: FlowGraph): Loop[] {
  const { blocks, order, isLoopHeader } = graph;
  const isInnermost = (loop: Loop): boolean =>
    loop.blocks.every((block) => (block === loop.header || !isLoopHeader[block]) && blocks[block]!.end.kind !== 'call');
  const loops: Loop[] = [];
  for (const header of order) {
    if (!isLoopHeader[header]) continue;
    const candidates = latchesOf(graph, header)
      .map((latch) => naturalLoop(graph, header, latch))
      .filter(isInnermost);
    if (candidates.length > 0) loops.push(candidates.reduce((a, b) => (b.blocks.length < a.blocks.length ? b : a)));
  }
  return loops;
}

function naturalLoop(graph: FlowGraph, header: number, latch: number): Loop {
  const { order, predecessors } = graph;
  const inside = bodyOf(graph, header, [latch]);
  const blocks = order.filter((block) => inside.has(block));
  return { header, blocks, latches: predecessors[header]!.filter((from) => inside.has(from)) };
}

/** The blocks of a loop that goes back to its header from some blocks. */
export function bodyOf({ predecessors }: FlowGraph, header: number, latches: readonly number[]): Set<number> {
  const body = new Set([header, ...latches]);
  for (const block of body) if (block !== header) for (const from of predecessors[block]!) body.add(from);
  return body;
}

/** From where control goes back to a header. */
export function latchesOf({ place, predecessors }: FlowGraph, header: number): number[] {
  return predecessors[header]!.filter((from) => place[from]! >= place[header]!);
}

/** Whether every round through a loop passes a block. */
export function isInEveryRound({ place, dominator }: FlowGraph, { latches }: Loop, block: number): boolean {
  const dominates = (below: number): boolean => {
    while (place[below]! > place[block]!) below = dominator[below]!;
    return below === block;
  };
  return latches.every(dominates);
}
