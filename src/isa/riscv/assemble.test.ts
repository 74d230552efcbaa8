/** The assembler against the disassembler, which is compared with binutils. */
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { disassemble } from './disassemble.ts';
import { INSNS } from './table.ts';

/** Operands of the integer instructions that it knows. */
const KNOWN = /^(rd|rs1|rs2|imm|hex|upper|target|csr|[,()])*$/;
/** fence.i has fields that its text does not show. */
const ROWS = INSNS.filter(({ format, name }) => KNOWN.test(format.asm) && name !== 'fence.i');

let seed = 11;
function random32(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  const high = seed;
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (high & 0xffff0000) | (seed >>> 16);
}

describe('assemble', () => {
  it.each(ROWS.map((row) => [row.name, row] as const))('%s: gives the word whose text it reads', (_name, row) => {
    for (let i = 0; i < 50; i++) {
      let word = (random32() & ~row.mask) | row.value | 0;
      // Only CSRs that have a name are written by it.
      if (row.format.asm.includes('csr')) word = (word & 0xf_ffff) | (0xc01 << 20);
      if (/^(amo|lr|sc)/.test(row.name)) word &= ~(3 << 25);
      const pc = 0x10_0000;
      const target = row.format.operands.imm?.(word);
      const text = disassemble(word, BigInt(pc)).replace(/0x[0-9a-f]+$/, (hex) =>
        row.format.asm.includes('target') ? 'place' : hex,
      );
      const names = target === undefined ? {} : { place: pc + target };
      expect(
        assemble(text, pc, names).words.map((w) => w | 0),
        text,
      ).toEqual([word]);
    }
  });

  it('resolves places and sums, and skips comments', () => {
    const { words, symbols } = assemble(
      `
      here:
        addi a0, zero, 8+data-here  # forwards
        jal zero, here
      data:
      `,
      0x100,
    );
    expect(words.map((word, i) => disassemble(word, BigInt(0x100 + 4 * i)))).toEqual([
      'addi a0,zero,16',
      'jal zero,0x100',
    ]);
    expect(symbols.get('data')).toBe(0x108);
  });

  it.each([
    ['addi a0, zero, 2048', 'cannot have imm'],
    ['beq a0, a1, 3', 'cannot have imm'],
    ['addi a0, a1', 'takes'],
    ['nosuch a0', 'no instruction'],
    ['addi q0, a1, 1', 'no register'],
    ['addi a0, a1, nowhere', 'neither a number'],
    ['csrrs a0, nosuch, zero', 'no control register'],
  ])('refuses %s', (line, message) => {
    expect(() => assemble(line, 0)).toThrow(message);
  });
});
