/**
 * What is known of the x registers at a point of a region, for the memory path and for arithmetic on words.
 *
 * Interface: RegisterFacts, Facts, FAR, alignmentOf.
 */

/** Never changes, so that it can be kept. */
export interface Facts {
  /** Power of two that divides the register. */
  readonly alignment: readonly number[];
  /** How far the register may at most be away from some number below 4 GiB; FAR when nothing is known. */
  readonly slack: readonly number[];
  /** The registers, as bits, that are sign-extended from 32 bits. */
  readonly words: number;
}

interface Draft {
  readonly alignment: number[];
  readonly slack: number[];
  words: number;
}

export const FAR = 1 << 20;
const MAX_ALIGNMENT = 8;
const REGISTERS = 32;

const NOTHING: Facts = {
  alignment: [MAX_ALIGNMENT, ...new Array<number>(REGISTERS - 1).fill(1)],
  slack: [0, ...new Array<number>(REGISTERS - 1).fill(FAR)],
  words: 1,
};

/** Follows the code. */
export class RegisterFacts {
  private facts = NOTHING;
  /** The same while nobody else has it. */
  private draft: Draft | undefined;

  /** For coming back to a point after other code was emitted. */
  snapshot(): Facts {
    this.draft = undefined;
    return this.facts;
  }

  restore(facts: Facts): void {
    this.draft = undefined;
    this.facts = facts;
  }

  /** Ways from several points meet here; undefined: nothing is known there. */
  meet(points: readonly (Facts | undefined)[]): void {
    this.restore(points.length === 0 ? NOTHING : points.map((facts) => facts ?? NOTHING).reduce(meet));
  }

  alignment(register: number): number {
    return this.facts.alignment[register]!;
  }

  slack(register: number): number {
    return this.facts.slack[register]!;
  }

  isWord(register: number): boolean {
    return ((this.facts.words >>> register) & 1) !== 0;
  }

  /** A register was found to be a multiple of a power of two. */
  foundAligned(register: number, alignment: number): void {
    if (this.alignment(register) < alignment) this.change().alignment[register] = alignment;
  }

  /** A register was found to be no further away from a number below 4 GiB. */
  foundNear(register: number, slack: number): void {
    if (this.slack(register) > slack) this.change().slack[register] = slack;
  }

  /** A register was written, with a word or not; where it became `source` + `offset`, something of it is still known. */
  wrote(register: number, isWord: boolean, source?: number, offset = 0): void {
    if (register === 0) return;
    const isKnown = source !== undefined;
    const alignment = isKnown ? Math.min(this.alignment(source), alignmentOf(offset)) : 1;
    const slack = isKnown ? Math.min(FAR, this.slack(source) + Math.abs(offset)) : FAR;
    const words = isWord ? this.facts.words | (1 << register) : this.facts.words & ~(1 << register);
    if (alignment !== this.alignment(register)) this.change().alignment[register] = alignment;
    if (slack !== this.slack(register)) this.change().slack[register] = slack;
    if (words !== this.facts.words) this.change().words = words;
  }

  private change(): Draft {
    if (!this.draft) {
      const { alignment, slack, words } = this.facts;
      this.facts = this.draft = { alignment: alignment.slice(), slack: slack.slice(), words };
    }
    return this.draft;
  }
}

function meet(a: Facts, b: Facts): Facts {
  if (a === b || b === NOTHING) return b;
  return {
    alignment: a.alignment.map((alignment, i) => Math.min(alignment, b.alignment[i]!)),
    slack: a.slack.map((slack, i) => Math.max(slack, b.slack[i]!)),
    words: a.words & b.words,
  };
}

export function alignmentOf(offset: number): number {
  return offset === 0 ? MAX_ALIGNMENT : Math.min(MAX_ALIGNMENT, offset & -offset);
}
