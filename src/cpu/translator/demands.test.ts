import { describe, expect, it } from 'vitest';
import { Demands } from './demands.ts';
import { WANTED } from './jump-cache.ts';

const ENOUGH = -WANTED;

describe('Demands', () => {
  it('tells when a place was wanted often enough, and begins anew then', () => {
    const demands = new Demands();
    demands.add(0x1000, ENOUGH - 1);
    expect(demands.settle(0x1000)).toBe(false);
    demands.add(0x1000, 1);
    expect([demands.settle(0x1000), demands.settle(0x1000)]).toEqual([true, false]);
  });

  it('tells places apart', () => {
    const demands = new Demands();
    for (const place of [0x1000, 0x1002]) demands.add(place, ENOUGH - 1);
    demands.add(0x1002, 1);
    expect([0x1000, 0x1002].map((place) => demands.settle(place))).toEqual([false, true]);
  });
});
