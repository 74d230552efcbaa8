/**
 * Byte strings: Linux names as JS strings with one char code 0 … 255 for each byte.
 *
 * Interface: fromBytes, toBytes, fromText, toText, concatBytes.
 * They compare, sort and serve as keys by byte, whatever encoding the names have; text is made only to show them.
 */
export function fromBytes(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 4096) {
    text += String.fromCharCode(...bytes.subarray(start, start + 4096));
  }
  return text;
}

export function toBytes(byteString: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteString.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = byteString.charCodeAt(index);
  return bytes;
}

/** The byte string of a text in UTF-8. */
export function fromText(text: string): string {
  return fromBytes(new TextEncoder().encode(text));
}

/** Reads a byte string as UTF-8, with U+FFFD for what is not. */
export function toText(byteString: string): string {
  return new TextDecoder().decode(toBytes(byteString));
}

export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const all = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
