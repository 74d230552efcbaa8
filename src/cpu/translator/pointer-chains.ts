/**
 * Where code follows pointers from one to the next, as through a linked list: each load waits for the one before. There the flat table
 * is only compared with what it said last time (flat-access.ts), so that no load needs to wait for an entry, too.
 *
 *   depth   how many loads, each through what the one before gave, led to what is in a register; the most on any way
 *
 * In a loop that follows pointers the depth has no bound. Registers beyond LONG count as being in a chain.
 *
 * Interface: findPointerChains, PointerChains.
 */
import type { FlowGraph } from './flow-graph.ts';
import type { Instruction } from './instruction.ts';

/** A chain of so many loads is long. */
const LONG = 4;

/** Registers as bits, for each depth from 1 to LONG: those that are so deep, or deeper. */
type Depths = readonly number[];

const FLAT: Depths = new Array<number>(LONG).fill(0);

export class PointerChains {
  private readonly graph: FlowGraph;
  private readonly atBeginning: readonly Depths[];
  /** Whether there are any long chains. */
  private readonly areLong: boolean;
  /** By block, as they are asked for. */
  private readonly sets: number[][] = [];

  constructor(graph: FlowGraph, atBeginning: readonly Depths[], areLong: boolean) {
    this.graph = graph;
    this.atBeginning = atBeginning;
    this.areLong = areLong;
  }

  /** The registers, as bits, through which an access at the end of a long chain goes somewhere. */
  get bases(): number {
    let bases = 0;
    if (!this.areLong) return bases;
    for (const block of this.graph.order)
      this.graph.blocks[block]!.instructions.forEach(({ access }, index) => {
        if (access) bases |= (1 << access.base) & this.before(block, index);
      });
    return bases;
  }

  /** The registers, as bits, that hold the end of a long chain before an instruction of a block. */
  before(block: number, index: number): number {
    if (!this.areLong) return 0;
    let sets = this.sets[block];
    if (!sets) this.sets[block] = sets = this.along(block);
    return sets[index]!;
  }

  /** Before each instruction of a block, and at its end. */
  private along(block: number): number[] {
    const depths = [...this.atBeginning[block]!];
    const sets = [depths[LONG - 1]!];
    for (const instruction of this.graph.blocks[block]!.instructions) sets.push(step(depths, instruction));
    return sets;
  }
}

export function findPointerChains(graph: FlowGraph): PointerChains {
  const { blocks, order, predecessors } = graph;
  const atBeginning = blocks.map(() => FLAT);
  const atEnd = blocks.map(() => FLAT);
  const isDone = blocks.map(() => false);
  let ends = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (const block of order) {
      const before = [...FLAT];
      for (const from of predecessors[block]!) for (let i = 0; i < LONG; i++) before[i]! |= atEnd[from]![i]!;
      if (isDone[block] && isSame(before, atBeginning[block]!)) continue;
      isDone[block] = true;
      atBeginning[block] = before;
      const after = [...before];
      for (const instruction of blocks[block]!.instructions) ends |= step(after, instruction);
      if (isSame(after, atEnd[block]!)) continue;
      atEnd[block] = after;
      changed = true;
    }
  }
  return new PointerChains(graph, atBeginning, ends !== 0);
}

function isSame(a: Depths, b: Depths): boolean {
  return a.every((set, i) => set === b[i]);
}

/** Gives the registers, as bits, that then hold the end of a long chain. */
function step(depths: number[], { result, access, sum }: Instruction): number {
  const concerned = sum ? (1 << result) | (1 << sum.from) : 1 << result;
  // Mostly nothing changes: a register that came from no load becomes another one.
  if (result === 0 || (!access && (depths[0]! & concerned) === 0)) return depths[LONG - 1]!;
  const from = access?.base ?? sum?.from;
  // What was read is one load deeper than what it was read through.
  let shallower = -1;
  for (let i = 0; i < LONG; i++) {
    const set = depths[i]!;
    const isDeep = from !== undefined && ((access ? shallower : set) >>> from) & 1;
    depths[i] = isDeep ? set | (1 << result) : set & ~(1 << result);
    shallower = set;
  }
  return depths[LONG - 1]!;
}
