import { describe, expect, it } from 'vitest';
import { parseFilter } from './filter.ts';

describe('-e', () => {
  it('takes names, classes and their opposites', () => {
    const names = (expression: string): string[] =>
      ['openat', 'read', 'mmap', 'kill', 'execve', 'socket', 'getpid'].filter(parseFilter([expression]).wants);
    expect(names('trace=openat,read')).toEqual(['openat', 'read']);
    expect(names('read')).toEqual(['read']);
    expect(names('trace=!read,openat')).toEqual(['mmap', 'kill', 'execve', 'socket', 'getpid']);
    expect(names('trace=%file')).toEqual(['openat', 'execve']);
    expect(names('trace=%desc')).toEqual(['openat', 'read', 'mmap', 'socket'].filter((name) => name !== 'socket'));
    expect(names('trace=%process')).toEqual(['kill', 'execve']);
    expect(names('trace=%memory')).toEqual(['mmap']);
    expect(names('trace=%signal')).toEqual(['kill']);
    expect(names('trace=%network')).toEqual(['socket']);
    expect(names('trace=/^(open|exec)')).toEqual(['openat', 'execve']);
    expect(names('trace=none')).toEqual([]);
  });

  it('chooses signals', () => {
    expect(parseFilter(['signal=!SIGCHLD']).wantsSignal(17)).toBe(false);
    expect(parseFilter(['signal=usr1']).wantsSignal(10)).toBe(true);
    expect(parseFilter(['signal=none']).wantsSignal(10)).toBe(false);
  });

  it('refuses what there is not', () => {
    expect(() => parseFilter(['trace=foo'])).toThrow("invalid system call 'foo'");
    expect(() => parseFilter(['%foo'])).toThrow("invalid system call '%foo'");
    expect(() => parseFilter(['signal=foo'])).toThrow("invalid signal 'foo'");
    expect(() => parseFilter(['inject=all'])).toThrow();
  });

  it('lets a question mark excuse a call that is not there', () => {
    expect(parseFilter(['trace=?nothing,read']).wants('read')).toBe(true);
  });
});
