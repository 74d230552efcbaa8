/**
 * Byte strings: JS strings whose char codes are bytes (0..255), one char per byte. File names and paths are bytes in Linux;
 * as strings they can be Map keys and be compared with ===.
 *
 * Interface: ByteString, fromUtf8, toUtf8, bytesOf, byteStringOf.
 */

export type ByteString = string;

/** The bytes that each char code stands for. */
export function bytesOf(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The byte string over `bytes[start..end)`. */
export function byteStringOf(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
  let text = '';
  for (let i = start; i < end; i += 4096) {
    const codes: number[] = [];
    const stop = Math.min(i + 4096, end);
    for (let j = i; j < stop; j++) codes.push(bytes[j]!);
    text += String.fromCharCode(...codes);
  }
  return text;
}

/** Encodes JS text as UTF-8 bytes. Lone surrogates become U+FFFD. */
export function fromUtf8(text: string): ByteString {
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code < 0x80) out += char;
    else if (code < 0x800) out += String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000)
      out += String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else
      out += String.fromCharCode(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 63),
        0x80 | ((code >> 6) & 63),
        0x80 | (code & 63),
      );
  }
  return out;
}

/** Decodes UTF-8 bytes for people to read; malformed bytes become U+FFFD. */
export function toUtf8(bytes: ByteString): string {
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const lead = bytes.charCodeAt(i);
    const extra = lead < 0x80 ? 0 : lead >= 0xf0 && lead < 0xf5 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : -1;
    let code = extra === 0 ? lead : lead & (0x3f >> extra);
    let used = 1;
    while (used <= extra && (bytes.charCodeAt(i + used) & 0xc0) === 0x80)
      code = (code << 6) | (bytes.charCodeAt(i + used++) & 63);
    const least = extra === 3 ? 0x10000 : extra === 2 ? 0x800 : 0;
    const good =
      extra >= 0 &&
      lead < 0xf5 &&
      used === extra + 1 &&
      code >= least &&
      code <= 0x10ffff &&
      (code & 0xfffff800) !== 0xd800;
    out += good ? String.fromCodePoint(code) : '\ufffd';
    i += good ? used : Math.max(1, used - 1);
  }
  return out;
}
