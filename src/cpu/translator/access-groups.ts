/**
 * Accesses that one look-up can serve: those that go through the same register, as it was at the beginning, at offsets so near that
 * they mostly lie on one page. Saving and restoring registers on the stack and the fields of a structure are of this kind. Here they
 * are sought in stretches of a block, in loop-versions.ts in the rounds of a loop.
 *
 * Interface: planStretches, Stretch, AccessGroup, GroupMembers, AccessCollector, Sums, INDEX_LIMIT, accessOf, addedImmediate, endsInControlFlow.
 */
import type { Expr, Stmt } from '../../isa/graph.ts';
import type { Block, Instruction } from './region.ts';

export interface AccessGroup {
  /** The x register through which it goes, as it is where the group is looked up. */
  readonly base: number;
  /** Another one that is added to it, moved up by `shift` bits. */
  readonly index?: number | undefined;
  readonly shift: number;
  /** Whether an index was taken as unsigned, so that it must not become negative on the way either. */
  readonly isUnsigned: boolean;
  /** Registers that must be indexes for the offsets to be right: not negative, and far from 2^31. */
  readonly indexes: readonly number[];
  /** Whether any is a write. */
  readonly access: 'read' | 'write';
  /** The largest access, in bytes; every offset is a multiple of its own access's size. */
  readonly size: number;
  /** Offsets from the base: a multiple of `size` before all accesses, and the one behind the last byte. */
  readonly from: number;
  readonly to: number;
}

/** Accesses in groups, by the index of the instruction in its block: `offset` is from the group's base. */
export type GroupMembers = ReadonlyMap<number, { readonly group: AccessGroup; readonly offset: number }>;

/** Instructions [from, to) of a block, in which the groups are. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly groups: readonly AccessGroup[];
  readonly members: GroupMembers;
}

const MAX_SPAN_BYTES = 1024;
const MIN_ACCESSES = 2;

/** Stretches in order; they cover the block but for a control flow at its end. */
export function planStretches(
  { instructions, end }: Block,
  isTaken: (index: number) => boolean = () => false,
): Stretch[] {
  const count = instructions.length - (endsInControlFlow(end.kind, instructions) ? 1 : 0);
  const stretches: Stretch[] = [];
  for (let from = 0; from < count;) {
    const stretch = planOne(instructions, from, count, isTaken);
    stretches.push(stretch);
    from = stretch.to;
  }
  return stretches;
}

export function endsInControlFlow(kind: Block['end']['kind'], instructions: readonly Instruction[]): boolean {
  if (kind === 'leave') return false;
  return kind !== 'goto' || instructions.at(-1)?.graph.some((statement) => statement.do === 'jumpRelative') === true;
}

/** An access through a sum; `at` says where it is, in whatever way suits. */
interface Access<At> {
  readonly at: At;
  readonly access: 'read' | 'write';
  readonly size: number;
  readonly offset: number;
  readonly sum: Sum;
}

/** A register's value as a sum of what one or two registers were at the beginning, of which one may be moved up. */
export interface Sum {
  /** 0 where there is an index alone that is moved up. */
  readonly base: number;
  readonly index?: number | undefined;
  readonly shift: number;
  /** Whether an index was taken as unsigned. */
  readonly isUnsigned: boolean;
  readonly offset: number;
  /** Registers to which 32-bit arithmetic has been done: the sum is right if they are indexes. */
  readonly indexes: readonly number[];
}

/** Indexes are moved up by so many bits at most for the size of an element; by WORD_BITS on the way to that if they are 32 bits wide. */
const MAX_SHIFT = 3;
const WORD_BITS = 32;

/** What a register may be at most to count as an index, when `MAX_SPAN_BYTES` and more are added to it. */
export const INDEX_LIMIT = 0x7fff_0000;

/** What is known of registers on a way through code. */
export class Sums {
  /** Of registers that were written; undefined: nothing. */
  private readonly known: Map<number, Sum | undefined>;
  private readonly withIndexes: boolean;

  /** `withIndexes`: follow sums of two registers, and 32-bit arithmetic. */
  constructor(withIndexes: boolean, known: Iterable<[number, Sum | undefined]> = []) {
    this.withIndexes = withIndexes;
    this.known = new Map(known);
  }

  of(register: number): Sum | undefined {
    return this.known.has(register)
      ? this.known.get(register)
      : { base: register, shift: 0, isUnsigned: false, offset: 0, indexes: [] };
  }

  copy(): Sums {
    return new Sums(this.withIndexes, this.known);
  }

