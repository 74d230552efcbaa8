/**
 * Kinds of system-call arguments: what each register means, and how pointers relate to lengths.
 *
 * Interface: Arg, ArgKind, Width, ReturnKind, and one function per kind (`fd('fd')`, `outBytes('buf', …)`).
 * The kind tells a printer how to show the value and a fuzzer how to make one; the width tells the
 * dispatcher how a register becomes a JavaScript value. Kinds are plain data: nothing here reads memory.
 */

import type { FlagSetName } from './flags.ts';
import type { StructName } from './structs.ts';

/**
 * How registers become the handler's value:
 * - `int`, `uint`: the low 32 bits, sign- or zero-extended;
 * - `long`, `ulong`: the whole register (32 bits on i386) as a number, exact below 2^53;
 * - `loff`: a signed 64-bit number: one register, or on i386 two (low, then high);
 * - `u64`: all 64 bits as a bigint: one register, or on i386 two (low, then high).
 */
export type Width = 'int' | 'uint' | 'long' | 'ulong' | 'loff' | 'u64';

/** What an argument is. The names are those of the functions below. */
export type ArgKind =
  | 'int'
  | 'uint'
  | 'long'
  | 'ulong'
  | 'loff'
  | 'u64'
  | 'size'
  | 'offset'
  | 'fd'
  | 'atFd'
  | 'address'
  | 'path'
  | 'cstring'
  | 'bytes'
  | 'struct'
  | 'array'
  | 'value'
  | 'strvec'
  | 'iovec'
  | 'flags'
  | 'enum'
  | 'mode'
  | 'dev'
  | 'pid'
  | 'uid'
  | 'gid'
  | 'signal'
  | 'sigset'
  | 'clockId'
  | 'timerId'
  | 'key'
  | 'ioctlArg'
  | 'fcntlArg'
  | 'sockaddr'
  | 'fdset'
  | 'pollfds'
  | 'dirents'
  | 'opaque';

/** Which way the memory behind a pointer flows; `none` for plain values. */
export type Direction = 'none' | 'in' | 'out' | 'inout';

/** C types of single values behind a pointer (`value` kinds) and of array elements. */
export type Scalar = 'char' | 'u8' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'long' | 'ulong' | 'pointer' | 'fd';

/** How much memory a pointer covers. */
export interface Length {
  /** The argument that gives it: bytes for `bytes`, elements for arrays. */
  readonly arg?: string;
  /** The argument is itself a pointer to the length (socklen_t *), read on entry and written on return. */
  readonly indirect?: boolean;
  /** A constant number of bytes or elements. */
  readonly constant?: number;
  /** How much of it an out buffer holds afterwards: as many as the call returned, or all (the default). */
  readonly filled?: 'return' | 'all';
}

/** One argument of a system call. */
export interface Arg<Name extends string = string, W extends Width = Width> {
  readonly name: Name;
  readonly kind: ArgKind;
  readonly width: W;
  readonly direction: Direction;
  /** A null pointer is meaningful rather than EFAULT. */
  readonly nullable: boolean;
  readonly length?: Length;
  /** Layout of the struct, or of one element. */
  readonly struct?: StructName;
  /** C type of the value, or of one element. */
  readonly scalar?: Scalar;
  /** The set in flags.ts that names bits or values. */
  readonly flags?: FlagSetName;
  /** Where Linux takes fewer names than the set has: these. */
  readonly takes?: readonly string[];
  /** The argument that selects what this one means (the ioctl or fcntl command, the option). */
  readonly selector?: string;
}

/** What a successful return value is. */
export type ReturnKind =
  | 'zero'
  | 'int'
  | 'long'
  | 'size'
  | 'offset'
  | 'fd'
  | 'address'
  | 'pid'
  | 'uid'
  | 'gid'
  | 'mode'
  | 'flags'
  | 'key'
  | 'never';

/** The JavaScript type of an argument's value. */
export type ValueOf<A> = A extends Arg<string, infer W> ? ('u64' extends W ? bigint : number) : never;

type Plain = 'int' | 'uint' | 'long' | 'ulong' | 'loff' | 'u64';

function value<N extends string, W extends Width>(name: N, kind: ArgKind, width: W, more?: Partial<Arg>): Arg<N, W> {
  return { direction: 'none', nullable: false, ...more, name, kind, width };
}

function pointer<N extends string>(name: N, kind: ArgKind, direction: Direction, more?: Partial<Arg>): Arg<N, 'ulong'> {
  return { nullable: false, ...more, name, kind, width: 'ulong', direction };
}

type Numeric<K extends Plain> = <const N extends string>(name: N) => Arg<N, K>;

