/**
 * Regions: pieces of guest code with one entry, as a control-flow graph. A region is what can be reached from its root without
 * leaving the guest function by a call or return, as far as it has been executed before and fits. Small functions that it calls are taken
 * in: their blocks occur once for each chain of calls, and their returns lead back if x1 still is what the call made it.
 *
 * Addresses are offsets in bytes from the root, so that a region says nothing about where it is mapped. Code that was never
 * executed is left out: a way there leaves the region.
 *
 * Interface: formRegion, targetsOf, retarget, selectValue, mayBeCase, Region, Block, BlockEnd, SelectCase.
 */
import type { GroupMembers } from './access-groups.ts';
import type { GuardEnd, TurnEnd } from './guards.ts';
import { fetch, isJump, type CodeSource } from './code-source.ts';
import { placedAt, type Instruction } from './instruction.ts';

/** Where control goes: a block of the region, or -1 and an address outside. */
export interface Target {
  readonly block: number;
  readonly at: number;
  /** What 'select' blocks are told. */
  readonly select?: number;
}

/** Where a 'select' block goes on if it is told one of some values. */
export interface SelectCase extends Target {
  readonly values: readonly number[];
}

/** What tells a 'select' block that control is bound for a block; 0 means none. */
export function selectValue(block: number): number {
  return block + 1;
}

export type BlockEnd =
  /** The last instruction branches to `taken` or goes on to `next`. */
  | { readonly kind: 'branch'; readonly taken: Target; readonly next: Target }
  /** The last instruction jumps, or control just goes on. */
  | { readonly kind: 'goto'; readonly next: Target }
  /** The last instruction calls `callee` (undefined: an address in a register) and comes back to `next`. */
  | { readonly kind: 'call'; readonly callee: number | undefined; readonly next: Target }
  /** The last instruction returns through x1. */
  | { readonly kind: 'return' }
  /** The same in a function that was taken in: where it was called x1 became the address `next.at`. */
  | { readonly kind: 'returnTo'; readonly next: Target }
  /** The last instruction jumps to an address in a register: probably one of these, else out of the region. */
  | { readonly kind: 'jump'; readonly cases: readonly Target[] }
  /** A block without instructions, made where there are several ways in: goes where it was told to (flow-graph.ts, entries.ts). */
  | { readonly kind: 'select'; readonly cases: readonly SelectCase[] }
  | GuardEnd
  | TurnEnd
  /** The instruction at `at`, which is not in the block, is the interpreter's, unless it is an ecall. */
  | { readonly kind: 'leave'; readonly at: number; readonly isEcall: boolean };

export interface Block {
  readonly at: number;
  readonly instructions: readonly Instruction[];
  readonly end: BlockEnd;
  /** Accesses that a guard has looked up. */
  readonly guarded?: GroupMembers;
  /** Of a function that was taken in: there may be more blocks at the same address. */
  readonly isTakenIn?: boolean;
}

export interface Region {
  /** The first is the root. */
  readonly blocks: readonly Block[];
  /** Instructions in all. */
  readonly size: number;
  readonly usesFp: boolean;
  /** Addresses outside that control goes to; none where the region is as large as may be, so that knowing more would not help it. */
  readonly exits: ReadonlySet<number>;
  /** Jumps to addresses in registers, by the address behind them; none where there are no exits for that reason. */
  readonly jumps: readonly number[];
  /** Where it is to be entered besides the root, if that can be done (entries.ts). */
  readonly entries: readonly Target[];
}

/** Where control can go when a block ends, in the region and out of it; what follows a call counts as such. */
export function targetsOf(end: BlockEnd): readonly Target[] {
  if (end.kind === 'branch') return [end.taken, end.next];
  if (end.kind === 'jump' || end.kind === 'select') return end.cases;
  if (end.kind === 'guard') return [end.hit, end.miss];
  if (end.kind === 'turn') return [end.again, end.last];
  return 'next' in end ? [end.next] : [];
}

/** The same block with other targets; itself where they are the same. */
export function retarget(block: Block, turn: (target: Target) => Target): Block {
  const end = turned(block.end, turn);
  return end === block.end ? block : { ...block, end };
}

