import { describe, expect, it } from 'vitest';
import { parseBytes, parseDurationNs } from './sizes.ts';

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['64k', 65536],
    ['512M', 536870912],
    ['1.5g', 1610612736],
    ['2GiB', 2147483648],
    [123, 123],
  ])('reads %s', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each(['', 'x', '-1', '1e3', '12q', '99999999999g'])('refuses %j', (text) =>
    expect(() => parseBytes(text)).toThrow(RangeError),
  );
});

describe('durations', () => {
  it.each([
    ['10', 10e9],
    ['10s', 10e9],
    ['500ms', 5e8],
    ['2m', 120e9],
    ['1h', 3600e9],
    ['0.5', 5e8],
  ])('reads %s', (text, ns) => expect(parseDurationNs(text)).toBe(ns));

  it.each(['', 'soon', '-1s', '5d'])('refuses %j', (text) => expect(() => parseDurationNs(text)).toThrow(RangeError));
});
