import { describe, expect, it } from 'vitest';
import { ELF64_SYM } from '../../abi/elf.ts';
import { encodeStruct, layoutOf } from '../../abi/struct.ts';
import { bytesOf } from '../../util/byte-string.ts';
import { readEhFrame } from './eh-frame.ts';
import { openElf } from './elf-image.ts';
import { readSymbols } from './symbols.ts';

const FUNC = 2;
const NOTYPE = 0;

function tableOf(rows: readonly (readonly [name: string, type: number, address: number, size: number])[]) {
  let names = '\0';
  const symbols = rows.map(([name, st_info, st_value, st_size]) => {
    const st_name = names.length;
    names += `${name}\0`;
    return encodeStruct(layoutOf(ELF64_SYM, 'riscv64'), { st_name, st_info, st_shndx: 1, st_value, st_size });
  });
  return readSymbols({ symbols: Buffer.concat(symbols), names: bytesOf(names) });
}

describe('symbols', () => {
  const table = tableOf([
    ['__libc_malloc', FUNC, 0x1000, 0x40],
    ['malloc', FUNC, 0x1000, 0x40],
    ['$x', NOTYPE, 0x1000, 0],
    ['.L3', NOTYPE, 0x1010, 0],
    ['memcpy_loop', NOTYPE, 0x2000, 0],
    ['last', FUNC, 0x3000, 0x10],
  ]);

  it('give the plainest name of an address', () => {
    expect(table.at(0x1000)?.name).toBe('malloc');
    expect(table.at(0x103f)?.name).toBe('malloc');
  });

  it('end with their size, or without one at the next', () => {
    expect(table.at(0xfff)).toBeUndefined();
    expect(table.at(0x1040)).toBeUndefined();
    expect(table.at(0x2fff)?.name).toBe('memcpy_loop');
    expect(table.at(0x3010)).toBeUndefined();
  });
});

describe('damaged files', () => {
  it('give nothing, or a RangeError', () => {
    let state = 12345;
    const random = (below: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below;
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from({ length: 600 }, () => random(256));
      bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
      // A section table within the file, so that random sections are read.
      bytes.set([64, 0, 0, 0, 0, 0, 0, 0], 40);
      for (const read of [
        () =>
          openElf((offset, length) => (offset + length <= bytes.length ? bytes.slice(offset, offset + length) : null)),
        () => readEhFrame({ bytes, address: random(1 << 20) }).ruleAt(random(1 << 20)),
      ]) {
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    }
  });
});
