/** The generated decoder against the tables (isa/riscv/decode.ts), and its choice of sequences against a plain search. */
import { beforeEach, expect, it } from 'vitest';
import { nodeWasm } from '../../host/node/wasm.ts';
import { decode, instructionLength } from '../../isa/riscv/decode.ts';
import { INSNS, usageOf } from '../../isa/riscv/table.ts';
import { HART, RECORD_BYTES, RECORD_PAGE_BYTES, RECORD_PAGE_HOST, TLB_ENTRY_BYTES } from '../layout.ts';
import { createInterpreter } from '../interpreter.ts';
import { FUSED, isRelative, opcodeOf, type Fused, type FusedPart, type Opcode } from './opcodes.ts';
import { FIELD, PSEUDO, REGION_FLAG } from './record.ts';
import { TestMachine } from './test-machine.ts';

const ECALL = 0x73;
const SINK = 32;
const PAGE_SLOTS = 2048;
const machine = new TestMachine(nodeWasm, { base: 0x20000n, ramBytes: 2 * 4096 });
const { view, layout } = machine;
const page = layout.records;
const withoutFp = createInterpreter(nodeWasm, machine.memory, layout, () => false);

let seed = 1;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const random32 = (): number => (random(65536) << 16) | random(65536);

const field = (slot: number, name: keyof typeof FIELD): number =>
  name === 'imm'
    ? view.getInt32(page + slot * RECORD_BYTES + FIELD.imm, true)
    : view.getUint16(page + slot * RECORD_BYTES + FIELD[name], true);
const recordOf = (slot: number) => ({
  op: field(slot, 'op'),
  rd: field(slot, 'rd'),
  rs1: field(slot, 'rs1'),
  rs2: field(slot, 'rs2'),
  rs3: field(slot, 'rs3'),
  imm: field(slot, 'imm'),
});

function encode(slot: number, interpreter = machine.interpreter): void {
  view.setInt32(layout.hart + HART.record, page + slot * RECORD_BYTES, true);
  interpreter.encode();
}

function clear(): void {
  new Uint8Array(machine.memory.buffer, page, 2 * RECORD_PAGE_BYTES).fill(0);
  view.setInt32(page + RECORD_PAGE_HOST, layout.ram, true);
}

beforeEach(clear);

function put(slot: number, word: number): void {
  const at = layout.ram + slot * 2;
  if (instructionLength(word) === 4) view.setInt32(at, word, true);
  else {
    view.setUint16(at, word & 0xffff, true);
    view.setInt32(at + 2, ECALL, true);
  }
}

/** What the record of a word at a slot is to be. */
function expected(word: number, slot: number, fpEnabled = true): ReturnType<typeof recordOf> {
  const decoded = decode(word);
  const none = { rd: 0, rs1: 0, rs2: 0, rs3: 0 };
  const raw = instructionLength(word) === 4 ? word | 0 : word & 0xffff;
  if (!decoded) return { op: PSEUDO.illegal, ...none, imm: raw };
  const { insn, length, operands } = decoded;
  const { reads, writes } = usageOf(insn);
  if (!fpEnabled && [...reads, ...writes].some(({ file }) => file === 'f'))
    return { op: PSEUDO.fpOff, ...none, imm: raw };
  const imm = operands.imm ?? operands.rm ?? 0;
  const target = slot + imm / 2;
  const near = isRelative(insn) && target >= 0 && target < PAGE_SLOTS;
  return {
    op: opcodeOf(insn, length, near).op,
    rd: 8 * (operands.rd === 0 ? SINK : (operands.rd ?? operands.fd ?? SINK)),
    rs1: 8 * (operands.rs1 ?? operands.fs1 ?? 0),
    rs2: 8 * (operands.rs2 ?? operands.fs2 ?? 0),
    rs3: 8 * (operands.fs3 ?? 0),
    imm: near ? imm * (RECORD_BYTES / 2) : imm,
  };
}

function expectRecord(word: number, slot: number): void {
  for (const interpreter of [machine.interpreter, withoutFp]) {
    put(slot, word);
    new Uint8Array(machine.memory.buffer, page + slot * RECORD_BYTES, 4 * RECORD_BYTES).fill(0);
    encode(slot, interpreter);
    // A sequence has its first record's operands; which one it is, is told below.
    const record = recordOf(slot);
    const op = FUSED.find((sequence) => sequence.op === record.op)?.parts[0]!.opcode.op ?? record.op;
    const wanted = expected(word, slot, interpreter !== withoutFp);
    if (JSON.stringify({ ...record, op }) !== JSON.stringify(wanted))
      expect({ word: word.toString(16), slot, ...record, op }).toEqual({ word: word.toString(16), slot, ...wanted });
  }
}

