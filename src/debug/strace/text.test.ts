import { describe, expect, it } from 'vitest';
import { dateText, enumName, flagNames, modeText, octal, quote, quoteHex, sigset } from './text.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new Uint8Array([...value].map((char) => char.charCodeAt(0)));

describe('strings', () => {
  it('escapes as C does', () => {
    expect(quote(text('a"\\\n\t\r\v\f'))).toBe(String.raw`"a\"\\\n\t\r\v\f"`);
    expect(quote(bytes(0, 1, 127, 255))).toBe(String.raw`"\0\1\177\377"`);
  });

  it('gives three octal digits only before another digit', () => {
    expect(quote(bytes(1, 0x39))).toBe(String.raw`"\19"`);
    expect(quote(bytes(1, 0x37))).toBe(String.raw`"\0017"`);
  });

  it('shows random bytes in hexadecimal', () => {
    expect(quoteHex(bytes(0, 0x41))).toBe(String.raw`"\x00\x41"`);
  });
});

describe('flags', () => {
  it('names bits in strace’s order and shows the rest in hexadecimal', () => {
    expect(flagNames('open', 0o2301101n | 0x4000_0000n, 'riscv64')).toBe(
      'O_WRONLY|O_CREAT|O_TRUNC|O_LARGEFILE|O_CLOEXEC|O_DIRECTORY|0x40000000',
    );
    expect(flagNames('open', 0n, 'riscv64')).toBe('O_RDONLY');
    expect(flagNames('open', 0o4010000n, 'riscv64')).toBe('O_RDONLY|O_SYNC');
  });

  it('names the modes of a terminal in strace’s order', () => {
    expect(flagNames('termios-lflag', 0o105073n, 'riscv64')).toBe('ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE');
  });

  it('comments on values without a name', () => {
    expect(enumName('seek', 9n, 'riscv64')).toBe('0x9 /* SEEK_??? */');
    expect(flagNames('at', 1n, 'riscv64')).toBe('0x1 /* AT_??? */');
    expect(flagNames('at', 0n, 'riscv64')).toBe('0');
  });
});

describe('numbers', () => {
  it('writes permissions with at least three digits', () => {
    expect([0, 7, 0o22, 0o644, 0o1777].map(octal)).toEqual(['000', '007', '022', '0644', '01777']);
  });

  it('writes modes with the type', () => {
    expect(modeText(0o104755)).toBe('S_IFREG|S_ISUID|0755');
    expect(modeText(0o041777)).toBe('S_IFDIR|S_ISVTX|0777');
  });

  it('inverts masks that hold most signals', () => {
    expect(sigset(0n)).toBe('[]');
    expect(sigset((1n << 64n) - 1n)).toBe('~[]');
    expect(sigset((1n << 9n) | (1n << 1n))).toBe('[INT USR1]');
    expect(sigset(((1n << 64n) - 1n) ^ (1n << 32n))).toBe('~[RT_1]');
  });

  it('knows the calendar', () => {
    expect(dateText(0)).toBe('1970-01-01T00:00:00');
    expect(dateText(951782400)).toBe('2000-02-29T00:00:00');
    expect(dateText(1735689599)).toBe('2024-12-31T23:59:59');
    expect(dateText(-1)).toBe('1969-12-31T23:59:59');
  });
});
