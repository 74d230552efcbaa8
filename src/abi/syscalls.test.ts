/** The table against itself, and its numbers against the installed kernel headers. */

import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ARCHES } from './arch.ts';
import type { Arch } from './arch.ts';
import type { SyscallRow } from './syscall-row.ts';
import { argSources, SYSCALLS, syscallsByNumber } from './syscalls.ts';
import type { HandlerOf } from './syscalls.ts';

const ROWS = Object.entries(SYSCALLS) as [string, SyscallRow][];

describe('the system-call table', () => {
  it('names each argument once, and relates lengths and selectors to arguments that exist', () => {
    for (const [name, { args }] of ROWS) {
      const names = args.map((arg) => arg.name);
      expect(new Set(names).size, name).toBe(names.length);
      for (const { length, selector } of args) {
        if (length?.arg !== undefined) expect(names, name).toContain(length.arg);
        if (selector !== undefined) expect(names, name).toContain(selector);
      }
    }
  });

  it('fits each call into six registers', () => {
    for (const [name, row] of ROWS) {
      for (const arch of ARCHES) {
        if (row.nr[arch] === undefined) continue;
        const used = argSources(row, arch).flatMap(({ register, pair }) =>
          pair ? [register, register + 1] : [register],
        );
        expect(new Set(used).size, `${name} on ${arch}`).toBe(used.length);
        expect(Math.max(-1, ...used), `${name} on ${arch}`).toBeLessThan(6);
      }
    }
  });

  it('gives no number twice', () => {
    for (const arch of ARCHES) {
      const numbers = ROWS.flatMap(([, row]) => row.nr[arch] ?? []);
      expect(new Set(numbers).size, arch).toBe(numbers.length);
    }
  });

  it('takes clone apart in each architecture’s order, and pairs registers on i386', () => {
    const registers = (name: 'clone' | 'pread64' | 'preadv2', arch: Arch) =>
      argSources(SYSCALLS[name], arch).map(({ register }) => register);
    expect(registers('clone', 'riscv64')).toEqual([0, 1, 2, 3, 4]);
    expect(registers('clone', 'x86_64')).toEqual([0, 1, 2, 4, 3]);
    expect(registers('preadv2', 'x86_64')).toEqual([0, 1, 2, 3, 5]);
    expect(registers('preadv2', 'i386')).toEqual([0, 1, 2, 3, 5]);
    expect(argSources(SYSCALLS.pread64, 'i386')[3]).toEqual({ register: 3, pair: true, width: 'loff' });
  });

  it('types handlers by the row', () => {
    const handler: HandlerOf<'fanotify_mark', [], bigint> = (_fd: number, _flags: number, mask) => mask;
    expect(handler(0, 0, 5n, 0, 0)).toBe(5n);
  });

  it.each(ARCHES)('has the numbers of the installed headers on %s', (arch) => {
    const table = syscallsByNumber(arch);
    const differing = headerNumbers(arch).filter(([name, nr]) => table[nr]?.unistd !== name);
    expect(differing).toEqual([]);
  });
});

const COMPILERS: Readonly<Record<Arch, readonly string[]>> = {
  riscv64: ['riscv64-linux-gnu-gcc'],
  x86_64: ['gcc'],
  i386: ['gcc', '-m32', '-I/usr/include/x86_64-linux-gnu'],
};

/** Names and numbers of <asm/unistd.h>, evaluated by the preprocessor. */
function headerNumbers(arch: Arch): [string, number][] {
  const [compiler = 'gcc', ...options] = COMPILERS[arch];
  const preprocess = (flags: readonly string[], input: string): string => {
    try {
      return execFileSync(compiler, [...options, '-E', ...flags, '-'], { input, encoding: 'utf8' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new Error(`${compiler} is missing: apt install gcc gcc-riscv64-linux-gnu linux-libc-dev`, { cause: error });
    }
  };
  const include = '#include <asm/unistd.h>\n';
  const names = [...preprocess(['-dM'], include).matchAll(/^#define __NR_(\w+)/gm)].map(([, name]) => name ?? '');
  const wanted = names.filter((name) => name !== 'syscalls' && name !== 'arch_specific_syscall');
  const values = preprocess(['-P'], include + wanted.map((name) => `@${name} __NR_${name}\n`).join(''));
  return [...values.matchAll(/@(\w+) (?:\((\d+)\s*\+\s*(\d+)\)|(\d+))/g)].map(([, name = '', base, more, plain]) => [
    name,
    plain === undefined ? Number(base) + Number(more) : Number(plain),
  ]);
}