it('decodes every short word', () => {
  for (let word = 0; word < 65536; word++) if ((word & 3) !== 3) expectRecord(word, 100 + (word % 1900));
});

it('decodes words of all rows, and words that are none', () => {
  for (const { mask, value } of INSNS)
    for (let i = 0; i < 40; i++) expectRecord((random32() & ~mask) | value, random(2000));
  for (let i = 0; i < 20_000; i++) expectRecord(random32() | 3, random(2000));
});

it('chooses the longest sequence, and of equally long ones one that is chained', () => {
  let found = 0;
  for (let round = 0; round < 3000; round++) {
    clear();
    const run: { slot: number; record: ReturnType<typeof recordOf> }[] = [];
    let slot = 0;
    for (const { opcode } of Array.from({ length: 4 }, () => pick(FUSED).parts).flat()) {
      const word = wordOf(opcode);
      put(slot, word);
      run.push({ slot, record: expected(word, slot) });
      slot += opcode.length / 2;
      if (usageOf(opcode.insn).controlFlow) break;
    }
    view.setInt32(layout.ram + slot * 2, ECALL, true);
    encode(0);
    run.forEach(({ slot, record }, i) => {
      const best = FUSED.filter(({ parts }) => isAt(parts, run.slice(i))).toSorted(byPreference)[0];
      if (best) found++;
      expect({ ...recordOf(slot) }).toEqual({ ...record, op: best?.op ?? record.op });
    });
  }
  expect(found).toBeGreaterThan(4000);
});

it('lets a run end where code is decoded already, whatever that begins with', () => {
  const [ld, addi] = [0x0005_3503, 0x0010_0513];
  [ld, addi, addi, ld, addi, ECALL].forEach((word, i) => put(2 * i, word));
  encode(6);
  view.setUint16(page + 6 * RECORD_BYTES, field(6, 'op') | REGION_FLAG, true);
  const later = recordOf(6);
  encode(0);
  expect([0, 2, 4, 6, 8, 10].map((slot) => field(slot, 'left'))).toEqual([6, 5, 4, 3, 2, 1]);
  expect(recordOf(6)).toEqual(later);
});

it('decodes the instruction that crosses the page end when the next page is known', () => {
  const lui = 0x1234_5537;
  view.setUint16(layout.ram + 4094, lui & 0xffff, true);
  view.setUint16(layout.ram + 4096, lui >>> 16, true);
  encode(2047);
  expect(recordOf(2047)).toMatchObject({ op: PSEUDO.cross, imm: -1 });
  // The next page: its records, and its entry in the code TLB.
  const pc = 0x20ffen;
  machine.pc = pc;
  view.setInt32(page + RECORD_PAGE_BYTES + RECORD_PAGE_HOST, layout.ram + 4096, true);
  view.setInt32(layout.codeTlb + Number((pc >> 12n) + 1n) * TLB_ENTRY_BYTES + 8, page + RECORD_PAGE_BYTES, true);
  encode(2047);
  expect(recordOf(2047)).toMatchObject({ op: PSEUDO.cross, imm: lui >>> 16 });
  expect(recordOf(2049)).toEqual(expected(lui, 2049));
  expect([2047, 2049].map((slot) => field(slot, 'left'))).toEqual([1, 1]);
});

const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;

const shortWords = new Map<string, number[]>();
for (let word = 0; word < 65536; word++) {
  const decoded = (word & 3) === 3 ? undefined : decode(word);
  if (!decoded) continue;
  const words = shortWords.get(decoded.insn.name);
  if (words) words.push(word);
  else shortWords.set(decoded.insn.name, [word]);
}

/** A word of an instruction; long ones with few registers, so that some are chained. */
function wordOf({ insn, length }: Opcode): number {
  const FEW_REGISTERS = ~0x00e7_0e00;
  return length === 2 ? pick(shortWords.get(insn.name)!) : (random32() & FEW_REGISTERS & ~insn.mask) | insn.value;
}

function isAt(parts: readonly FusedPart[], run: readonly { readonly record: ReturnType<typeof recordOf> }[]): boolean {
  return parts.every(({ opcode, chain }, i) => {
    const record = run[i]?.record;
    // Far and near forms are different ops.
    return record?.op === opcode.op && (chain === 'none' || record[chain] === run[i - 1]!.record.rd);
  });
}

function byPreference(a: Fused, b: Fused): number {
  const order = ['rs1', 'rs2', 'none'];
  const chains = ({ parts }: Fused): string => parts.map(({ chain }) => order.indexOf(chain)).join('');
  return b.parts.length - a.parts.length || (chains(a) < chains(b) ? -1 : 1);
}
