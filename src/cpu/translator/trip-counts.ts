/**
 * For how many turns a loop certainly goes on, where that can be told ahead: a register moves by the same each round until it reaches,
 * or passes, one that stays as it is.
 *
 * Interface: findTrips, pushTurnsAhead, Trips.
 */
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import type { Block } from './region.ts';
import type { Sums } from './sums.ts';

export interface Trips {
  /** Registers: the one that moves, and the one that it moves to; 0 is x0. */
  readonly counter: number;
  readonly limit: number;
  /** By how much the counter moves in a turn. */
  readonly step: number;
  /** The loop goes on while the two differ, or while the lower one is lower. */
  readonly until: 'equal' | 'notLower';
  readonly isSigned: boolean;
}

/** Of the branch that ends a round, given what is known of the registers a turn later. `header` is where it goes back to. */
export function findTrips({ instructions, end }: Block, header: number, later: Sums): Trips | undefined {
  if (end.kind !== 'branch' || (end.taken.block === header) === (end.next.block === header)) return undefined;
  const { insn, operands } = instructions.at(-1)!.decoded;
  const condition = goingOn(insn.name, end.taken.block === header);
  if (!condition) return undefined;
  const { rs1 = 0, rs2 = 0 } = operands;
  const moved = (register: number): number | undefined => {
    const sum = register === 0 ? undefined : later.of(register);
    if (register === 0) return 0;
    return sum?.base === register && sum.index === undefined && sum.indexes.length === 0 ? sum.offset : undefined;
  };
  const [first, second] = [moved(rs1), moved(rs2)];
  if (first === undefined || second === undefined || (first === 0) === (second === 0)) return undefined;
  const [counter, limit, step] = first !== 0 ? [rs1, rs2, first] : [rs2, rs1, second];
  // The lower one must come nearer to the other.
  if (condition.until === 'notLower' && step > 0 !== (first !== 0)) return undefined;
  return { counter, limit, step, ...condition };
}

function goingOn(name: string, isTaken: boolean): Pick<Trips, 'until' | 'isSigned'> | undefined {
  if (name === (isTaken ? 'bne' : 'beq')) return { until: 'equal', isSigned: false };
  if (name === (isTaken ? 'blt' : 'bge')) return { until: 'notLower', isSigned: true };
  if (name === (isTaken ? 'bltu' : 'bgeu')) return { until: 'notLower', isSigned: false };
  return undefined;
}

const MOST_TURNS = 0x3fff_ffff;

/** Pushes for how many whole turns the loop goes on, as an i32, not more than can be counted. */
export function pushTurnsAhead(code: CodeEmitter, trips: Trips, register: (number: number) => Local): void {
  const { counter, limit, step, until, isSigned } = trips;
  const turns = code.local('i64');
  const push = (number: number): CodeEmitter => (number === 0 ? code.i64(0) : code.get(register(number)));
  const [low, high] = step > 0 ? [counter, limit] : [limit, counter];
  push(high);
  push(low);
  // What is 0 apart is so again after a way around all numbers only.
  code.op('i64.sub').i64(1).op('i64.sub');
  const distance = Math.abs(step);
  if (Number.isInteger(Math.log2(distance))) code.i64(Math.log2(distance)).op('i64.shr_u');
  else code.i64(distance).op('i64.div_u');
  if (until === 'notLower') {
    code.i64(0);
    push(low);
    push(high);
    code.op(isSigned ? 'i64.lt_s' : 'i64.lt_u', 'select');
  }
  code.tee(turns).op('i32.wrap_i64').i32(MOST_TURNS).get(turns).i64(MOST_TURNS).op('i64.lt_u', 'select');
}
