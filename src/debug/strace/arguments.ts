/**
 * The arguments of a call as its row describes them.
 *
 * Interface: argumentPiece, named, valueOf. What the kernel reads is shown as it was at entry, what it writes as it is at exit; after
 * an error, and where a pointer leads nowhere, the pointer itself.
 */
import type { Arg, Scalar } from '../../abi/args.ts';
import {
  arrayText,
  atEntry,
  atExit,
  bytesText,
  type Call,
  cstringText,
  numberAt,
  pathText,
  type Piece,
  structAt,
  structBytes,
} from './call.ts';
import { structText } from './structs.ts';
import { enumName, flagNames, hex, hexOrZero, makedevText, octal, pointer, quote, sigset, signalOf } from './text.ts';
import { readCString } from './memory.ts';

const AT_FDCWD = -100n;
const POINTER_BYTES = 8;
/** Where counting the environment of a broken program ends. */
const MOST_STRINGS = 1 << 16;

/** The arguments of these names, in this order. */
export function named(call: Call, ...names: readonly string[]): Piece[] {
  return names.map((name) => argumentPiece(call, name));
}

/** The piece for the argument of that name. */
export function argumentPiece(call: Call, name: string): Piece {
  const arg = call.syscall.row.args.find((candidate) => candidate.name === name)!;
  if (arg.direction === 'none' || arg.direction === 'in' || arg.kind === 'opaque')
    return atEntry((now) => argumentText(now, arg));
  return atExit((now) => (now.error === null ? argumentText(now, arg) : pointer(valueOf(now, name))));
}

/** The value of an argument by name; 0 where the row has none of that name. */
export function valueOf(call: Call, name: string): bigint {
  const index = call.syscall.row.args.findIndex((arg) => arg.name === name);
  return call.args[index] ?? 0n;
}

function argumentText(call: Call, arg: Arg): string {
  const value = valueOf(call, arg.name);
  const { arch } = call;
  switch (arg.kind) {
    case 'atFd':
      return value === AT_FDCWD ? 'AT_FDCWD' : String(value);
    case 'address':
    case 'opaque':
      return pointer(value);
    case 'path':
      return pathText(call, value);
    case 'cstring':
      return cstringText(call, value);
    case 'bytes':
      return bytesText(call, value, lengthOf(call, arg));
    case 'struct':
      return structText(call, value, arg.struct!);
    case 'value':
      return scalarAt(call, value, arg.scalar!, (text) => `[${text}]`);
    case 'array':
      return elements(call, value, arg);
    case 'strvec':
      return strings(call, value);
    case 'iovec':
      return iovecText(call, value, lengthOf(call, arg), arg.direction !== 'in');
    case 'flags':
      return flagNames(arg.flags!, value, arch);
    case 'enum':
    case 'clockId':
      return enumName(arg.flags!, value, arch);
    case 'mode':
      return octal(Number(value));
    case 'dev':
      return makedevText(Number(value));
    case 'uid':
    case 'gid':
      return value === 0xffff_ffffn ? '-1' : String(value);
    case 'signal':
      return value === 0n ? '0' : signalOf(Number(value));
    case 'sigset':
      return sigsetAt(call, value);
    case 'ioctlArg':
    case 'fcntlArg':
      return hexOrZero(value);
    case 'key':
      return value === 0n ? 'IPC_PRIVATE' : hex(value);
    case 'pollfds':
    case 'fdset':
    case 'dirents':
    case 'sockaddr':
      return pointer(value);
    default:
      return String(value);
  }
}

/** How many bytes or elements a pointer's memory holds, now. */
function lengthOf(call: Call, arg: Arg): number {
  const { length } = arg;
  if (length === undefined) return 1;
  if (length.filled === 'return' && call.result !== null && arg.direction !== 'in') return Number(call.result);
  if (length.constant !== undefined) return length.constant;
  const value = valueOf(call, length.arg!);
  if (length.indirect !== true) return Number(value);
  return Number(numberAt(call, value, 4) ?? 0n);
}

