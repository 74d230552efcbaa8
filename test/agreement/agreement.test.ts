/**
 * Random programs under qemu-riscv64 and here, with each way of executing them: what they leave in registers, memory and flags, and the
 * faults that they meet, must be the same to the bit.
 *
 * RINGFENCE_AGREEMENT_PROGRAMS (default 10,000) says how many programs, RINGFENCE_FUZZ_SEED which ones (see ../hostile/seed.ts);
 * RINGFENCE_AGREEMENT_SKIP (default 0) leaves out so many of them from the first, in steps of 500, for a run in parts;
 * RINGFENCE_AGREEMENT_PERCENT=100 runs all of them in every way, as for a hunt.
 * A difference is reported with the least part of the program that still shows it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { System } from '../../src/index.ts';
import { firstSeed } from '../hostile/seed.ts';
import { dropCachesEvery } from '../support/caches.ts';
import { runGuest, withSystem } from '../support/guest.ts';
import { buildBatch, type Batch } from './batch.ts';
import { generateProgram } from './generate.ts';
import { runUnderQemu } from './qemu.ts';
import { describeDifference, recordOf } from './record.ts';
import { listing, reduce } from './reduce.ts';
import { WAYS, type Way } from './ways.ts';

const PROGRAMS = Number(process.env['RINGFENCE_AGREEMENT_PROGRAMS'] ?? 10_000);
const FIRST = firstSeed() * 1_000_003;
const PROGRAMS_PER_BATCH = 500;
const FIRST_BATCH = Math.floor(Number(process.env['RINGFENCE_AGREEMENT_SKIP'] ?? 0) / PROGRAMS_PER_BATCH);
const BATCHES = Math.ceil(PROGRAMS / PROGRAMS_PER_BATCH) - FIRST_BATCH;
const EVERY_WAY = process.env['RINGFENCE_AGREEMENT_PERCENT'];
const MEMORY = '128M';
/** Of the reducer; each boots a system. */
const MAX_ATTEMPTS = 150;

interface Prepared {
  readonly name: string;
  /** Of the first program; the next ones follow. */
  readonly seed: number;
  readonly count: number;
  readonly highCode: boolean;
  readonly expected: Uint8Array;
}

interface Found {
  readonly batch: Prepared;
  readonly index: number;
  readonly difference: string;
}

describe('random programs', () => {
  let work = '';
  const batches: Prepared[] = [];

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'ringfence-agreement-'));
    for (let i = 0; i < BATCHES; i++) batches.push(prepare(work, FIRST_BATCH + i));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it.each(WAYS)('$name', { timeout: 600_000 }, async (way) => {
    const found = await inSystem(work, way, async (system) => {
      for (const batch of batches.slice(0, Math.ceil((BATCHES * Number(EVERY_WAY ?? way.percent)) / 100))) {
        const actual = await runHere(system, batch.name);
        for (let i = 0; i < batch.count; i++) {
          const difference = differenceAt(batch.expected, actual, i);
          if (difference !== undefined) return { batch, index: i, difference };
        }
      }
      return undefined;
    });
    if (found) expect.fail(await report(work, way, found));
  });
});

function prepare(work: string, index: number): Prepared {
  const name = `batch-${index}`;
  const first = FIRST + index * PROGRAMS_PER_BATCH;
  const count = Math.min(PROGRAMS_PER_BATCH, PROGRAMS - index * PROGRAMS_PER_BATCH);
  const programs = Array.from({ length: count }, (_, i) => generateProgram(first + i));
  const highCode = index % 4 === 3;
  writeBatch(work, name, buildBatch(programs, { highCode }));
  return { name, seed: first, count, highCode, expected: runUnderQemu(join(work, name)) };
}

function writeBatch(work: string, name: string, batch: Batch): void {
  writeFileSync(join(work, name), batch.elf, { mode: 0o755 });
}

function inSystem<T>(work: string, way: Way, use: (system: System) => Promise<T>): Promise<T> {
  const options = { ...way.options, memory: MEMORY, volumes: [{ host: work, guest: '/agreement' }] };
  return withSystem(options, (system) => {
    dropCachesEvery(system, way.dropEvery);
    return use(system);
  });
}

async function runHere(system: System, name: string): Promise<Uint8Array> {
  const { stdout, stderr, exit } = await runGuest(system, [`/agreement/${name}`]);
  expect({ stderr, exitCode: exit.exitCode, halted: system.kernel.halted }, name).toEqual({
    stderr: '',
    exitCode: 0,
    halted: null,
  });
  return Buffer.from(stdout, 'latin1');
}

function differenceAt(expected: Uint8Array, actual: Uint8Array, index: number): string | undefined {
  return describeDifference(recordOf(expected, index), recordOf(actual, index));
}

/** The difference, and the smallest program that shows one. */
async function report(work: string, way: Way, { batch, index, difference }: Found): Promise<string> {
  const program = generateProgram(batch.seed + index);
  const alone = async (without: ReadonlySet<number>): Promise<string | undefined> => {
    writeBatch(work, 'alone', buildBatch([program], { highCode: batch.highCode, without }));
    const expected = runUnderQemu(join(work, 'alone'));
    const actual = await inSystem(work, way, (system) => runHere(system, 'alone'));
    return differenceAt(expected, actual, 0);
  };
  const head = `seed ${program.seed} (${batch.name}, program ${index}), ${way.name}:\n${difference}`;
  if ((await alone(new Set())) === undefined) return `${head}\nAlone it does not differ.`;
  const without = await reduce(program, async (tried) => (await alone(tried)) !== undefined, MAX_ATTEMPTS);
  const { code } = buildBatch([program], { highCode: batch.highCode, without });
  return `${head}\nReduced:\n${await alone(without)}\n${listing(code.bytes, code.start)}`;
}
