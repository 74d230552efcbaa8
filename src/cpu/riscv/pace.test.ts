import { expect, it } from 'vitest';
import { Pace } from './pace.ts';

/** Runs slices at a number of instructions a tick; gives what the last call gave. */
function slicesAt(rate: number, deadline = Infinity, count = 20): { slice: number; ticks: number } {
  const pace = new Pace();
  let [retired, ticks, slice] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    slice = pace.next(retired, ticks, deadline);
    retired += slice;
    ticks += Math.round(slice / rate);
  }
  return { slice, ticks };
}

it('makes slices a millisecond long, however fast the hart is', () => {
  for (const rate of [15, 100]) {
    const { slice } = slicesAt(rate);
    expect(slice / rate / 10_000).toBeCloseTo(1, 1);
  }
});

it('keeps them within bounds', () => {
  expect(slicesAt(1e6).slice).toBe(4_000_000);
  expect(slicesAt(0.01).slice).toBe(10_000);
});

it('ends a slice in time for a deadline', () => {
  const pace = new Pace();
  pace.next(0, 0, Infinity);
  for (let i = 1; i < 20; i++) pace.next(i * 100_000, i * 1000, Infinity);
  expect(pace.next(2_000_000, 20_000, 20_500)).toBeCloseTo(50_000, -3);
  expect(pace.next(2_050_000, 20_500, 20_400)).toBe(10_000);
});

it('is not misled by time in which hardly anything ran', () => {
  const pace = new Pace();
  for (let i = 0; i < 20; i++) pace.next(i * 100_000, i * 1000, Infinity);
  const slice = pace.next(1_900_100, 10_000_000, Infinity);
  expect(slice).toBeGreaterThan(900_000);
});
