/**
 * One call of a traced program as the printers see it, and the form of a printer.
 *
 * Interface: Call, Piece, SpecialCall, SpecialCalls, atEntry, atExit, afterCall, and readers of the program's memory.
 */
import type { Arch } from '../../abi/arch.ts';
import { layoutOf, readStruct, type StructDef } from '../../abi/struct.ts';
import { STRUCTS, type StructName } from '../../abi/structs.ts';
import type { NumberedSyscall, SyscallName } from '../../abi/syscalls.ts';
import { readCString, type TracedMemory } from './memory.ts';
import { hex, pointer, quote } from './text.ts';

export interface Call {
  readonly arch: Arch;
  readonly memory: TracedMemory;
  /** Longest string that is shown whole, and most elements of an array. */
  readonly maxString: number;
  readonly syscall: NumberedSyscall;
  /** Values of the arguments in the order of the row, extended as their widths say. */
  readonly args: readonly bigint[];
  /** All six registers. */
  readonly registers: readonly bigint[];
  /** The value that came back; -1 for an error; null as long as the call has not returned. */
  result: bigint | null;
  error: string | null;
}

/** A part of the list of arguments. What the kernel writes can be shown only after the call. */
export interface Piece {
  readonly when: 'entry' | 'exit';
  readonly text: (call: Call) => string;
  /** The text brings the comma before it: strace writes it only after the call. */
  readonly ownComma?: boolean;
}

export interface SpecialCall {
  /** The argument list; undefined: as the row has it. */
  readonly pieces?: (call: Call) => readonly Piece[] | undefined;
  /** What is shown of a successful result; undefined: as the row has it. */
  readonly result?: (call: Call) => string | undefined;
  /** The call counts as unfinished until it returns, even with all of its arguments shown. */
  readonly endsAtExit?: boolean;
}

export type SpecialCalls = Readonly<Partial<Record<SyscallName, SpecialCall>>>;

export function atEntry(text: (call: Call) => string): Piece {
  return { when: 'entry', text };
}

export function atExit(text: (call: Call) => string): Piece {
  return { when: 'exit', text };
}

/** A part that is shown after the call, comma and all. */
export function afterCall(text: (call: Call) => string): Piece {
  return { when: 'exit', text, ownComma: true };
}

/** A string argument, cut at the limit. */
export function bytesText(call: Call, address: bigint, length: number, spell = quote): string {
  if (address === 0n) return 'NULL';
  const shown = Math.min(length, call.maxString);
  const bytes = call.memory.read(address, shown);
  if (bytes === null) return hex(address);
  return `${spell(bytes)}${length > shown ? '...' : ''}`;
}

/** A NUL-terminated string, cut at `max`. */
export function cstringText(call: Call, address: bigint, max = call.maxString): string {
  if (address === 0n) return 'NULL';
  const found = readCString(call.memory, address, max + 1);
  if (found === null) return hex(address);
  return found.bytes.length > max ? `${quote(found.bytes.subarray(0, max))}...` : quote(found.bytes);
}

const PATH_MAX = 4096;

export function pathText(call: Call, address: bigint): string {
  return cstringText(call, address, PATH_MAX - 1);
}

/** The fields of a struct in the program's memory; null where it cannot be read. */
export function structAt(call: Call, address: bigint, name: StructName): Readonly<Record<string, unknown>> | null {
  if (address === 0n) return null;
  const layout = layoutOf(STRUCTS[name] as StructDef, call.arch);
  const bytes = call.memory.read(address, layout.size);
  if (bytes === null) return null;
  return readStruct(new DataView(bytes.buffer), 0, layout) as Readonly<Record<string, unknown>>;
}

export function structBytes(call: Call, name: StructName): number {
  return layoutOf(STRUCTS[name] as StructDef, call.arch).size;
}

/** `count` elements of `stride` bytes as `[a, b]`, at most as many as the limit. */
export function arrayText(
  call: Call,
  address: bigint,
  count: number,
  stride: number,
  element: (address: bigint) => string,
): string {
  if (address === 0n) return 'NULL';
  if (count <= 0) return '[]';
  const parts: string[] = [];
  for (let i = 0; i < Math.min(count, call.maxString); i++) {
    const at = address + BigInt(i * stride);
    if (call.memory.read(at, stride) === null) {
      if (i === 0) return pointer(address);
      parts.push(`... /* ${hex(at)} */`);
      return `[${parts.join(', ')}]`;
    }
    parts.push(element(at));
  }
  if (count > call.maxString) parts.push('...');
  return `[${parts.join(', ')}]`;
}

/** An unsigned little-endian number in the program's memory. */
export function numberAt(call: Call, address: bigint, bytes: 1 | 2 | 4 | 8): bigint | null {
  const found = call.memory.read(address, bytes);
  if (found === null) return null;
  let value = 0n;
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(found[i]!);
  return value;
}
