/**
 * ByteReader: takes exact numbers of bytes from a stream of chunks, as archive formats need.
 *
 * Interface: ByteReader, chunksOf.
 */
import { concatBytes } from './byte-string.ts';
import { ImageError } from './image-error.ts';

export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #current: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Between 1 and `maximum` bytes, as they come; null at the end. The bytes are good until the next call. */
  async readSome(maximum: number): Promise<Uint8Array | null> {
    while (this.#current.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return null;
      this.#current = next.value;
    }
    const part = this.#current.subarray(0, maximum);
    this.#current = this.#current.subarray(part.length);
    return part;
  }

  /** Exactly `length` bytes, or null at the end before the first of them. Throws where the stream ends in between. */
  async readOrEnd(length: number): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.readSome(missing);
      if (part === null) {
        if (missing === length) return null;
        throw new ImageError('truncated', 'The archive ends in the middle of an entry.');
      }
      if (part.length === length) return part;
      parts.push(part.slice());
      missing -= part.length;
    }
    return concatBytes(parts);
  }

  async read(length: number): Promise<Uint8Array> {
    const bytes = await this.readOrEnd(length);
    if (bytes === null) throw new ImageError('truncated', 'The archive ends early.');
    return bytes;
  }

  /** The next `length` bytes as a stream. */
  async *take(length: number): AsyncGenerator<Uint8Array> {
    let missing = length;
    while (missing > 0) {
      const part = await this.readSome(Math.min(missing, 1 << 20));
      if (part === null) throw new ImageError('truncated', 'The archive ends in the middle of a file.');
      missing -= part.length;
      yield part;
    }
  }

  async skip(length: number): Promise<void> {
    let missing = length;
    while (missing > 0) {
      const part = await this.readSome(missing);
      if (part === null) throw new ImageError('truncated', 'The archive ends early.');
      missing -= part.length;
    }
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const part = await this.readSome(1 << 20);
      if (part === null) return;
      yield part;
    }
  }

  /** Looks at the first bytes of the stream, fewer where it is shorter, and leaves them in place. */
  async peek(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let got = 0;
    while (got < length) {
      const part = await this.readSome(1 << 20);
      if (part === null) break;
      parts.push(part.slice());
      got += part.length;
    }
    this.#current = concatBytes([...parts, this.#current]);
    return this.#current.subarray(0, length);
  }
}

/** Bytes in memory as a stream. */

export async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