  /** What holds whichever of two ways was taken. */
  meet(other: Sums): Sums {
    const registers = new Set([...this.known.keys(), ...other.known.keys()]);
    return new Sums(
      this.withIndexes,
      [...registers].map((register) => {
        const [a, b] = [this.of(register), other.of(register)];
        return [register, a && b && isSameSum(a, b) ? a : undefined];
      }),
    );
  }

  /** An instruction was executed. */
  note(instruction: Instruction): void {
    const sum = this.resultOf(instruction);
    instruction.writes.forEach((file, register) => {
      if (file === 'x') this.known.set(register, sum);
    });
  }

  private resultOf(instruction: Instruction): Sum | undefined {
    const { graph, decoded } = instruction;
    const [only] = graph;
    if (graph.length !== 1 || only?.do !== 'setReg') return undefined;
    const { rs1 = 0, rs2 = 0, imm = 0 } = decoded.operands;
    const { value } = only;
    const sum = addedImmediate(instruction);
    if (sum) return added(this.of(sum.from), sum.by);
    if (!this.withIndexes) return undefined;
    if (value.op === 'sext32' && isSumOf(value.a, 'imm')) return asIndex(added(this.of(rs1), imm));
    if (value.op === 'shl' && value.b.op === 'imm') return movedUp(this.of(rs1), imm);
    if (value.op === 'shru' && value.b.op === 'imm') return movedDown(this.of(rs1), imm);
    return isSumOf(value, 'reg') ? sumOf(this.of(rs1), this.of(rs2)) : undefined;
  }
}

/** Whether an expression is rs1 plus an immediate or rs2. */
function isSumOf(value: Expr, second: 'imm' | 'reg'): boolean {
  return value.op === 'add' && value.a.op === 'reg' && value.b.op === second;
}

function added(sum: Sum | undefined, offset: number): Sum | undefined {
  return sum && { ...sum, offset: sum.offset + offset };
}

function sumOf(a: Sum | undefined, b: Sum | undefined): Sum | undefined {
  if (!a || !b) return undefined;
  const indexes = [...new Set([...a.indexes, ...b.indexes])];
  const rest = { offset: a.offset + b.offset, isUnsigned: a.isUnsigned || b.isUnsigned, indexes };
  if (isMovedUp(a) && isPlain(b)) return { ...a, ...rest, base: b.base };
  if (isMovedUp(b) && isPlain(a)) return { ...b, ...rest, base: a.base };
  if (!isPlain(a) || !isPlain(b)) return undefined;
  return { base: Math.min(a.base, b.base), index: Math.max(a.base, b.base), shift: 0, ...rest };
}

/** One register and an offset. */
function isPlain({ base, index }: Sum): boolean {
  return base !== 0 && index === undefined;
}

/** An index moved up for the size of an element. */
function isMovedUp({ base, index, shift }: Sum): boolean {
  return base === 0 && index !== undefined && shift <= MAX_SHIFT;
}

/** Of a left shift. One by WORD_BITS, of which the upper half is lost, is right for an index that has not become negative. */
function movedUp(sum: Sum | undefined, shift: number): Sum | undefined {
  if (!sum || !isPlain(sum) || (shift > MAX_SHIFT && shift !== WORD_BITS)) return undefined;
  if (shift === WORD_BITS && (sum.offset < 0 || sum.offset > MAX_SPAN_BYTES)) return undefined;
  const isUnsigned = sum.isUnsigned || shift === WORD_BITS;
  const indexes = shift === WORD_BITS ? [sum.base] : sum.indexes;
  return { base: 0, index: sum.base, shift, isUnsigned, offset: sum.offset * 2 ** shift, indexes };
}

/** Of a right shift, where that gives back an index that was moved up by WORD_BITS. */
function movedDown(sum: Sum | undefined, by: number): Sum | undefined {
  if (!sum || sum.base !== 0 || sum.shift !== WORD_BITS || by < WORD_BITS - MAX_SHIFT || by > WORD_BITS)
    return undefined;
  const offset = sum.offset / 2 ** by;
  if (!Number.isInteger(offset)) return undefined;
  if (by === WORD_BITS) return { ...sum, base: sum.index!, index: undefined, shift: 0, offset };
  return { ...sum, shift: WORD_BITS - by, offset };
}

/** Of a sum that was cut to 32 bits. */
function asIndex(sum: Sum | undefined): Sum | undefined {
  if (!sum || !isPlain(sum)) return undefined;
  return Math.abs(sum.offset) > MAX_SPAN_BYTES ? undefined : { ...sum, indexes: [sum.base] };
}

