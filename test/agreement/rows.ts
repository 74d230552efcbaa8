/**
 * Code that keeps no rules: instances of one row with random operands among those of other rows. It jumps anywhere, writes over itself
 * and traps at will.
 *
 * Interface: ROWS, randomRows.
 */
import { RV64C } from '../../src/isa/riscv/rv64c.ts';
import { INSNS } from '../../src/isa/riscv/table.ts';
import type { Start } from './lockstep.ts';
import { CODE_BASES, HIGH_REGION, LOW_REGION, PAGE } from './places.ts';
import type { Random } from './random.ts';
import { floatBits, integerValue } from './values.ts';

export interface Row {
  readonly name: string;
  readonly mask: number;
  readonly value: number;
  readonly width: 16 | 32;
  readonly hasRounding: boolean;
}

export const ROWS: readonly Row[] = [
  ...INSNS.map(({ name, mask, value, format }): Row => {
    return { name, mask, value, width: 32, hasRounding: 'rm' in format.operands };
  }),
  ...RV64C.map(({ name, mask, value }): Row => ({ name, mask, value, width: 16, hasRounding: false })),
];

const CODE_BYTES = 2 * PAGE;
const DYNAMIC = 7 << 12;

export function randomRows(row: Row, random: Random): Start {
  const code = new Uint8Array(CODE_BYTES);
  const view = new DataView(code.buffer);
  for (let at = 0; at < CODE_BYTES - 4;) {
    const chosen = random.chance(60) ? row : random.pick(ROWS);
    view.setInt32(at, instance(chosen, random), true);
    at += chosen.width / 8;
  }
  const codeStart = random.chance(80) ? CODE_BASES.low : CODE_BASES.high;
  const [low, high] = [new Uint8Array(2 * PAGE), new Uint8Array(PAGE)];
  for (const page of [low, high]) for (let i = 0; i < page.length; i++) page[i] = random.below(256);
  const pointers = [LOW_REGION.start, LOW_REGION.start + PAGE, HIGH_REGION.start, codeStart];
  const x = Array.from({ length: 32 }, (_, i) => {
    if (i === 0) return 0n;
    if (random.chance(40)) return integerValue(random);
    const offset = random.below(2 * PAGE);
    return BigInt(random.pick(pointers) + (random.chance(80) ? offset & ~7 : offset));
  });
  return {
    mappings: [
      { start: LOW_REGION.start, bytes: low, access: 'rw' },
      { start: HIGH_REGION.start, bytes: high, access: random.pick(['r', 'rw']) },
      { start: codeStart, bytes: code, access: random.pick(['rx', 'rwx']) },
    ],
    initial: { x, f: x.map(() => floatBits(random)), fcsr: random.below(32) | (random.below(5) << 5) },
    entry: codeStart + 2 * random.below(CODE_BYTES / 2),
  };
}

/** Bits that the row leaves open are random; the rounding mode is mostly frm's. */
function instance({ mask, value, width, hasRounding }: Row, random: Random): number {
  const word = (value | (random.next() & ~mask)) & (width === 16 ? 0xffff : -1);
  return hasRounding && random.chance(65) ? word | DYNAMIC : word;
}
