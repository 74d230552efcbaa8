import { expect, it } from 'vitest';
import { Allowance, type Usage } from './allowance.ts';

const MB = 1e6;

/** What may be made of code that is executed for so many instructions a byte, until as many have been retired. */
function madeUntil(retired: number, instructionsPerByte: number, isBeside: boolean): number {
  const allowance = new Allowance();
  let bytes = 0;
  const usage = (): Usage => ({ retired, translated: bytes * instructionsPerByte, codeBytes: bytes, isBeside });
  for (; allowance.isLeft(usage()); bytes += 1000) allowance.spend(1000);
  return bytes;
}

it('makes a little at once', () => {
  expect(madeUntil(0, 0, true)).toBeGreaterThan(20_000);
  expect(madeUntil(0, 0, true)).toBeLessThan(100_000);
});

it('makes code for what it costs where the code is of use, and less here than beside', () => {
  expect(madeUntil(1e9, 5000, true)).toBeGreaterThan(1.9 * MB);
  expect(madeUntil(1e9, 5000, true)).toBeLessThan(2.2 * MB);
  expect(madeUntil(1e9, 5000, false)).toBeLessThan(1.1 * MB);
});

it('makes in the beginning what it is asked for', () => {
  expect(madeUntil(1e8, 0, true)).toBeGreaterThan(0.2 * MB);
});

it('makes little where each byte is executed seldom, but some', () => {
  expect(madeUntil(1e9, 150, true)).toBeLessThan(0.8 * MB);
  expect(madeUntil(2e9, 0, true) - madeUntil(1e9, 0, true)).toBeGreaterThan(0.2 * MB);
});
