/** Forms in which /proc writes numbers. Interface: hex, hex64, ticks, kilobytes, kbLine, escapeName, USER_HZ. See proc(5). */
import type { ByteString } from '../../../util/byte-string.ts';

/** Clock ticks in a second, as programs get them from sysconf(_SC_CLK_TCK). */
export const USER_HZ = 100;

const NS_PER_TICK = 1e9 / USER_HZ;

export function hex(value: number, width = 8): ByteString {
  return value.toString(16).padStart(width, '0');
}

export function hex64(value: bigint): ByteString {
  return value.toString(16).padStart(16, '0');
}

export function ticks(ns: number): number {
  return Math.floor(ns / NS_PER_TICK);
}

/** A line of status: 'VmRSS:\t    1600 kB\n'. */
export function kbLine(name: ByteString, pages: number): ByteString {
  return `${name}:\t${kilobytes(pages, 8)} kB\n`;
}

/** Pages in units of 1024 bytes. */
export function kilobytes(pages: number, width: number): ByteString {
  return String(pages * 4).padStart(width);
}

/** Octal escapes for the bytes in `special` (mangle_path). */
export function escapeName(name: ByteString, special = ' \t\n\\#'): ByteString {
  let out = '';
  for (const char of name) {
    out += special.includes(char) ? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}` : char;
  }
  return out;
}
