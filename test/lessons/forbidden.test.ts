/**
 * What the lectures say a program must not do. The programs do it, on qemu-riscv64 (user mode) and here, and say what they got.
 * Where qemu's user mode differs from Linux the line that Linux's sources give is named below.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, requireTool } from '../support/tools.ts';
import { runGuest, withSystem } from '../support/guest.ts';

/** TOCTOU rounds: opens and writes against a racing thread. */
const ROUNDS = process.env['RINGFENCE_RACE_ROUNDS'] ?? '50000';

/** Linux's answers where qemu-user has others. */
const LINUX = [
  // arch/riscv/mm/fault.c: no area there, so SEGV_MAPERR with the address as the hart reports it.
  'non-canonical read: SIGSEGV code 1 at base+0',
  'non-canonical write: SIGSEGV code 1 at base+16',
  "read past the user's half: SIGSEGV code 1 at base+0",
  // A stack that may not grow further is as if nothing were there; qemu has a page without rights there.
  'stack overflow: SIGSEGV code 1',
  // kernel/time/hrtimer.c: get_timespec64 fails with EFAULT.
  'syscall(SYS_nanosleep, kernel, 0): -1 EFAULT',
  // arch/riscv/kernel/traps.c looks at all 64 bits of a7.
  'syscall(0x100000000UL + SYS_getpid): -1 ENOSYS',
];

describe('forbidden things', () => {
  let work = '';
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'ringfence-lessons-'));
    chmodSync(work, 0o755);
    for (const name of ['forbidden', 'changed-after-check'])
      compile('riscv64', [join(import.meta.dirname, `${name}.c`)], join(work, name), ['-w']);
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('end in the signal, si_code, si_addr and errno of Linux', async () => {
    requireTool('qemu-riscv64');
    const scratch = mkdtempSync(join(work, 'scratch-'));
    const qemu = spawnSync('qemu-riscv64', [join(work, 'forbidden')], {
      cwd: scratch,
      encoding: 'utf8',
      timeout: 60_000,
    });
    const guest = await withSystem({ volumes: [{ host: work, guest: '/lessons' }] }, (system) =>
      runGuest(system, ['/lessons/forbidden'], { cwd: '/tmp' }),
    );
    expect(guest.exit.exitCode).toBe(0);
    const expected = qemu.stdout
      .split('\n')
      .map((line) => LINUX.find((answer) => topic(answer) === topic(line)) ?? line);
    expect(guest.stdout.split('\n')).toEqual(expected);
  });

  it('do not come true when a thread changes arguments after the check', async () => {
    const guest = await withSystem({ volumes: [{ host: work, guest: '/lessons' }] }, (system) =>
      runGuest(system, ['/lessons/changed-after-check', ROUNDS], { cwd: '/tmp', user: { uid: 1000, gid: 1000 } }),
    );
    expect(guest.stdout).toBe('mixtures 0, wrong lengths 0, odd errors 0\n');
  });
});

function topic(line: string): string {
  return line.slice(0, line.lastIndexOf(': '));
}
