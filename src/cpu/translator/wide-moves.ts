/**
 * Memory that is copied: two registers that are loaded from neighbouring places and stored to neighbouring places go through one
 * vector. The registers get their values too, which costs nothing where nobody asks for them.
 *
 * All four accesses must have been looked up before (access-groups.ts), so that none of them can fail.
 *
 * Interface: planMoves, MovePlan, WideMoves.
 */
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import type { AccessGroup } from './access-groups.ts';
import type { Host } from './flat-access.ts';
import type { Instruction } from './instruction.ts';

/** Two instructions that follow each other, of which the first is at `first`. */
interface Pair {
  /** Where the loads are: it names the vector. */
  readonly loads: number;
  readonly first: number;
}

/** By instructions. */
export type MovePlan = ReadonlyMap<number, Pair>;

interface Member {
  readonly group: AccessGroup;
  readonly offset: number;
}

const HALF_BYTES = 8;

/** The moves among the instructions [from, to) of a block, given the accesses that have been looked up. */
export function planMoves(
  instructions: readonly Instruction[],
  from: number,
  to: number,
  memberAt: (index: number) => Member | undefined,
): MovePlan {
  const plan = new Map<number, Pair>();
  const isPair = (at: number, access: 'read' | 'write'): boolean => {
    if (at + 1 >= to || plan.has(at) || plan.has(at + 1)) return false;
    if (!isDoubleword(instructions[at]!, access) || !isDoubleword(instructions[at + 1]!, access)) return false;
    const [a, b] = [memberAt(at), memberAt(at + 1)];
    return a !== undefined && a.group === b?.group && b.offset === a.offset + HALF_BYTES;
  };
  for (let loads = from; loads < to; loads++) {
    if (!isPair(loads, 'read')) continue;
    const [low, high] = [instructions[loads]!.decoded.operands.rd!, instructions[loads + 1]!.decoded.operands.rd!];
    if (low === 0 || high === 0 || low === high) continue;
    for (let at = loads + 2; at + 1 < to; at++) {
      const { writes, decoded } = instructions[at]!;
      if (writes.has('x', low) || writes.has('x', high)) break;
      if (!isPair(at, 'write') || decoded.operands.rs2 !== low) continue;
      if (instructions[at + 1]!.decoded.operands.rs2 !== high) continue;
      for (const first of [loads, at]) for (const index of [first, first + 1]) plan.set(index, { loads, first });
      break;
    }
  }
  return plan;
}

/** Whether an instruction moves a whole x register. */
function isDoubleword(instruction: Instruction, access: 'read' | 'write'): boolean {
  const found = instruction.access;
  const isInteger = instruction.reads.f === 0 && instruction.writes.f === 0;
  return found?.access === access && found.size === HALF_BYTES && isInteger;
}

export class WideMoves {
  private readonly code: CodeEmitter;
  private plan: MovePlan = new Map();
  private readonly vectors = new Map<number, Local>();

  constructor(code: CodeEmitter) {
    this.code = code;
  }

  /** The instructions of a plan are emitted next, some of them perhaps in several versions. */
  begin(plan: MovePlan): void {
    this.plan = plan;
    this.vectors.clear();
  }

  /** Does the load at `index` into `result`, if it is part of a move. */
  load(index: number, findPlace: () => Host, result: Local): boolean {
    const { code } = this;
    const pair = this.plan.get(index);
    if (!pair) return false;
    if (index === pair.first) {
      const { local, offset } = findPlace();
      code.get(local).mem('v128.load', offset, Math.log2(HALF_BYTES)).set(this.vectorOf(pair));
    }
    code
      .get(this.vectorOf(pair))
      .lane('i64x2.extract_lane', index - pair.first)
      .set(result);
    return true;
  }

  /** Does the store at `index`, if it is part of a move. */
  store(index: number, findPlace: () => Host): boolean {
    const { code } = this;
    const pair = this.plan.get(index);
    if (!pair) return false;
    if (index !== pair.first) return true;
    const { local, offset } = findPlace();
    code.get(local).get(this.vectorOf(pair)).mem('v128.store', offset, Math.log2(HALF_BYTES));
    return true;
  }

  private vectorOf({ loads }: Pair): Local {
    let vector = this.vectors.get(loads);
    if (!vector) this.vectors.set(loads, (vector = this.code.local('v128')));
    return vector;
  }
}
