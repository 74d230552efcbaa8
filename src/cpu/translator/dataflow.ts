/**
 * Which registers are in locals at each point of a region, and which of those must be written back when it is left there.
 *
 * At a sync point (the root or the entrance, and the place after a call) memory holds all registers; those that are needed are loaded there.
 *
 *   live     needed on some way from here before it is written
 *   dirty    may have been written since the last sync point, so that memory may be out of date
 *   valid    certainly loaded or written since the last sync point, so that the local may be used
 *
 * Invariant: dirty registers are valid at every point. Where that would not be so by itself (written on one way to a block but
 * not on another) the register counts as needed there, and so gets loaded.
 *
 * Interface: analyzeRegisters, RegisterFlow.
 */
import type { FlowGraph } from './flow-graph.ts';
import type { Block } from './region.ts';
import { RegisterSet } from './register-set.ts';

export interface RegisterFlow {
  /** To be loaded at the root, or on the way from the entrance to one of its cases. */
  entryLoads(block: number): RegisterSet;
  /** To be loaded after the call that ends a block. */
  loadsAfterCall(block: number): RegisterSet;
  readonly dirtyIn: readonly RegisterSet[];
  readonly validIn: readonly RegisterSet[];
}

const ALL = new RegisterSet(-1, -1);

export function analyzeRegisters(graph: FlowGraph): RegisterFlow {
  const { blocks, order, predecessors } = graph;
  const hasEntrance = blocks[0]!.end.kind === 'select';
  const defined = blocks.map((block) =>
    block.instructions.reduce((set, { writes }) => set.union(writes), RegisterSet.EMPTY),
  );
  /** Needed before it is written in the block, by its instructions or because it would else be dirty and not valid. */
  const used = blocks.map(usedFirst);
  const dirtyIn = solveDirty(graph, defined);
  const liveIn = blocks.map(() => RegisterSet.EMPTY);
  for (;;) {
    solveLive(graph, used, defined, liveIn);
    const loadsAfterCall = (block: number): RegisterSet => {
      const { end } = blocks[block]!;
      return end.kind === 'call' && end.next.block >= 0 ? liveIn[end.next.block]! : RegisterSet.EMPTY;
    };
    const validOut = (from: number, to: number): RegisterSet => {
      if (from === 0 && hasEntrance) return liveIn[to]!;
      return blocks[from]!.end.kind === 'call' ? loadsAfterCall(from) : validIn[from]!.union(defined[from]!);
    };
    const validIn: RegisterSet[] = blocks.map(() => ALL);
    for (let changed = true; changed;) {
      changed = false;
      for (const block of order) {
        let valid = predecessors[block]!.reduce((set, from) => set.intersection(validOut(from, block)), ALL);
        if (block === 0) valid = valid.intersection(liveIn[0]!);
        if (valid.equals(validIn[block]!)) continue;
        validIn[block] = valid;
        changed = true;
      }
    }
    let isSound = true;
    for (const block of order) {
      const missing = dirtyIn[block]!.minus(validIn[block]!);
      if (missing.isEmpty) continue;
      used[block] = used[block]!.union(missing);
      isSound = false;
    }
    if (isSound) return { entryLoads: (block) => liveIn[block]!, loadsAfterCall, dirtyIn, validIn };
  }
}

function usedFirst(block: Block): RegisterSet {
  let used = RegisterSet.EMPTY;
  let defined = RegisterSet.EMPTY;
  for (const { reads, writes } of block.instructions) {
    used = used.union(reads.minus(defined));
    defined = defined.union(writes);
  }
  return used;
}

function solveDirty({ blocks, order, predecessors }: FlowGraph, defined: readonly RegisterSet[]): RegisterSet[] {
  const dirtyIn = blocks.map(() => RegisterSet.EMPTY);
  const dirtyOut = blocks.map(({ end }, block) => (end.kind === 'call' ? RegisterSet.EMPTY : defined[block]!));
  for (let changed = true; changed;) {
    changed = false;
    for (const block of order) {
      const dirty = predecessors[block]!.reduce((set, from) => set.union(dirtyOut[from]!), RegisterSet.EMPTY);
      if (dirty.equals(dirtyIn[block]!)) continue;
      dirtyIn[block] = dirty;
      if (blocks[block]!.end.kind !== 'call') dirtyOut[block] = dirty.union(defined[block]!);
      changed = true;
    }
  }
  return dirtyIn;
}

/** Starts from what was found when less was used. */
function solveLive(
  { blocks, order, successors }: FlowGraph,
  used: readonly RegisterSet[],
  defined: readonly RegisterSet[],
  liveIn: RegisterSet[],
): void {
  const backwards = order.toReversed();
  for (let changed = true; changed;) {
    changed = false;
    for (const block of backwards) {
      const { end } = blocks[block]!;
      // What is needed after a call is loaded there.
      const after =
        end.kind === 'call'
          ? RegisterSet.EMPTY
          : successors[block]!.reduce((set, next) => set.union(liveIn[next]!), RegisterSet.EMPTY);
      const live = used[block]!.union(after.minus(defined[block]!));
      if (live.equals(liveIn[block]!)) continue;
      liveIn[block] = live;
      changed = true;
    }
  }
}
