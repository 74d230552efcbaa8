/**
 * Small innermost loops get a second version, in which several rounds follow each other and accesses near each other, also of
 * different rounds, share a look-up. A guard in front of it looks them up, together with the budget of all its rounds; where that
 * does not work out (a page ends, or is not there) the first version does one round.
 *
 *        +-> guard -+-> round -> round -> round -> guard
 *        |          +-> one round with its own look-ups --+
 *        +------------------------------------------------+
 *
 * A loop without such accesses is only unrolled: its budget is looked at once in several rounds.
 *
 * Interface: versionLoops.
 */
import { accessOf, AccessCollector, Sums, type AccessGroup, type GroupMembers } from './access-groups.ts';
import { orderBlocks, type FlowGraph } from './flow-graph.ts';
import { innermostLoops, isInEveryRound, type Loop } from './loops.ts';
import { retarget, type Block } from './region.ts';

/** Instructions in the rounds that follow each other, and how many those are at most. */
const MAX_UNROLLED_INSTRUCTIONS = 96;
const MAX_ROUNDS = 8;
/** Loops beyond this size are left as they are. */
const MAX_LOOP_INSTRUCTIONS = 64;
/** What a region may become by this: V8 takes long over large functions. */
const MAX_REGION_INSTRUCTIONS = 320;

export function versionLoops(graph: FlowGraph): FlowGraph {
  const blocks = [...graph.blocks];
  let room = MAX_REGION_INSTRUCTIONS - blocks.reduce((sum, block) => sum + block.instructions.length, 0);
  for (const loop of innermostLoops(graph)) {
    const size = loop.blocks.reduce((sum, block) => sum + graph.blocks[block]!.instructions.length, 0);
    const isPlain = loop.blocks.every((block) => graph.blocks[block]!.end.kind !== 'select');
    if (!isPlain || size === 0 || size > MAX_LOOP_INSTRUCTIONS) continue;
    const rounds = Math.max(1, Math.min(MAX_ROUNDS, Math.floor(MAX_UNROLLED_INSTRUCTIONS / size)));
    const { groups, members } = findGroups(graph, loop, rounds);
    const added = size * (groups.length > 0 ? rounds : rounds - 1);
    if (added === 0 || added > room) continue;
    room -= added;
    if (groups.length > 0) addVersion(blocks, loop, rounds, groups, members);
    else unroll(blocks, loop, rounds);
  }
  return blocks.length > graph.blocks.length ? orderBlocks(blocks) : graph;
}

/** A place in the rounds. */
interface Place {
  readonly round: number;
  readonly block: number;
  readonly index: number;
}

/** Members by round and block. */
type Members = ReadonlyMap<string, GroupMembers>;

function keyOf(round: number, block: number): string {
  return `${round}.${block}`;
}

/** Groups of accesses that every round does. */
function findGroups(graph: FlowGraph, loop: Loop, rounds: number): { groups: AccessGroup[]; members: Members } {
  const found = new AccessCollector<Place>();
  let atHeader = new Sums(true);
  for (let round = 0; round < rounds; round++) atHeader = followRound(graph, loop, round, atHeader, found);
  const grouped = found.groups();
  const members = new Map<string, Map<number, { group: AccessGroup; offset: number }>>();
  for (const { group, members: places } of grouped)
    for (const { at, offset } of places) {
      const key = keyOf(at.round, at.block);
      const inBlock = members.get(key) ?? new Map<number, { group: AccessGroup; offset: number }>();
      members.set(key, inBlock.set(at.index, { group, offset }));
    }
  return { groups: grouped.map(({ group }) => group), members };
}

/** Gives what is known of the registers when the next round begins. */
function followRound(graph: FlowGraph, loop: Loop, round: number, atHeader: Sums, found: AccessCollector<Place>): Sums {
  const ends = new Map<number, Sums>();
  for (const block of loop.blocks) {
    const from = graph.predecessors[block]!.map((before) => ends.get(before)).filter((sums) => sums !== undefined);
    const sums = block === loop.header ? atHeader.copy() : from.reduce((a, b) => a.meet(b)).copy();
    const isCertain = isInEveryRound(graph, loop, block);
    graph.blocks[block]!.instructions.forEach((instruction, index) => {
      const access = isCertain ? accessOf(instruction) : undefined;
      const sum = access && sums.of(access.base);
      if (sum) found.add(access.access, sum, { round, block, index }, access.size, access.offset);
      sums.note(instruction);
    });
    ends.set(block, sums);
  }
  return loop.latches.map((latch) => ends.get(latch)!).reduce((a, b) => a.meet(b));
}

function addVersion(
  blocks: Block[],
  loop: Loop,
  rounds: number,
  groups: readonly AccessGroup[],
  members: Members,
): void {
  const { header } = loop;
  const first = blocks[header]!;
  const { at } = first;
  // Whoever goes to the header meets the guard.
  const miss = blocks.push(first) - 1;
  const heads = copyRounds(blocks, loop, 0, rounds, members);
  blocks[header] = {
    at,
    instructions: [],
    end: { kind: 'guard', groups, hit: { block: heads[0]!, at }, miss: { block: miss, at } },
  };
}

function unroll(blocks: Block[], loop: Loop, rounds: number): void {
  const [second] = copyRounds(blocks, loop, 1, rounds, new Map());
  for (const block of loop.blocks)
    blocks[block] = retarget(blocks[block]!, (target) =>
      target.block === loop.header ? { ...target, block: second! } : target,
    );
}

/** Appends the rounds [from, to); the last one goes back to the loop's header. Gives their first blocks. */
function copyRounds(blocks: Block[], loop: Loop, from: number, to: number, members: Members): number[] {
  const count = loop.blocks.length;
  const first = blocks.length;
  const copyOf = (round: number, block: number): number => first + (round - from) * count + loop.blocks.indexOf(block);
  const contents = loop.blocks.map((block) => blocks[block]!);
  for (let round = from; round < to; round++)
    loop.blocks.forEach((block, i) => {
      const copy = retarget(contents[i]!, (target) => {
        if (target.block === loop.header)
          return { ...target, block: round + 1 < to ? copyOf(round + 1, loop.header) : loop.header };
        return loop.blocks.includes(target.block) ? { ...target, block: copyOf(round, target.block) } : target;
      });
      const guarded = members.get(keyOf(round, block));
      blocks.push(guarded ? { ...copy, guarded } : copy);
    });
  return Array.from({ length: to - from }, (_, i) => copyOf(from + i, loop.header));
}
