import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errnoMessage, errnoName, errnoNumber, isErr, isRestart } from './errno.ts';
import type { Errno, Restart } from './errno.ts';

describe('errno', () => {
  it('has the numbers of asm-generic/errno.h, up to 133', () => {
    const headers = ['errno-base.h', 'errno.h'].map((name) => readFileSync(`/usr/include/asm-generic/${name}`, 'utf8'));
    const defined = [...headers.join('').matchAll(/^#define\s+(E\w+)\s+(\d+)/gm)];
    expect(defined.length).toBeGreaterThan(130);
    for (const [, name, value] of defined) expect(errnoName(Number(value)), value).toBe(name);
    for (const [, name, value] of defined) expect(errnoNumber(name as Errno), name).toBe(Number(value));
    expect(errnoName(41)).toBeUndefined();
  });

  it('has messages', () => {
    expect(errnoMessage('ENOENT')).toBe('No such file or directory');
    expect(errnoMessage('EHWPOISON')).toBe('Memory page has hardware error');
  });

  it('tells errors from results, and restarts from errors', () => {
    const result = (value: number | Errno | Restart) =>
      isErr(value) ? (isRestart(value) ? 'restart' : value) : value + 1;
    expect([result(1), result('EBADF'), result('ERESTARTSYS')]).toEqual([2, 'EBADF', 'restart']);
    expect(errnoNumber('ERESTART_RESTARTBLOCK')).toBe(516);
  });
});
