/**
 * Runs a program under the real strace and under ours. Interface: compileBoth, traceHere, traceNatively, comparable.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFilter } from '../../src/debug/strace/filter.ts';
import { attachTracer, type TraceOptions } from '../../src/debug/strace/tracer.ts';
import type { BootOptions, System } from '../../src/index.ts';
import { withSystem } from '../support/guest.ts';
import { compile, requireTool } from '../support/tools.ts';

export interface Programs {
  readonly directory: string;
  readonly native: string;
  /** Path in the guest, where `directory` is /programs. */
  readonly guest: string;
}

/** Compiles one C program for this machine and for the guest. */
export function compileBoth(name: string): Programs {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-strace-'));
  const source = join(import.meta.dirname, `${name}.c`);
  compile('native', [source], join(directory, `${name}.native`), ['-w']);
  compile('riscv64', [source], join(directory, `${name}.riscv64`), ['-w']);
  return { directory, native: join(directory, `${name}.native`), guest: `/programs/${name}.riscv64` };
}

export function traceNatively(program: string, ...flags: readonly string[]): string {
  requireTool('strace');
  const work = mkdtempSync(join(tmpdir(), 'ringfence-strace-work-'));
  const out = join(work, '..', `${work.split('/').at(-1)!}.out`);
  spawnSync('strace', [...flags, '-o', out, program], { cwd: work, timeout: 20_000, stdio: 'ignore' });
  return readFileSync(out, 'latin1');
}

const DEFAULTS: Omit<TraceOptions, 'write'> = {
  clock: () => ({ monotonicNs: 0, realtimeMs: 0, offsetMinutes: 0 }),
  follow: false,
  maxString: 32,
  ...parseFilter([]),
  stamp: 'none',
  times: false,
  alwaysPid: false,
  sayAttached: false,
  summary: null,
  lines: true,
};

export interface Run {
  readonly tier?: BootOptions['tier'];
  /** Looks at the system when the program has ended. */
  readonly atEnd?: (system: System) => void;
}

export function traceHere(programs: Programs, options: Partial<TraceOptions> = {}, run: Run = {}): Promise<string> {
  return traceCommand([programs.guest], { host: programs.directory, guest: '/programs' }, options, run);
}

export async function traceCommand(
  argv: readonly string[],
  volume: { readonly host: string; readonly guest: string } | null,
  options: Partial<TraceOptions> = {},
  { tier = 'both', atEnd }: Run = {},
): Promise<string> {
  let text = '';
  await withSystem({ tier, volumes: volume === null ? [] : [volume] }, async (system) => {
    const tracer = attachTracer(system.kernel, { ...DEFAULTS, write: (part) => (text += part), ...options });
    const guest = system.spawn(argv, { cwd: '/tmp', stdin: 'ignore', env: { PATH: '/usr/bin:/bin', A: 'b' } });
    tracer.started(guest.pid);
    await Promise.all([guest.stdout.bytes(), guest.stderr.bytes(), guest.exited]);
    tracer.detach();
    atEnd?.(system);
  });
  return text;
}
