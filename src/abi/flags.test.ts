import { describe, expect, it } from 'vitest';
import { valuesFor } from './flag-set.ts';
import type { FlagSet } from './flag-set.ts';
import { FLAG_SETS } from './flags.ts';

const SETS = Object.entries(FLAG_SETS) as [string, FlagSet][];

describe('flag sets', () => {
  it('are registered under their own names', () => {
    for (const [name, set] of SETS) expect(set.name).toBe(name);
  });

  it('call only what they have unsupported', () => {
    for (const [name, set] of SETS)
      expect(Object.keys(valuesFor(set, 'x86_64')), name).toEqual(expect.arrayContaining([...set.unsupported]));
  });

  it('differ between architectures where Linux does', () => {
    expect(valuesFor(FLAG_SETS.sigaction, 'x86_64')['SA_RESTORER']).toBe(0x4000000);
    expect(valuesFor(FLAG_SETS.sigaction, 'riscv64')['SA_RESTORER']).toBeUndefined();
    expect(valuesFor(FLAG_SETS.ioctl, 'i386')['FS_IOC_GETFLAGS']).toBe(0x80046601);
    expect(valuesFor(FLAG_SETS.ioctl, 'riscv64')['FS_IOC_GETFLAGS']).toBe(0x80086601);
  });

  it('have known values', () => {
    expect(FLAG_SETS.open.values.O_TMPFILE).toBe(0o20200000);
    expect(FLAG_SETS.clone.values.CLONE_INTO_CGROUP).toBe(2 ** 33);
    expect(FLAG_SETS['at-fd'].values.AT_FDCWD).toBe(-100);
    expect(FLAG_SETS.ioctl.values.TCGETS2).toBe(0x802c542a);
  });
});
