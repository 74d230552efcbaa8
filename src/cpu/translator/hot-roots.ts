/**
 * From a sampled pc to the root that is worth translating: the innermost loop around it, else the function in which it lies as far as
 * that can be told, else the beginning of the code that leads straight down to the place, else the place itself.
 *
 * Interface: findRoots.
 */
import { jumpsBack, startOfLine } from './code-source.ts';
import { formRegion, type Region } from './region.ts';
import type { MappedCode } from './mapped-code.ts';

const SEARCH_INSTRUCTIONS = 300;
/** The rounds of a loop may be long where they are straight. */
const LINE_INSTRUCTIONS = 1500;
/** A call is sought in front of the return address, which is that far from its end. */
const CALL_BYTES = 4;

/**
 * Gives offsets from the code's place, the best first. `returnOffset` is the distance of x1 from the sampled pc, where it
 * looks like an address nearby.
 */
export function findRoots(code: MappedCode, returnOffset: number | undefined): number[] {
  const ahead = formRegion(code.from(0), { limit: SEARCH_INSTRUCTIONS, inline: false });
  if (!ahead) return [];
  const headers = [...loopHeaders(ahead), ...jumpsBack(code.from(0), LINE_INSTRUCTIONS)];
  const roots = [...new Set(headers)].sort((a, b) => b - a);
  const callees = [...calledFrom(ahead), ...callBefore(code, returnOffset)];
  const functions = [...new Set(callees)].filter((callee) => callee < 0 && code.from(callee).isKnown(0));
  const start = startOfLine(code.from(0), LINE_INSTRUCTIONS);
  for (const root of [...functions, start]) {
    // A line goes on to the place, whatever else there is on the way.
    const limit = Math.max(SEARCH_INSTRUCTIONS, root === start ? -start : 0);
    const body = formRegion(code.from(root), { limit, inline: false });
    if (body && contains(body, -root)) roots.push(root);
  }
  return [...roots, 0];
}

/** Targets of jumps that go back over the sampled place. */
function loopHeaders(region: Region): number[] {
  return region.blocks.flatMap(({ at, end }) => {
    if (at < 0) return [];
    const targets = end.kind === 'branch' ? [end.taken.at, end.next.at] : end.kind === 'goto' ? [end.next.at] : [];
    return targets.filter((target) => target <= 0);
  });
}

function calledFrom(region: Region): number[] {
  return region.blocks.flatMap(({ end }) => (end.kind === 'call' && end.callee !== undefined ? [end.callee] : []));
}

/** What the call before the return address calls. */
function callBefore(code: MappedCode, returnOffset: number | undefined): number[] {
  if (returnOffset === undefined) return [];
  const call = returnOffset - CALL_BYTES;
  if (!code.from(call).isKnown(0)) return [];
  const end = formRegion(code.from(call), { limit: 1, inline: false })?.blocks[0]?.end;
  return end?.kind === 'call' && end.callee !== undefined ? [call + end.callee] : [];
}

function contains(region: Region, at: number): boolean {
  return region.blocks.some(({ instructions }) => instructions.some((instruction) => instruction.at === at));
}