function isSameSum(a: Sum, b: Sum): boolean {
  const isSamePlace = a.base === b.base && a.index === b.index && a.shift === b.shift && a.offset === b.offset;
  if (a.isUnsigned !== b.isUnsigned) return false;
  return isSamePlace && a.indexes.length === b.indexes.length && a.indexes.every((index) => b.indexes.includes(index));
}

/** Gathers accesses; those near each other through the same register become groups. */
export class AccessCollector<At> {
  private readonly found = new Map<string, Access<At>[]>();

  add(access: 'read' | 'write', sum: Sum, at: At, size: number, offset: number): void {
    const key = `${sum.base}.${sum.index ?? ''}.${sum.shift}.${sum.isUnsigned}`;
    const list = this.found.get(key) ?? [];
    this.found.set(key, list);
    list.push({ at, access, size, offset: sum.offset + offset, sum });
  }

  /** Of no fewer accesses than `least`. */
  groups(least = MIN_ACCESSES): { group: AccessGroup; members: { at: At; offset: number }[] }[] {
    return [...this.found.values()].flatMap((accesses) => {
      const { base, index, shift, isUnsigned } = accesses[0]!.sum;
      const aligned = accesses.filter(({ offset, size }) => offset % size === 0);
      const from = Math.min(...aligned.map(({ offset }) => offset));
      const members = aligned.filter(({ offset, size }) => offset + size - from <= MAX_SPAN_BYTES);
      if (members.length < least || base === 0) return [];
      const to = Math.max(...members.map(({ offset, size }) => offset + size));
      const size = Math.max(...members.map((member) => member.size));
      // What can be written can be read.
      const access = members.some((member) => member.access === 'write') ? 'write' : 'read';
      const indexes = [...new Set(members.flatMap(({ sum }) => sum.indexes))];
      return [
        {
          group: { base, index, shift, isUnsigned, indexes, access, from: Math.floor(from / size) * size, to, size },
          members,
        },
      ];
    });
  }
}

/** `isTaken`: of instructions that are in a group already. */
function planOne(
  instructions: readonly Instruction[],
  from: number,
  count: number,
  isTaken: (index: number) => boolean,
): Stretch {
  const sums = new Sums(false);
  const found = new AccessCollector<number>();
  let to = from;
  for (; to < count; to++) {
    const instruction = instructions[to]!;
    const access = isTaken(to) ? undefined : accessOf(instruction);
    if (access) {
      const sum = sums.of(access.base);
      if (!sum && isUsedAgain(instructions, to, count, access.base)) break;
      if (sum) found.add(access.access, sum, to, access.size, access.offset);
    }
    sums.note(instruction);
  }
  const grouped = found.groups();
  const members = grouped.flatMap(({ group, members }) =>
    members.map(({ at, offset }) => [at, { group, offset }] as const),
  );
  return { from, to, groups: grouped.map(({ group }) => group), members: new Map(members) };
}

/** Whether another access goes through a register before it is written. */
function isUsedAgain(instructions: readonly Instruction[], at: number, count: number, register: number): boolean {
  for (let i = at; i < count; i++) {
    const instruction = instructions[i]!;
    if (i > at && accessOf(instruction)?.base === register) return true;
    if (instruction.writes.has('x', register)) return false;
  }
  return false;
}

/** A plain load or store through a register and an immediate. */
export function accessOf({
  graph,
  decoded,
}: Instruction): { access: 'read' | 'write'; size: number; base: number; offset: number } | undefined {
  for (const statement of graph) {
    const plain = plainAccess(statement);
    if (!plain) continue;
    const { address, ...rest } = plain;
    if (address.op !== 'add' || address.a.op !== 'reg' || address.b.op !== 'imm') return undefined;
    return { ...rest, base: decoded.operands.rs1!, offset: decoded.operands.imm! };
  }
  return undefined;
}

function plainAccess(statement: Stmt): { access: 'read' | 'write'; size: number; address: Expr } | undefined {
  if (statement.do === 'store') return { access: 'write', size: statement.size, address: statement.address };
  if (statement.do !== 'let' || statement.expr.op !== 'load') return undefined;
  return { access: 'read', size: statement.expr.size, address: statement.expr.a };
}

/** Of an instruction that does nothing but add an immediate, or copy a register: what it adds to what. */
export function addedImmediate({ graph, decoded }: Instruction): { from: number; by: number } | undefined {
  const [only] = graph;
  if (graph.length !== 1 || only?.do !== 'setReg') return undefined;
  const { rs1, rs2, imm } = decoded.operands;
  if (isSumOf(only.value, 'imm')) return { from: rs1!, by: imm! };
  return isSumOf(only.value, 'reg') && rs1 === 0 ? { from: rs2!, by: 0 } : undefined;
}
