/**
 * Writes a FileTree as an RFI image.
 *
 * Interface: writeImage, BlobSink.
 * Invariant: the bytes depend on the tree alone (and the meta), not on the order in which it was put together.
 * The header goes last, so that a file that was not finished is never taken for an image.
 */
import type { BlobSource } from './blob.ts';
import { toBytes } from './byte-string.ts';
import type { FileTree, TreeNode } from './file-tree.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../abi/file-mode.ts';
import { ImageError } from './image-error.ts';
import type { ImageMeta, RfiHeader, RfiIndex } from './rfi.ts';
import {
  INDEX_CHECKSUM_STRIDE,
  RFI_PAGE,
  alignTo,
  checksumWords,
  encodeHeader,
  indexSize,
  layoutIndex,
} from './rfi.ts';
import type { Hasher, NewHasher } from './sha256.ts';
import { newSha256 } from './sha256.ts';

export interface BlobSink {
  write(offset: number, bytes: Uint8Array): void;
}

export interface WriteImageOptions {
  readonly meta?: ImageMeta;
  readonly newHasher?: NewHasher;
  /** Bytes of contents written so far and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export function writeImage(tree: FileTree, sink: BlobSink, options: WriteImageOptions = {}): void {
  const newHasher = options.newHasher ?? newSha256;
  const plan = numberInodes(tree.root);
  const strings = new StringTable();
  const meta = new TextEncoder().encode(JSON.stringify(options.meta ?? {}));
  const counts = {
    inodeCount: plan.nodes.length,
    direntCount: plan.direntCount,
    xattrCount: plan.nodes.reduce((sum, node) => sum + node.xattrs.size, 0),
    stringBytes: strings.plan(plan.nodes),
    metaBytes: meta.length,
  };
  const buffer = new ArrayBuffer(indexSize(counts));
  const index = layoutIndex(buffer, counts);
  index.meta.set(meta);
  fillIndex(index, plan, strings);

  const contentHash = newHasher();
  const indexOffset = writeContents(tree.staging, plan.nodes, index, sink, contentHash, options.onProgress);
  const indexBytes = new Uint8Array(buffer);
  sink.write(indexOffset, indexBytes);
  const indexHash = newHasher();
  indexHash.update(indexBytes);
  const header: RfiHeader = {
    ...counts,
    indexOffset,
    indexBytes: indexBytes.length,
    fileBytes: indexOffset + indexBytes.length,
    indexChecksum: checksumWords(new Uint32Array(buffer), INDEX_CHECKSUM_STRIDE),
    contentSha256: contentHash.digest(),
    indexSha256: indexHash.digest(),
  };
  sink.write(0, encodeHeader(header));
}

interface Plan {
  nodes: TreeNode[];
  numbers: Map<TreeNode, number>;
  parents: number[];
  nlinks: number[];
  direntCount: number;
}

/** Numbers inodes in the order in which a walk with sorted names meets them. */
function numberInodes(root: TreeNode): Plan {
  const plan: Plan = { nodes: [root], numbers: new Map([[root, 0]]), parents: [0], nlinks: [2], direntCount: 0 };
  // Linux: a directory's link count is 2 and one for each directory below it; see stat(2) of most file systems.
  const visit = (dir: TreeNode, dirIno: number): void => {
    for (const [, child] of sortedChildren(dir)) {
      plan.direntCount++;
      const known = plan.numbers.get(child);
      if (known !== undefined) {
        plan.nlinks[known]!++;
        continue;
      }
      const ino = plan.nodes.length;
      plan.nodes.push(child);
      plan.numbers.set(child, ino);
      const isDirectory = child.type === S_IFDIR;
      plan.parents.push(isDirectory ? dirIno : 0);
      plan.nlinks.push(isDirectory ? 2 : 1);
      if (!isDirectory) continue;
      plan.nlinks[dirIno]!++;
      visit(child, ino);
    }
  };
  visit(root, 0);
  return plan;
}

function sortedChildren(dir: TreeNode): [string, TreeNode][] {
  // Code units are bytes here, so the default comparison of strings is that of bytes.
  return [...dir.children].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function fillIndex(index: RfiIndex, plan: Plan, strings: StringTable): void {
  let direntNext = 0;
  let xattrNext = 0;
  plan.nodes.forEach((node, ino) => {
    index.mode[ino] = node.type | (node.mode & 0o7777);
    index.uid[ino] = node.uid;
    index.gid[ino] = node.gid;
    index.nlink[ino] = plan.nlinks[ino]!;
    index.mtimeSec[ino] = node.mtimeSec;
    index.mtimeNsec[ino] = node.mtimeNsec;
    index.rdevMajor[ino] = node.rdevMajor;
    index.rdevMinor[ino] = node.rdevMinor;
    index.parent[ino] = plan.parents[ino]!;
    index.size[ino] = node.type === S_IFREG ? node.size : 0;
    if (node.type === S_IFLNK) {
      index.size[ino] = node.target.length;
      index.first[ino] = strings.offset(node.target);
      index.count[ino] = node.target.length;
    }
    if (node.type === S_IFDIR) {
      index.first[ino] = direntNext;
      index.count[ino] = node.children.size;
      for (const [name, child] of sortedChildren(node)) {
        index.direntNameOffset[direntNext] = strings.offset(name);
        index.direntNameLength[direntNext] = name.length;
        index.direntIno[direntNext] = plan.numbers.get(child)!;
        direntNext++;
      }
    }
    index.xattrFirst[ino] = xattrNext;
    index.xattrCount[ino] = node.xattrs.size;
    for (const [name, value] of sortedXattrs(node)) {
      index.xattrNameOffset[xattrNext] = strings.offset(name);
      index.xattrNameLength[xattrNext] = name.length;
      index.xattrValueOffset[xattrNext] = strings.offset(byteKey(value));
      index.xattrValueLength[xattrNext] = value.length;
      xattrNext++;
    }
  });
  strings.copyTo(index.strings);
}

function sortedXattrs(node: TreeNode): [string, Uint8Array][] {
  return [...node.xattrs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function byteKey(value: Uint8Array): string {
  return Array.from(value, (byte) => String.fromCharCode(byte)).join('');
}

/** The strings of an index, each once. */
class StringTable {
  readonly #offsets = new Map<string, number>();
  #size = 0;

  /** Takes all strings of `nodes` in order; returns their bytes in all. */
  plan(nodes: readonly TreeNode[]): number {
    for (const node of nodes) {
      if (node.type === S_IFLNK) this.#add(node.target);
      for (const [name] of sortedChildren(node)) this.#add(name);
      for (const [name, value] of sortedXattrs(node)) {
        this.#add(name);
        this.#add(byteKey(value));
      }
    }
    return this.#size;
  }

  offset(text: string): number {
    return this.#offsets.get(text)!;
  }

  copyTo(bytes: Uint8Array): void {
    for (const [text, offset] of this.#offsets) bytes.set(toBytes(text), offset);
  }

  #add(text: string): void {
    if (this.#offsets.has(text)) return;
    this.#offsets.set(text, this.#size);
    this.#size += text.length;
  }
}

/** Writes every file on a page of its own, notes where, and returns where the contents end. */
function writeContents(
  staging: BlobSource,
  nodes: readonly TreeNode[],
  index: RfiIndex,
  sink: BlobSink,
  hasher: Hasher,
  onProgress: (done: number, total: number) => void = () => {},
): number {
  const total = index.size.reduce((sum, size, ino) => (nodes[ino]!.type === S_IFREG ? sum + size : sum), 0);
  const buffer = new Uint8Array(1 << 20);
  let done = 0;
  let position = RFI_PAGE;
  nodes.forEach((node, ino) => {
    if (node.type !== S_IFREG || node.size === 0) return;
    index.contentOffset[ino] = position;
    for (let copied = 0; copied < node.size;) {
      const length = Math.min(buffer.length, node.size - copied);
      if (staging.read(node.offset + copied, buffer.subarray(0, length)) !== length) {
        throw new ImageError('truncated', 'Staged contents are gone.');
      }
      const padded = alignTo(length, RFI_PAGE);
      buffer.fill(0, length, padded);
      sink.write(position, buffer.subarray(0, padded));
      hasher.update(buffer.subarray(0, padded));
      position += padded;
      copied += length;
      done += length;
    }
    onProgress(done, total);
  });
  return position;
}
