/**
 * In lock step: what a window of floating-point code writes to integer registers, which are in copies until it ends
 * (src/cpu/translator/region-fp.ts), and each way in which translated code reads them in the same window.
 */
import { describe, expect, it } from 'vitest';
import { encode, instruction, type Instruction } from './encode.ts';
import { Lockstep, type Start } from './lockstep.ts';
import { CODE_BASES, PAGE } from './places.ts';
import { Random } from './random.ts';
import { floatBits, integerValue } from './values.ts';
import { WAYS } from './ways.ts';

const [RA, COUNTER, FROM, TEMP, TO, OTHER, ALL] = [1, 8, 10, 11, 12, 13, 14];
const ROUNDS = 6;
const NX = 1;
const DYNAMIC = 7;
const HALF = 32;
/** The number that changes each round, and by what. */
const [NUMBER, STEP, SUM] = [0, 1, 2];

const add = (fd: number, fs1: number): Instruction => instruction('fadd.d', { fd, fs1, fs2: STEP, rm: DYNAMIC });
const shift = (name: string, rd: number, rs1: number, imm: number): Instruction => instruction(name, { rd, rs1, imm });

const WRITERS: readonly Instruction[] = [
  ...['fmv.x.d', 'fmv.x.w', 'fclass.d'].map((name) => instruction(name, { rd: FROM, fs1: NUMBER })),
  ...['w', 'wu', 'l', 'lu'].map((to) => instruction(`fcvt.${to}.d`, { rd: FROM, fs1: NUMBER, rm: DYNAMIC })),
  ...['feq.d', 'flt.d', 'fle.d'].map((name) => instruction(name, { rd: FROM, fs1: NUMBER, fs2: SUM })),
];

const READERS: Readonly<Record<string, readonly Instruction[]>> = {
  ...Object.fromEntries(
    ['addw', 'subw', 'mulw', 'sllw', 'srlw', 'sraw', 'and', 'or', 'xor', 'add', 'sltu'].flatMap((name) => [
      [`${name} on the left`, [instruction(name, { rd: TO, rs1: FROM, rs2: OTHER })]],
      [`${name} on the right`, [instruction(name, { rd: TO, rs1: OTHER, rs2: FROM })]],
    ]),
  ),
  ...Object.fromEntries(['addiw', 'slliw', 'srliw', 'sraiw'].map((name) => [name, [shift(name, TO, FROM, 7)]])),
  'zero-extension': [shift('slli', TEMP, FROM, HALF), shift('srli', TO, TEMP, HALF)],
  'zero-extension in place': [
    shift('slli', FROM, FROM, HALF),
    shift('srli', FROM, FROM, HALF),
    shift('addi', TO, FROM, 0),
  ],
  rotation: [
    shift('slliw', TEMP, FROM, 25),
    shift('srliw', TO, FROM, 7),
    instruction('or', { rd: TO, rs1: TEMP, rs2: TO }),
  ],
  'rotation of what is written once more': [
    shift('addiw', FROM, FROM, 77),
    shift('slliw', TEMP, FROM, 9),
    shift('srliw', TO, FROM, 23),
    instruction('or', { rd: TO, rs1: TO, rs2: TEMP }),
  ],
};

/** What came of it in all rounds so far. */
const gather = instruction('add', { rd: ALL, rs1: ALL, rs2: TO });

/** A loop of a few rounds around one window. */
function loop(writer: Instruction, reader: readonly Instruction[]): Instruction[] {
  const body = [add(NUMBER, NUMBER), writer, ...reader, gather, add(SUM, NUMBER), shift('addi', COUNTER, COUNTER, -1)];
  return [
    shift('addi', COUNTER, 0, ROUNDS),
    ...body,
    instruction('bne', { rs1: COUNTER, rs2: 0, imm: -4 * body.length }),
  ];
}

function startOf(reader: readonly Instruction[], random: Random): Start {
  const code = WRITERS.flatMap((writer) => loop(writer, reader));
  code.push(instruction('jalr', { rs1: RA }));
  const bytes = new Uint8Array(PAGE);
  bytes.set(new Uint8Array(Int32Array.from(code, encode).buffer));
  const x = Array.from({ length: 32 }, (_, i) => (i === 0 ? 0n : integerValue(random)));
  const f = Array.from({ length: 32 }, () => floatBits(random));
  [f[NUMBER], f[STEP], f[SUM]] = [0x400b_3333_3333_3333n, 0x41d5_4321_9876_5432n, 0x42d5_4321_9876_5432n];
  return {
    mappings: [{ start: CODE_BASES.low, bytes, access: 'rx' }],
    initial: { x, f, fcsr: NX },
    entry: CODE_BASES.low,
  };
}

describe.each(WAYS.filter(({ options }) => options.tier === 'translator'))(
  'what a window wrote, $name, is read by',
  (way) => {
    const lockstep = new Lockstep(way);
    it.each(Object.entries(READERS))('%s', (_, reader) => {
      for (let seed = 0; seed < 3; seed++)
        expect(lockstep.run(startOf(reader, new Random(seed)), new Random(seed), 1e6)).toBeUndefined();
    });
  },
);
