/**
 * Loads a bare-metal ELF64 file into RAM by its physical addresses, as a debugger or boot ROM would. No relocation.
 *
 * Interface: loadElf, BareImage.
 */
import type { Ram } from './ram.ts';

export interface BareImage {
  readonly entry: number;
  /** Addresses of the symbols, by name. */
  readonly symbols: ReadonlyMap<string, number>;
}

const PT_LOAD = 1;
const SHT_SYMTAB = 2;

/** Throws RangeError where the file is no little-endian ELF64 or does not fit into RAM. */
export function loadElf(file: Uint8Array, ram: Ram): BareImage {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) !== 0x7f45_4c46 || file[4] !== 2 || file[5] !== 1) throw new RangeError('no ELF64 file');
  const programHeaders = word64(view, 32);
  for (let i = 0; i < view.getUint16(56, true); i++) {
    loadSegment(file, view, programHeaders + i * view.getUint16(54, true), ram);
  }
  return { entry: word64(view, 24), symbols: readSymbols(file, view) };
}

function loadSegment(file: Uint8Array, view: DataView, header: number, ram: Ram): void {
  if (view.getUint32(header, true) !== PT_LOAD) return;
  const offset = word64(view, header + 8);
  const physical = word64(view, header + 24);
  const fileBytes = word64(view, header + 32);
  const memoryBytes = word64(view, header + 40);
  if (!ram.contains(physical, memoryBytes)) throw new RangeError(`segment at ${physical.toString(16)} is outside RAM`);
  const start = ram.offsetOf(physical);
  ram.u8.set(file.subarray(offset, offset + fileBytes), start);
  ram.u8.fill(0, start + fileBytes, start + memoryBytes);
}

function readSymbols(file: Uint8Array, view: DataView): Map<string, number> {
  const symbols = new Map<string, number>();
  const sectionHeaders = word64(view, 40);
  const headerBytes = view.getUint16(58, true);
  for (let i = 0; i < view.getUint16(60, true); i++) {
    const header = sectionHeaders + i * headerBytes;
    if (view.getUint32(header + 4, true) !== SHT_SYMTAB) continue;
    const strings = word64(view, sectionHeaders + view.getUint32(header + 40, true) * headerBytes + 24);
    const start = word64(view, header + 24);
    for (let at = start; at < start + word64(view, header + 32); at += 24) {
      symbols.set(readString(file, strings + view.getUint32(at, true)), word64(view, at + 8));
    }
  }
  return symbols;
}

function word64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

function readString(file: Uint8Array, start: number): string {
  let text = '';
  for (let at = start; file[at] !== 0; at++) text += String.fromCharCode(file[at]!);
  return text;
}
