/**
 * Small innermost loops get a second version, in which several rounds follow each other and accesses near each other, also of
 * different rounds, share a look-up. A guard in front of it looks them up, together with the budget of all its rounds; where that
 * does not work out (a page ends, or is not there) the first version does one round.
 *
 * Where accesses move by constants, the guard looks up those only, and counts for how many such turns that holds (guards.ts):
 *
 *     +-> guard -+-> turn -+-> round -> round -> round -> turn
 *     |          |         +-> the last round ------------------+
 *     |          +-> one round with its own look-ups -----------+
 *     +---------------------------------------------------------+
 *
 * Where it can be told for how many turns the loop goes on (trip-counts.ts), these do not ask whether it ends, and the rounds of a turn are one
 * block if they can be.
 *
 * In turns the region is never left at the header. So what a round has only for itself need not be kept for an exit until the next round
 * has overwritten it: which is most of what large rounds compute, and more than the host has registers for. Only the last
 * round leaves it, as it is the one before the guard.
 *
 * Elsewhere the rounds go back to the guard each time.
 *
 * A loop without such accesses is only unrolled: its budget is looked at once in several rounds.
 *
 * Interface: versionLoops.
 */
import { AccessCollector, type AccessGroup, type GroupMembers } from './access-groups.ts';
import { orderBlocks, type FlowGraph } from './flow-graph.ts';
import { innermostLoops, isInEveryRound, type Loop } from './loops.ts';
import { settledBranch, type Instruction } from './instruction.ts';
import { retarget, targetsOf, type Block, type Target } from './region.ts';
import { Sums } from './sums.ts';
import { findTrips, type Trips } from './trip-counts.ts';

/** Instructions in the rounds that follow each other, and how many those are at most. */
const MAX_UNROLLED_INSTRUCTIONS = 64;
const MAX_ROUNDS = 8;
/** Loops beyond this size are left as they are. */
const MAX_LOOP_INSTRUCTIONS = 64;
/** What a region may become by this: V8 takes long over large functions. */
const MAX_REGION_INSTRUCTIONS = 480;
/** Rounds from this size on have more values than the host has registers, so that turns are worth more to them. */
const LARGE_ROUND = 32;
const LARGE = { unrolled: 128, region: 800 };

