/**
 * Blobs: the two narrow ports through which images touch storage, and both of them in memory.
 *
 * Interface: BlobSource (random reads), Staging (append, then random reads), MemorySource, MemoryStaging, readFully.
 * files-node.ts implements both on files. All calls are synchronous, since a kernel's page fault is.
 */
import { ImageError } from './image-error.ts';

export interface BlobSource {
  /** Bytes in all. */
  readonly size: number;
  /** Copies bytes from `offset` into `into`; returns how many, fewer than asked only at the end. */
  read(offset: number, into: Uint8Array): number;
}

/** Where contents wait while a tree is put together, before it is known which of them the image keeps. */
export interface Staging extends BlobSource {
  /** Appends a copy of `chunk` and returns its offset. */
  append(chunk: Uint8Array): number;
  /** Frees what is held. The staging is of no use after it. */
  dispose(): void;
}

export function readFully(source: BlobSource, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const got = source.read(offset, bytes);
  if (got !== length)
    throw new ImageError('truncated', `Wanted ${length} bytes at ${offset}, but only ${got} are there.`);
  return bytes;
}

export class MemorySource implements BlobSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, into: Uint8Array): number {
    const part = this.#bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }
}

export class MemoryStaging implements Staging {
  #bytes = new Uint8Array(1 << 16);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(chunk: Uint8Array): number {
    const offset = this.#size;
    const needed = offset + chunk.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, offset));
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, offset);
    this.#size = needed;
    return offset;
  }

  read(offset: number, into: Uint8Array): number {
    const part = this.#bytes.subarray(offset, Math.min(this.#size, offset + into.length));
    into.set(part);
    return part.length;
  }

  dispose(): void {
    this.#bytes = new Uint8Array(0);
    this.#size = 0;
  }
}
