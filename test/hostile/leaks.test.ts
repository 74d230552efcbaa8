/**
 * Many short processes leave nothing behind: not in the kernel's tables, not in the guest's memory, not on the host's heap.
 * RINGFENCE_LEAK_CYCLES: how many (default 10000).
 */
import { describe, expect, it } from 'vitest';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '../support/tools.ts';
import { runGuest, withSystem } from '../support/guest.ts';
import { settle } from './kernel-tables.ts';

const CYCLES = Number(process.env['RINGFENCE_LEAK_CYCLES'] ?? 10_000);
const HEAP_SLACK_BYTES = 8e6;

const SOURCE = `#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
  if (argc < 2) return 7;
  for (int left = atoi(argv[1]); left > 0; left--) {
    int status;
    if (fork() == 0) {
      execl(argv[0], argv[0], (char *)0);
      _exit(1);
    }
    if (wait(&status) < 0 || WEXITSTATUS(status) != 7) return 1;
  }
  return 0;
}`;

describe('processes that come and go', () => {
  it('leave nothing behind', { timeout: 300_000 }, async () => {
    const work = mkdtempSync(join(tmpdir(), 'ringfence-leaks-'));
    writeFileSync(join(work, 'cycle.c'), SOURCE);
    compile('riscv64', [join(work, 'cycle.c')], join(work, 'cycle'));
    await withSystem({ memory: '128M', volumes: [{ host: work, guest: '/leaks' }] }, async (system) => {
      const cycle = (count: number) => runGuest(system, ['/leaks/cycle', String(count)]);
      expect((await cycle(500)).exit.exitCode).toBe(0);
      const before = await settle(system);
      const heapBefore = heapAfterCollection();
      const started = performance.now();
      expect((await cycle(CYCLES)).exit.exitCode).toBe(0);
      const seconds = (performance.now() - started) / 1000;
      const grown = heapAfterCollection() - heapBefore;
      console.log(`${CYCLES} cycles in ${seconds.toFixed(1)} s; heap ${(grown / 1e6).toFixed(2)} MB more`);
      expect(await settle(system)).toEqual(before);
      expect(grown).toBeLessThan(HEAP_SLACK_BYTES);
    });
    rmSync(work, { recursive: true, force: true });
  });
});

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
}
