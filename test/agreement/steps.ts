/**
 * Random straight-line instructions: arithmetic, memory, floating point, and what compilers write again and again. Rows are found by
 * their formats, so that a new row is met without a word here.
 *
 * Interface: StepMaker, StepOptions.
 * Invariants: only registers of REG.free are written; memory outside the windows is reached only by accesses that fault.
 */
import { csrByName, type CsrName } from '../../src/cpu/riscv/csr-table.ts';
import * as FORMAT from '../../src/isa/riscv/formats.ts';
import type { Format } from '../../src/isa/riscv/formats.ts';
import { INSNS, usageOf } from '../../src/isa/riscv/table.ts';
import { instruction, whole, type Instruction } from './encode.ts';
import { FRAME_SLOTS } from './emit.ts';
import { LOW_REGION, PAGE, REG, windowsOf } from './places.ts';
import type { Random } from './random.ts';

export interface StepOptions {
  /** Data lies above 4 GiB: out of lui's reach. */
  readonly highData: boolean;
  /** What only machines that agree to the instruction can be asked: counters, reservations that something breaks. */
  readonly exact: boolean;
}

/** What a fault costs, in instructions. */
const FAULT_COST = 2000;
/** rm that stands for frm. */
const DYNAMIC = 7;
const TWELVE_BITS = 4096;

const namesOf = (...formats: readonly Format[]): string[] =>
  INSNS.filter((row) => formats.includes(row.format) && !usageOf(row).controlFlow).map(({ name }) => name);
const NAMES = {
  registers: namesOf(FORMAT.R),
  immediate: namesOf(FORMAT.I),
  shift: namesOf(FORMAT.SHIFT),
  shiftWord: namesOf(FORMAT.SHIFTW),
  upper: namesOf(FORMAT.U),
  load: namesOf(FORMAT.LOAD),
  store: namesOf(FORMAT.S),
  floatLoad: namesOf(FORMAT.FLOAD),
  floatStore: namesOf(FORMAT.FSTORE),
  atomic: namesOf(FORMAT.AMO).filter((name) => !name.startsWith('sc.')),
} as const;
const FLOAT_FORMATS: readonly Format[] = [
  ...[FORMAT.F4, FORMAT.F4, FORMAT.FR, FORMAT.FR, FORMAT.FR1, FORMAT.FF, FORMAT.FCMP],
  ...[FORMAT.F2X, FORMAT.F2XR, FORMAT.X2F, FORMAT.X2FR],
];
const FLOAT_NAMES = new Map(FLOAT_FORMATS.map((format) => [format, namesOf(format)]));

interface Place {
  readonly insns: readonly Instruction[];
  readonly rs1: number;
  readonly imm: number;
}

export class StepMaker {
  readonly #random: Random;
  readonly #options: StepOptions;

