/**
 * Accesses that one look-up can serve: those of a stretch of a block that go through the same register, as it was at the stretch's
 * beginning, at offsets so near that they mostly lie on one page. Saving and restoring registers on the stack and the fields of a
 * structure are of this kind.
 *
 * Interface: planStretches, Stretch, AccessGroup.
 */
import type { Expr, Stmt } from '../../isa/graph.ts';
import type { Block, Instruction } from './region.ts';

export interface AccessGroup {
  /** The x register through which it goes, as it is where the stretch begins. */
  readonly base: number;
  readonly access: 'read' | 'write';
  /** Offsets from the base: of the first byte, and behind the last. */
  readonly from: number;
  readonly to: number;
  /** The largest access; every offset is a multiple of its own access's size. */
  readonly size: number;
  /** Offsets by the index of the instruction in the block. */
  readonly offsets: ReadonlyMap<number, number>;
}

/** Instructions [from, to) of a block, in which the groups are. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly groups: readonly AccessGroup[];
}

const MAX_SPAN_BYTES = 1024;
const MIN_ACCESSES = 2;

/** Stretches in order; they cover the block but for a control flow at its end. */
export function planStretches({ instructions, end }: Block): Stretch[] {
  const count = instructions.length - (endsInControlFlow(end.kind, instructions) ? 1 : 0);
  const stretches: Stretch[] = [];
  for (let from = 0; from < count;) {
    const stretch = planOne(instructions, from, count);
    stretches.push(stretch);
    from = stretch.to;
  }
  return stretches;
}

export function endsInControlFlow(kind: Block['end']['kind'], instructions: readonly Instruction[]): boolean {
  if (kind === 'leave') return false;
  return kind !== 'goto' || instructions.at(-1)?.graph.some((statement) => statement.do === 'jumpRelative') === true;
}

interface Access {
  readonly index: number;
  readonly size: number;
  readonly offset: number;
}

/** A register's value as a sum of what a register was where the stretch begins. */
interface Sum {
  readonly base: number;
  readonly offset: number;
}

function planOne(instructions: readonly Instruction[], from: number, count: number): Stretch {
  const sums = new Map<number, Sum | undefined>();
  const sumOf = (register: number): Sum | undefined =>
    sums.has(register) ? sums.get(register) : { base: register, offset: 0 };
  const found = new Map<string, Access[]>();
  let to = from;
  for (; to < count; to++) {
    const instruction = instructions[to]!;
    const access = accessOf(instruction);
    if (access) {
      const sum = sumOf(access.base);
      if (!sum && isUsedAgain(instructions, to, count, access.base)) break;
      if (sum) {
        const key = `${access.access}.${sum.base}`;
        const list = found.get(key) ?? [];
        found.set(key, list);
        list.push({ index: to, size: access.size, offset: sum.offset + access.offset });
      }
    }
    const moved = addedImmediate(instruction);
    const sum = moved && sumOf(moved.from);
    instruction.writes.forEach((file, register) => {
      if (file === 'x') sums.set(register, sum && { base: sum.base, offset: sum.offset + moved.by });
    });
  }
  const groups = [...found].flatMap(([key, accesses]) => makeGroup(key, accesses));
  return { from, to, groups };
}

function makeGroup(key: string, accesses: readonly Access[]): AccessGroup[] {
  const [access, base] = key.split('.') as ['read' | 'write', string];
  const aligned = accesses.filter(({ offset, size }) => offset % size === 0);
  const from = Math.min(...aligned.map(({ offset }) => offset));
  const near = aligned.filter(({ offset, size }) => offset + size - from <= MAX_SPAN_BYTES);
  if (near.length < MIN_ACCESSES || base === '0') return [];
  return [
    {
      base: Number(base),
      access,
      from,
      to: Math.max(...near.map(({ offset, size }) => offset + size)),
      size: Math.max(...near.map(({ size }) => size)),
      offsets: new Map(near.map(({ index, offset }) => [index, offset])),
    },
  ];
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
function accessOf({ graph, decoded }: Instruction) {
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

/** Of an instruction that does nothing but add an immediate: what it adds to what. */
export function addedImmediate({ graph, decoded }: Instruction): { from: number; by: number } | undefined {
  const [only] = graph;
  if (graph.length !== 1 || only?.do !== 'setReg') return undefined;
  const { value } = only;
  if (value.op !== 'add' || value.a.op !== 'reg' || value.b.op !== 'imm') return undefined;
  return { from: decoded.operands.rs1!, by: decoded.operands.imm! };
}
