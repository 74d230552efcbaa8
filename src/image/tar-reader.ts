/**
 * Reads tar archives: ustar, pax (POSIX.1-2001), GNU long names, GNU sparse files (old, 0.0, 0.1, 1.0), v7.
 *
 * Interface: readTar, TarEntry, TarType.
 * Invariants: names and link targets are byte strings exactly as archived, and xattr values are bytes: pax records are
 * split by byte and never go through a text encoding. A `body` must be read or left before the next entry is asked for.
 * See tar(5), pax(1) "pax Header Block", and "Storing Sparse Files" in the GNU tar manual.
 */
import { ByteReader } from './byte-reader.ts';
import { fromBytes, toBytes } from './byte-string.ts';
import { collect } from './file-tree.ts';
import { ImageError } from './image-error.ts';

export type TarType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  readonly type: TarType;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly xattrs: Map<string, Uint8Array>;
  /** Bytes of the body, with the holes of a sparse file. */
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
/** No header that tells the truth about a name or attributes is larger. */
const MAX_EXTENDED_HEADER = 16 << 20;
const XATTR_PREFIX = 'SCHILY.xattr.';

const TYPES: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

type PaxRecords = Map<string, string>;
/** Runs of data of a sparse file; all else reads as zeros. */
type SparseMap = { offset: number; size: number }[];

export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(chunks);
  const global: PaxRecords = new Map();
  let pax: PaxRecords = new Map();
  let longName: string | null = null;
  let longLink: string | null = null;

  for (;;) {
    const block = await reader.readOrEnd(BLOCK);
    if (block === null) return;
    // Two blocks of zeros end an archive; one does in practice, and what follows belongs to no entry.
    if (block.every((byte) => byte === 0)) {
      for await (const rest of reader.rest()) void rest;
      return;
    }
    const header = block.slice();
    checkSum(header);
    const typeFlag = String.fromCharCode(header[156]!);
    const archivedSize = number(header, 124, 12);

    if ('xgLK'.includes(typeFlag)) {
      if (archivedSize > MAX_EXTENDED_HEADER) throw new ImageError('bad-format', 'A tar header is too large.');
      const body = await collect(reader.take(archivedSize));
      await reader.skip(padding(archivedSize));
      if (typeFlag === 'x') pax = parsePax(body);
      else if (typeFlag === 'g') parsePax(body).forEach((value, key) => global.set(key, value));
      else if (typeFlag === 'L') longName = untilNul(body);
      else longLink = untilNul(body);
      continue;
    }

    const record = (key: string): string | undefined => pax.get(key) ?? global.get(key);
    const numeric = (key: string, otherwise: number): number => Number(record(key) ?? otherwise);
    const bodySize = numeric('size', archivedSize);
    const type = TYPES[typeFlag];
    const hasBody = type === undefined || type === 'file' || (type === 'hardlink' && record('size') !== undefined);
    let left = hasBody ? bodySize : 0;
    const trailing = padding(left);
    const counted = async function* (length: number): AsyncGenerator<Uint8Array> {
      for await (const part of reader.take(length)) {
        left -= part.length;
        yield part;
      }
    };

    let sparse = typeFlag === 'S' ? await readOldSparse(header, reader) : parsePaxSparse(pax);
    if (record('GNU.sparse.major') === '1') {
      const [map, used] = await readSparse1(reader);
      sparse = map;
      left -= used;
    }
    const realSize = Number(
      record('GNU.sparse.realsize') ??
        record('GNU.sparse.size') ??
        (typeFlag === 'S' ? number(header, 483, 12) : bodySize),
    );

    const name = record('GNU.sparse.name') ?? record('path') ?? longName ?? headerName(header);
    const [mtimeSec, mtimeNsec] = parseTime(record('mtime'), number(header, 136, 12));
    if (type !== undefined) {
      const isOldDirectory = type === 'file' && name.endsWith('/');
      yield {
        type: isOldDirectory ? 'directory' : type,
        name,
        linkName: record('linkpath') ?? longLink ?? untilNul(header.subarray(157, 257)),
        mode: number(header, 100, 8) & 0o7777,
        uid: numeric('uid', number(header, 108, 8)),
        gid: numeric('gid', number(header, 116, 8)),
        mtimeSec,
        mtimeNsec,
        rdevMajor: type === 'char' || type === 'block' ? number(header, 329, 8) : 0,
        rdevMinor: type === 'char' || type === 'block' ? number(header, 337, 8) : 0,
        xattrs: xattrsOf(pax),
        size: type === 'file' ? realSize : 0,
        body: sparse === null ? counted(left) : expandSparse(sparse, realSize, counted),
      };
    }
    await reader.skip(left + trailing);
    pax = new Map();
    longName = longLink = null;
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function checkSum(header: Uint8Array): void {
  let sum = 0;
  header.forEach((byte, at) => (sum += at >= 148 && at < 156 ? 0x20 : byte));
  const isText = (header[148]! & 0x80) === 0;
  if (!isText || sum !== number(header, 148, 8))
    throw new ImageError('bad-format', 'This is not a tar archive, or it is damaged.');
}

/** A number in octal, or base 256 where the top bit is set (GNU). */
function number(header: Uint8Array, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if ((field[0]! & 0x80) === 0) {
    const digits = /[0-7]+/.exec(fromBytes(field));
    return digits === null ? 0 : Number.parseInt(digits[0], 8);
  }
  const isNegative = field[0] === 0xff;
  let value = isNegative ? -1 : field[0]! & 0x7f;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw new ImageError('bad-format', 'A number in a tar header is out of range.');
  return value;
}

function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return fromBytes(end === -1 ? bytes : bytes.subarray(0, end));
}

