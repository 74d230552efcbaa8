/**
 * How a region keeps count of retired instructions exactly and cheaply.
 *
 * The budget is compared at checkpoints only: the root, loop headers, and the places after calls. There it must cover the longest way
 * to the next checkpoint (a guarded loop's for one turn: guards.ts); if it does not, the region is left and the interpreter does the rest of the slice. In between a block owes
 * what was executed since the checkpoint on the shortest way to it; a longer way pays the difference on its edge. Whoever leaves
 * pays what is owed there.
 *
 * Interface: planBudget, BudgetPlan.
 */
import type { FlowGraph } from './flow-graph.ts';

export interface BudgetPlan {
  /** Whether the budget is looked at where the block begins. */
  isCheckpoint(block: number): boolean;
  /** What the budget must be at least at a checkpoint. */
  needed(block: number): number;
  /** Instructions executed and not paid for where the block begins. */
  owedAt(block: number): number;
  /** To be paid on the way from one block to another. */
  paymentBetween(from: number, to: number): number;
}

export function planBudget(graph: FlowGraph): BudgetPlan {
  const { blocks, order, place, isLoopHeader, successors, predecessors } = graph;
  const lengths = blocks.map((block) => block.instructions.length);
  const isSelect = blocks.map(({ end }) => end.kind === 'select');
  const isTurn = blocks.map(({ end }) => end.kind === 'turn');
  const isCheckpoint = blocks.map((_, i) => (i === 0 || isLoopHeader[i] === 1) && !isSelect[i] && !isTurn[i]);
  // The budget is compared behind a select, where it is known how it goes on.
  for (const { end } of blocks)
    if (end.kind === 'select') for (const { block } of end.cases) if (!isSelect[block]) isCheckpoint[block] = true;
  for (const block of order) {
    const { end } = blocks[block]!;
    if (end.kind === 'call' && end.next.block >= 0 && !isSelect[end.next.block]) isCheckpoint[end.next.block] = true;
  }
  const owed = blocks.map(() => 0);
  for (const block of order)
    if (!isCheckpoint[block] && !isSelect[block] && !isTurn[block])
      owed[block] = Math.min(...predecessors[block]!.map((from) => owed[from]! + lengths[from]!));
  /** The longest way from a block's beginning to the next checkpoint or out. */
  const reach = blocks.map(() => 0);
  for (const block of order.toReversed()) {
    const onward = successors[block]!.map((next) =>
      isCheckpoint[next] || isSelect[next] || place[next]! <= place[block]! ? 0 : reach[next]!,
    );
    reach[block] = lengths[block]! + Math.max(0, ...onward);
  }
  return {
    isCheckpoint: (block) => isCheckpoint[block]!,
    needed: (block) => reach[block]!,
    owedAt: (block) => owed[block]!,
    paymentBetween: (from, to) => owed[from]! + lengths[from]! - owed[to]!,
  };
}
