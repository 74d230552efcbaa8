/**
 * RFI, the Ringfence image format, version 1: a read-only root file system in one file, made to be opened at once and
 * read page by page.
 *
 * Interface: RfiHeader, encodeHeader, decodeHeader, INDEX_SECTIONS, layoutIndex, checksumWords, RFI_*, ImageMeta.
 * rfi-writer.ts writes it, rfi-reader.ts opens it.
 *
 *     0                4096                contentEnd = indexOffset
 *     +----------------+---------- … ------+------------------------- … -+
 *     | header (4096)  | contents          | index                       |
 *     +----------------+---------- … ------+------------------------- … -+
 *
 * All numbers are little-endian. u64 holds less than 2^53.
 *
 * Header, one page:
 *        0  u8[8]   magic  89 'R' 'F' 'I' 0D 0A 1A 0A (as PNG's: shows a transfer that changed line ends)
 *        8  u32     version = 1
 *       12  u32     inodeCount              16  u32  direntCount
 *       20  u32     xattrCount              24  u32  stringBytes
 *       28  u32     metaBytes               32  u64  indexOffset (multiple of 4096; the contents end here)
 *       40  u64     indexBytes              48  u64  fileBytes (the whole file)
 *       56  u32[2]  checksum of the index (checksumWords, every 8th word)
 *       64  u8[32]  SHA-256 of the contents, from 4096 to indexOffset
 *       96  u8[32]  SHA-256 of the index
 *     4088  u32[2]  checksum of header bytes 0 … 4087
 *
 * Contents: each non-empty regular file begins on a multiple of 4096, and the last page is filled up with zeros, so page
 * n of a file is one aligned read. A file has one run.
 *
 * Index: sections in the order of INDEX_SECTIONS, each an array that begins on a multiple of 8:
 *   per inode   f64 size, f64 contentOffset (from the start of the file), f64 mtimeSec, u32 mtimeNsec, u32 mode
 *               (st_mode), u32 uid, u32 gid, u32 nlink, u32 rdevMajor, u32 rdevMinor, u32 first, u32 count,
 *               u32 parent, u32 xattrFirst, u32 xattrCount
 *               first/count: of a directory its run of dirents, of a symbolic link its target in the strings
 *               parent: of a directory the directory that holds it (the root: 0), otherwise 0
 *   per dirent  u32 nameOffset, u32 nameLength (in the strings), u32 ino; a directory's run is sorted by name bytes
 *   per xattr   u32 nameOffset, u32 nameLength, u32 valueOffset, u32 valueLength (in the strings)
 *   strings     u8[stringBytes]
 *   meta        u8[metaBytes]: JSON in UTF-8, an ImageMeta
 *
 * Inode 0 is the root. Inodes are numbered in the order in which a walk that sorts names first meets them, so that the
 * same tree always gives the same bytes.
 *
 * At open the header, the size of the file and the checksum of the index are checked. The latter takes one word in 32
 * bytes, since a cold loop over all of them takes longer than all the rest (5 to 9 ms for 10,000 entries): it finds an
 * index that was cut, torn or overwritten, and not every flipped bit. The SHA-256 sums find those too: they are made when
 * an image is written and compared when one is verified.
 */
import { ImageError } from './image-error.ts';

export const RFI_MAGIC: readonly number[] = [0x89, 0x52, 0x46, 0x49, 0x0d, 0x0a, 0x1a, 0x0a];
export const RFI_VERSION = 1;
export const RFI_PAGE = 4096;
/** Only one word in so many bears on the checksum of the index. */
export const INDEX_CHECKSUM_STRIDE = 8;
const HEADER_CHECKSUM_AT = RFI_PAGE - 8;

/** What is known of an image beyond its files. */
export interface ImageMeta {
  /** Where it came from: 'debian trixie', the reference of an OCI image, the name of a tar. */
  readonly source?: string;
  /** As the Debian and OCI worlds say it: 'riscv64', 'amd64', 'i386'. */
  readonly architecture?: string;
  /** name_version of every Debian package within. */
  readonly packages?: readonly string[];
  /** What an OCI image says about how to run it. */
  readonly config?: ImageRunConfig;
}

/** OCI image specification, config.md: the part that says what to run. */
export interface ImageRunConfig {
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
}

export interface RfiHeader {
  readonly inodeCount: number;
  readonly direntCount: number;
  readonly xattrCount: number;
  readonly stringBytes: number;
  readonly metaBytes: number;
  readonly indexOffset: number;
  readonly indexBytes: number;
  readonly fileBytes: number;
  readonly indexChecksum: readonly [number, number];
  readonly contentSha256: Uint8Array;
  readonly indexSha256: Uint8Array;
}

type Count = 'inodeCount' | 'direntCount' | 'xattrCount' | 'stringBytes' | 'metaBytes';

/** Name, bytes of an element and number of elements of each section of the index, in order. */
export const INDEX_SECTIONS = [
  ['size', 8, 'inodeCount'],
  ['contentOffset', 8, 'inodeCount'],
  ['mtimeSec', 8, 'inodeCount'],
  ['mtimeNsec', 4, 'inodeCount'],
  ['mode', 4, 'inodeCount'],
  ['uid', 4, 'inodeCount'],
  ['gid', 4, 'inodeCount'],
  ['nlink', 4, 'inodeCount'],
  ['rdevMajor', 4, 'inodeCount'],
  ['rdevMinor', 4, 'inodeCount'],
  ['first', 4, 'inodeCount'],
  ['count', 4, 'inodeCount'],
  ['parent', 4, 'inodeCount'],
  ['xattrFirst', 4, 'inodeCount'],
  ['xattrCount', 4, 'inodeCount'],
  ['direntNameOffset', 4, 'direntCount'],
  ['direntNameLength', 4, 'direntCount'],
  ['direntIno', 4, 'direntCount'],
  ['xattrNameOffset', 4, 'xattrCount'],
  ['xattrNameLength', 4, 'xattrCount'],
  ['xattrValueOffset', 4, 'xattrCount'],
  ['xattrValueLength', 4, 'xattrCount'],
  ['strings', 1, 'stringBytes'],
  ['meta', 1, 'metaBytes'],
] as const satisfies readonly (readonly [string, 8 | 4 | 1, Count])[];

