/**
 * Regions: pieces of guest code with one entry, as a control-flow graph. A region is what can be reached from its root without
 * leaving the guest function by a call or return, as far as it has been executed before and fits.
 *
 * Addresses are offsets in bytes from the root, so that a region says nothing about where it is mapped. Code that was never
 * executed is left out: a way there leaves the region.
 *
 * Interface: formRegion, CodeSource, Region, Block, BlockEnd, Instruction.
 */
import type { Stmt } from '../../isa/graph.ts';
import { decode, instructionLength, type Decoded } from '../../isa/riscv/decode.ts';
import { graphOf, usageOf } from '../../isa/riscv/table.ts';
import { RegisterSet } from './register-set.ts';

/** Guest code around a root. */
export interface CodeSource {
  /** The halfword at an offset from the root, or undefined where no code is known to be. */
  halfword(at: number): number | undefined;
  /** Whether the instruction that begins there was executed before, or counts as such. */
  isKnown(at: number): boolean;
  /** Whether floating-point instructions are executed; otherwise the region ends before them. */
  readonly fpEnabled: boolean;
}

export interface Instruction {
  readonly at: number;
  readonly length: 2 | 4;
  readonly decoded: Decoded;
  readonly graph: readonly Stmt[];
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
  /** May leave the region in the middle, undone. */
  readonly mayExit: boolean;
}

