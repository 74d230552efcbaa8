/**
 * What registers hold as sums of what registers held before: an address as its base, an index, and an offset.
 *
 * Interface: Sums, Sum, INDEX_LIMIT, MAX_SPAN_BYTES.
 */
import { isSumOf, type Instruction } from './instruction.ts';

/** How far from each other the accesses of a group may be. */
export const MAX_SPAN_BYTES = 1024;

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

/** The registers as they were at the beginning. */
const UNCHANGED = Array.from({ length: 32 }, (_, base): Sum => ({
  base,
  shift: 0,
  isUnsigned: false,
  offset: 0,
  indexes: [],
}));

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
    return this.known.has(register) ? this.known.get(register) : UNCHANGED[register];
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
    if (instruction.result !== 0) this.known.set(instruction.result, this.resultOf(instruction));
  }

  private resultOf(instruction: Instruction): Sum | undefined {
    const { sum, value, decoded } = instruction;
    if (sum) return added(this.of(sum.from), sum.by);
    if (!this.withIndexes || !value) return undefined;
    const { rs1 = 0, rs2 = 0, imm = 0 } = decoded.operands;
    if (value.op === 'sext32' && isSumOf(value.a, 'imm')) return asIndex(added(this.of(rs1), imm));
    if (value.op === 'shl' && value.b.op === 'imm') return movedUp(this.of(rs1), imm);
    if (value.op === 'shru' && value.b.op === 'imm') return movedDown(this.of(rs1), imm);
    return isSumOf(value, 'reg') ? sumOf(this.of(rs1), this.of(rs2)) : undefined;
  }
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
