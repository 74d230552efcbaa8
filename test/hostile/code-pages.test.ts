/**
 * Code on pages that are mapped several times, unmapped and rewritten while it runs (userland/fuzz/code-pages.c): every run gives what a model
 * of the same code gives, whatever executes it.
 * RINGFENCE_CODE_CHANGES: how many changes for each seed and way.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropCachesEvery } from '../support/caches.ts';
import { runGuest, withSystem } from '../support/guest.ts';
import { compile } from '../support/tools.ts';

const PROGRAM = join(import.meta.dirname, '../../userland/fuzz/code-pages.c');
const WAYS = [
  { name: 'the interpreter', tier: 'interpreter', dropEvery: Infinity, changes: 2000 },
  { name: 'both tiers', tier: 'both', dropEvery: Infinity, changes: 2000 },
  { name: 'the interpreter, caches dropped', tier: 'interpreter', dropEvery: 2000, changes: 1000 },
  // Everything is translated when it is first met: a module for each piece of code that was changed.
  { name: 'the translator', tier: 'translator', dropEvery: Infinity, changes: 250 },
  { name: 'the translator, caches dropped', tier: 'translator', dropEvery: 20_000, changes: 100 },
] as const;
const SEEDS = [1, 2];

let work = '';
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'ringfence-code-pages-'));
  compile('riscv64', [PROGRAM], join(work, 'code-pages'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.each(WAYS)('code pages that come and go, with $name', ({ tier, dropEvery, changes }) => {
  it.each(SEEDS)('seed %i', { timeout: 120_000 }, async (seed) => {
    const count = process.env['RINGFENCE_CODE_CHANGES'] ?? changes;
    const result = await withSystem({ tier, volumes: [{ host: work, guest: '/hostile' }] }, (system) => {
      dropCachesEvery(system, dropEvery);
      return runGuest(system, ['/hostile/code-pages', String(seed), String(count)]);
    });
    expect(result).toMatchObject({
      stdout: expect.stringMatching(/^\d+ runs, [1-9]\d* of them faulted\n$/),
      stderr: '',
    });
    expect(result.exit).toMatchObject({ exitCode: 0, reason: null });
  });
});
