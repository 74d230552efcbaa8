import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { newSha256, sha256Hex, toHex } from './sha256.ts';

test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_000])('agrees with OpenSSL for %i bytes', (length) => {
  const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 255);
  const expected = createHash('sha256').update(bytes).digest('hex');
  expect(sha256Hex(bytes)).toBe(expected);

  const inPieces = newSha256();
  for (let at = 0; at < length; at += 37) inPieces.update(bytes.subarray(at, at + 37));
  expect(toHex(inPieces.digest())).toBe(expected);
});
