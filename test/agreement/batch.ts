/**
 * Many programs in one static ELF file.
 *
 * Interface: buildBatch, assemblePrograms, regionSegments, Batch, Code.
 */
import { Assembler } from './assembler.ts';
import { BLOCK, emitDriver } from './driver.ts';
import { elfFile, type Segment } from './elf-file.ts';
import { emitProgram } from './emit.ts';
import { CODE_BASES, DUMP, HIGH_REGION, LOW_REGION, PAGE, STACK_PAGES, STACK_TOP, type Region } from './places.ts';
import type { InitialState, Program } from './program.ts';

const DRIVER_BASE = 0x1_0000;
const BLOCKS_BASE = 0x20_0000;

export interface Batch {
  readonly elf: Uint8Array;
  readonly code: Code;
}

export interface Code {
  readonly start: number;
  readonly bytes: Uint8Array;
  /** Where each program starts. */
  readonly entries: readonly number[];
}

export interface BatchOptions {
  /** Code lies above 4 GiB. */
  readonly highCode: boolean;
  /** Nodes to leave out of every program, by id. */
  readonly without?: ReadonlySet<number> | undefined;
}

export function buildBatch(programs: readonly Program[], { highCode, without }: BatchOptions): Batch {
  const code = assemblePrograms(programs, { highCode, without });
  const { start, bytes, entries } = code;
  const blocks = new Uint8Array(programs.length * BLOCK.bytes);
  programs.forEach(({ initial }, i) => writeBlock(new DataView(blocks.buffer, i * BLOCK.bytes), initial, entries[i]!));
  const driver = assembleDriver(blocks.length);
  const elf = elfFile(driver.entry, [
    { start: DRIVER_BASE, bytes: driver.bytes, access: 'rx' },
    { start: BLOCKS_BASE, bytes: blocks, access: 'r' },
    { start, bytes, access: 'rwx' },
    { start: DUMP, bytes: new Uint8Array(2 * PAGE), access: 'rw' },
    { start: STACK_TOP - STACK_PAGES * PAGE, bytes: new Uint8Array(STACK_PAGES * PAGE), access: 'rw' },
    ...regionSegments(LOW_REGION),
    ...regionSegments(HIGH_REGION),
  ]);
  return { elf, code };
}

/** The code of the programs alone. */
export function assemblePrograms(programs: readonly Program[], { highCode, without }: BatchOptions): Code {
  const start = highCode ? CODE_BASES.high : CODE_BASES.low;
  const assembler = new Assembler(start);
  const labels = programs.map((program) => emitProgram(assembler, program, without));
  const { bytes, address } = assembler.finish();
  return { start, bytes, entries: labels.map(address) };
}

/** The pages of the regions. */
export function regionSegments({ start, writablePages, readOnlyPages }: Region): Segment[] {
  const middle = start + writablePages * PAGE;
  return [
    { start, bytes: new Uint8Array(writablePages * PAGE), access: 'rw' },
    { start: middle, bytes: new Uint8Array(readOnlyPages * PAGE), access: 'r' },
  ];
}

function assembleDriver(blockBytes: number): { bytes: Uint8Array; entry: number } {
  const assembler = new Assembler(DRIVER_BASE);
  const pointers = [assembler.newLabel(), assembler.newLabel()] as const;
  const entry = emitDriver(assembler, ...pointers);
  assembler.fixed(pointers[0], BLOCKS_BASE);
  assembler.fixed(pointers[1], BLOCKS_BASE + blockBytes);
  const { bytes, address } = assembler.finish();
  return { bytes, entry: address(entry) };
}

function writeBlock(view: DataView, { x, f, fcsr, windows }: InitialState, entry: number): void {
  x.forEach((value, i) => view.setBigUint64(BLOCK.x + 8 * i, value, true));
  f.forEach((value, i) => view.setBigUint64(BLOCK.f + 8 * i, value, true));
  view.setBigUint64(BLOCK.fcsr, BigInt(fcsr), true);
  view.setBigUint64(BLOCK.entry, BigInt(entry), true);
  new Uint8Array(view.buffer, view.byteOffset + BLOCK.windows, windows.length).set(windows);
}
