/**
 * How to unwind through the vDSO: .eh_frame and .eh_frame_hdr. See the Linux Standard Base, "DWARF Extensions"; the DWARF standard,
 * "Call Frame Information"; the RISC-V DWARF specification for register numbers.
 *
 * Interface: unwindTables, UnwindTables.
 * Two descriptions: functions that leave the stack alone and return through ra; and the return from a signal handler, where every
 * register lies in the signal frame at sp.
 */
import { FP_OFFSET, REGS_OFFSET } from '../signal-frame-layout.ts';

export interface UnwindTables {
  readonly header: Uint8Array;
  readonly frames: Uint8Array;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

const RA = 1;
const SP = 2;
const REGISTERS = 32;
/** Not a register: the place of the pc that a signal interrupted. */
const INTERRUPTED_PC = 64;

const DW_CFA_DEF_CFA = 0x0c;
const DW_CFA_DEF_CFA_EXPRESSION = 0x0f;
const DW_CFA_EXPRESSION = 0x10;
const DW_CFA_NOP = 0;
const DW_OP_BREG_SP = 0x70 + SP;
const DW_OP_DEREF = 0x06;
const DATA_ALIGN = -4;

/** DW_EH_PE_*: signed 4 bytes, relative to the field or to the header; unsigned 4 bytes. */
const PCREL_SDATA4 = 0x1b;
const DATAREL_SDATA4 = 0x3b;
const UDATA4 = 0x03;

const HEADER_BYTES = 12;
const ROW_BYTES = 8;

/** The tables for the functions in `plain` and the one in `signalReturn`, when .eh_frame_hdr lies at `headerAt` and .eh_frame behind it. */
export function unwindTables(plain: Range, signalReturn: Range, headerAt: number): UnwindTables {
  const framesAt = headerAt + HEADER_BYTES + 2 * ROW_BYTES;
  const bytes: number[] = [];
  const plainAt = addDescription(bytes, framesAt, plain, 'zR', RA, [DW_CFA_DEF_CFA, SP, 0], []);
  const signalAt = addDescription(bytes, framesAt, signalReturn, 'zRS', INTERRUPTED_PC, [], signalRules());
  bytes.push(...u32(0));
  const rows = [
    [plain.start, framesAt + plainAt],
    [signalReturn.start, framesAt + signalAt],
  ].flatMap(([start, entry]) => [...u32(start! - headerAt), ...u32(entry! - headerAt)]);
  const header = [1, PCREL_SDATA4, UDATA4, DATAREL_SDATA4, ...u32(framesAt - (headerAt + 4)), ...u32(2), ...rows];
  return { header: Uint8Array.from(header), frames: Uint8Array.from(bytes) };
}

/** Adds a CIE and the one FDE that uses it; gives the FDE's offset. `at`: address of `bytes`. */
function addDescription(
  bytes: number[],
  at: number,
  { start, end }: Range,
  augmentation: string,
  returnColumn: number,
  initial: readonly number[],
  rules: readonly number[],
): number {
  const name = [...augmentation].map((letter) => letter.charCodeAt(0));
  const common = [1, ...name, 0, ...uleb(1), ...sleb(DATA_ALIGN), ...uleb(returnColumn), ...uleb(1), PCREL_SDATA4];
  const commonAt = addRecord(bytes, 0, [...common, ...initial]);
  const recordAt = bytes.length;
  const idAt = recordAt + 4;
  const startAt = at + idAt + 4;
  return addRecord(bytes, idAt - commonAt, [...u32(start - startAt), ...u32(end - start), ...uleb(0), ...rules]);
}

/** Adds length, id and contents, padded to 8 bytes; gives the offset. */
function addRecord(bytes: number[], id: number, contents: readonly number[]): number {
  const at = bytes.length;
  const length = Math.ceil((contents.length + 8) / 8) * 8;
  bytes.push(...u32(length - 4), ...u32(id), ...contents);
  while (bytes.length < at + length) bytes.push(DW_CFA_NOP);
  return at;
}

/** Where the signal frame has each register. The frame's sp is the caller's, which the canonical frame address stands for. */
function signalRules(): number[] {
  const atSp = (offset: number): number[] => [DW_OP_BREG_SP, ...sleb(offset)];
  const saved = (register: number, offset: number): number[] => {
    const place = atSp(offset);
    return [DW_CFA_EXPRESSION, ...uleb(register), ...uleb(place.length), ...place];
  };
  const cfa = [...atSp(REGS_OFFSET + SP * 8), DW_OP_DEREF];
  const rules = [DW_CFA_DEF_CFA_EXPRESSION, ...uleb(cfa.length), ...cfa, ...saved(INTERRUPTED_PC, REGS_OFFSET)];
  for (let x = 1; x < REGISTERS; x++) if (x !== SP) rules.push(...saved(x, REGS_OFFSET + x * 8));
  for (let f = 0; f < REGISTERS; f++) rules.push(...saved(REGISTERS + f, FP_OFFSET + f * 8));
  return rules;
}

function u32(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
}

function uleb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...uleb(value >>> 7)];
}

function sleb(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...sleb(value >> 7)];
}
