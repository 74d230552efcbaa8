/**
 * The ways into guarded loops (loop-versions.ts). A guard looks up what the rounds access, and counts the turns for which that will do: until
 * a group moves off its page, or the budget might not last. In these turns nothing is asked but whether it is the last one.
 *
 * Interface: Guards, GuardEnd, TurnEnd.
 */
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import type { AccessGroup } from './access-groups.ts';
import type { FlatAccess } from './flat-access.ts';
import type { Block, Target } from './region.ts';
import { INDEX_LIMIT } from './sums.ts';
import { pushTurnsAhead, type Trips } from './trip-counts.ts';

/** A block without instructions, made in front of a loop: goes on to `hit` if the groups can be looked up. */
export interface GuardEnd {
  readonly kind: 'guard';
  readonly groups: readonly AccessGroup[];
  /** Where `hit` is a turn: by how many bytes each group moves from one turn to the next. */
  readonly steps?: readonly number[];
  /** Where turns do not ask whether the loop ends: for how many that is right. The last turn is a round that does ask. */
  readonly trips?: Trips | undefined;
  readonly hit: Target;
  readonly miss: Target;
}

/** A block without instructions, behind a guard that counts: goes on to `again` while there are turns left behind this one, else to `last`. */
export interface TurnEnd {
  readonly kind: 'turn';
  readonly groups: readonly AccessGroup[];
  readonly again: Target;
  readonly last: Target;
}

export class Guards {
  private readonly code: CodeEmitter;
  private readonly flat: FlatAccess;
  private readonly register: (number: number) => Local;
  /** How many turns are left, this one included. */
  private readonly turns: Local;

  /** To be made before any code is emitted. */
  constructor(code: CodeEmitter, flat: FlatAccess, blocks: readonly Block[], register: (number: number) => Local) {
    this.code = code;
    this.flat = flat;
    this.register = register;
    this.turns = code.local('i32');
    for (const { end } of blocks) if (end.kind === 'guard') for (const group of end.groups) flat.declareStream(group);
  }

  /** `needed`: what a turn may take of the budget, which lasts for one at least. */
  emitGuard(
    { groups, steps, trips, hit, miss }: GuardEnd,
    budget: Local,
    needed: number,
    goTo: (target: Target) => void,
  ): void {
    const { code, flat, turns } = this;
    code.block((missed) => {
      for (const index of new Set(groups.flatMap(({ indexes }) => indexes)))
        code.get(this.register(index)).i64(INDEX_LIMIT).op('i64.ge_u').brIf(missed);
      if (steps) code.get(budget).i32(needed).op('i32.div_u').set(turns);
      if (trips)
        this.limitTurns(() => {
          pushTurnsAhead(code, trips, this.register);
          code.i32(1).op('i32.add');
        });
      groups.forEach((group, i) => {
        const base = this.baseOf(group);
        flat.openStream(group, base, missed);
        if (!steps) flat.enterStream(group, base);
        else if (steps[i] !== 0) this.limitTurns(() => flat.pushTurns(group, base, steps[i]!));
      });
      goTo(hit);
    });
    flat.beginBlock([]);
    goTo(miss);
  }

  emitTurn({ groups, again, last }: TurnEnd, goTo: (target: Target) => void): void {
    const { code, flat, turns } = this;
    for (const group of groups) flat.enterStream(group, this.baseOf(group));
    code.get(turns).i32(1).op('i32.sub').tee(turns).op('i32.eqz');
    code.unlikely().if(() => goTo(last));
    flat.beginBlock([]);
    goTo(again);
  }

  private limitTurns(pushLimit: () => void): void {
    const { code, turns } = this;
    const limit = code.local('i32');
    pushLimit();
    code.tee(limit).get(turns).get(limit).get(turns).op('i32.lt_u', 'select').set(turns);
  }

  private baseOf({ base, index, shift }: AccessGroup): Local {
    const { code } = this;
    if (index === undefined) return this.register(base);
    const sum = code.local('i64');
    code.get(this.register(base)).get(this.register(index));
    if (shift !== 0) code.i64(shift).op('i64.shl');
    code.op('i64.add').set(sum);
    return sum;
  }
}
