/**
 * A small language for C structs: fields with C types, from which the layout of each architecture is computed.
 *
 * Interface: the field types (u8 … bigU64, long, pointer, bytes, array, nested, union), defineStruct, structByArch,
 * layoutOf, readStruct, writeStruct, decodeStruct, encodeStruct, StructDef, Layout, ValuesOf.
 * Rules: natural alignment, except that 64-bit integers align to 4 on i386. All architectures are little-endian.
 * 64-bit integers are numbers, exact below 2^53, written through 32-bit halves; `bigI64` and `bigU64` are bigints.
 * Fields whose name starts with an underscore are padding: written as zero and not read.
 */

import { ARCHES, u64Align, wordBytes } from './arch.ts';
import type { Arch } from './arch.ts';

type Code = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'bigI64' | 'bigU64' | 'bigU32';

type Spec =
  | { readonly kind: 'scalar'; readonly code: Code | 'long' | 'ulong' | 'bigUlong' }
  | { readonly kind: 'bytes'; readonly count: Count }
  | { readonly kind: 'array'; readonly element: Field<unknown>; readonly count: Count }
  | { readonly kind: 'struct'; readonly struct: StructDef }
  | { readonly kind: 'aligned'; readonly field: Field<unknown>; readonly align: number };

/** A count of elements, or one for 32-bit and one for 64-bit architectures. */
type Count = number | { readonly bits32: number; readonly bits64: number };