function headerName(header: Uint8Array): string {
  const name = untilNul(header.subarray(0, 100));
  // 'ustar\0' has a prefix; GNU's 'ustar  ' has times and a sparse map there.
  const isPosix = fromBytes(header.subarray(257, 263)) === 'ustar\0';
  const prefix = isPosix ? untilNul(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records 'LENGTH KEY=VALUE\n', whose length counts itself. Repeated keys of GNU sparse 0.0 become one list. */
function parsePax(bytes: Uint8Array): PaxRecords {
  const records: PaxRecords = new Map();
  const text = fromBytes(bytes);
  for (let at = 0; at < text.length && text[at] !== '\0';) {
    const space = text.indexOf(' ', at);
    const length = Number(text.slice(at, space));
    const equals = text.indexOf('=', space);
    if (space === -1 || equals === -1 || !(length > 0) || at + length > text.length || equals > at + length) {
      throw new ImageError('bad-format', 'A pax header is malformed.');
    }
    const key = text.slice(space + 1, equals);
    const value = text.slice(equals + 1, at + length - 1);
    const isRun = key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes';
    if (isRun) records.set('GNU.sparse.map', appendTo(records.get('GNU.sparse.map'), value));
    else records.set(key, value);
    at += length;
  }
  return records;
}

function appendTo(list: string | undefined, value: string): string {
  return list === undefined ? value : `${list},${value}`;
}

function parseTime(text: string | undefined, seconds: number): [number, number] {
  const match = text === undefined ? null : /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return [seconds, 0];
  const whole = Number(match[1]);
  const nanoseconds = Number((match[2] ?? '').padEnd(9, '0').slice(0, 9));
  return text!.startsWith('-') && nanoseconds > 0 ? [whole - 1, 1e9 - nanoseconds] : [whole, nanoseconds];
}

function xattrsOf(pax: PaxRecords): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of pax) {
    if (key.startsWith(XATTR_PREFIX)) xattrs.set(key.slice(XATTR_PREFIX.length), toBytes(value));
  }
  return xattrs;
}

/** GNU sparse 0.0 and 0.1: the map in the pax header. */
function parsePaxSparse(pax: PaxRecords): SparseMap | null {
  const list = pax.get('GNU.sparse.map');
  if (list === undefined) return null;
  const numbers = list === '' ? [] : list.split(',').map(Number);
  return pairs(numbers);
}

/** GNU sparse 1.0: the map in front of the data, a number a line, filled up to a block. Also returns bytes taken. */
async function readSparse1(reader: ByteReader): Promise<[SparseMap, number]> {
  let text = '';
  let used = 0;
  for (;;) {
    const lines = text.split('\n');
    const count = lines.length > 1 ? Number(lines[0]) : Infinity;
    if (lines.length > 1 + 2 * count) return [pairs(lines.slice(1, 1 + 2 * count).map(Number)), used];
    if (used > MAX_EXTENDED_HEADER) throw new ImageError('bad-format', 'A sparse map is too large.');
    text += fromBytes(await reader.read(BLOCK));
    used += BLOCK;
  }
}

/** GNU's old format: four runs in the header and 21 in each extension block. */
async function readOldSparse(header: Uint8Array, reader: ByteReader): Promise<SparseMap> {
  const numbers: number[] = [];
  const takeRuns = (block: Uint8Array, at: number, count: number): void => {
    for (let run = 0; run < count; run++) {
      const start = at + run * 24;
      if (block[start] === 0) return;
      numbers.push(number(block, start, 12), number(block, start + 12, 12));
    }
  };
  takeRuns(header, 386, 4);
  for (let more = header[482] !== 0; more;) {
    const extension = (await reader.read(BLOCK)).slice();
    takeRuns(extension, 0, 21);
    more = extension[504] !== 0;
  }
  return pairs(numbers);
}

function pairs(numbers: readonly number[]): SparseMap {
  const map: SparseMap = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) map.push({ offset: numbers[at]!, size: numbers[at + 1]! });
  const inOrder = map.every(({ offset, size }, at) => {
    const end = at === 0 ? 0 : map[at - 1]!.offset + map[at - 1]!.size;
    return offset >= end && size >= 0;
  });
  if (!inOrder) throw new ImageError('bad-format', 'A sparse map is out of order.');
  return map;
}

async function* expandSparse(
  map: SparseMap,
  realSize: number,
  data: (length: number) => AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (const { offset, size } of [...map, { offset: realSize, size: 0 }]) {
    yield* zeros(offset - position);
    yield* data(size);
    position = offset + size;
  }
}

function* zeros(length: number): Generator<Uint8Array> {
  const page = new Uint8Array(Math.min(length, 1 << 16));
  for (let left = length; left > 0; left -= page.length) yield left < page.length ? page.subarray(0, left) : page;
}
