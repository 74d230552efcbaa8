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

type Depths = Uint8Array;

export class PointerChains {
  private readonly graph: FlowGraph;
  private readonly atBeginning: readonly Depths[];
  /** By block, as they are asked for. */
  private readonly sets: number[][] = [];

  constructor(graph: FlowGraph, atBeginning: readonly Depths[]) {
    this.graph = graph;
    this.atBeginning = atBeginning;
  }

  /** The registers, as bits, through which an access at the end of a long chain goes somewhere. */
  get bases(): number {
    let bases = 0;
    for (const block of this.graph.order)
      this.graph.blocks[block]!.instructions.forEach((instruction, index) => {
        const { access } = instruction;
        if (access) bases |= (1 << access.base) & this.before(block, index);
      });
    return bases;
  }

  /** The registers, as bits, that hold the end of a long chain before an instruction of a block. */
  before(block: number, index: number): number {
    let sets = this.sets[block];
    if (!sets) this.sets[block] = sets = this.along(block);
    return sets[index]!;
  }

  /** Before each instruction of a block, and at its end. */
  private along(block: number): number[] {
    const depths = this.atBeginning[block]!.slice();
    const sets = [endsOf(depths)];
    for (const instruction of this.graph.blocks[block]!.instructions) {
      step(depths, instruction);
      sets.push(endsOf(depths));
    }
    return sets;
  }
}

function endsOf(depths: Depths): number {
  return depths.reduce((set, depth, register) => (depth >= LONG ? set | (1 << register) : set), 0);
}

export function findPointerChains(graph: FlowGraph): PointerChains {
  const atBeginning = graph.blocks.map(() => new Uint8Array(32));
  const atEnd = graph.blocks.map(() => new Uint8Array(32));
  for (let changed = true; changed;) {
    changed = false;
    for (const block of graph.order) {
      const depths = atBeginning[block]!;
      for (const from of graph.predecessors[block]!)
        atEnd[from]!.forEach((depth, register) => (depths[register] = Math.max(depths[register]!, depth)));
      const after = depths.slice();
      for (const instruction of graph.blocks[block]!.instructions) step(after, instruction);
      if (after.every((depth, register) => depth === atEnd[block]![register])) continue;
      atEnd[block] = after;
      changed = true;
    }
  }
  return new PointerChains(graph, atBeginning);
}

function step(depths: Depths, instruction: Instruction): void {
  const depth = depthOf(depths, instruction);
  instruction.writes.forEach((file, register) => {
    if (file === 'x') depths[register] = depth;
  });
}

/** Of what an instruction writes. */
function depthOf(depths: Depths, { access, sum }: Instruction): number {
  if (access) return Math.min(LONG, depths[access.base]! + 1);
  return sum ? depths[sum.from]! : 0;
}