export function versionLoops(graph: FlowGraph): FlowGraph {
  const blocks = [...graph.blocks];
  let total = blocks.reduce((sum, block) => sum + block.instructions.length, 0);
  for (const loop of innermostLoops(graph)) {
    const size = loop.blocks.reduce((sum, block) => sum + graph.blocks[block]!.instructions.length, 0);
    const isPlain = loop.blocks.every((block) => graph.blocks[block]!.end.kind !== 'select');
    if (!isPlain || size === 0 || size > MAX_LOOP_INSTRUCTIONS) continue;
    const isLarge = size >= LARGE_ROUND;
    const unrolled = isLarge ? LARGE.unrolled : MAX_UNROLLED_INSTRUCTIONS;
    const rounds = Math.max(1, Math.min(MAX_ROUNDS, Math.floor(unrolled / size)));
    const version = planVersion(graph, loop, rounds);
    const { groups, steps } = version;
    const added = size * (steps ? rounds + 1 : groups.length > 0 ? rounds : rounds - 1);
    const most = isLarge && steps ? LARGE.region : MAX_REGION_INSTRUCTIONS;
    if (added === 0 || total + added > most) continue;
    total += added;
    if (steps) addTurns(blocks, loop, version, steps);
    else if (groups.length > 0) addVersion(blocks, loop, version);
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

/** Rounds that follow each other, and the groups of accesses that all of them do. */
interface Version {
  readonly rounds: number;
  readonly groups: readonly AccessGroup[];
  readonly members: Members;
  /** By how many bytes each group moves in so many rounds; undefined where that is not known of any. */
  readonly steps: readonly number[] | undefined;
  readonly trips: Trips | undefined;
}

function planVersion(graph: FlowGraph, loop: Loop, rounds: number): Version {
  const found = new AccessCollector<Place>();
  let atHeader = new Sums(true);
  for (let round = 0; round < rounds; round++) atHeader = followRound(graph, loop, round, atHeader, found);
  // Where turns are counted, even one access is worth it; what moves otherwise is looked up in each round.
  const moving = found.groups(1).flatMap((one) => {
    const step = stepOf(one.group, atHeader);
    return step === undefined ? [] : [{ ...one, step }];
  });
  const steps = moving.length > 0 ? moving.map(({ step }) => step) : undefined;
  const grouped = steps ? moving : found.groups();
  const members = new Map<string, Map<number, { group: AccessGroup; offset: number }>>();
  for (const { group, members: places } of grouped)
    for (const { at, offset } of places) {
      const key = keyOf(at.round, at.block);
      const inBlock = members.get(key) ?? new Map<number, { group: AccessGroup; offset: number }>();
      members.set(key, inBlock.set(at.index, { group, offset }));
    }
  const [latch, ...others] = loop.latches;
  const trips = others.length === 0 ? findTrips(graph.blocks[latch!]!, loop.header, atHeader) : undefined;
  return { rounds, groups: grouped.map(({ group }) => group), members, steps, trips };
}

/** By how much a group moves, given what is known of the registers a turn later. It stays on its page, so an index stays one if it moves no faster. */
function stepOf({ base, index, shift, isUnsigned, indexes, size }: AccessGroup, later: Sums): number | undefined {
  const moved = (register: number): number | undefined => {
    const sum = later.of(register);
    const isSame = sum?.base === register && sum.index === undefined;
    return isSame && sum.indexes.every((other) => indexes.includes(other)) ? sum.offset : undefined;
  };
  const [first, second] = [moved(base), index === undefined ? 0 : moved(index)];
  if (first === undefined || second === undefined) return undefined;
  // What was taken as unsigned is right from 0 upwards only.
  if (isUnsigned && indexes.some((register) => (moved(register) ?? -1) < 0)) return undefined;
  const step = first + second * 2 ** shift;
  const areIndexes = indexes.every((register) => Math.abs(moved(register) ?? Infinity) <= Math.abs(step));
  return areIndexes && step % size === 0 ? step : undefined;
}

/** Gives what is known of the registers when the next round begins. */
function followRound(graph: FlowGraph, loop: Loop, round: number, atHeader: Sums, found: AccessCollector<Place>): Sums {
  const ends = new Map<number, Sums>();
  for (const block of loop.blocks) {
    const from = graph.predecessors[block]!.map((before) => ends.get(before)).filter((sums) => sums !== undefined);
    const sums = block === loop.header ? atHeader.copy() : from.reduce((a, b) => a.meet(b)).copy();
    const isCertain = isInEveryRound(graph, loop, block);
    graph.blocks[block]!.instructions.forEach((instruction, index) => {
      const access = isCertain ? instruction.access : undefined;
      const sum = access && sums.of(access.base);
      if (sum) found.add(access.access, sum, { round, block, index }, access.size, access.offset);
      sums.note(instruction);
    });
    ends.set(block, sums);
  }
  return loop.latches.map((latch) => ends.get(latch)!).reduce((a, b) => a.meet(b));
}

/** The guarded version, whose last round goes back to the guard. */
function addVersion(blocks: Block[], loop: Loop, { rounds, groups, members }: Version): void {
  const { header } = loop;
  const first = blocks[header]!;
  const { at } = first;
  // Whoever goes to the header meets the guard.
  const miss = blocks.push(first) - 1;
  const heads = copyRounds(blocks, loop, 0, rounds, members, header);
  blocks[header] = {
    at,
    instructions: [],
    end: { kind: 'guard', groups, hit: { block: heads[0]!, at }, miss: { block: miss, at } },
  };
}

/** The guarded version, as turns. */
function addTurns(blocks: Block[], loop: Loop, version: Version, steps: readonly number[]): void {
  const { rounds, groups, members, trips } = version;
  const { header } = loop;
  const first = blocks[header]!;
  const { at } = first;
  const miss = blocks.push(first) - 1;
  const turn = blocks.push(first) - 1;
  const [again] = copyRounds(blocks, loop, 0, rounds, members, turn);
  if (trips) settleRounds(blocks, again!, loop, rounds);
  const [last] = copyRounds(blocks, loop, 0, 1, members, header);
  const target = (block: number): Target => ({ block, at });
  blocks[turn] = { at, instructions: [], end: { kind: 'turn', groups, again: target(again!), last: target(last!) } };
  blocks[header] = {
    at,
    instructions: [],
    end: { kind: 'guard', groups, steps, trips, hit: target(turn), miss: target(miss) },
  };
}

/** Makes the ends of rounds, which are the copies from `from` on, go back without a question; rounds of one block become one. */
function settleRounds(blocks: Block[], from: number, loop: Loop, rounds: number): void {
  const count = loop.blocks.length;
  const latch = loop.blocks.indexOf(loop.latches[0]!);
  const next = (round: number): Target => backOf(blocks[from + round * count + latch]!, blocks[loop.header]!.at);
  for (let round = 0; round < rounds; round++) {
    const { instructions, ...block } = blocks[from + round * count + latch]!;
    const settled = [...instructions.slice(0, -1), settledBranch(instructions.at(-1)!)];
    blocks[from + round * count + latch] = {
      ...block,
      instructions: settled,
      end: { kind: 'goto', next: next(round) },
    };
  }
  if (count === 1) blocks.push(joined(blocks.splice(from)));
}

/** Where the branch at a round's end goes back to. */
function backOf({ end }: Block, header: number): Target {
  return targetsOf(end).find(({ at }) => at === header)!;
}

/** Blocks of which each goes on to the next. */
function joined(blocks: readonly Block[]): Block {
  const guarded = new Map<number, { group: AccessGroup; offset: number }>();
  const instructions: Instruction[] = [];
  for (const block of blocks) {
    for (const [index, member] of block.guarded ?? []) guarded.set(instructions.length + index, member);
    instructions.push(...block.instructions);
  }
  return { ...blocks[0]!, instructions, end: blocks.at(-1)!.end, guarded };
}

function unroll(blocks: Block[], loop: Loop, rounds: number): void {
  const [second] = copyRounds(blocks, loop, 1, rounds, new Map(), loop.header);
  for (const block of loop.blocks)
    blocks[block] = retarget(blocks[block]!, (target) =>
      target.block === loop.header ? { ...target, block: second! } : target,
    );
}

/** Appends the rounds [from, to); the last one goes on to `onward`. Gives their first blocks. */
function copyRounds(blocks: Block[], loop: Loop, from: number, to: number, members: Members, onward: number): number[] {
  const count = loop.blocks.length;
  const first = blocks.length;
  const copyOf = (round: number, block: number): number => first + (round - from) * count + loop.blocks.indexOf(block);
  const contents = loop.blocks.map((block) => blocks[block]!);
  for (let round = from; round < to; round++)
    loop.blocks.forEach((block, i) => {
      const copy = retarget(contents[i]!, (target) => {
        if (target.block === loop.header)
          return { ...target, block: round + 1 < to ? copyOf(round + 1, loop.header) : onward };
        return loop.blocks.includes(target.block) ? { ...target, block: copyOf(round, target.block) } : target;
      });
      const guarded = members.get(keyOf(round, block));
      blocks.push(guarded ? { ...copy, guarded } : copy);
    });
  return Array.from({ length: to - from }, (_, i) => copyOf(from + i, loop.header));
}