  constructor(random: Random, options: StepOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** Instructions that belong together, and about how many instructions' time they take. */
  step(allowance: number): { insns: Instruction[]; cost: number } {
    const random = this.#random;
    if (allowance > 2 * FAULT_COST && random.chance(2)) return { insns: this.#fault(), cost: FAULT_COST };
    const insns = random.weighted<() => Instruction[]>([
      [30, () => [this.arithmetic()]],
      [24, () => this.#memory()],
      [22, () => [this.#float()]],
      [10, () => this.#idiom()],
      [3, () => this.#atomic()],
      [2, () => this.#control()],
      [this.#options.exact ? 2 : 0, () => this.#exact()],
    ])();
    return { insns, cost: insns.length };
  }

  /** One integer instruction; any register may be its source. */
  arithmetic(): Instruction {
    const random = this.#random;
    const [rd, rs1, rs2] = [this.#target(), this.source(), this.source()];
    const compress = random.chance(75);
    // Two-address forms are what compressed instructions are.
    const first = random.chance(40) ? rd : rs1;
    return random.weighted<() => Instruction>([
      [8, () => instruction(random.pick(NAMES.registers), { rd, rs1: first, rs2 }, compress)],
      [6, () => instruction(random.pick(NAMES.immediate), { rd, rs1: first, imm: this.#immediate() }, compress)],
      [2, () => instruction(random.pick(NAMES.shift), { rd, rs1: first, imm: random.below(64) }, compress)],
      [2, () => instruction(random.pick(NAMES.shiftWord), { rd, rs1: first, imm: random.below(32) }, compress)],
      [1, () => instruction(random.pick(NAMES.upper), { rd, imm: random.next() & ~0xfff }, compress)],
    ])();
  }

  /** A register that may be written. */
  free(): number {
    return this.#random.pick(REG.free);
  }

  twoFree(): [number, number] {
    const first = this.free();
    const second = this.free();
    return first === second ? this.twoFree() : [first, second];
  }

  source(): number {
    return this.#random.chance(75) ? this.free() : this.#random.below(32);
  }

  /** Load-reserved and store-conditional around an instruction; the last register holds 0 when it succeeded. */
  reserve(): { insns: Instruction[]; failed: number } {
    const random = this.#random;
    const size = random.pick(['w', 'd']);
    const [address, value] = this.twoFree();
    const failed = random.chance(50) ? value : REG.free.find((reg) => reg !== address && reg !== value)!;
    const insns = [
      instruction('addi', { rd: address, rs1: REG.window, imm: 8 * random.between(-32, 31) }),
      instruction(`lr.${size}`, { rd: value, rs1: address }),
      instruction(random.pick(['addi', 'xori', 'addiw']), { rd: value, rs1: value, imm: this.#immediate() }),
      instruction(`sc.${size}`, { rd: failed, rs1: address, rs2: value }),
    ];
    return { insns, failed };
  }

  /** Accesses through a pointer that moves on, for loops: what comes before, and each turn. May run into pages that fault. */
  walk(mayFault: boolean): { setup: Instruction[]; turn: Instruction[]; pointer: number } {
    const random = this.#random;
    const pointer = this.free();
    const overEdge = mayFault && random.chance(50);
    const stride = random.pick(overEdge ? [4, 8] : [1, 2, 4, 8, 8, 16, -8, -1]);
    const place = { rs1: pointer, imm: 0 };
    const accesses = Array.from({ length: random.between(1, 3) }, () => this.#access(place));
    return {
      setup: [
        overEdge
          ? instruction('addi', { rd: pointer, rs1: REG.edge, imm: random.between(-64, -16) })
          : instruction('addi', { rd: pointer, rs1: REG.window, imm: random.between(-128, 64) }),
      ],
      turn: [
        ...accesses.filter(({ operands }) => operands.rd !== pointer),
        instruction('addi', { rd: pointer, rs1: pointer, imm: stride }),
      ],
      pointer,
    };
  }

  #target(): number {
    return this.#random.chance(4) ? 0 : this.free();
  }

  #immediate(): number {
    const random = this.#random;
    return random.chance(50) ? random.between(-32, 31) : random.between(-TWELVE_BITS / 2, TWELVE_BITS / 2 - 1);
  }

  #memory(): Instruction[] {
    const place = this.#place();
    const insns = [...place.insns, this.#access(place)];
    // The same place again: what was stored is loaded, what was loaded is stored.
    if (this.#random.chance(25)) insns.push(this.#access(place));
    return insns.filter(
      ({ operands }, i) => i === insns.length - 1 || i < place.insns.length || operands.rd !== place.rs1,
    );
  }

  /** An address in the windows, or in the frame. */
  #place(): Place {
    const random = this.#random;
    const aligned = (value: number): number => (random.chance(75) ? value & ~7 : value);
    const temp = this.free();
    return random.weighted<() => Place>([
      [6, () => ({ insns: [], rs1: REG.window, imm: aligned(random.between(-256, 248)) })],
      [2, () => ({ insns: [], rs1: REG.window, imm: 8 * random.below(31) })],
      [1, () => ({ insns: [], rs1: REG.window, imm: random.between(-8, -1) })],
      [2, () => ({ insns: [], rs1: REG.edge, imm: aligned(random.between(-128, -8)) })],
      [3, () => ({ insns: [], rs1: REG.sp, imm: 8 * random.below(FRAME_SLOTS) })],
      [3, () => this.#computed(temp)],
      [this.#options.highData ? 0 : 2, () => this.#absolute(temp, aligned(random.between(-256, 248)))],
    ])();
  }

  /** An address that depends on data. */
  #computed(temp: number): Place {
    const random = this.#random;
    const mask = random.pick([0x7f, 0x78, 0x1f, 0x40]);
    return {
      insns: [
        instruction('andi', { rd: temp, rs1: this.source(), imm: mask }),
        instruction('add', { rd: temp, rs1: temp, rs2: REG.window }),
      ],
      rs1: temp,
      imm: random.between(-128, 64),
    };
  }

  #absolute(temp: number, offset: number): Place {
    const address = windowsOf(LOW_REGION).window + offset;
    const upper = (address + 0x800) & ~0xfff;
    return { insns: [instruction('lui', { rd: temp, imm: upper })], rs1: temp, imm: address - upper };
  }

  #access({ rs1, imm }: Pick<Place, 'rs1' | 'imm'>): Instruction {
    const random = this.#random;
    const compress = random.chance(80);
    return random.weighted<() => Instruction>([
      [6, () => instruction(random.pick(NAMES.load), { rd: this.#target(), rs1, imm }, compress)],
      [6, () => instruction(random.pick(NAMES.store), { rs2: this.source(), rs1, imm }, compress)],
      [2, () => instruction(random.pick(NAMES.floatLoad), { fd: random.below(32), rs1, imm }, compress)],
      [2, () => instruction(random.pick(NAMES.floatStore), { fs2: random.below(32), rs1, imm }, compress)],
    ])();
  }

  #float(): Instruction {
    const random = this.#random;
    const format = random.pick(FLOAT_FORMATS);
    const fs = () => random.below(32);
    const rm = random.chance(65) ? DYNAMIC : random.below(5);
    const operands = { rd: this.#target(), rs1: this.source(), fd: fs(), fs1: fs(), fs2: fs(), fs3: fs(), rm };
    return instruction(random.pick(FLOAT_NAMES.get(format)!), operands);
  }

  /** Sequences that compilers write, and translators look for. */
  #idiom(): Instruction[] {
    const random = this.#random;
    const [rd, temp] = this.twoFree();
    const rs1 = random.pick(REG.free.filter((reg) => reg !== temp));
    const by = random.between(1, 31);
    const shift = (name: string, to: number, from: number, imm: number) =>
      instruction(name, { rd: to, rs1: from, imm });
    const op = (name: string, to: number, one: number, two: number) =>
      instruction(name, { rd: to, rs1: one, rs2: two });
    return random.pick<() => Instruction[]>([
      () => [shift('slli', rd, rs1, 32), shift('srli', rd, rd, random.pick([32, 32, 32 - by]))],
      () => [shift('slli', rd, rs1, 48), shift(random.pick(['srli', 'srai']), rd, rd, 48)],
      () => [shift('slli', temp, rs1, by), shift('srli', rd, rs1, 64 - by), op('or', rd, rd, temp)],
      () => [shift('slliw', temp, rs1, by), shift('srliw', rd, rs1, 32 - by), op('or', rd, rd, temp)],
      () => [instruction('lui', { rd, imm: random.next() & ~0xfff }), shift('addi', rd, rd, this.#immediate())],
      () => [instruction('lui', { rd, imm: random.next() & ~0xfff }), shift('addiw', rd, rd, this.#immediate())],
      () => [op('add', rd, rs1, temp), op('sltu', temp, rd, rs1)],
      () => [op('mulhu', temp, rs1, rd), op('mul', rd, rs1, rd)],
      () => [op('div', temp, rd, rs1), op('rem', rd, rd, rs1)],
      () => [op('addw', rd, rs1, temp), shift('addiw', rd, rd, 0), shift('slli', rd, rd, 3)],
      () => [op('slt', temp, rs1, rd), op('sub', temp, 0, temp), op('and', rd, rd, temp)],
      () => [shift('srai', temp, rs1, 63), op('xor', rd, rs1, temp), op('sub', rd, rd, temp)],
    ])();
  }

  #atomic(): Instruction[] {
    const random = this.#random;
    const [address, rd] = this.twoFree();
    const start = instruction('addi', { rd: address, rs1: REG.window, imm: 8 * random.between(-32, 31) });
    // With nothing reserved. The first drops what might be.
    const fails = [0, rd].map((to) => instruction('sc.d', { rd: to, rs1: address, rs2: this.source() }));
    if (random.chance(15)) return [start, ...fails.slice(this.#options.exact ? random.below(2) : 0)];
    return [
      start,
      instruction(random.pick(NAMES.atomic), { rd: random.chance(80) ? rd : 0, rs1: address, rs2: this.source() }),
    ];
  }

  /** Rounding mode, flags, fences, a system call that does not exist. */
  #control(): Instruction[] {
    const random = this.#random;
    const rd = this.#target();
    return random.weighted<() => Instruction[]>([
      [4, () => [csr('csrrwi', rd, 'frm', random.below(5))]],
      [2, () => [csr('csrrwi', rd, 'fflags', random.below(32))]],
      [2, () => [csr('csrrs', rd, 'fflags', 0)]],
      [1, () => [csr(random.pick(['csrrs', 'csrrc']), rd, 'fflags', this.source())]],
      [1, () => [csr('csrrs', rd, 'fcsr', 0)]],
      [2, () => [whole('fence', random.next() & 0x0ff0_0000)]],
      [1, () => [whole('fence.i')]],
      [1, () => [instruction('addi', { rd: REG.a7, rs1: 0, imm: 2000 }), whole('ecall')]],
    ])();
  }

  #exact(): Instruction[] {
    const random = this.#random;
    const [address, rd] = this.twoFree();
    const at = instruction('addi', { rd: address, rs1: REG.window, imm: 8 * random.between(-32, 31) });
    const size = random.pick(['w', 'd']);
    return random.pick<() => Instruction[]>([
      () => [csr('csrrs', rd, random.pick(['instret', 'cycle', 'time']), 0)],
      () => [
        at,
        instruction(`lr.${size}`, { rd, rs1: address }),
        instruction(random.pick(NAMES.store), { rs2: this.source(), rs1: address, imm: random.pick([0, 4, 16]) }),
        instruction(`sc.${random.pick(['w', 'd'])}`, { rd, rs1: address, rs2: this.source() }),
      ],
      () => [at, instruction(`lr.${size}`, { rd, rs1: address })],
      () => [at, instruction(`sc.${size}`, { rd, rs1: address, rs2: this.source() })],
    ])();
  }

  /** What ends in a signal, or may. The handler goes on behind the instruction, or where ra points after a jump to nowhere. */
  #fault(): Instruction[] {
    const random = this.#random;
    const [address, rd] = this.twoFree();
    const nowhere = this.#nowhere(address);
    return random.weighted<() => Instruction[]>([
      [6, () => [...nowhere, this.#access({ rs1: address, imm: random.pick([0, 0, 8, -8, 2047, -2048]) })]],
      [3, () => [instruction('sd', { rs2: this.source(), rs1: REG.edge, imm: random.between(-7, 512) })]],
      [
        2,
        () => [
          instruction(random.pick(NAMES.store), { rs2: this.source(), rs1: REG.edge, imm: random.between(-4, 8) }),
        ],
      ],
      [2, () => [...nowhere, instruction(random.pick(NAMES.atomic), { rd, rs1: address, rs2: this.source() })]],
      [2, () => [...nowhere, instruction('jalr', { rd: REG.ra, rs1: address, imm: 0 })]],
      [1, () => [csr('csrrw', 0, 'cycle', 0)]],
      [1, () => [csr('csrrs', rd, 'sstatus', 0)]],
      [1, () => [whole('sret')]],
      // Reserved rounding modes.
      [1, () => [csr('csrrwi', 0, 'frm', random.between(5, 7)), this.#float(), csr('csrrwi', 0, 'frm', 0)]],
      [1, () => [instruction('fadd.d', { fd: 0, fs1: 1, fs2: 2, rm: random.between(5, 6) })]],
      [2, () => [{ ...whole('ebreak'), compress: random.chance(50) }]],
    ])();
  }

  /** Makes an address that is not there, not to be written, or not of this half. */
  #nowhere(rd: number): Instruction[] {
    const random = this.#random;
    return random.pick<() => Instruction[]>([
      () => [instruction('addi', { rd, rs1: 0, imm: 8 * random.below(255) })],
      () => [instruction('lui', { rd, imm: PAGE }), instruction('add', { rd, rs1: rd, rs2: REG.edge })],
      () => [instruction('lui', { rd, imm: -2 * PAGE }), instruction('add', { rd, rs1: rd, rs2: REG.window })],
      () => [
        instruction('addi', { rd, rs1: 0, imm: -1 }),
        instruction('slli', { rd, rs1: rd, imm: random.between(38, 47) }),
      ],
    ])();
  }
}

/** rs1 is the immediate in the forms that have one. */
function csr(name: string, rd: number, register: CsrName, rs1: number): Instruction {
  return whole(name, (csrByName(register).number << 20) | (rs1 << 15) | (rd << 7));
}