/** Where control goes: a block of the region, or -1 and an address outside. */
export interface Target {
  readonly block: number;
  readonly at: number;
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
  /** The last instruction jumps to an address in a register. */
  | { readonly kind: 'jump' }
  /** The instruction at `at`, which is not in the block, is the interpreter's. */
  | { readonly kind: 'leave'; readonly at: number };

export interface Block {
  readonly at: number;
  readonly instructions: readonly Instruction[];
  readonly end: BlockEnd;
}

export interface Region {
  /** The first is the root. */
  readonly blocks: readonly Block[];
  /** Instructions in all. */
  readonly size: number;
  readonly usesFp: boolean;
}

/** Larger functions make V8 fall back to its quick register allocator (16384 virtual registers). */
export const MAX_REGION_INSTRUCTIONS = 500;

const LINK = 1;

/** The region of a root that is known to be code; undefined when not even its first instruction can be translated. */
export function formRegion(source: CodeSource, limit = MAX_REGION_INSTRUCTIONS): Region | undefined {
  const pieces = discover(source, limit);
  const first = pieces.get(0);
  if (!first || (first.instructions.length === 0 && first.end.kind === 'leave')) return undefined;
  const order = [...pieces.keys()];
  const indexOf = new Map(order.map((at, index) => [at, index]));
  const target = (at: number): Target => ({ block: indexOf.get(at) ?? -1, at });
  const blocks = order.map((at) => {
    const { instructions, end } = pieces.get(at)!;
    return { at, instructions, end: resolveEnd(end, target) };
  });
  const size = blocks.reduce((sum, block) => sum + block.instructions.length, 0);
  const usesFp = blocks.some((block) => block.instructions.some(({ reads, writes }) => (reads.f | writes.f) !== 0));
  return { blocks, size, usesFp };
}

/** As BlockEnd, with addresses. */
type RawEnd =
  | { kind: 'branch'; taken: number; next: number }
  | { kind: 'goto'; next: number }
  | { kind: 'call'; callee: number | undefined; next: number }
  | { kind: 'return' | 'jump' }
  | { kind: 'leave'; at: number };

interface Piece {
  instructions: Instruction[];
  end: RawEnd;
}

function resolveEnd(end: RawEnd, target: (at: number) => Target): BlockEnd {
  switch (end.kind) {
    case 'branch':
      return { kind: 'branch', taken: target(end.taken), next: target(end.next) };
    case 'goto':
      return { kind: 'goto', next: target(end.next) };
    case 'call':
      return { kind: 'call', callee: end.callee, next: target(end.next) };
    case 'leave':
      return { kind: 'leave', at: end.at };
    default:
      return { kind: end.kind };
  }
}

/** Blocks by address, breadth first from the root, until the limit is reached. */
function discover(source: CodeSource, limit: number): Map<number, Piece> {
  const pieces = new Map<number, Piece>();
  /** The block in which each known instruction lies. */
  const owner = new Map<number, number>();
  const queue = [0];
  let room = limit;
  while (queue.length > 0) {
    const at = queue.shift()!;
    if (pieces.has(at)) continue;
    const within = owner.get(at);
    if (within !== undefined) {
      splitAt(pieces, owner, within, at);
      continue;
    }
    if (room <= 0 || !source.isKnown(at)) continue;
    const piece = scan(source, at, owner, room);
    pieces.set(at, piece);
    for (const instruction of piece.instructions) owner.set(instruction.at, at);
    room -= piece.instructions.length;
    queue.push(...successors(piece.end));
  }
  return pieces;
}

function successors(end: RawEnd): number[] {
  if (end.kind === 'branch') return [end.next, end.taken];
  return end.kind === 'goto' || end.kind === 'call' ? [end.next] : [];
}

function splitAt(pieces: Map<number, Piece>, owner: Map<number, number>, from: number, at: number): void {
  const upper = pieces.get(from)!;
  const cut = upper.instructions.findIndex((instruction) => instruction.at === at);
  const instructions = upper.instructions.splice(cut);
  pieces.set(at, { instructions, end: upper.end });
  for (const instruction of instructions) owner.set(instruction.at, at);
  upper.end = { kind: 'goto', next: at };
}

/** One block from `start`: to a control flow, to code that is in a block already, or to where nothing more is known. */
function scan(source: CodeSource, start: number, owner: ReadonlyMap<number, number>, room: number): Piece {
  const instructions: Instruction[] = [];
  let at = start;
  for (;;) {
    if (owner.has(at)) return { instructions, end: { kind: 'goto', next: at } };
    if (instructions.length >= room) return { instructions, end: { kind: 'goto', next: at } };
    const instruction = fetch(source, at);
    if (!instruction) return { instructions, end: { kind: 'leave', at } };
    const end = endOf(instruction);
    if (end === 'leave') return { instructions, end: { kind: 'leave', at } };
    instructions.push(instruction);
    if (end) return { instructions, end };
    at += instruction.length;
  }
}

function fetch(source: CodeSource, at: number): Instruction | undefined {
  const low = source.halfword(at);
  if (low === undefined) return undefined;
  const length = instructionLength(low);
  const high = length === 4 ? source.halfword(at + 2) : 0;
  if (high === undefined) return undefined;
  const form = formOf(length === 4 ? low | (high << 16) : low);
  if (!form || (!source.fpEnabled && (form.reads.f | form.writes.f) !== 0)) return undefined;
  return { at, length, ...form };
}

/** How an instruction ends its block; undefined: not at all; 'leave': it is the interpreter's. */
function endOf({ at, length, decoded, graph }: Instruction): RawEnd | 'leave' | undefined {
  const next = at + length;
  const { rd = 0, rs1 = 0, imm = 0 } = decoded.operands;
  for (const statement of graph) {
    if (statement.do === 'system' || statement.do === 'repeat') return 'leave';
    if (statement.do === 'trapIf' && !statement.condition) return 'leave';
    if (statement.do === 'branchIf') return { kind: 'branch', taken: at + imm, next };
    if (statement.do === 'jumpRelative')
      return rd === LINK ? { kind: 'call', callee: at + imm, next } : { kind: 'goto', next: at + imm };
    if (statement.do === 'jump') {
      if (rd === LINK) return { kind: 'call', callee: undefined, next };
      return rd === 0 && rs1 === LINK && imm === 0 ? { kind: 'return' } : { kind: 'jump' };
    }
  }
  return undefined;
}

/** What an instruction word says, wherever it stands. */
type Form = Pick<Instruction, 'decoded' | 'graph' | 'reads' | 'writes' | 'mayExit'>;

const MAX_FORMS = 1 << 14;
const forms = new Map<number, Form | null>();

function formOf(word: number): Form | null {
  let form = forms.get(word);
  if (form === undefined) {
    if (forms.size >= MAX_FORMS) forms.clear();
    const decoded = decode(word);
    form = decoded ? makeForm(decoded) : null;
    forms.set(word, form);
  }
  return form;
}

const OPERAND_NAMES = {
  x: { rd: 'rd', rs1: 'rs1', rs2: 'rs2', rs3: 'rs1' },
  f: { rd: 'fd', rs1: 'fs1', rs2: 'fs2', rs3: 'fs3' },
} as const;

/** The number of the register that an operand of a row's graph names in an instruction. */
export function registerNumber(decoded: Decoded, file: 'x' | 'f', reg: 'rd' | 'rs1' | 'rs2' | 'rs3' | number): number {
  return typeof reg === 'number' ? reg : decoded.operands[OPERAND_NAMES[file][reg]]!;
}

function makeForm(decoded: Decoded): Form {
  const usage = usageOf(decoded.insn);
  const setOf = (operands: typeof usage.reads): RegisterSet =>
    operands.reduce((set, { file, reg }) => {
      if (file === 'flag') throw new Error('RISC-V has no flags');
      return set.with(file, registerNumber(decoded, file, reg));
    }, RegisterSet.EMPTY);
  const reads = setOf(usage.reads);
  const writes = setOf(usage.writes);
  const mayExit = usage.mayTrap || (reads.f | writes.f) !== 0;
  return { decoded, graph: graphOf(decoded.insn), reads, writes, mayExit };
}
