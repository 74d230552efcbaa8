import { expect, it } from 'vitest';
import { interpreterModule } from '../interpreter.ts';
import { createLayout } from '../layout.ts';

/**
 * Above 16384 virtual registers V8 falls back to a quick register allocator, and the loop loses half of its speed. That was seen
 * at 40 kB of code and not at 28 kB: whoever adds handlers or pairs beyond this limit must measure.
 */
it('keeps the hot loop below the size at which V8 stops optimizing it well', () => {
  expect(largestBodies(interpreterModule(createLayout({ ramBytes: 65536 })))[0]).toBeLessThan(31_000);
});

/** Sizes of the function bodies of a module, largest first. */
function largestBodies(bytes: Uint8Array): number[] {
  let at = 8;
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const section = bytes[at++];
    const end = u32() + at;
    if (section === 10) break;
    at = end;
  }
  const sizes = Array.from({ length: u32() }, () => {
    const size = u32();
    at += size;
    return size;
  });
  return sizes.sort((a, b) => b - a);
}
