import { describe, expect, it } from 'vitest';
import { Heat } from './heat.ts';

describe('Heat', () => {
  it('asks for a look where the same few instructions are met again, later and later', () => {
    const heat = new Heat();
    const looks = [];
    for (let i = 1; i <= 64; i++) if (heat.add(0x1000 + (i & 31))) looks.push(i);
    expect(looks).toEqual([8, 24, 56]);
  });

  it('tells places apart', () => {
    const heat = new Heat();
    const others = [0x1040, 0x2000, 0x2010, 0x1042];
    const keys = [0x1000, 0x1010, ...others, 0x1004, 0x103e, 0x1000, ...others, 0x1002, 0x103c, 0x1000];
    expect(keys.map((key) => heat.add(key))).toEqual([...new Array<boolean>(keys.length - 1).fill(false), true]);
  });
});
