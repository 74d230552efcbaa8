/**
 * Guest code as far as it is known, and what can be told of it by going straight up or down from a place.
 *
 * Interface: CodeSource, fetch, isJump, startOfLine, jumpsBack.
 */
import { instructionLength } from '../../isa/riscv/decode.ts';
import { formOf, type Form } from './instruction.ts';

/** Guest code around a root. */
export interface CodeSource {
  /** The halfword at an offset from the root, or undefined where no code is known to be. */
  halfword(at: number): number | undefined;
  /** Whether the instruction that begins there was executed before, or counts as such. */
  isKnown(at: number): boolean;
  /** Whether floating-point instructions are executed; otherwise the region ends before them. */
  readonly fpEnabled: boolean;
}

/** The beginning of the executed code that leads straight down to offset 0, at most so many instructions away; 0 if there is none. */
export function startOfLine(source: CodeSource, limit: number): number {
  let at = 0;
  for (let i = 0; i < limit; i++) {
    const length = isExecuted(source, at - 4, 4) ? 4 : 2;
    if (!isExecuted(source, at - length, length) || isJump(source, at - length, length)) break;
    at -= length;
  }
  return at;
}

/** Where branches and jumps go back to, or over, offset 0 that stand in the executed code straight below it, at most so many instructions away. */
export function jumpsBack(source: CodeSource, limit: number): number[] {
  const targets: number[] = [];
  let at = 0;
  for (let i = 0; i < limit && source.isKnown(at); i++) {
    const form = fetch(source, at);
    if (!form) break;
    const { ending, length } = form;
    if ((ending?.kind === 'branch' || ending?.kind === 'goto') && at + ending.by <= 0) targets.push(at + ending.by);
    if (ending && ending.kind !== 'branch' && ending.kind !== 'call' && ending.kind !== 'callRegister') break;
    at += length;
  }
  return targets;
}

/** Whether an executed instruction of this length goes elsewhere for good. */
export function isJump(source: CodeSource, at: number, length: 2 | 4): boolean {
  const kind = isExecuted(source, at, length) ? fetch(source, at)?.ending?.kind : undefined;
  return kind === 'goto' || kind === 'return' || kind === 'jump';
}

function isExecuted(source: CodeSource, at: number, length: 2 | 4): boolean {
  const low = source.halfword(at);
  return low !== undefined && instructionLength(low) === length && source.isKnown(at);
}

/** What is said by the word at a place, if it may be executed. */
export function fetch(source: CodeSource, at: number): Form | undefined {
  const low = source.halfword(at);
  if (low === undefined) return undefined;
  const length = instructionLength(low);
  const high = length === 4 ? source.halfword(at + 2) : 0;
  if (high === undefined) return undefined;
  const form = formOf(length === 4 ? low | (high << 16) : low);
  const usesFp = form && (form.reads.f | form.writes.f) !== 0;
  return usesFp && !source.fpEnabled ? undefined : form;
}
