/**
 * Programs that take all they can. Each is stopped by its limit, says so in its result, and the host goes on.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootOptions, Exit, System } from '../../src/index.ts';
import { compile } from '../support/tools.ts';
import { runGuest, withSystem, type GuestResult } from '../support/guest.ts';

const MB = 1e6;
const SECOND_NS = 1e9;

let work = '';
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'ringfence-limits-'));
  for (const name of ['hoard', 'long-calls'])
    compile('riscv64', [join(import.meta.dirname, `../../userland/fuzz/${name}.c`)], join(work, name), ['-w']);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function guest(
  argv: string[],
  options: Partial<BootOptions> = {},
): Promise<GuestResult & { system: System; log: string[] }> {
  const log: string[] = [];
  return withSystem(
    { volumes: [{ host: work, guest: '/hostile' }], log: (line) => log.push(line), ...options },
    async (system) => ({
      ...(await runGuest(system, argv, { cwd: '/tmp' })),
      system,
      log,
    }),
  );
}

function limitOf({ reason }: Exit): string | undefined {
  return reason?.kind === 'limit' ? reason.limit : undefined;
}

describe('limits of the sandbox', () => {
  it('stop a fork bomb of bash', async () => {
    const { exit, system } = await guest(['bash', '-c', ':(){ :|:& };:; wait; sleep 100'], {
      limits: { processes: 64, wallNs: 4 * SECOND_NS },
    });
    expect(limitOf(exit)).toBe('wallNs');
    expect(system.kernel.limitHits.get('processes')).toBeGreaterThan(0);
  });

  it('refuse processes with EAGAIN', async () => {
    const { stdout, system } = await guest(['/hostile/hoard', 'process', '100000'], { limits: { processes: 100 } });
    expect(stdout).toMatch(/^process 9\d EAGAIN$/m);
    expect(system.kernel.limitHits.get('processes')).toBe(1);
  });

  it('kill what takes all memory, and tell why', async () => {
    const { exit, log } = await guest(['/hostile/hoard', 'page', '100000'], { memory: '64M' });
    expect({ signal: exit.signal, limit: limitOf(exit) }).toEqual({ signal: 'SIGKILL', limit: 'memory' });
    expect(exit.usage.maxRssBytes).toBeGreaterThan(40 * MB);
    expect(log.join('\n')).toMatch(/Out of memory: Killed process \d+ \(hoard\)/);
  });

  it('kill the child that takes all memory, not the shell that started it', async () => {
    const { exit, stdout } = await guest(['bash', '-c', '/hostile/hoard page 100000; echo status $?'], {
      memory: '64M',
    });
    expect({ stdout, code: exit.exitCode, limit: limitOf(exit) }).toEqual({
      stdout: 'status 137\n',
      code: 0,
      limit: undefined,
    });
  });

  it('end an endless loop after its time', async () => {
    const started = performance.now();
    const { exit } = await guest(['bash', '-c', 'while :; do :; done'], { limits: { wallNs: SECOND_NS } });
    expect(limitOf(exit)).toBe('wallNs');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(exit.usage.userMs).toBeGreaterThan(0);
  });

  it('end a program after exactly its instructions', async () => {
    for (const instructions of [1_000_000, 1_234_567]) {
      const { exit, system } = await guest(['bash', '-c', 'while :; do :; done'], { limits: { instructions } });
      expect(limitOf(exit)).toBe('instructions');
      expect(system.kernel.machine.hart.retired).toBe(instructions);
    }
  });

  it('end endless output after exactly its bytes', async () => {
    const { exit, stdout } = await guest(['yes'], { limits: { outputBytes: 100_000 } });
    expect(limitOf(exit)).toBe('outputBytes');
    expect(stdout.length).toBe(100_000);
  });

  it('refuse files beyond RLIMIT_NOFILE and the limit of the system', async () => {
    const { stdout } = await guest(['/hostile/hoard', 'fd', '100000']);
    expect(stdout).toMatch(/^fd \d+ EMFILE$/m);
    const limited = await guest(['/hostile/hoard', 'fd', '100000'], { limits: { openFiles: 200 } });
    expect(limited.stdout).toMatch(/^fd \d+ ENFILE$/m);
    expect(limited.system.kernel.limitHits.get('openFiles')).toBeGreaterThan(0);
  });

  it('leave the event loop to the host while a guest spins', async () => {
    const { median, most } = await latencyWhile('a guest spins', async () => {
      await guest(['bash', '-c', 'while :; do :; done'], { limits: { wallNs: 2 * SECOND_NS } });
    });
    expect(median).toBeLessThan(30);
    expect(most).toBeLessThan(100);
  });

  it('leave the event loop to the host while system calls move gigabytes', async () => {
    let output = '';
    const { most } = await latencyWhile('system calls move gigabytes', async () => {
      const { stdout, exit } = await guest(['/hostile/long-calls'], { memory: '512M' });
      output = `${stdout}${exit.exitCode}`;
    });
    expect(output.split('\n')).toEqual([
      'readv 1073741824',
      'writev 1073741824',
      'getrandom 67108864',
      'write 50331648',
      'lseek 50331648',
      'pread 50331648',
      'same 1',
      'copy_file_range 50331648',
      'sendfile 50331648',
      '0',
    ]);
    expect(most).toBeLessThan(100);
  });
});

/** How long the event loop was late while something ran, in milliseconds: half of the times, and all but 5 % of them, less than. */
async function latencyWhile(what: string, run: () => Promise<void>): Promise<{ median: number; most: number }> {
  const latencies: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    latencies.push(performance.now() - last - 5);
    last = performance.now();
  }, 5);
  await run();
  clearInterval(timer);
  latencies.sort((a, b) => a - b);
  const [median, most] = [latencies[latencies.length >> 1]!, latencies[Math.floor(latencies.length * 0.95)]!];
  const longest = latencies.at(-1)!;
  console.log(
    `latency of the event loop while ${what}: median ${median.toFixed(1)} ms, 95 % below ${most.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`,
  );
  return { median, most };
}

/** Objects of the kernel that are not in the guest's RAM: how many of them a program gets, and by what it is stopped. */
describe("the host's memory", () => {
  it.each([
    ['inode', 32764, 'ENOSPC'],
    ['link', 32764, 'ENOSPC'],
    ['symlink', 32764, 'ENOSPC'],
    ['xattr', 600, 'ENOSPC'],
    ['watch', 65536, 'ENOSPC'],
    ['signal', 2048, 'EAGAIN'],
    ['timer', 2048, 'EAGAIN'],
    ['lock', 8192, 'ENOLCK'],
    ['pipe', 512, 'EMFILE'],
    ['block', 2100, 'ENOSPC'],
    ['hole', 32768, 'ENOSPC'],
  ])('is not used up by objects of kind %s', async (kind, most, errno) => {
    const before = process.memoryUsage();
    const { stdout } = await guest(['/hostile/hoard', kind, '1000000'], { memory: '256M' });
    const after = process.memoryUsage();
    const match = new RegExp(`^${kind} (\\d+) (\\w+)$`, 'm').exec(stdout);
    expect(match?.[2]).toBe(errno);
    expect(Number(match?.[1])).toBeLessThanOrEqual(most);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(400 * MB);
  });

  it('is not used up by names that are not there', async () => {
    const { stdout, system } = await guest(['/hostile/hoard', 'negative', '40000']);
    expect(stdout).toMatch(/^negative 40000 -$/m);
    expect(system.kernel.dentries.size).toBeLessThan(10_000);
  });
});
