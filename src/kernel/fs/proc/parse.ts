/** Numbers as programs write them to /proc. Interface: parseInteger. */
import type { ByteString } from '../../../util/byte-string.ts';

/** A decimal, octal (0…) or hexadecimal (0x…) number with white space around, as kstrtoint takes it. */
export function parseInteger(text: ByteString): number | undefined {
  const match = /^\s*([-+]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\s*\0?$/i.exec(text);
  if (match === null) return undefined;
  const digits = match[2]!.toLowerCase();
  const base = digits.startsWith('0x') ? 16 : digits.startsWith('0') ? 8 : 10;
  const value = parseInt(base === 16 ? digits.slice(2) : digits, base);
  return match[1] === '-' ? -value : value;
}