type Section = (typeof INDEX_SECTIONS)[number];
type ArrayOf<Bytes> = Bytes extends 8 ? Float64Array : Bytes extends 4 ? Uint32Array : Uint8Array;

/** The index as typed arrays over one buffer. */
export type RfiIndex = { readonly [S in Section as S[0]]: ArrayOf<S[1]> };

export function indexSize(counts: Readonly<Record<Count, number>>): number {
  return INDEX_SECTIONS.reduce((end, [, bytes, count]) => alignTo(end + bytes * counts[count], 8), 0);
}

/** Views of the sections in `buffer`, which is the index and nothing else. */
export function layoutIndex(buffer: ArrayBuffer, counts: Readonly<Record<Count, number>>): RfiIndex {
  const views: Record<string, Float64Array | Uint32Array | Uint8Array> = {};
  let offset = 0;
  for (const [name, bytes, count] of INDEX_SECTIONS) {
    const View = bytes === 8 ? Float64Array : bytes === 4 ? Uint32Array : Uint8Array;
    views[name] = new View(buffer, offset, counts[count]);
    offset = alignTo(offset + bytes * counts[count], 8);
  }
  return views as RfiIndex;
}

/**
 * Two sums over every `stride`-th 32-bit word (Fletcher's, modulo 2^32). Proves nothing; finds what is lost or torn.
 */
export function checksumWords(words: Uint32Array, stride: number): [number, number] {
  let sum = 0x52464931;
  let sumOfSums = 0;
  for (let index = 0; index < words.length; index += stride) {
    sum = (sum + words[index]!) | 0;
    sumOfSums = (sumOfSums + sum) | 0;
  }
  return [sum >>> 0, sumOfSums >>> 0];
}

export function encodeHeader(header: RfiHeader): Uint8Array {
  const page = new Uint8Array(RFI_PAGE);
  const view = new DataView(page.buffer);
  page.set(RFI_MAGIC);
  view.setUint32(8, RFI_VERSION, true);
  view.setUint32(12, header.inodeCount, true);
  view.setUint32(16, header.direntCount, true);
  view.setUint32(20, header.xattrCount, true);
  view.setUint32(24, header.stringBytes, true);
  view.setUint32(28, header.metaBytes, true);
  setU64(view, 32, header.indexOffset);
  setU64(view, 40, header.indexBytes);
  setU64(view, 48, header.fileBytes);
  view.setUint32(56, header.indexChecksum[0], true);
  view.setUint32(60, header.indexChecksum[1], true);
  page.set(header.contentSha256, 64);
  page.set(header.indexSha256, 96);
  const [sum, sumOfSums] = checksumWords(new Uint32Array(page.buffer, 0, HEADER_CHECKSUM_AT / 4), 1);
  view.setUint32(HEADER_CHECKSUM_AT, sum, true);
  view.setUint32(HEADER_CHECKSUM_AT + 4, sumOfSums, true);
  return page;
}

export function hasRfiMagic(bytes: Uint8Array): boolean {
  return bytes.length >= RFI_MAGIC.length && RFI_MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads and checks a header page. Throws ImageError where it is not one, is of another version, or is damaged. */
export function decodeHeader(page: Uint8Array<ArrayBuffer>, fileBytes: number): RfiHeader {
  if (!hasRfiMagic(page)) throw new ImageError('bad-format', 'This is not a Ringfence image.');
  if (page.length < RFI_PAGE) throw new ImageError('truncated', 'The image ends within its header.');
  const view = new DataView(page.buffer, page.byteOffset, RFI_PAGE);
  const version = view.getUint32(8, true);
  if (version !== RFI_VERSION) {
    throw new ImageError('unsupported', `The image has format version ${version}; this release reads ${RFI_VERSION}.`);
  }
  const [sum, sumOfSums] = checksumWords(new Uint32Array(page.buffer, page.byteOffset, HEADER_CHECKSUM_AT / 4), 1);
  if (sum !== view.getUint32(HEADER_CHECKSUM_AT, true) || sumOfSums !== view.getUint32(HEADER_CHECKSUM_AT + 4, true)) {
    throw new ImageError('bad-checksum', 'The header of the image is damaged.');
  }
  const header: RfiHeader = {
    inodeCount: view.getUint32(12, true),
    direntCount: view.getUint32(16, true),
    xattrCount: view.getUint32(20, true),
    stringBytes: view.getUint32(24, true),
    metaBytes: view.getUint32(28, true),
    indexOffset: getU64(view, 32),
    indexBytes: getU64(view, 40),
    fileBytes: getU64(view, 48),
    indexChecksum: [view.getUint32(56, true), view.getUint32(60, true)],
    contentSha256: page.slice(64, 96),
    indexSha256: page.slice(96, 128),
  };
  if (header.fileBytes !== fileBytes) {
    throw new ImageError('truncated', `The image should have ${header.fileBytes} bytes, but has ${fileBytes}.`);
  }
  if (header.indexBytes !== indexSize(header) || header.indexOffset + header.indexBytes !== fileBytes) {
    throw new ImageError('bad-format', 'The sections of the image do not add up.');
  }
  return header;
}

export function alignTo(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function getU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
