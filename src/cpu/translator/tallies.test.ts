import { describe, expect, it } from 'vitest';
import { Tallies } from './tallies.ts';

const ENOUGH = 4096;

describe('Tallies', () => {
  it('tells when a place has enough, and begins anew then', () => {
    const tallies = new Tallies(ENOUGH);
    tallies.add(0x1000, ENOUGH - 1);
    expect(tallies.settle(0x1000)).toBe(false);
    tallies.add(0x1000, 1);
    expect([tallies.settle(0x1000), tallies.settle(0x1000)]).toEqual([true, false]);
  });

  it('tells places apart', () => {
    const tallies = new Tallies(ENOUGH);
    for (const place of [0x1000, 0x1002]) tallies.add(place, ENOUGH - 1);
    tallies.add(0x1002, 1);
    expect([0x1000, 0x1002].map((place) => tallies.settle(place))).toEqual([false, true]);
  });
});
