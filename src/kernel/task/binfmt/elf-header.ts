/**
 * Reading ELF files' headers. See elf(5) and the ELF-64 object file format.
 *
 * Interface: readElfHeader, isForThisMachine, programHeadersBytes, readProgramHeaders, totalMappingSize, maximumAlignment.
 * Any bytes may come in: the functions say what is there and refuse what Linux's loader refuses. 64-bit fields are numbers, imprecise
 * beyond 2^53; such values are refused where they are used.
 */

export const ELF_HEADER_BYTES = 64;
export const PROGRAM_HEADER_BYTES = 56;
/** Linux reads at most this much of program headers. */
const MAX_PROGRAM_HEADERS_BYTES = 65536;

export const ET_EXEC = 2;
export const ET_DYN = 3;
const EM_RISCV = 243;
const ELFCLASS64 = 2;

export const PT_LOAD = 1;
export const PT_INTERP = 3;
export const PT_GNU_STACK = 0x6474e551;

export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

const TWO_32 = 4294967296;
const PAGE_BYTES = 4096;

export interface ElfHeader {
  readonly type: number;
  readonly machine: number;
  readonly is64: boolean;
  readonly entry: number;
  readonly programHeaderOffset: number;
  readonly programHeaderSize: number;
  readonly programHeaderCount: number;
}

export interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** The header at `bytes[at…at+length)`; null if there is no ELF magic or it is cut off. */
export function readElfHeader(bytes: Uint8Array, at: number, length: number): ElfHeader | null {
  if (length < ELF_HEADER_BYTES) return null;
  if (bytes[at] !== 0x7f || bytes[at + 1] !== 0x45 || bytes[at + 2] !== 0x4c || bytes[at + 3] !== 0x46) return null;
  return {
    type: u16(bytes, at + 16),
    machine: u16(bytes, at + 18),
    is64: bytes[at + 4] === ELFCLASS64,
    entry: u64(bytes, at + 24),
    programHeaderOffset: u64(bytes, at + 32),
    programHeaderSize: u16(bytes, at + 54),
    programHeaderCount: u16(bytes, at + 56),
  };
}

/** Whether this kernel runs such files. */
export function isForThisMachine(header: ElfHeader): boolean {
  return header.machine === EM_RISCV && header.is64;
}

/** How many bytes the program headers take; 0 if they are not acceptable. */
export function programHeadersBytes(header: ElfHeader): number {
  const bytes = header.programHeaderCount * PROGRAM_HEADER_BYTES;
  return header.programHeaderSize !== PROGRAM_HEADER_BYTES || bytes > MAX_PROGRAM_HEADERS_BYTES ? 0 : bytes;
}

export function readProgramHeaders(bytes: Uint8Array, at: number, count: number): ProgramHeader[] {
  const headers: ProgramHeader[] = [];
  for (let i = 0; i < count; i++, at += PROGRAM_HEADER_BYTES) {
    headers.push({
      type: u32(bytes, at),
      flags: u32(bytes, at + 4),
      offset: u64(bytes, at + 8),
      address: u64(bytes, at + 16),
      fileSize: u64(bytes, at + 32),
      memorySize: u64(bytes, at + 40),
      align: u64(bytes, at + 48),
    });
  }
  return headers;
}

/** Bytes from the page of the first to the end of the last loadable segment; 0 if there is none. */
export function totalMappingSize(headers: readonly ProgramHeader[]): number {
  let lowest = Infinity;
  let highest = 0;
  for (const header of headers) {
    if (header.type !== PT_LOAD) continue;
    lowest = Math.min(lowest, header.address - (header.address % PAGE_BYTES));
    highest = Math.max(highest, header.address + header.memorySize);
  }
  return lowest === Infinity ? 0 : highest - lowest;
}

/** The largest alignment that a loadable segment asks for, if it is a power of two. */
export function maximumAlignment(headers: readonly ProgramHeader[]): number {
  let most = PAGE_BYTES;
  for (const { type, align } of headers)
    if (type === PT_LOAD && align > most && align < TWO_32 && Number.isInteger(Math.log2(align))) most = align;
  return most;
}

function u16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}

function u64(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) + u32(bytes, at + 4) * TWO_32;
}