export const int: Numeric<'int'> = (name) => value(name, 'int', 'int');
export const uint: Numeric<'uint'> = (name) => value(name, 'uint', 'uint');
export const long: Numeric<'long'> = (name) => value(name, 'long', 'long');
export const ulong: Numeric<'ulong'> = (name) => value(name, 'ulong', 'ulong');
/** loff_t: 64 bits everywhere. */
export const loff: Numeric<'loff'> = (name) => value(name, 'loff', 'loff');
/** 64 bits that all count; reaches the handler as a bigint. */
export const u64: Numeric<'u64'> = (name) => value(name, 'u64', 'u64');
/** size_t. */
export const size: Numeric<'ulong'> = (name) => value(name, 'size', 'ulong');
/** off_t: as wide as a register. */
export const offset: Numeric<'long'> = (name) => value(name, 'offset', 'long');
/** An address that is not read or written through (mmap, brk, futex words have `addressOf`). */
export const address: Numeric<'ulong'> = (name) => value(name, 'address', 'ulong', { nullable: true });
export const fd: Numeric<'int'> = (name) => value(name, 'fd', 'int');
/** A directory's descriptor, or AT_FDCWD. */
export const atFd: Numeric<'int'> = (name) => value(name, 'atFd', 'int');
export const mode: Numeric<'uint'> = (name) => value(name, 'mode', 'uint');
/** dev_t as the interface encodes it: see device.ts. */
export const dev: Numeric<'uint'> = (name) => value(name, 'dev', 'uint');
export const pid: Numeric<'int'> = (name) => value(name, 'pid', 'int');
/** A user id; -1 ("leave it") arrives as 4294967295. */
export const uid: Numeric<'uint'> = (name) => value(name, 'uid', 'uint');
/** A group id; -1 ("leave it") arrives as 4294967295. */
export const gid: Numeric<'uint'> = (name) => value(name, 'gid', 'uint');
export const signal: Numeric<'int'> = (name) => value(name, 'signal', 'int');
export function clockId<const N extends string>(name: N, takes?: readonly string[]): Arg<N, 'int'> {
  return value(name, 'clockId', 'int', some('clock', takes));
}
export const timerId: Numeric<'int'> = (name) => value(name, 'timerId', 'int');
/** key_t, or the serial number of a key. */
export const key: Numeric<'int'> = (name) => value(name, 'key', 'int');
/** A pointer whose layout is a private matter of the call (io_uring, bpf, keyctl, quota). */
export const opaque: Numeric<'ulong'> = (name) => pointer(name, 'opaque', 'inout', { nullable: true });

/** Bits named by a flag set, in 32 bits. `takes`: where the call takes only some of the set. */
export function flags<const N extends string>(name: N, set: FlagSetName, takes?: readonly string[]): Arg<N, 'uint'> {
  return value(name, 'flags', 'uint', some(set, takes));
}

/** Bits named by a flag set, in a whole register. */
export function flagsLong<const N extends string>(
  name: N,
  set: FlagSetName,
  takes?: readonly string[],
): Arg<N, 'ulong'> {
  return value(name, 'flags', 'ulong', some(set, takes));
}

/** One value out of a set. */
export function enumOf<const N extends string>(name: N, set: FlagSetName, takes?: readonly string[]): Arg<N, 'int'> {
  return value(name, 'enum', 'int', some(set, takes));
}

function some(flags: FlagSetName, takes: readonly string[] | undefined): Partial<Arg> {
  return takes === undefined ? { flags } : { flags, takes };
}

/** One value out of a set, in an unsigned argument (ioctl's and fcntl's command). */
export function enumUint<const N extends string>(name: N, set: FlagSetName): Arg<N, 'uint'> {
  return value(name, 'enum', 'uint', { flags: set });
}

/** One value out of a set, in a whole register. */
export function enumLong<const N extends string>(name: N, set: FlagSetName): Arg<N, 'long'> {
  return value(name, 'enum', 'long', { flags: set });
}

/** A file name, NUL-terminated, at most PATH_MAX bytes. */
export function path<const N extends string>(name: N, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'path', 'in', more);
}

/** A NUL-terminated string that is not a file name. */
export function cstring<const N extends string>(name: N, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'cstring', 'in', more);
}

interface Nullable {
  readonly nullable?: boolean;
}

/** Bytes that the kernel reads; `length` is a sizing argument's name, or a Length. */
export function inBytes<const N extends string>(name: N, length: string | Length, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'bytes', 'in', { ...more, length: lengthOf(length) });
}

/** Bytes that the kernel writes; `length` is a sizing argument's name, or a Length. */
export function outBytes<const N extends string>(name: N, length: string | Length, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'bytes', 'out', { ...more, length: lengthOf(length) });
}

export function inStruct<const N extends string>(name: N, struct: StructName, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'struct', 'in', { ...more, struct });
}

export function outStruct<const N extends string>(name: N, struct: StructName, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'struct', 'out', { ...more, struct });
}

export function inoutStruct<const N extends string>(name: N, struct: StructName, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'struct', 'inout', { ...more, struct });
}

