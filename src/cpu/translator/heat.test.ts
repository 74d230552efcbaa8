import { describe, expect, it } from 'vitest';
import { Heat } from './heat.ts';

describe('Heat', () => {
  it('asks for a look where the same few instructions are met again, later and later', () => {
    const heat = new Heat();
    const looks = [];
    for (let i = 1; i <= 32; i++) if (heat.add(0x1000 + (i & 31))) looks.push(i);
    expect(looks).toEqual([4, 12, 28]);
  });

  it('tells places apart', () => {
    const heat = new Heat();
    const keys = [0x1000, 0x1010, 0x1040, 0x2000, 0x1004, 0x2010, 0x1042, 0x103e];
    expect(keys.map((key) => heat.add(key))).toEqual([...new Array<boolean>(7).fill(false), true]);
  });
});
