/**
 * From instructions in memory to the interpreter's records.
 *
 * A page of records (layout.ts) belongs to one physical page; slot i holds the instruction that begins at halfword i.
 * `left` of a record is the number of instructions from it to the end of its run: the next control flow, system instruction
 * or page end. An undecoded record is all zero.
 *
 * Interface: encodeRun, RecordPage.
 * Invariant: whatever follows a decoded record in its run is decoded too.
 */
import { decode, instructionLength, type Decoded } from '../../isa/riscv/decode.ts';
import { usageOf } from '../../isa/riscv/table.ts';
import { codeTlbIndex, HART, RECORD_BYTES, RECORD_PAGE_HOST, TLB_ENTRY_BYTES, type Layout } from '../layout.ts';
import {
  CHAINS,
  FUSED_START,
  isRelative,
  opcodeOf,
  OPCODES,
  PSEUDO,
  REGION_FLAG,
  unfused,
  type FusedPrefix,
} from './opcodes.ts';
import { FIELD } from './record-site.ts';

const PAGE_SLOTS = 2048;
const CROSSED_SLOT = 2049;
const CROSSED_END_SLOT = 2051;
const SINK = 32;

export interface RecordPage {
  /** Address of the page of records. */
  readonly records: number;
  /** Whether its floating-point instructions are executed; otherwise they leave as SYSTEM. */
  readonly fpEnabled: boolean;
}

/**
 * Decodes from slot `first` to the end of the run, or to what is decoded already. For a slot whose instruction crosses the page
 * end and has been met before, the next page must be in the code TLB.
 */
export function encodeRun(view: DataView, layout: Layout, page: RecordPage, first: number): void {
  const { records } = page;
  const hostPage = view.getUint32(records + RECORD_PAGE_HOST, true);
  if (view.getUint16(records + PAGE_SLOTS * RECORD_BYTES, true) === PSEUDO.undecoded) addPageEnds(view, records);
  const slots: number[] = [];
  let left = 0;
  for (let slot = first; slot < PAGE_SLOTS;) {
    const at = records + slot * RECORD_BYTES;
    const known = view.getUint16(at + FIELD.op, true) & ~REGION_FLAG;
    if (known !== PSEUDO.undecoded && !(known === PSEUDO.cross && slot === first)) {
      left = view.getUint16(at + FIELD.left, true);
      break;
    }
    slots.push(slot);
    const low = view.getUint16(hostPage + slot * 2, true);
    const length = instructionLength(low);
    if (slot === PAGE_SLOTS - 1 && length === 4) {
      encodeCrossing(view, layout, page, low, known === PSEUDO.cross);
      break;
    }
    const word = length === 2 ? low : low | (view.getUint16(hostPage + slot * 2 + 2, true) << 16);
    if (encodeOne(view, page, slot, word)) break;
    slot += length / 2;
  }
  for (const slot of slots.toReversed()) {
    const at = records + slot * RECORD_BYTES;
    view.setUint16(at + FIELD.left, ++left, true);
    fuse(view, at, left);
  }
}

/** Gives a record the op of the longest sequence that begins there, if any does. `left` is its own. */
function fuse(view: DataView, at: number, left: number): void {
  const op = view.getUint16(at, true);
  const start = FUSED_START.next(op, 'none');
  const fused = start && left > 1 ? longestFrom(view, at, op, start, left) : undefined;
  if (fused) view.setUint16(at, fused.op, true);
}

/** The longest sequence whose prefix ends with the record at `at`; of equally long ones, one that is chained. */
function longestFrom(view: DataView, at: number, op: number, prefix: FusedPrefix, left: number): Match | undefined {
  let longest = prefix.op === undefined ? undefined : { op: prefix.op, left };
  if (left === 1) return longest;
  const next = at + (OPCODES[op - OPCODES[0]!.op]!.length / 2) * RECORD_BYTES;
  const nextOp = unfused(view.getUint16(next, true) & ~REGION_FLAG);
  const rd = view.getUint16(at + FIELD.rd, true);
  for (const chain of CHAINS) {
    if (chain !== 'none' && view.getUint16(next + FIELD[chain], true) !== rd) continue;
    const longer = prefix.next(nextOp, chain);
    const match = longer && longestFrom(view, next, nextOp, longer, left - 1);
    if (match && !(longest && longest.left <= match.left)) longest = match;
  }
  return longest;
}

/** A sequence that matches, and the `left` of its last record. */
interface Match {
  readonly op: number;
  readonly left: number;
}