function turned(end: BlockEnd, turn: (target: Target) => Target): BlockEnd {
  switch (end.kind) {
    case 'branch': {
      const taken = turn(end.taken);
      const next = turn(end.next);
      return taken === end.taken && next === end.next ? end : { ...end, taken, next };
    }
    case 'goto':
    case 'call':
    case 'returnTo': {
      const next = turn(end.next);
      return next === end.next ? end : { ...end, next };
    }
    case 'jump':
      return { ...end, cases: end.cases.map(turn) };
    case 'select':
      return { ...end, cases: end.cases.map((one) => ({ ...turn(one), values: one.values })) };
    case 'guard':
      return { ...end, hit: turn(end.hit), miss: turn(end.miss) };
    case 'turn':
      return { ...end, again: turn(end.again), last: turn(end.last) };
    case 'return':
    case 'leave':
      return end;
  }
}

/** Whether an address may be a case of a jump: see findCases. */
export function mayBeCase(jump: number, at: number): boolean {
  return at >= jump - CASES_BEFORE_BYTES && at < jump + CASES_BEHIND_BYTES;
}

/** Larger functions make V8 fall back to its quick register allocator (16384 virtual registers). */
export const MAX_REGION_INSTRUCTIONS = 250;
/** A block is not cut where a region is full: that would write all registers back and read them again, for each piece of a long round. */
const MAX_BLOCK_INSTRUCTIONS = 1500;

/** Cases of a `switch` are sought so far around its jump. */
const CASES_BEFORE_BYTES = 512;
const CASES_BEHIND_BYTES = 1024;
const MAX_CASES = 24;

/** Functions up to this size are taken in, chains of calls up to this length. */
const MAX_INLINED_INSTRUCTIONS = 36;
const MAX_INLINED_CALLS = 3;

/** The region of a root that is known to be code; undefined when not even its first instruction can be translated. */
export function formRegion(
  source: CodeSource,
  { limit = MAX_REGION_INSTRUCTIONS, inline = true }: { limit?: number; inline?: boolean } = {},
): Region | undefined {
  const discovery = new Discovery(source, limit, inline);
  const pieces = discovery.run();
  const first = pieces.get(keyOf(ROOT, 0));
  if (!first || (first.instructions.length === 0 && first.end.kind === 'leave')) return undefined;
  const order = [...pieces.values()];
  const indexOf = new Map([...pieces.keys()].map((key, index) => [key, index]));
  const blocks = order.map(({ at, instructions, end, context }) => {
    const target = (to: number, within = context): Target => ({ block: indexOf.get(keyOf(within, to)) ?? -1, at: to });
    const block = { at, instructions, end: resolveEnd(end, context, target) };
    return context.parent ? { ...block, isTakenIn: true } : block;
  });
  const size = blocks.reduce((sum, block) => sum + block.instructions.length, 0);
  const usesFp = blocks.some((block) => block.instructions.some(({ reads, writes }) => (reads.f | writes.f) !== 0));
  const { isCut } = discovery;
  const outside = blocks.flatMap(({ end }) => targetsOf(end).filter(({ block }) => block < 0));
  const exits = new Set(isCut ? [] : outside.map(({ at }) => at));
  const jumps = isCut ? [] : order.filter(({ end }) => end.kind === 'jump' && end.mayBeSwitch).map(nextOf);
  return { blocks, size, usesFp, exits, jumps, entries: [] };
}

/** The chain of calls by which code was taken in. */
interface Context {
  readonly id: number;
  readonly length: number;
  readonly parent: Context | undefined;
  /** Where its function returns to. */
  readonly link: number;
}

const ROOT: Context = { id: 0, length: 0, parent: undefined, link: 0 };

/** As BlockEnd, with addresses. */
type RawEnd =
  | { kind: 'branch'; taken: number; next: number }
  | { kind: 'goto'; next: number }
  | { kind: 'call'; callee: number | undefined; next: number }
  | { kind: 'enter'; callee: number; context: Context }
  | { kind: 'return' }
  | { kind: 'jump'; mayBeSwitch: boolean; cases: readonly number[] }
  | { kind: 'leave'; at: number; isEcall: boolean };

