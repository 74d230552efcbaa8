import { describe, expect, it } from 'vitest';
import { assemble } from '../../isa/riscv/assemble.ts';
import { jumpsBack, startOfLine, type CodeSource } from './code-source.ts';
import { codeOf } from './test-code.ts';

const { words } = assemble(
  `
  addi t0, t0, 1
top:
  jalr zero, 0(ra)
  addi t0, t0, 1
inner:
  beq t0, t1, below
  addi t0, t0, 1
below:
  jal ra, top
  bne t0, t1, inner
  jal zero, top
  addi t0, t0, 1
`,
  0,
);

function from(place: number, unknown: readonly number[] = []): CodeSource {
  const { fpEnabled, halfword, isKnown } = codeOf(words, unknown);
  return { fpEnabled, halfword: (at) => halfword(place + at), isKnown: (at) => isKnown(place + at) };
}

describe('startOfLine', () => {
  const start = (place: number, unknown?: readonly number[], limit = 100): number =>
    place + startOfLine(from(place, unknown), limit);

  it('goes up over branches and calls, to a jump', () => {
    expect([28, 24, 20, 8, 4, 0].map((place) => start(place))).toEqual([8, 8, 8, 8, 0, 0]);
    expect(start(32)).toBe(32);
  });

  it('ends at what was never executed, and at its limit', () => {
    expect(start(24, [12, 14])).toBe(16);
    expect(start(24, [], 2)).toBe(16);
  });
});

describe('jumpsBack', () => {
  const back = (place: number, unknown?: readonly number[], limit = 100): number[] =>
    jumpsBack(from(place, unknown), limit).map((target) => place + target);

  it('finds what goes back over the place, on to a jump', () => {
    expect(back(16)).toEqual([12, 4]);
    expect(back(8)).toEqual([4]);
    expect(back(0)).toEqual([]);
    expect(back(32)).toEqual([]);
  });

  it('ends at what was never executed, and at its limit', () => {
    expect(back(16, [28])).toEqual([12]);
    expect(back(16, [], 3)).toEqual([12]);
    expect(back(16, [], 2)).toEqual([]);
  });
});