/** What follows the page's last slot, and the crossing instruction's record. */
function addPageEnds(view: DataView, records: number): void {
  view.setUint16(records + PAGE_SLOTS * RECORD_BYTES, PSEUDO.pageEnd, true);
  view.setUint16(records + CROSSED_END_SLOT * RECORD_BYTES, PSEUDO.pageEnd, true);
  // The crossing instruction is two slots too far away.
  view.setInt32(records + CROSSED_END_SLOT * RECORD_BYTES + FIELD.imm, -4, true);
}

/** The instruction at the page's last halfword. Until its other half is known the record expects what no page holds. */
function encodeCrossing(view: DataView, layout: Layout, page: RecordPage, low: number, isNextMapped: boolean): void {
  const at = page.records + (PAGE_SLOTS - 1) * RECORD_BYTES;
  const high = isNextMapped ? nextHalfword(view, layout) : -1;
  view.setUint16(at + FIELD.op, PSEUDO.cross, true);
  view.setInt32(at + FIELD.imm, high, true);
  if (!isNextMapped) return;
  encodeOne(view, page, CROSSED_SLOT, low | (high << 16));
  view.setUint16(page.records + CROSSED_SLOT * RECORD_BYTES + FIELD.left, 1, true);
}

/** First halfword of the virtual page after the one of pc. */
function nextHalfword(view: DataView, layout: Layout): number {
  const next = view.getUint32(layout.hart + HART.pc, true) + 4096;
  const spread = view.getInt32(layout.hart + HART.fetchSpread, true);
  const entry = layout.codeTlb + codeTlbIndex(next, spread) * TLB_ENTRY_BYTES;
  const hostPage = view.getUint32(view.getUint32(entry + 8, true) + RECORD_PAGE_HOST, true);
  return view.getUint16(hostPage, true);
}

/** Writes one record; returns whether it ends the run. */
function encodeOne(view: DataView, { records, fpEnabled }: RecordPage, slot: number, word: number): boolean {
  const at = records + slot * RECORD_BYTES;
  const plan = planOf(word);
  if (plan === null || (!fpEnabled && plan.usesFp)) {
    view.setUint16(at + FIELD.op, plan === null ? PSEUDO.illegal : PSEUDO.fpOff, true);
    view.setInt32(at + FIELD.imm, (word & 3) === 3 ? word : word & 0xffff, true);
    return true;
  }
  let { imm } = plan;
  let near = false;
  if (plan.nearOp >= 0) {
    const target = slot + imm / 2;
    near = slot < PAGE_SLOTS && target >= 0 && target < PAGE_SLOTS;
    if (near) imm *= RECORD_BYTES / 2;
  }
  view.setUint16(at + FIELD.op, near ? plan.nearOp : plan.op, true);
  view.setUint16(at + FIELD.rd, plan.rd, true);
  view.setUint16(at + FIELD.rs1, plan.rs1, true);
  view.setUint16(at + FIELD.rs2, plan.rs2, true);
  view.setInt32(at + FIELD.imm, imm, true);
  view.setUint16(at + FIELD.rs3, plan.rs3, true);
  return plan.controlFlow;
}

/** What a record of a word says, wherever the word stands. Programs use the same few thousand words again and again. */
interface Plan {
  readonly op: number;
  /** The op of its near form; -1: it has none. */
  readonly nearOp: number;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly rs3: number;
  readonly imm: number;
  readonly controlFlow: boolean;
  readonly usesFp: boolean;
}

const MAX_PLANS = 1 << 16;
const plans = new Map<number, Plan | null>();

/** Null: the word is illegal. */
function planOf(word: number): Plan | null {
  let plan = plans.get(word);
  if (plan === undefined) {
    // A program that makes ever new words must not fill the host's memory.
    if (plans.size >= MAX_PLANS) plans.clear();
    const decoded = decode(word);
    plan = decoded ? makePlan(decoded) : null;
    plans.set(word, plan);
  }
  return plan;
}

function makePlan({ insn, length, operands }: Decoded): Plan {
  const { reads, writes, controlFlow } = usageOf(insn);
  return {
    op: opcodeOf(insn, length, false).op,
    nearOp: isRelative(insn) ? opcodeOf(insn, length, true).op : -1,
    rd: 8 * (operands.rd === 0 ? SINK : (operands.rd ?? operands.fd ?? SINK)),
    rs1: 8 * (operands.rs1 ?? operands.fs1 ?? 0),
    rs2: 8 * (operands.rs2 ?? operands.fs2 ?? 0),
    rs3: 8 * (operands.fs3 ?? 0),
    imm: operands.imm ?? operands.rm ?? 0,
    controlFlow,
    usesFp: [...reads, ...writes].some((operand) => operand.file === 'f'),
  };
}