interface Piece {
  readonly at: number;
  readonly context: Context;
  instructions: Instruction[];
  end: RawEnd;
}

const ADDRESS_RANGE = 2 ** 32;

function keyOf(context: Context, at: number): number {
  return context.id * ADDRESS_RANGE + at + ADDRESS_RANGE / 2;
}

function resolveEnd(end: RawEnd, context: Context, target: (at: number, within?: Context) => Target): BlockEnd {
  switch (end.kind) {
    case 'branch':
      return { kind: 'branch', taken: target(end.taken), next: target(end.next) };
    case 'goto':
      return { kind: 'goto', next: target(end.next) };
    case 'call':
      return { kind: 'call', callee: end.callee, next: target(end.next) };
    case 'enter':
      return { kind: 'goto', next: target(end.callee, end.context) };
    case 'return':
      return context.parent ? { kind: 'returnTo', next: target(context.link, context.parent) } : { kind: 'return' };
    case 'leave':
      return end;
    case 'jump': {
      const cases = end.cases.map((at) => target(at)).filter(({ block }) => block >= 0);
      if (!context.parent || cases.length > 0) return { kind: 'jump', cases };
      // What it jumps to returns in the place of the function that was taken in: a stub of the PLT, or a call at the end.
      return { kind: 'call', callee: undefined, next: target(context.link, context.parent) };
    }
  }
}

/** Finds the blocks, breadth first from the root, until the limit is reached. */
class Discovery {
  private readonly source: CodeSource;
  private readonly inline: boolean;
  private readonly pieces = new Map<number, Piece>();
  /** The piece in which each known instruction lies. */
  private readonly owner = new Map<number, Piece>();
  private readonly queue: Way[] = [{ at: 0, context: ROOT, isBounded: false }];
  private room: number;
  private contexts = 1;
  /** Whether the limit left out something that is known. */
  isCut = false;

  constructor(source: CodeSource, limit: number, inline: boolean) {
    this.source = source;
    this.room = limit;
    this.inline = inline;
  }

  run(): ReadonlyMap<number, Piece> {
    const { pieces, owner, queue, source } = this;
    for (let i = 0; i < queue.length; i++) {
      const { at, context, isBounded } = queue[i]!;
      const key = keyOf(context, at);
      if (pieces.has(key)) continue;
      const within = owner.get(key);
      if (within) {
        this.splitAt(within, at);
        continue;
      }
      if (!source.isKnown(at)) continue;
      if (this.room <= 0) {
        this.isCut = true;
        continue;
      }
      const isOwned = (place: number): boolean => owner.has(keyOf(context, place));
      const most = this.inline ? Math.max(this.room, MAX_BLOCK_INSTRUCTIONS) : this.room;
      const piece: Piece = { at, context, ...scan(source, at, isOwned, most) };
      this.own(key, piece);
      this.room -= piece.instructions.length;
      this.takeIn(piece);
      const { end } = piece;
      if (end.kind === 'jump' && end.mayBeSwitch)
        piece.end = isBounded ? { ...end, cases: findCases(source, nextOf(piece)) } : { ...end, mayBeSwitch: false };
      this.follow(piece);
    }
    return pieces;
  }

  private own(key: number, piece: Piece): void {
    this.pieces.set(key, piece);
    for (const { at } of piece.instructions) this.owner.set(keyOf(piece.context, at), piece);
  }

  private splitAt(upper: Piece, at: number): void {
    const cut = upper.instructions.findIndex((instruction) => instruction.at === at);
    const { context } = upper;
    this.own(keyOf(context, at), { at, context, instructions: upper.instructions.splice(cut), end: upper.end });
    upper.end = { kind: 'goto', next: at };
  }

