/** A guest's streams as the library gives them. */
import { describe, expect, it } from 'vitest';
import { runGuest, withSystem } from '../support/guest.ts';

describe('standard input', () => {
  it('takes one write of any size', async () => {
    const input = new Uint8Array(16 * 2 ** 20).fill(0x61);
    const { stdout } = await withSystem({}, (system) => runGuest(system, ['wc', '-c'], { input }));
    expect(stdout).toBe(`${input.length}\n`);
  });
});
