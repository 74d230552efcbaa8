import { expect, it } from 'vitest';
import { interpreterModule } from '../interpreter.ts';
import { createLayout } from '../layout.ts';

/**
 * Above 16384 virtual registers V8 falls back to a quick register allocator, and the loop loses a third of its speed. That was not seen
 * at 31.4 kB of code: whoever adds handlers or sequences beyond this limit must measure.
 */
it('keeps the hot loop below the size at which V8 stops optimizing it well', () => {
  const size = bodySize(interpreterModule(createLayout({ ramBytes: 65536 })), 'run');
  expect(size).toBeGreaterThan(20_000);
  expect(size).toBeLessThan(31_400);
});

const EXPORT_SECTION = 7;
const CODE_SECTION = 10;

/** Bytes in the body of an exported function. */
function bodySize(bytes: Uint8Array, exportName: string): number {
  const imported = WebAssembly.Module.imports(new WebAssembly.Module(bytes as BufferSource));
  let at = 8;
  let body = -imported.filter(({ kind }) => kind === 'function').length;
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
    if (section === CODE_SECTION) break;
    if (section === EXPORT_SECTION)
      for (let count = u32(); count > 0; count--) {
        const length = u32();
        const name = String.fromCharCode(...bytes.subarray(at, at + length));
        at += length + 1;
        const index = u32();
        if (name === exportName) body += index;
      }
    at = end;
  }
  const sizes = Array.from({ length: u32() }, () => {
    const size = u32();
    at += size;
    return size;
  });
  return sizes[body]!;
}
