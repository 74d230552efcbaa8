/**
 * Opens an RFI image over a BlobSource and serves it as a ReadonlyTree.
 *
 * Interface: openImage, ImageTree, verifyImage.
 * The index is one read and a set of typed arrays over it: nothing is parsed at open. A name is found by binary search
 * among the sorted names of its directory. Contents are read when asked for.
 */
import type { ReadonlyTree, TreeAttributes, TreeEntry, TreeXattr } from '../kernel/fs/readonly-tree.ts';
import type { BlobSource } from './blob.ts';
import { readFully } from './blob.ts';
import { fromBytes } from './byte-string.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../abi/file-mode.ts';
import { ImageError } from './image-error.ts';
import type { ImageMeta, RfiHeader, RfiIndex } from './rfi.ts';
import { INDEX_CHECKSUM_STRIDE, RFI_PAGE, checksumWords, decodeHeader, layoutIndex } from './rfi.ts';
import type { NewHasher } from './sha256.ts';
import { newSha256, toHex } from './sha256.ts';

/** Opens an image: reads its header and index and checks both. The source must stay readable while the tree is used. */
export function openImage(source: BlobSource): ImageTree {
  if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) {
    throw new ImageError('unsupported', 'Images are read on little-endian machines only.');
  }
  const header = decodeHeader(readFully(source, 0, Math.min(RFI_PAGE, source.size)), source.size);
  const bytes = readFully(source, header.indexOffset, header.indexBytes);
  const [sum, sumOfSums] = checksumWords(new Uint32Array(bytes.buffer), INDEX_CHECKSUM_STRIDE);
  if (sum !== header.indexChecksum[0] || sumOfSums !== header.indexChecksum[1]) {
    throw new ImageError('bad-checksum', 'The index of the image is damaged.');
  }
  return new ImageTree(source, header, layoutIndex(bytes.buffer, header));
}

export class ImageTree implements ReadonlyTree {
  readonly inodeCount: number;
  readonly #source: BlobSource;
  readonly #header: RfiHeader;
  readonly #index: RfiIndex;

  constructor(source: BlobSource, header: RfiHeader, index: RfiIndex) {
    this.inodeCount = header.inodeCount;
    this.#source = source;
    this.#header = header;
    this.#index = index;
  }

  /** The digest that names this image's files and contents: equal trees have equal digests. */
  get digest(): string {
    return toHex(this.#header.indexSha256);
  }

  get meta(): ImageMeta {
    return JSON.parse(new TextDecoder().decode(this.#index.meta)) as ImageMeta;
  }

  /** Bytes of the image in all. */
  get sizeBytes(): number {
    return this.#header.fileBytes;
  }

  lookup(dir: number, name: string): number {
    if (!this.#is(dir, S_IFDIR)) return -1;
    const { first, count, direntIno } = this.#index;
    let low = first[dir]!;
    let high = low + count[dir]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compareName(middle, name);
      if (order === 0) return direntIno[middle]!;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  children(dir: number): readonly TreeEntry[] {
    if (!this.#is(dir, S_IFDIR)) return [];
    const { first, count, direntIno, direntNameOffset, direntNameLength } = this.#index;
    const entries: TreeEntry[] = [];
    const end = first[dir]! + count[dir]!;
    for (let at = first[dir]!; at < end; at++) {
      entries.push({ name: this.#string(direntNameOffset[at]!, direntNameLength[at]!), ino: direntIno[at]! });
    }
    return entries;
  }

  parent(dir: number): number {
    return this.#index.parent[dir] ?? 0;
  }

  attributes(ino: number): TreeAttributes {
    const index = this.#index;
    return {
      mode: index.mode[ino] ?? 0,
      uid: index.uid[ino] ?? 0,
      gid: index.gid[ino] ?? 0,
      nlink: index.nlink[ino] ?? 0,
      size: index.size[ino] ?? 0,
      mtimeSec: index.mtimeSec[ino] ?? 0,
      mtimeNsec: index.mtimeNsec[ino] ?? 0,
      rdevMajor: index.rdevMajor[ino] ?? 0,
      rdevMinor: index.rdevMinor[ino] ?? 0,
    };
  }

  readLink(ino: number): string {
    return this.#is(ino, S_IFLNK) ? this.#string(this.#index.first[ino]!, this.#index.count[ino]!) : '';
  }

  xattrs(ino: number): readonly TreeXattr[] {
    const { xattrFirst, xattrCount, xattrNameOffset, xattrNameLength, xattrValueOffset, xattrValueLength, strings } =
      this.#index;
    const first = xattrFirst[ino] ?? 0;
    return Array.from({ length: xattrCount[ino] ?? 0 }, (_, nth) => {
      const at = first + nth;
      const valueOffset = xattrValueOffset[at]!;
      return {
        name: this.#string(xattrNameOffset[at]!, xattrNameLength[at]!),
        value: strings.slice(valueOffset, valueOffset + xattrValueLength[at]!),
      };
    });
  }

  read(ino: number, fileOffset: number, into: Uint8Array): number {
    if (!this.#is(ino, S_IFREG)) return 0;
    const length = Math.min(into.length, this.#index.size[ino]! - fileOffset);
    if (length <= 0) return 0;
    const got = this.#source.read(this.#index.contentOffset[ino]! + fileOffset, into.subarray(0, length));
    if (got !== length) throw new ImageError('truncated', `The image lost contents of inode ${ino} while in use.`);
    return length;
  }

  #is(ino: number, type: number): boolean {
    return ((this.#index.mode[ino] ?? 0) & S_IFMT) === type;
  }

  #string(offset: number, length: number): string {
    return fromBytes(this.#index.strings.subarray(offset, offset + length));
  }

  /** Below, at or above 0 as the name of dirent `at` sorts before, is, or sorts after `name`. */
  #compareName(at: number, name: string): number {
    const { strings, direntNameOffset, direntNameLength } = this.#index;
    const offset = direntNameOffset[at]!;
    const length = direntNameLength[at]!;
    const shared = Math.min(length, name.length);
    for (let position = 0; position < shared; position++) {
      const difference = strings[offset + position]! - name.charCodeAt(position);
      if (difference !== 0) return difference;
    }
    return length - name.length;
  }
}

/** Compares the SHA-256 sums of an image with its bytes. Throws ImageError where they differ. */
export function verifyImage(source: BlobSource, newHasher: NewHasher = newSha256): void {
  const header = decodeHeader(readFully(source, 0, Math.min(RFI_PAGE, source.size)), source.size);
  const parts = [
    ['contents', RFI_PAGE, header.indexOffset, header.contentSha256],
    ['index', header.indexOffset, header.fileBytes, header.indexSha256],
  ] as const;
  for (const [what, start, end, expected] of parts) {
    const hasher = newHasher();
    const buffer = new Uint8Array(1 << 20);
    for (let offset = start; offset < end;) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, end - offset));
      if (source.read(offset, chunk) !== chunk.length) throw new ImageError('truncated', 'The image ends early.');
      hasher.update(chunk);
      offset += chunk.length;
    }
    if (toHex(hasher.digest()) !== toHex(expected)) {
      throw new ImageError('bad-checksum', `The ${what} of the image are not what was written: SHA-256 differs.`);
    }
  }
}
