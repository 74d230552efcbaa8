/**
 * Writes a tree as a tar archive: ustar headers, with pax records where ustar has no room.
 *
 * Interface: exportTar.
 * Invariant: the same tree gives the same bytes: entries in the order of a walk with sorted names, no names of users, no
 * times but mtime. See pax(1), "ustar Interchange Format" and "pax Extended Header".
 */
import type { ReadonlyTree, TreeAttributes } from '../kernel/fs/readonly-tree.ts';
import { toBytes } from './byte-string.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../abi/file-mode.ts';

const BLOCK = 512;
const CHUNK = 1 << 18;
const MAX_SIZE = 0o77777777777;
const MAX_ID = 0o7777777;

const TYPE_FLAGS: Readonly<Record<number, string>> = {
  [S_IFREG]: '0',
  [S_IFLNK]: '2',
  [S_IFCHR]: '3',
  [S_IFBLK]: '4',
  [S_IFDIR]: '5',
  [S_IFIFO]: '6',
};

/** The archive in chunks. Sockets are left out: tar has none. */
export function* exportTar(tree: ReadonlyTree): Generator<Uint8Array> {
  const firstNames = new Map<number, string>();
  const pending = [{ path: '', ino: 0 }];
  while (pending.length > 0) {
    const { path, ino } = pending.pop()!;
    const attributes = tree.attributes(ino);
    const type = attributes.mode & S_IFMT;
    const flag = TYPE_FLAGS[type];
    if (flag === undefined) continue;
    const name = type === S_IFDIR ? `./${path}${path === '' ? '' : '/'}` : `./${path}`;
    const linkTo = firstNames.get(ino);
    if (linkTo !== undefined) {
      yield* headerBlocks(tree, ino, name, '1', linkTo, attributes, 0);
      continue;
    }
    if (type !== S_IFDIR && attributes.nlink > 1) firstNames.set(ino, name);
    const size = type === S_IFREG ? attributes.size : 0;
    yield* headerBlocks(tree, ino, name, flag, tree.readLink(ino), attributes, size);
    if (type === S_IFREG) yield* body(tree, ino, size);
    if (type !== S_IFDIR) continue;
    const below = tree.children(ino).map((child) => ({
      path: path === '' ? child.name : `${path}/${child.name}`,
      ino: child.ino,
    }));
    pending.push(...below.reverse());
  }
  yield new Uint8Array(2 * BLOCK);
}

function* body(tree: ReadonlyTree, ino: number, size: number): Generator<Uint8Array> {
  for (let offset = 0; offset < size; offset += CHUNK) {
    const length = Math.min(CHUNK, size - offset);
    const chunk = new Uint8Array(Math.ceil(length / BLOCK) * BLOCK);
    tree.read(ino, offset, chunk.subarray(0, length));
    yield chunk;
  }
}

function* headerBlocks(
  tree: ReadonlyTree,
  ino: number,
  name: string,
  flag: string,
  linkName: string,
  attributes: TreeAttributes,
  size: number,
): Generator<Uint8Array> {
  const { mode, uid, gid, mtimeSec, mtimeNsec, rdevMajor, rdevMinor } = attributes;
  const split = splitName(name);
  const records: [string, string][] = [];
  if (split === null) records.push(['path', name]);
  if (linkName.length > 100) records.push(['linkpath', linkName]);
  if (size > MAX_SIZE) records.push(['size', String(size)]);
  if (uid > MAX_ID) records.push(['uid', String(uid)]);
  if (gid > MAX_ID) records.push(['gid', String(gid)]);
  if (mtimeNsec !== 0 || mtimeSec < 0 || mtimeSec > MAX_SIZE) records.push(['mtime', timeText(mtimeSec, mtimeNsec)]);
  if (flag !== '1') {
    for (const xattr of tree.xattrs(ino)) {
      records.push([
        `SCHILY.xattr.${xattr.name}`,
        Array.from(xattr.value, (byte) => String.fromCharCode(byte)).join(''),
      ]);
    }
  }
  const [prefix, shortName] = split ?? ['', name.slice(-100)];

  if (records.length > 0) {
    const pax = toBytes(records.map(([key, value]) => paxRecord(key, value)).join(''));
    const padded = new Uint8Array(Math.ceil(pax.length / BLOCK) * BLOCK);
    padded.set(pax);
    yield encodeHeader({ ...NO_FIELDS, name: './PaxHeaders', mode: 0o644, size: pax.length, flag: 'x' });
    yield padded;
  }
  yield encodeHeader({
    name: shortName,
    prefix,
    mode: mode & 0o7777,
    uid: Math.min(uid, MAX_ID),
    gid: Math.min(gid, MAX_ID),
    size: Math.min(size, MAX_SIZE),
    mtimeSec: Math.min(Math.max(mtimeSec, 0), MAX_SIZE),
    flag,
    linkName: linkName.slice(0, 100),
    rdevMajor,
    rdevMinor,
  });
}

interface HeaderFields {
  name: string;
  prefix: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtimeSec: number;
  flag: string;
  linkName: string;
  rdevMajor: number;
  rdevMinor: number;
}

const NO_FIELDS: HeaderFields = {
  name: '',
  prefix: '',
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeSec: 0,
  flag: '0',
  linkName: '',
  rdevMajor: 0,
  rdevMinor: 0,
};

function encodeHeader(fields: HeaderFields): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => block.set(toBytes(text), at);
  const octal = (at: number, digits: number, value: number): void => put(at, value.toString(8).padStart(digits, '0'));
  put(0, fields.name);
  octal(100, 7, fields.mode);
  octal(108, 7, fields.uid);
  octal(116, 7, fields.gid);
  octal(124, 11, fields.size);
  octal(136, 11, fields.mtimeSec);
  put(148, '        ');
  put(156, fields.flag);
  put(157, fields.linkName);
  put(257, 'ustar\x0000');
  octal(329, 7, fields.rdevMajor);
  octal(337, 7, fields.rdevMinor);
  put(345, fields.prefix);
  octal(
    148,
    6,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  block[154] = 0;
  return block;
}

/** [prefix, name] of at most 155 and 100 bytes, or null where there is no such split. */
function splitName(name: string): [string, string] | null {
  if (name.length <= 100) return ['', name];
  const slash = name.indexOf('/', name.length - 101);
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return null;
  return [name.slice(0, slash), name.slice(slash + 1)];
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function timeText(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  // Before 1970 the fraction counts backwards from the second above: -1 s + 0.25e9 ns is '-0.75'.
  const isNegative = seconds < 0;
  const whole = isNegative ? -(seconds + 1) : seconds;
  const fraction = isNegative ? 1e9 - nanoseconds : nanoseconds;
  return `${isNegative ? '-' : ''}${whole}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
}
