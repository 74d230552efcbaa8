/**
 * System calls with random and boundary arguments, made from the table's rows: nothing that a program asks for may stop the kernel, reach
 * outside the sandbox or leave anything behind.
 *
 * RINGFENCE_FUZZ_CALLS (default one million) says how many calls; RINGFENCE_FUZZ_SEED which ones (see seed.ts).
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { System } from '../../src/index.ts';
import { wrongReferences } from '../../src/kernel/vfs/testing.ts';
import { compile } from '../support/tools.ts';
import { runGuest, withSystem } from '../support/guest.ts';
import { settle } from './kernel-tables.ts';
import { firstSeed } from './seed.ts';
import { callsHeader } from './syscall-table.ts';

const TOTAL_CALLS = Number(process.env['RINGFENCE_FUZZ_CALLS'] ?? 1_000_000);
const FIRST_SEED = firstSeed();
/** Makes what is made once: internal mounts, caches. */
const WARM_UP_CALLS = 20_000;
const CALLS_PER_RUN = 50_000;
/** Root's calls mount, fill and wait more, and take many times as long. */
const SHARE = { user: 0.9, root: 0.1 } as const;
const MEMORY = '192M';
/** Root may make a system useless (the limits of process 1, which all inherit): then another is taken, but not for ever. */
const MOST_SYSTEMS = 50;
/** On the host's read-only file system, where root's workers cannot take its rights away. */
const PROGRAM = '/fuzz/syscalls';

describe('system calls with arguments that make no sense', () => {
  let work = '';
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'ringfence-fuzz-'));
    mkdirSync(join(work, 'guest'));
    writeFileSync(join(work, 'guest', 'calls.h'), callsHeader());
    const source = join(import.meta.dirname, '../../userland/fuzz/syscalls.c');
    compile('riscv64', [source], join(work, 'guest', 'syscalls'), ['-O2', '-I', join(work, 'guest')]);
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it.each(['user', 'root'] as const)('by %s', { timeout: 1_800_000 }, async (role) => {
    const before = describeTree(join(work, 'guest'));
    const wanted = TOTAL_CALLS * SHARE[role];
    let made = 0;
    let seed = FIRST_SEED;
    let systems = 0;
    for (; made < wanted; systems++) {
      expect(systems).toBeLessThan(MOST_SYSTEMS);
      await withSystem({ memory: MEMORY, volumes: [{ host: join(work, 'guest'), guest: '/fuzz' }] }, async (system) => {
        await fuzz(system, 1, WARM_UP_CALLS, role);
        const baseline = await settle(system);
        const wrongBefore = wrongReferences(system.kernel);
        let isUsable = true;
        for (; made < wanted && isUsable; seed++) {
          const calls = await fuzz(system, seed, Math.min(CALLS_PER_RUN, wanted), role);
          made += calls;
          isUsable = calls > 0;
        }
        const listing = await runGuest(system, ['ls', '/']);
        isUsable = listing.stdout.split('\n').includes('usr');
        if (role === 'user') expect(isUsable).toBe(true);
        // What root has covered by a mount (/dev, /proc) cannot be settled either.
        const left = await settle(system).catch((error: unknown) => {
          if (role === 'user') throw error;
          return baseline;
        });
        // Files that the workers made in /tmp and the like stay, as they should: what they take is not compared, only who holds what.
        expect(wrongReferences(system.kernel)).toEqual(wrongBefore);
        const { inodes, dentries, freeFrames } = baseline;
        expect({ ...left, inodes, dentries, freeFrames }).toEqual(baseline);
      });
    }
    console.log(`${made} calls by ${role}, seeds ${FIRST_SEED} to ${seed - 1}, systems ${systems}`);
    expect(describeTree(join(work, 'guest'))).toEqual(before);
  });
});

/** One run of the fuzzer. Root's workers may kill the supervisor, or leave no program anything to live on: then its calls do not count. */
async function fuzz(system: System, seed: number, calls: number, role: string): Promise<number> {
  const env = { PATH: '/usr/bin', ...(process.env['FUZZ_SUMMARY'] === undefined ? {} : { FUZZ_SUMMARY: '1' }) };
  const { stdout, exit } = await runGuest(system, [PROGRAM, String(seed), String(calls), role], { env });
  if (system.kernel.halted !== null)
    throw new Error(`seed ${seed}, ${role}: ${JSON.stringify(system.kernel.halted).replaceAll('\\n', '\n')}`);
  if (process.env['FUZZ_SUMMARY'] !== undefined) console.log(stdout);
  const match = /^calls (\d+) workers (\d+)/m.exec(stdout);
  if (match === null && role === 'user') throw new Error(`seed ${seed}: the supervisor ended with ${exit.exitCode}`);
  return match === null ? 0 : Number(match[1]);
}

function describeTree(directory: string): string[] {
  return readdirSync(directory).map((name) => {
    const { mode, size, mtimeMs, nlink } = statSync(join(directory, name));
    return `${name} ${mode} ${size} ${mtimeMs} ${nlink} ${readFileSync(join(directory, name)).length}`;
  });
}
