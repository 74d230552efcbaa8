/**
 * Pages that are mapped several times, unmapped, protected and rewritten between runs of code on them (userland/fuzz/code-pages.c) and of loops
 * over them (data-pages.c): every run gives what a model gives, whatever executes it.
 * RINGFENCE_PAGE_CHANGES: how many changes for each seed and way.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropCachesEvery } from '../support/caches.ts';
import { runGuest, withSystem } from '../support/guest.ts';
import { compile } from '../support/tools.ts';

const SOURCES = join(import.meta.dirname, '../../userland/fuzz');
const WAYS = [
  { name: 'the interpreter', tier: 'interpreter', dropEvery: Infinity, code: 2000, data: 400 },
  { name: 'both tiers', tier: 'both', dropEvery: Infinity, code: 2000, data: 4000 },
  { name: 'the interpreter, caches dropped', tier: 'interpreter', dropEvery: 2000, code: 1000, data: 200 },
  // Everything is translated when it is first met: a module for each piece of code that was changed.
  { name: 'the translator', tier: 'translator', dropEvery: Infinity, code: 250, data: 4000 },
  { name: 'the translator, caches dropped', tier: 'translator', dropEvery: 20_000, code: 100, data: 20 },
] as const;
const CASES = [1, 2].flatMap((seed) => [
  { program: 'code-pages', seed },
  { program: 'data-pages', seed },
]);

let work = '';
const built = (program: string): string => join(work, program);

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'ringfence-pages-'));
  for (const program of ['code-pages', 'data-pages'])
    compile('riscv64', [join(SOURCES, `${program}.c`)], built(program));
  compile('native', [join(SOURCES, 'data-pages.c')], built('data-pages-native'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.each(WAYS)('pages that change, with $name', ({ tier, dropEvery, ...changes }) => {
  it.each(CASES)('$program, seed $seed', { timeout: 120_000 }, async ({ program, seed }) => {
    const count = process.env['RINGFENCE_PAGE_CHANGES'] ?? changes[program === 'code-pages' ? 'code' : 'data'];
    const args = [String(seed), String(count)];
    const result = await withSystem({ tier, volumes: [{ host: work, guest: '/hostile' }] }, (system) => {
      dropCachesEvery(system, dropEvery);
      return runGuest(system, [`/hostile/${program}`, ...args]);
    });
    expect(result).toMatchObject({ stdout: expect.stringMatching(/^\d+ runs, \d+ of them faulted\n$/), stderr: '' });
    expect(result.exit).toMatchObject({ exitCode: 0, reason: null });
    // The code is riscv64's; of the rest Linux says the same.
    if (program === 'data-pages')
      expect(result.stdout).toBe(execFileSync(built('data-pages-native'), args, { encoding: 'latin1' }));
  });
});
