/**
 * Accesses that one look-up can serve: those that go through the same register, as it was at the beginning, at offsets so near that
 * they mostly lie on one page. Saving and restoring registers on the stack and the fields of a structure are of this kind. Here they
 * are sought in stretches of a block, in loop-versions.ts in the rounds of a loop.
 *
 * Interface: planStretches, Stretch, AccessGroup, GroupMembers, NO_MEMBERS, AccessCollector, endsInControlFlow.
 */
import type { Instruction } from './instruction.ts';
import type { Block } from './region.ts';
import { MAX_SPAN_BYTES, Sums, type Sum } from './sums.ts';

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

const MIN_ACCESSES = 2;
export const NO_MEMBERS: GroupMembers = new Map();

/** Stretches in order; they cover the block but for a control flow at its end. What a guard has looked up is in no group of theirs. */
export function planStretches({ instructions, end, guarded }: Block): Stretch[] {
  const count = instructions.length - (endsInControlFlow(end.kind, instructions) ? 1 : 0);
  const stretches: Stretch[] = [];
  for (let from = 0; from < count;) {
    const stretch = planOne(instructions, from, count, guarded);
    stretches.push(stretch);
    from = stretch.to;
  }
  return stretches;
}

export function endsInControlFlow(kind: Block['end']['kind'], instructions: readonly Instruction[]): boolean {
  if (kind === 'leave') return false;
  return kind !== 'goto' || instructions.at(-1)?.ending !== undefined;
}

/** An access through a sum; `at` says where it is, in whatever way suits. */
interface Access<At> {
  readonly at: At;
  readonly access: 'read' | 'write';
  readonly size: number;
  readonly offset: number;
  readonly sum: Sum;
}

/** Gathers accesses; those near each other through the same register become groups. */
export class AccessCollector<At> {
  private readonly found = new Map<number, Access<At>[]>();

  add(access: 'read' | 'write', sum: Sum, at: At, size: number, offset: number): void {
    // Nothing is found through x0.
    if (sum.base === 0) return;
    const key = placeOf(sum);
    let list = this.found.get(key);
    if (!list) this.found.set(key, (list = []));
    list.push({ at, access, size, offset: sum.offset + offset, sum });
  }

  /** Of no fewer accesses than `least`. */
  groups(least = MIN_ACCESSES): { group: AccessGroup; members: { at: At; offset: number }[] }[] {
    return [...this.found.values()].flatMap((accesses) => {
      if (accesses.length < least) return [];
      const { base, index, shift, isUnsigned } = accesses[0]!.sum;
      const aligned = accesses.filter(({ offset, size }) => offset % size === 0);
      const from = Math.min(...aligned.map(({ offset }) => offset));
      const members = aligned.filter(({ offset, size }) => offset + size - from <= MAX_SPAN_BYTES);
      if (members.length < least) return [];
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

/** Names the registers of a sum and how they are added. */
function placeOf({ base, index = 0, shift, isUnsigned }: Sum): number {
  return ((shift * 2 + Number(isUnsigned)) * 32 + index) * 32 + base;
}

function planOne(
  instructions: readonly Instruction[],
  from: number,
  count: number,
  guarded: GroupMembers | undefined,
): Stretch {
  // Mostly there is nothing to group.
  if (countAccesses(instructions, from, count) < MIN_ACCESSES)
    return { from, to: count, groups: [], members: NO_MEMBERS };
  const sums = new Sums(false);
  const found = new AccessCollector<number>();
  let to = from;
  for (; to < count; to++) {
    const instruction = instructions[to]!;
    const access = guarded?.has(to) ? undefined : instruction.access;
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

function countAccesses(instructions: readonly Instruction[], from: number, to: number): number {
  let accesses = 0;
  for (let i = from; i < to; i++) if (instructions[i]!.access) accesses++;
  return accesses;
}

/** Whether another access goes through a register before it is written. */
function isUsedAgain(instructions: readonly Instruction[], at: number, count: number, register: number): boolean {
  for (let i = at; i < count; i++) {
    const instruction = instructions[i]!;
    if (i > at && instruction.access?.base === register) return true;
    if (instruction.writes.has('x', register)) return false;
  }
  return false;
}
