import { expect, it } from 'vitest';
import { nodeEntropy } from './entropy.ts';

it('fills all of any number of bytes, and never the same way', () => {
  for (const length of [0, 1, 16, 100_000]) {
    const [one, other] = [new Uint8Array(length), new Uint8Array(length)];
    nodeEntropy.fill(one);
    nodeEntropy.fill(other);
    if (length >= 16) expect(one).not.toEqual(other);
    if (length > 1000) expect(new Set(one.subarray(-1000)).size).toBeGreaterThan(100);
  }
});

it('fills a part of the memory of a machine', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  nodeEntropy.fill(new Uint8Array(memory.buffer, 100, 50));
  const bytes = new Uint8Array(memory.buffer);
  expect(bytes.subarray(100, 150).some((byte) => byte !== 0)).toBe(true);
  expect(bytes.subarray(0, 100).every((byte) => byte === 0)).toBe(true);
  expect(bytes.subarray(150).every((byte) => byte === 0)).toBe(true);
});
