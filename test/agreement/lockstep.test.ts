/**
 * Programs on two bare machines: after every slice registers, CSRs, pc, retired instructions and all of memory must be the same,
 * however each machine executes. Programs that follow the rules of compiled code, and every row with random operands.
 *
 * RINGFENCE_LOCKSTEP_PROGRAMS (default 150 for each way) says how many, RINGFENCE_FUZZ_SEED which ones (see ../hostile/seed.ts).
 * A difference is reported with the least part of the program that still shows it.
 */
import { describe, expect, it } from 'vitest';
import { firstSeed } from '../hostile/seed.ts';
import { assemblePrograms, regionSegments, type Code } from './batch.ts';
import { generateProgram } from './generate.ts';
import { Lockstep, type Start } from './lockstep.ts';
import { HIGH_REGION, LOW_REGION, PAGE, STACK_TOP, windowsOf } from './places.ts';
import type { Program } from './program.ts';
import { Random } from './random.ts';
import { listing, reduce } from './reduce.ts';
import { randomRows, ROWS } from './rows.ts';
import { KEPT_WAY, PLAIN_ENGINE_WAY, WAYS, type Way } from './ways.ts';

const PROGRAMS = Number(process.env['RINGFENCE_LOCKSTEP_PROGRAMS'] ?? 150);
const FIRST = firstSeed() * 1_000_003;
const STACK_PAGES = 4;
const MAX_INSTRUCTIONS = 1_000_000;
/** The reference against itself would find nothing. */
const OTHERS: readonly Way[] = [...WAYS.slice(1), PLAIN_ENGINE_WAY, KEPT_WAY];

describe.each(OTHERS)('in lock step with the interpreter: $name', (way) => {
  it('random programs', { timeout: 1_800_000 }, async () => {
    const lockstep = new Lockstep(way);
    for (let i = 0; i < PROGRAMS; i++) {
      const program = generateProgram(FIRST + i, { exact: true });
      const difference = compare(lockstep, program);
      if (difference !== undefined) expect.fail(await report(program, way, difference));
    }
    // Else it was not tested.
    if (way === KEPT_WAY) expect(lockstep.revived).toBeGreaterThan(PROGRAMS);
    if (way === PLAIN_ENGINE_WAY) expect(PLAIN_ENGINE_WAY.options.wasm.rejected).toBeGreaterThan(0);
  });

  it('every row with random operands', { timeout: 1_800_000 }, () => {
    const lockstep = new Lockstep(way);
    for (const [index, row] of ROWS.entries())
      for (let round = 0; round < Math.ceil(PROGRAMS / 200); round++) {
        const seed = FIRST + index + ROWS.length * round;
        const difference = lockstep.run(randomRows(row, new Random(seed)), new Random(seed), 300);
        expect(difference, `${row.name}, seed ${seed}, ${way.name}`).toBeUndefined();
      }
  });
});

/** What differs first, if anything. */
function compare(lockstep: Lockstep, program: Program, without?: ReadonlySet<number>): string | undefined {
  return lockstep.run(startOf(program, codeOf(program, without)), new Random(program.seed), MAX_INSTRUCTIONS);
}

function codeOf(program: Program, without?: ReadonlySet<number>): Code {
  return assemblePrograms([program], { highCode: program.seed % 5 === 0, without });
}

function startOf({ initial, highData }: Program, code: Code): Start {
  const region = highData ? HIGH_REGION : LOW_REGION;
  const pages = regionSegments(region);
  let at = 0;
  for (const { start, bytes } of windowsOf(region).ranges) {
    pages[0]!.bytes.set(initial.windows.subarray(at, at + bytes), start - region.start);
    at += bytes;
  }
  const stack = new Uint8Array(STACK_PAGES * PAGE);
  const mappings = [
    ...pages,
    { start: code.start, bytes: code.bytes, access: 'rwx' },
    { start: STACK_TOP - stack.length, bytes: stack, access: 'rw' },
  ];
  return { mappings, initial, entry: code.entries[0]! };
}

/** The difference, and the smallest program that shows one. */
async function report(program: Program, way: Way, difference: string): Promise<string> {
  const alone = (without: ReadonlySet<number>): string | undefined => compare(new Lockstep(way), program, without);
  const head = `seed ${program.seed}, ${way.name}, ${difference}`;
  if (alone(new Set()) === undefined) return `${head}\nAlone it does not differ.`;
  const without = await reduce(program, (tried) => alone(tried) !== undefined);
  const code = codeOf(program, without);
  return `${head}\nReduced:\n${alone(without)}\n${listing(code.bytes, code.start)}`;
}