  /** Makes a call of a small known function a way into it. */
  private takeIn(piece: Piece): void {
    const { end, context } = piece;
    if (!this.inline || end.kind !== 'call' || end.callee === undefined) return;
    if (context.length >= MAX_INLINED_CALLS || !this.source.isKnown(end.callee)) return;
    const callee = formRegion(shifted(this.source, end.callee), { limit: MAX_INLINED_INSTRUCTIONS, inline: false });
    if (!callee || callee.size >= Math.min(MAX_INLINED_INSTRUCTIONS, this.room)) return;
    const inner = { id: this.contexts++, length: context.length + 1, parent: context, link: end.next };
    piece.end = { kind: 'enter', callee: end.callee, context: inner };
    // Its returns will lead there.
    this.queue.push({ at: end.next, context, isBounded: false });
  }

  private follow({ instructions, end, context }: Piece): void {
    const isBounded = end.kind === 'branch' && BOUNDING.has(instructions.at(-1)!.decoded.insn.name);
    const go = (at: number, within = context): void => void this.queue.push({ at, context: within, isBounded });
    if (end.kind === 'branch') {
      go(end.next);
      go(end.taken);
    } else if (end.kind === 'goto' || end.kind === 'call') go(end.next);
    else if (end.kind === 'jump') for (const at of end.cases) go(at);
    else if (end.kind === 'enter') go(end.callee, end.context);
  }
}

/** A way into a block; `isBounded`: it begins behind a comparison as a `switch` makes it, of its index with the size of its table. */
interface Way {
  readonly at: number;
  readonly context: Context;
  readonly isBounded: boolean;
}

/** Of unsigned numbers. */
const BOUNDING: ReadonlySet<string> = new Set(['bltu', 'bgeu']);

/** Behind a block. */
function nextOf({ at, instructions }: Piece): number {
  const last = instructions.at(-1);
  return last ? last.at + last.length : at;
}

/**
 * Where the cases of a `switch` probably begin: near the jump, at executed code that stands behind a jump, so that it is not reached
 * from above.
 */
function findCases(source: CodeSource, from: number): number[] {
  const cases: number[] = [];
  for (let at = from - CASES_BEFORE_BYTES; at < from + CASES_BEHIND_BYTES && cases.length < MAX_CASES; at += 2)
    if (source.isKnown(at) && (isJump(source, at - 2, 2) || isJump(source, at - 4, 4))) cases.push(at);
  return cases;
}

function shifted(source: CodeSource, by: number): CodeSource {
  return {
    fpEnabled: source.fpEnabled,
    halfword: (at) => source.halfword(by + at),
    isKnown: (at) => source.isKnown(by + at),
  };
}

/** One block from `start`: to a control flow, to code that is in a block already, or to where nothing more is known. */
function scan(
  source: CodeSource,
  start: number,
  isOwned: (at: number) => boolean,
  room: number,
): Pick<Piece, 'instructions' | 'end'> {
  const instructions: Instruction[] = [];
  let at = start;
  for (;;) {
    if (isOwned(at)) return { instructions, end: { kind: 'goto', next: at } };
    if (instructions.length >= room) return { instructions, end: { kind: 'goto', next: at } };
    const form = fetch(source, at);
    if (!form) return { instructions, end: { kind: 'leave', at, isEcall: false } };
    const instruction = placedAt(at, form);
    const end = endOf(instruction);
    if (end?.kind === 'leave') return { instructions, end };
    instructions.push(instruction);
    if (end) return { instructions, end };
    at += instruction.length;
  }
}

/** How an instruction ends its block; undefined: not at all. */
function endOf({ at, length, ending }: Instruction): RawEnd | undefined {
  if (!ending) return undefined;
  const next = at + length;
  switch (ending.kind) {
    case 'branch':
      return { kind: 'branch', taken: at + ending.by, next };
    case 'goto':
      return { kind: 'goto', next: at + ending.by };
    case 'call':
      return { kind: 'call', callee: at + ending.by, next };
    case 'callRegister':
      return { kind: 'call', callee: undefined, next };
    case 'return':
      return { kind: 'return' };
    case 'jump':
      return { kind: 'jump', mayBeSwitch: ending.mayBeSwitch, cases: [] };
    case 'leave':
      return { kind: 'leave', at, isEcall: ending.isEcall };
  }
}
