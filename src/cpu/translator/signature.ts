/**
 * How translated code is called and how it comes back.
 *
 *   region(pc i64, budget i32, depth i32) -> i32
 *
 * `pc` is the guest address of the region's root. All registers are in the hart state at entry and at return. `depth` is how many more
 * calls may be nested, and above that what tells the region's entrance where to go on (entries.ts): 0 is the root. For each other way in
 * there is a function of the same form, to be called with its own address.
 *
 *   result >= 0   returned through x1: go on at x1 & ~1; the result is what is left of the budget
 *   GO_ON         go on at the hart state's pc, in translated code if there is any; its budget is what is left
 *   SETTLED       as GO_ON, and it would not help to translate anew what was left
 *   INTERPRET     as GO_ON, but the instruction at pc is the interpreter's: it is never translated
 *   ACCESS        as INTERPRET, because the flat tables do not allow its access to memory
 *   TRAP          as INTERPRET, because it traps
 *   ECALL         as INTERPRET; the instruction is an ecall
 *   EXHAUSTED     as INTERPRET, because the budget does not reach to the next look at it
 *
 * Interface: REGION_PARAMS, DISPATCH_PARAMS, REGION_RESULTS, RESULT, LAST_INTERPRETED, SIDE_EXITS, SideExit, MAX_DEPTH, ENTRY,
 * MAX_REGIONS, regionName.
 */
import type { ValType } from '../../wasm/opcodes.ts';

export const REGION_PARAMS: readonly ValType[] = ['i64', 'i32', 'i32'];
export const REGION_RESULTS: readonly ValType[] = ['i32'];

/**
 * As REGION_PARAMS, and a vector that is not looked at. For an imported function that JavaScript could have given V8 makes a stub, which
 * takes five times as long as the rest of a small module; JavaScript has no vectors.
 */
export const DISPATCH_PARAMS: readonly ValType[] = [...REGION_PARAMS, 'v128'];

export const RESULT = { interpret: -1, access: -2, trap: -3, goOn: -4, exhausted: -5, ecall: -6, settled: -7 } as const;
/** Results from -1 down to this one say that the interpreter has to do an instruction. */
export const LAST_INTERPRETED = RESULT.trap;

/** Why translated code was left for other code, for statistics: in the order of the results. A return counts as a jump. */
export const SIDE_EXITS = ['instruction', 'access', 'trap', 'jump', 'budget', 'ecall', 'jump'] as const;
export type SideExit = (typeof SIDE_EXITS)[number];

/** Size of the table of regions and their ways in; 0 is none. */
export const MAX_REGIONS = 32768;

/** The host's stack bounds it: a frame of unoptimized code may take half a kilobyte. */
export const MAX_DEPTH = 200;

/** Where in `depth` the entrance's value is. */
export const ENTRY = { shift: 16, depthMask: 0xffff } as const;

/** What a module exports a region as, or one of its further ways in. */
export function regionName(index: number, entry?: number): string {
  return entry === undefined ? `r${index}` : `r${index}.${entry}`;
}
