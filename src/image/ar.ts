/**
 * Reads ar archives, as far as deb packages use them. See deb(5) and ar(5).
 *
 * Interface: readAr, ArMember.
 * Invariant: a `body` must be read or left before the next member is asked for.
 */
import { ByteReader } from './byte-reader.ts';
import { fromBytes } from './byte-string.ts';
import { ImageError } from './image-error.ts';

export interface ArMember {
  readonly name: string;
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

const MAGIC = '!<arch>\n';
const HEADER = 60;

export async function* readAr(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ArMember> {
  const reader = new ByteReader(chunks);
  if (fromBytes(await reader.peek(MAGIC.length)) !== MAGIC) {
    throw new ImageError('bad-format', 'This is not an ar archive.');
  }
  await reader.skip(MAGIC.length);
  for (;;) {
    const bytes = await reader.readOrEnd(HEADER);
    if (bytes === null) return;
    const header = fromBytes(bytes);
    const size = Number(header.slice(48, 58));
    if (!header.endsWith('`\n') || !Number.isSafeInteger(size) || size < 0) {
      throw new ImageError('bad-format', 'A header in an ar archive is malformed.');
    }
    let left = size;
    const body = (async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of reader.take(size)) {
        left -= part.length;
        yield part;
      }
    })();
    yield { name: header.slice(0, 16).trimEnd().replace(/\/$/, ''), size, body };
    await reader.skip(left);
    // Members begin at even offsets; the last one may lack the filler.
    if (size % 2 === 1) await reader.readOrEnd(1);
  }
}
