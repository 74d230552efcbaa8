/**
 * Each C program here prints what it saw of the kernel. It runs on the real Linux of this machine and on ours, in an empty directory,
 * and both must print the same and end the same, however the machine executes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../support/tools.ts';
import { dropCachesEvery } from '../support/caches.ts';
import { runGuest, withSystem } from '../support/guest.ts';

const here = import.meta.dirname;
/** Programs may unwind their stack, which not every target's compiler provides for unasked. */
const FLAGS = ['-fasynchronous-unwind-tables'];
const programs = readdirSync(here)
  .filter((file) => file.endsWith('.c'))
  .map((file) => basename(file, '.c'));

const WAYS = [
  { name: 'both tiers', tier: 'both', dropEvery: Infinity },
  { name: 'interpreter, caches dropped', tier: 'interpreter', dropEvery: 10_000 },
  { name: 'both tiers, caches dropped', tier: 'both', dropEvery: 200_000 },
] as const;

/** Programs that are about translated code: so many of their system calls, at least, are made from there. */
const CALLS_FROM_TRANSLATED_CODE: Readonly<Record<string, number>> = { signal_at_call: 1000 };

describe.each(WAYS)('conformance: $name', ({ tier, dropEvery }) => {
  let work = '';
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'ringfence-conformance-'));
    for (const directory of ['native', 'riscv64']) mkdirSync(join(work, directory));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it.each(programs)('%s', async (name) => {
    const source = [join(here, `${name}.c`)];
    for (const arch of ['native', 'riscv64'] as const) compile(arch, source, join(work, arch, name), FLAGS);
    const scratch = mkdtempSync(join(work, 'scratch-'));
    const native = spawnSync(join(work, 'native', name), {
      cwd: scratch,
      env: {},
      input: '',
      encoding: 'latin1',
      timeout: 60_000,
    });
    const volumes = [{ host: join(work, 'riscv64'), guest: '/conformance' }];
    const guest = await withSystem({ tier, volumes }, async (system) => {
      dropCachesEvery(system, dropEvery);
      const result = await runGuest(system, [
        'sh',
        '-c',
        `mkdir /tmp/scratch && cd /tmp/scratch && exec env -i /conformance/${name}`,
      ]);
      const calls = system.kernel.machine.stats.translator?.sideExits.ecall ?? 0;
      if (tier === 'both') expect(calls).toBeGreaterThanOrEqual(CALLS_FROM_TRANSLATED_CODE[name] ?? 0);
      return result;
    });
    expect({ stdout: guest.stdout, stderr: guest.stderr, status: guest.exit.exitCode }).toEqual({
      stdout: native.stdout,
      stderr: native.stderr,
      status: native.status ?? 128,
    });
  });
});
