/**
 * Damaged programs, static and dynamic: executing one is refused, runs, or ends by a signal. It never stops the kernel and never hangs.
 * RINGFENCE_ELF_CASES (default 400 per program), RINGFENCE_FUZZ_SEED.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../support/tools.ts';
import { runGuest, withSystem } from '../support/guest.ts';
import { settle } from './kernel-tables.ts';
import { firstSeed } from './seed.ts';

const CASES = Number(process.env['RINGFENCE_ELF_CASES'] ?? 400);
const SEED = firstSeed();
const CASES_PER_BOOT = 200;
const EHDR_BYTES = 64;
const PHDR_BYTES = 56;

const HELLO = '#include <stdio.h>\nint main(void) { puts("whole"); return 3; }\n';
/** Executes each file of a directory with a limit of CPU time and of wall time; prints how each one ended. */
const RUNNER = `#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile pid_t child;
static void on_alarm(int signo) { kill(child, SIGKILL); }
int main(int argc, char **argv) {
  signal(SIGALRM, on_alarm);
  for (int i = atoi(argv[1]); i < atoi(argv[2]); i++) {
    char name[64];
    snprintf(name, sizeof name, "/elf/case-%d", i);
    fflush(stdout);
    child = fork();
    if (child == 0) {
      struct rlimit cpu = {1, 1}, memory = {256 << 20, 256 << 20};
      int null = open("/dev/null", O_RDWR);
      for (int fd = 0; fd < 3; fd++) dup2(null, fd);
      setrlimit(RLIMIT_CPU, &cpu);
      setrlimit(RLIMIT_AS, &memory);
      execl(name, name, (char *)0);
      _exit(errno == ENOEXEC ? 200 : errno == EINVAL ? 201 : errno == ENOMEM ? 202 : errno == ENOENT ? 203 : errno == EACCES ? 204 : errno == ELIBBAD ? 205 : errno == EIO ? 206 : 255);
    }
    int status;
    alarm(3);
    while (waitpid(child, &status, 0) < 0) continue;
    alarm(0);
    printf("%s%d\\n", WIFSIGNALED(status) ? "signal " : "status ", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  return 0;
}`;

describe('damaged ELF files', () => {
  let work = '';
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'ringfence-elf-'));
    writeFileSync(join(work, 'hello.c'), HELLO);
    writeFileSync(join(work, 'runner.c'), RUNNER);
    compile('riscv64', [join(work, 'hello.c')], join(work, 'static'));
    const { status, stderr } = spawnSync('riscv64-linux-gnu-gcc', ['-o', join(work, 'dynamic'), join(work, 'hello.c')]);
    if (status !== 0) throw new Error(String(stderr));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it.each(['static', 'dynamic'])('%s', { timeout: 600_000 }, async (kind) => {
    const whole = readFileSync(join(work, kind));
    const directory = join(work, `cases-${kind}`);
    mkdirSync(directory);
    compile('riscv64', [join(work, 'runner.c')], join(directory, 'runner'), ['-w']);
    writeFileSync(join(directory, 'case-0'), whole, { mode: 0o755 });
    for (let i = 1; i < CASES; i++)
      writeFileSync(join(directory, `case-${i}`), damage(whole, SEED * 100_003 + i), { mode: 0o755 });
    const endings = new Map<string, number>();
    await withSystem({ memory: '128M', volumes: [{ host: directory, guest: '/elf' }] }, async (system) => {
      let before: unknown;
      for (let first = 0; first < CASES; first += CASES_PER_BOOT) {
        const last = Math.min(CASES, first + CASES_PER_BOOT);
        const { stdout } = await runGuest(system, ['/elf/runner', String(first), String(last)]);
        if (system.kernel.halted !== null)
          throw new Error(`seed ${SEED}, ${kind}, cases ${first} to ${last}: ${JSON.stringify(system.kernel.halted)}`);
        const lines = stdout.trimEnd().split('\n');
        expect(lines.length).toBe(last - first);
        if (first === 0) expect(lines[0]).toBe('status 3');
        for (const line of lines) endings.set(line, (endings.get(line) ?? 0) + 1);
        before ??= await settle(system);
      }
      expect(await settle(system)).toEqual(before);
    });
    console.log(`${kind}, seed ${SEED}:`, Object.fromEntries([...endings].sort((a, b) => b[1] - a[1])));
    expect(endings.get('status 255')).toBeUndefined();
  });
});

/** A copy with a few fields of its headers, or a few bytes anywhere, replaced; or cut off. */
function damage(whole: Uint8Array, seed: number): Uint8Array {
  const random = generator(seed);
  const bytes = Uint8Array.from(whole);
  const view = new DataView(bytes.buffer);
  const headers = view.getUint16(56, true);
  const extremes = [
    0n,
    1n,
    7n,
    0xfffn,
    0x1000n,
    0x7fffffffn,
    0xffffffffn,
    0x3fffffffffn,
    1n << 47n,
    (1n << 63n) - 1n,
    1n << 63n,
    (1n << 64n) - 1n,
  ];
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const where = random(10);
    // The fields of the ELF header and of program headers, 2, 4 or 8 bytes wide; sometimes any byte.
    const at =
      where < 3
        ? 16 + 2 * random(24)
        : where < 8
          ? EHDR_BYTES + PHDR_BYTES * random(headers) + 4 * random(13)
          : random(bytes.length - 8);
    const width = [1, 2, 4, 8][random(4)]!;
    const value = random(2) === 0 ? extremes[random(extremes.length)]! : BigInt(random(2 ** 31)) << BigInt(random(33));
    for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 255n);
  }
  return random(12) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = state ^ (state >>> 15);
    mixed = Math.imul(mixed, 0x2c1b3c6d) >>> 0;
    return Math.floor((((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32) * below);
  };
}