/** The type of a field; V is the JavaScript type of its value. */
export interface Field<V> {
  readonly spec: Spec;
  /** Never there: it carries V for the compiler. */
  readonly phantom?: V;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** A struct, or a union, before it is laid out. */
export interface StructDef<F extends Fields = Fields> {
  readonly name: string;
  readonly fields: Readonly<Partial<Record<Arch, Fields>>>;
  readonly isUnion: boolean;
  /** Architectures on which there is no padding and no alignment. */
  readonly packed: readonly Arch[];
  readonly phantom?: F;
}

/** The values of a struct, by field. */
export type ValuesOf<S> =
  S extends StructDef<infer F>
    ? { [K in keyof F as K extends `_${string}` ? never : K]: F[K] extends Field<infer V> ? V : never }
    : never;

const scalar = <V>(code: Code | 'long' | 'ulong' | 'bigUlong'): Field<V> => ({ spec: { kind: 'scalar', code } });

export const i8: Field<number> = scalar('i8');
export const u8: Field<number> = scalar('u8');
export const i16: Field<number> = scalar('i16');
export const u16: Field<number> = scalar('u16');
export const i32: Field<number> = scalar('i32');
export const u32: Field<number> = scalar('u32');
/** 64 bits as a number. */
export const i64: Field<number> = scalar('i64');
/** 64 bits as a number. */
export const u64: Field<number> = scalar('u64');
/** 64 bits that all count. */
export const bigI64: Field<bigint> = scalar('bigI64');
/** 64 bits that all count. */
export const bigU64: Field<bigint> = scalar('bigU64');
export const long: Field<number> = scalar('long');
export const ulong: Field<number> = scalar('ulong');
export const pointer: Field<number> = scalar('ulong');
/** A word whose bits all count: a machine register. A bigint on every architecture. */
export const register: Field<bigint> = scalar('bigUlong');

/** A run of bytes: char arrays, and parts that are opaque here. Shorter values are padded with zeros. */
export function bytes(count: Count): Field<Uint8Array> {
  return { spec: { kind: 'bytes', count } };
}

export function array<V>(element: Field<V>, count: Count): Field<readonly V[]> {
  return { spec: { kind: 'array', element, count } };
}

/** A struct or union inside this one. */
export function nested<S extends StructDef>(struct: S): Field<Partial<ValuesOf<S>>> {
  return { spec: { kind: 'struct', struct } };
}

/** A field with at least that alignment (__attribute__((aligned))). */
export function aligned<V>(align: number, field: Field<V>): Field<V> {
  return { spec: { kind: 'aligned', align, field } };
}

interface StructOptions {
  readonly packed?: boolean | readonly Arch[];
}

/** A struct with the same fields on every architecture (of sizes that may differ). */
export function defineStruct<const F extends Fields>(
  name: string,
  fields: F,
  options: StructOptions = {},
): StructDef<F> {
  const { packed = [] } = options;
  const packedOn = packed === true ? ARCHES : packed === false ? [] : packed;
  return { name, fields: { riscv64: fields, x86_64: fields, i386: fields }, isUnion: false, packed: packedOn };
}

/** A union: every member starts at offset 0. Writing takes one member; reading gives all of them. */
export function union<const F extends Fields>(name: string, fields: F): StructDef<F> {
  return { ...defineStruct(name, fields), isUnion: true };
}

/** A struct whose fields differ between architectures; leave out those that do not have it. */
export function structByArch<R extends Fields = object & Fields, X extends Fields = R, I extends Fields = X>(
  name: string,
  fields: { readonly riscv64?: R; readonly x86_64?: X; readonly i386?: I },
): StructDef<R & X & I> {
  return { name, fields, isUnion: false, packed: [] };
}

/** One field, laid out. */
export interface LaidOutField {
  readonly name: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Bytes that it takes. */
  readonly size: number;
  /** What it is, or what each element is. */
  readonly type: Code | 'bytes' | Layout;
  /** Number of elements of an array; -1 for a single value. */
  readonly count: number;
  /** Bytes from one element to the next. */
  readonly stride: number;
  readonly isPadding: boolean;
}

/** A struct laid out for one architecture. */
export interface Layout<F extends Fields = Fields> {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly isUnion: boolean;
  /** Fields in order of definition. */
  readonly fields: readonly LaidOutField[];
  /** Fields by name. */
  readonly at: Readonly<Record<keyof F & string, LaidOutField>>;
  readonly phantom?: F;
}

const layouts = new Map<StructDef, Partial<Record<Arch, Layout>>>();

/** The layout of a struct. Computed once for each architecture. Throws RangeError where the struct does not exist. */
export function layoutOf<F extends Fields>(struct: StructDef<F>, arch: Arch): Layout<F> {
  let byArch = layouts.get(struct);
  if (byArch === undefined) layouts.set(struct, (byArch = {}));
  return (byArch[arch] ??= computeLayout(struct, arch)) as Layout<F>;
}

function computeLayout(struct: StructDef, arch: Arch): Layout {
  const definitions = struct.fields[arch];
  if (definitions === undefined) throw new RangeError(`struct ${struct.name} does not exist on ${arch}`);
  const isPacked = struct.packed.includes(arch);
  const fields: LaidOutField[] = [];
  const at: Record<string, LaidOutField> = {};
  let end = 0;
  let align = 1;
  for (const [name, { spec }] of Object.entries(definitions)) {
    const shape = shapeOf(spec, arch);
    const fieldAlign = isPacked ? 1 : shape.align;
    const offset = struct.isUnion ? 0 : roundUp(end, fieldAlign);
    const { size, type, count, stride } = shape;
    fields.push((at[name] = { name, offset, size, type, count, stride, isPadding: name.startsWith('_') }));
    end = Math.max(end, offset + size);
    align = Math.max(align, fieldAlign);
  }
  return { name: struct.name, size: roundUp(end, align), align, isUnion: struct.isUnion, fields, at };
}

type Shape = Pick<LaidOutField, 'size' | 'type' | 'count' | 'stride'> & { readonly align: number };

function shapeOf(spec: Spec, arch: Arch): Shape {
  switch (spec.kind) {
    case 'scalar': {
      const type = codeOf(spec.code, arch);
      const size = CODE_BYTES[type];
      return { size, align: size === 8 ? u64Align(arch) : size, type, count: -1, stride: size };
    }
    case 'bytes': {
      const size = countOf(spec.count, arch);
      return { size, align: 1, type: 'bytes', count: -1, stride: size };
    }
    case 'struct': {
      const type = layoutOf(spec.struct, arch);
      return { size: type.size, align: type.align, type, count: -1, stride: type.size };
    }
    case 'array': {
      const element = shapeOf(spec.element.spec, arch);
      const count = countOf(spec.count, arch);
      return { ...element, size: element.size * count, count, stride: element.size };
    }
    case 'aligned': {
      const shape = shapeOf(spec.field.spec, arch);
      return { ...shape, align: Math.max(shape.align, spec.align) };
    }
  }
}

const CODE_BYTES: Readonly<Record<Code, 1 | 2 | 4 | 8>> = {
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
  bigI64: 8,
  bigU64: 8,
  bigU32: 4,
};

function codeOf(code: Code | 'long' | 'ulong' | 'bigUlong', arch: Arch): Code {
  if (code === 'long') return wordBytes(arch) === 8 ? 'i64' : 'i32';
  if (code === 'ulong') return wordBytes(arch) === 8 ? 'u64' : 'u32';
  if (code === 'bigUlong') return wordBytes(arch) === 8 ? 'bigU64' : 'bigU32';
  return code;
}

function countOf(count: Count, arch: Arch): number {
  if (typeof count === 'number') return count;
  return wordBytes(arch) === 8 ? count.bits64 : count.bits32;
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

/** Writes a struct at `offset` of `view`. Fields without a value, padding and gaps are written as zero. */
export function writeStruct<F extends Fields>(
  view: DataView,
  offset: number,
  layout: Layout<F>,
  values: Partial<ValuesOf<StructDef<F>>>,
): void {
  new Uint8Array(view.buffer, view.byteOffset + offset, layout.size).fill(0);
  writeFields(view, offset, layout, values as Readonly<Record<string, unknown>>);
}

function writeFields(view: DataView, offset: number, layout: Layout, values: Readonly<Record<string, unknown>>): void {
  for (const field of layout.fields) {
    if (field.isPadding) continue;
    const value = values[field.name];
    if (value === undefined) continue;
    const start = offset + field.offset;
    if (field.count < 0) {
      writeValue(view, start, field, value);
      continue;
    }
    const elements = value as readonly unknown[];
    const count = Math.min(elements.length, field.count);
    for (let index = 0; index < count; index++) writeValue(view, start + index * field.stride, field, elements[index]);
  }
}

function writeValue(view: DataView, at: number, field: LaidOutField, value: unknown): void {
  switch (field.type) {
    case 'i8':
    case 'u8':
      return view.setUint8(at, value as number);
    case 'i16':
    case 'u16':
      return view.setUint16(at, value as number, true);
    case 'i32':
    case 'u32':
      return view.setUint32(at, value as number, true);
    case 'bigU32':
      return view.setUint32(at, Number(BigInt.asUintN(32, value as bigint)), true);
    case 'i64':
    case 'u64':
      view.setUint32(at, value as number, true);
      return view.setInt32(at + 4, Math.floor((value as number) / 0x1_0000_0000), true);
    case 'bigI64':
    case 'bigU64':
      return view.setBigUint64(at, BigInt.asUintN(64, value as bigint), true);
    case 'bytes': {
      const source = value as Uint8Array;
      const target = new Uint8Array(view.buffer, view.byteOffset + at, field.stride);
      return target.set(source.length > field.stride ? source.subarray(0, field.stride) : source);
    }
    default:
      return writeFields(view, at, field.type, value as Readonly<Record<string, unknown>>);
  }
}

/** Reads a struct from `offset` of `view`. Fields that this architecture does not have are left out. */
export function readStruct<F extends Fields>(
  view: DataView,
  offset: number,
  layout: Layout<F>,
): ValuesOf<StructDef<F>> {
  const values: Record<string, unknown> = {};
  for (const field of layout.fields) {
    if (field.isPadding) continue;
    const start = offset + field.offset;
    if (field.count < 0) {
      values[field.name] = readValue(view, start, field);
      continue;
    }
    const elements: unknown[] = [];
    for (let index = 0; index < field.count; index++) {
      elements.push(readValue(view, start + index * field.stride, field));
    }
    values[field.name] = elements;
  }
  return values as ValuesOf<StructDef<F>>;
}

function readValue(view: DataView, at: number, field: LaidOutField): unknown {
  switch (field.type) {
    case 'i8':
      return view.getInt8(at);
    case 'u8':
      return view.getUint8(at);
    case 'i16':
      return view.getInt16(at, true);
    case 'u16':
      return view.getUint16(at, true);
    case 'i32':
      return view.getInt32(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'i64':
      return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    case 'u64':
      return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    case 'bigI64':
      return view.getBigInt64(at, true);
    case 'bigU64':
      return view.getBigUint64(at, true);
    case 'bigU32':
      return BigInt(view.getUint32(at, true));
    case 'bytes':
      return new Uint8Array(view.buffer, view.byteOffset + at, field.stride).slice();
    default:
      return readStruct(view, at, field.type);
  }
}

/** A struct as bytes of its own. */
export function encodeStruct<F extends Fields>(
  layout: Layout<F>,
  values: Partial<ValuesOf<StructDef<F>>>,
): Uint8Array<ArrayBuffer> {
  const encoded = new Uint8Array(layout.size);
  writeFields(new DataView(encoded.buffer), 0, layout, values as Readonly<Record<string, unknown>>);
  return encoded;
}

/** A struct from bytes. Shorter input counts as padded with zeros, as copy_struct_from_user does. */
export function decodeStruct<F extends Fields>(layout: Layout<F>, encoded: Uint8Array): ValuesOf<StructDef<F>> {
  let whole = encoded;
  if (encoded.length < layout.size) {
    whole = new Uint8Array(layout.size);
    whole.set(encoded);
  }
  return readStruct(new DataView(whole.buffer, whole.byteOffset, layout.size), 0, layout);
}
