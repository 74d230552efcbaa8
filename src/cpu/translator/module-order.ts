/**
 * An order for a module of regions: plain data that can be sent to another thread, and built there.
 *
 * An instruction is its word, as the rows give the rest of it.
 *
 * Interface: ModuleOrder, orderFor, fillOrder.
 */
import type { FpHost } from '../fp/fp-host.ts';
import type { Layout } from '../layout.ts';
import { buildModule, type Candidate } from './region-module.ts';
import { instructionAt, type Instruction } from './instruction.ts';
import type { Block, BlockEnd, Region } from './region.ts';

export interface ModuleOrder {
  readonly layout: Layout;
  readonly host: FpHost;
  readonly batch: readonly OrderedCandidate[];
}

interface OrderedCandidate extends Omit<Candidate, 'region'> {
  readonly region: Omit<Region, 'blocks'> & { readonly blocks: readonly OrderedBlock[] };
}

interface OrderedBlock {
  readonly at: number;
  /** One behind the other from `at` on. */
  readonly words: readonly number[];
  readonly end: BlockEnd;
}

export function orderFor(layout: Layout, host: FpHost, batch: readonly Candidate[]): ModuleOrder {
  return {
    layout,
    host,
    batch: batch.map(({ region, at, pages }) => ({
      region: { ...region, blocks: region.blocks.map(ordered) },
      at,
      pages,
    })),
  };
}

/** Builds what was ordered. Throws where a word is no instruction. */
export function fillOrder({ layout, host, batch }: ModuleOrder): Uint8Array {
  const candidates = batch.map(({ region, at, pages }) => ({
    region: { ...region, blocks: region.blocks.map(restored) },
    at,
    pages,
  }));
  return buildModule(layout, host, candidates);
}

function ordered({ at, instructions, end }: Block): OrderedBlock {
  return { at, words: instructions.map(({ word }) => word), end };
}

function restored({ at, words, end }: OrderedBlock): Block {
  const instructions: Instruction[] = [];
  let next = at;
  for (const word of words) {
    const instruction = instructionAt(next, word);
    if (!instruction) throw new Error(`0x${(word >>> 0).toString(16)} is no instruction`);
    instructions.push(instruction);
    next += instruction.length;
  }
  return { at, instructions, end };
}