/** A struct whose size another argument gives, as extensible calls do (clone3, openat2). */
export function sizedStruct<const N extends string>(
  name: N,
  direction: Exclude<Direction, 'none'>,
  struct: StructName,
  length: string | Length,
): Arg<N, 'ulong'> {
  return pointer(name, 'struct', direction, { struct, length: lengthOf(length) });
}

/** An array of structs that the kernel reads. */
export function inArray<const N extends string>(
  name: N,
  struct: StructName,
  count: string | Length,
  more?: Nullable,
): Arg<N, 'ulong'> {
  return pointer(name, 'array', 'in', { ...more, struct, length: lengthOf(count) });
}

/** An array of structs that the kernel writes. */
export function outArray<const N extends string>(
  name: N,
  struct: StructName,
  count: string | Length,
  more?: Nullable,
): Arg<N, 'ulong'> {
  return pointer(name, 'array', 'out', { ...more, struct, length: lengthOf(count) });
}

/** An array of structs that the kernel reads and writes. */
export function inoutArray<const N extends string>(
  name: N,
  struct: StructName,
  count: string | Length,
): Arg<N, 'ulong'> {
  return pointer(name, 'array', 'inout', { struct, length: lengthOf(count) });
}

/** An array of C scalars; `direction` says who writes it. */
export function scalars<const N extends string>(
  name: N,
  direction: Exclude<Direction, 'none'>,
  scalar: Scalar,
  count: string | Length,
  more?: Nullable,
): Arg<N, 'ulong'> {
  return pointer(name, 'array', direction, { ...more, scalar, length: lengthOf(count) });
}

/** A pointer to one scalar that the kernel reads. */
export function inValue<const N extends string>(name: N, scalar: Scalar, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'value', 'in', { ...more, scalar });
}

/** A pointer to one scalar that the kernel writes. */
export function outValue<const N extends string>(name: N, scalar: Scalar, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'value', 'out', { ...more, scalar });
}

/** A pointer to one scalar that the kernel reads and writes. */
export function inoutValue<const N extends string>(name: N, scalar: Scalar, more?: Nullable): Arg<N, 'ulong'> {
  return pointer(name, 'value', 'inout', { ...more, scalar });
}

/** A null-terminated array of strings: argv, envp. */
export function strvec<const N extends string>(name: N): Arg<N, 'ulong'> {
  return pointer(name, 'strvec', 'in', { nullable: true });
}

/** An array of iovecs; the direction is that of the buffers they point to. */
export function iovec<const N extends string>(
  name: N,
  direction: Exclude<Direction, 'none'>,
  count: string,
): Arg<N, 'ulong'> {
  return pointer(name, 'iovec', direction, { struct: 'iovec', length: { arg: count } });
}

/** A signal mask of `sizeArg` bytes (8 is the only size that Linux takes). */
export function sigset<const N extends string>(
  name: N,
  direction: 'in' | 'out',
  sizeArg: string | Length,
  more?: Nullable,
): Arg<N, 'ulong'> {
  return pointer(name, 'sigset', direction, { ...more, length: lengthOf(sizeArg) });
}

/** The third argument of ioctl: a number or a pointer, as `selector` says. */
export function ioctlArg<const N extends string>(name: N, selector: string): Arg<N, 'ulong'> {
  return value(name, 'ioctlArg', 'ulong', { selector, nullable: true });
}

/** The last argument of fcntl, prctl and the like: a number or a pointer, as `selector` says. */
export function selected<const N extends string>(name: N, selector: string): Arg<N, 'ulong'> {
  return value(name, 'fcntlArg', 'ulong', { selector, nullable: true });
}

/** A socket address of `length` bytes. */
export function sockaddr<const N extends string>(
  name: N,
  direction: 'in' | 'out',
  length: string | Length,
): Arg<N, 'ulong'> {
  return pointer(name, 'sockaddr', direction, { nullable: true, struct: 'sockaddr', length: lengthOf(length) });
}

/** A select(2) bit set of `count` bits. */
export function fdset<const N extends string>(name: N, count: string): Arg<N, 'ulong'> {
  return pointer(name, 'fdset', 'inout', { nullable: true, length: { arg: count } });
}

export function pollfds<const N extends string>(name: N, count: string): Arg<N, 'ulong'> {
  return pointer(name, 'pollfds', 'inout', { struct: 'pollfd', length: { arg: count } });
}

/** A buffer of directory entries: `struct` is the form of one. */
export function dirents<const N extends string>(name: N, struct: StructName, sizeArg: string): Arg<N, 'ulong'> {
  return pointer(name, 'dirents', 'out', { struct, length: { arg: sizeArg, filled: 'return' } });
}

function lengthOf(length: string | Length): Length {
  return typeof length === 'string' ? { arg: length } : length;
}
