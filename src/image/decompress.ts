/**
 * Decompression by magic number: gzip (RFC 1952), xz (the .xz file format), zstd (RFC 8878), or nothing.
 *
 * Interface: decompress, compressionOf.
 * Works wherever there is WebAssembly and DecompressionStream: Node and browsers.
 */
import { Decompress as ZstdDecompress } from 'fzstd';
import type * as xz from 'xz-decompress';
import { ByteReader } from './byte-reader.ts';
import { ImageError } from './image-error.ts';

export type Compression = 'gzip' | 'xz' | 'zstd' | 'bzip2' | 'none';

const MAGIC: readonly (readonly [Exclude<Compression, 'none'>, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

export function compressionOf(start: Uint8Array): Compression {
  const found = MAGIC.find(
    ([, magic]) => start.length >= magic.length && magic.every((byte, at) => start[at] === byte),
  );
  return found?.[0] ?? 'none';
}

/** The bytes of `chunks` as they were before compression, of whatever known kind it is. */
export async function* decompress(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(chunks);
  const compression = compressionOf(await reader.peek(6));
  const rest = reader.rest();
  try {
    switch (compression) {
      case 'none':
        return yield* rest;
      case 'gzip':
        return yield* fromStream(toStream(rest).pipeThrough(new DecompressionStream('gzip')));
      case 'xz':
        return yield* fromStream(await unxz(toStream(rest)));
      case 'zstd':
        return yield* unzstd(rest);
      case 'bzip2':
        throw new ImageError('unsupported', 'bzip2 archives are not read.', 'bunzip2 it first.');
    }
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError('bad-format', `The ${compression} data is damaged or cut short: ${reason}`, null, error);
  }
}

type XzModule = typeof xz;

async function unxz(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<ReadableStream<Uint8Array>> {
  const loaded = (await import('xz-decompress')) as XzModule & { default?: XzModule };
  // The package is CommonJS: what stands beside `default` depends on who loads it, Node or a bundler.
  const { XzReadableStream } = loaded.default ?? loaded;
  return new XzReadableStream(stream);
}

async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const decoder = new ZstdDecompress((chunk) => ready.push(chunk));
  for await (const chunk of chunks) {
    decoder.push(chunk.slice());
    yield* ready.splice(0);
  }
  decoder.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}

function toStream(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      // Decoders may hold on to a chunk beyond this call.
      else controller.enqueue(next.value.slice());
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

async function* fromStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const next = await reader.read();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