const SCALAR_BYTES: Readonly<Record<Scalar, 1 | 2 | 4 | 8>> = {
  char: 1,
  u8: 1,
  u16: 2,
  i32: 4,
  u32: 4,
  fd: 4,
  i64: 8,
  u64: 8,
  long: 8,
  ulong: 8,
  pointer: 8,
};

const SIGNED: ReadonlySet<Scalar> = new Set(['i32', 'i64', 'long', 'fd']);

function scalarAt(call: Call, address: bigint, scalar: Scalar, wrap: (text: string) => string): string {
  const bytes = SCALAR_BYTES[scalar];
  const raw = address === 0n ? null : numberAt(call, address, bytes);
  if (raw === null) return pointer(address);
  const value = SIGNED.has(scalar) ? BigInt.asIntN(8 * bytes, raw) : raw;
  return wrap(scalar === 'pointer' ? pointer(value) : String(value));
}

function elements(call: Call, address: bigint, arg: Arg): string {
  const count = lengthOf(call, arg);
  if (arg.struct !== undefined)
    return arrayText(call, address, count, structBytes(call, arg.struct), (at) => structText(call, at, arg.struct!));
  const { scalar = 'u8' } = arg;
  return arrayText(call, address, count, SCALAR_BYTES[scalar], (at) => scalarAt(call, at, scalar, (text) => text));
}

/** argv: at most as many strings as the limit. */
export function strings(call: Call, address: bigint): string {
  if (address === 0n) return 'NULL';
  const parts: string[] = [];
  for (let i = 0; ; i++) {
    const at = address + BigInt(i * POINTER_BYTES);
    const each = numberAt(call, at, POINTER_BYTES);
    if (each === null) return i === 0 ? hex(address) : `[${[...parts, `... /* ${hex(at)} */`].join(', ')}]`;
    if (each === 0n) return `[${parts.join(', ')}]`;
    if (i === call.maxString) return `[${[...parts, '...'].join(', ')}]`;
    parts.push(cstringText(call, each));
  }
}

/** envp: only how many there are. */
export function countedStrings(call: Call, address: bigint): string {
  if (address === 0n) return 'NULL';
  let count = 0;
  while (count < MOST_STRINGS) {
    const each = numberAt(call, address + BigInt(count * POINTER_BYTES), POINTER_BYTES);
    if (each === null) return count === 0 ? hex(address) : `${hex(address)} /* ${count} vars, unterminated */`;
    if (each === 0n) break;
    count++;
  }
  return `${hex(address)} /* ${count} var${count === 1 ? '' : 's'} */`;
}

/** Buffers that the kernel filled show no more than what the call gave back. */
function iovecText(call: Call, address: bigint, count: number, isFilled: boolean): string {
  let left = isFilled && call.result !== null ? Number(call.result) : Infinity;
  const text = arrayText(call, address, count, structBytes(call, 'iovec'), (at) => {
    const values = structAt(call, at, 'iovec')!;
    const size = Number(values['iov_len']);
    const shown = Math.min(size, left);
    left -= shown;
    return `{iov_base=${bytesText(call, BigInt(values['iov_base'] as number), shown)}, iov_len=${size}}`;
  });
  return text;
}

export function iovecPointers(call: Call, address: bigint, count: number): string {
  return arrayText(call, address, count, structBytes(call, 'iovec'), (at) => structText(call, at, 'iovec'));
}

export function sigsetAt(call: Call, address: bigint): string {
  if (address === 0n) return 'NULL';
  const mask = numberAt(call, address, 8);
  return mask === null ? hex(address) : sigset(mask);
}

/** A string of which the kernel wrote `length` bytes. */
export function writtenString(call: Call, address: bigint): string {
  const found = readCString(call.memory, address, 4096);
  return found === null ? pointer(address) : quote(found.bytes);
}
