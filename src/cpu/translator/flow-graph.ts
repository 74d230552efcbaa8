/**
 * The order of a region's blocks: reverse postorder, dominators, loop headers. Where the graph is irreducible (a loop with two ways
 * in), those ways are led through a block of their own, which then goes on where each was bound for. A root inside of a loop may be there
 * twice.
 *
 * Interface: analyze, orderBlocks, FlowGraph. Dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
 */
import { retarget, selectValue, targetsOf, type Block, type BlockEnd, type Region, type Target } from './region.ts';

export interface FlowGraph {
  readonly blocks: readonly Block[];
  /** Reachable blocks in reverse postorder; the root is first. */
  readonly order: readonly number[];
  /** Place of a block in the order, -1 if it cannot be reached. */
  readonly place: Int32Array;
  readonly dominator: Int32Array;
  readonly isLoopHeader: Uint8Array;
  /** The blocks to which control can go inside the region. */
  readonly successors: readonly (readonly number[])[];
  /** Predecessors by forward edges and by back edges. */
  readonly predecessors: readonly (readonly number[])[];
}

function successorsOf(end: BlockEnd): number[] {
  const successors: number[] = [];
  for (const { block } of targetsOf(end)) if (block >= 0) successors.push(block);
  return successors;
}

export function analyze(region: Region): FlowGraph {
  let { blocks } = region;
  for (;;) {
    const graph = orderBlocks(blocks);
    const edge = irreducibleEdge(graph);
    if (!edge) return rotated(graph);
    blocks = joinEntries(graph, entriesOf(graph, edge.to));
  }
}

/** Roots beyond this size are not worth having twice. */
const MAX_ROOT_INSTRUCTIONS = 16;

/**
 * A root in front of another loop's header (as in a loop that an outer one enters in the middle) makes every round go through two loops'
 * headers. With a copy of the root for the rounds one is enough.
 */
function rotated(graph: FlowGraph): FlowGraph {
  const { blocks, isLoopHeader } = graph;
  const root = blocks[0]!;
  const isInFront = isLoopHeader[0] && root.end.kind === 'goto' && isLoopHeader[root.end.next.block];
  if (!isInFront || root.end.next.block === 0 || root.instructions.length > MAX_ROOT_INSTRUCTIONS) return graph;
  const again = blocks.length;
  const turn = (target: Target): Target => (target.block === 0 ? { ...target, block: again } : target);
  return orderBlocks([...blocks, root].map((block) => retarget(block, turn)));
}

/** The blocks through which a loop that is entered in several places is entered; `inside` is one of the loop's. */
function entriesOf({ order, place, successors, predecessors, dominator }: FlowGraph, inside: number): number[] {
  const above = dominator[inside]!;
  const isBelow = (block: number): boolean => {
    while (place[block]! > place[above]!) block = dominator[block]!;
    return block === above;
  };
  const candidates = new Set(order.filter((block) => block !== above && isBelow(block)));
  const reach = (next: (block: number) => readonly number[]): Set<number> => {
    const seen = new Set([inside]);
    for (const block of seen) for (const other of next(block)) if (candidates.has(other)) seen.add(other);
    return seen;
  };
  const ahead = reach((block) => successors[block]!);
  const back = reach((block) => predecessors[block]!);
  const isInLoop = (block: number): boolean => ahead.has(block) && back.has(block);
  return [...ahead].filter((block) => isInLoop(block) && predecessors[block]!.some((from) => !isInLoop(from)));
}

/** Leads all ways to the entries through one new block. */
function joinEntries({ blocks }: FlowGraph, entries: readonly number[]): Block[] {
  const joint = blocks.length;
  const turn = (target: Target): Target => {
    if (!entries.includes(target.block)) return target;
    return { block: joint, at: target.at, select: target.select ?? selectValue(target.block) };
  };
  const turned = blocks.map((block) => retarget(block, turn));
  const valuesOf = (block: number): number[] => {
    const { end } = blocks[block]!;
    return end.kind === 'select' ? end.cases.flatMap(({ values }) => values) : [selectValue(block)];
  };
  const cases = entries.map((block) => ({ block, at: blocks[block]!.at, values: valuesOf(block) }));
  return [...turned, { at: cases[0]!.at, instructions: [], end: { kind: 'select', cases } }];
}

/** Of blocks without loops that have several ways in. */
export function orderBlocks(blocks: readonly Block[]): FlowGraph {
  const successors = blocks.map(({ end }) => successorsOf(end));
  const order = reversePostorder(successors);
  const place = new Int32Array(blocks.length).fill(-1);
  order.forEach((block, i) => (place[block] = i));
  const predecessors: number[][] = blocks.map(() => []);
  for (const block of order) for (const next of successors[block]!) predecessors[next]!.push(block);
  const dominator = dominators(order, place, predecessors);
  const isLoopHeader = new Uint8Array(blocks.length);
  for (const block of order)
    if (predecessors[block]!.some((from) => place[from]! >= place[block]!)) isLoopHeader[block] = 1;
  return { blocks, order, place, dominator, isLoopHeader, successors, predecessors };
}

function reversePostorder(successors: readonly (readonly number[])[]): number[] {
  const seen = new Uint8Array(successors.length);
  const postorder: number[] = [];
  const stack: { block: number; left: number }[] = [];
  const visit = (block: number): void => {
    seen[block] = 1;
    stack.push({ block, left: successors[block]!.length });
  };
  visit(0);
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    if (top.left === 0) {
      postorder.push(top.block);
      stack.pop();
      continue;
    }
    const next = successors[top.block]![--top.left]!;
    if (!seen[next]) visit(next);
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

/** An edge that goes back to a block which does not dominate it. */
function irreducibleEdge({
  order,
  place,
  predecessors,
  dominator,
}: FlowGraph): { from: number; to: number } | undefined {
  const dominates = (a: number, b: number): boolean => {
    while (place[b]! > place[a]!) b = dominator[b]!;
    return a === b;
  };
  for (const to of order)
    for (const from of predecessors[to]!) if (place[from]! >= place[to]! && !dominates(to, from)) return { from, to };
  return undefined;
}
