/**
 * Scripts that begin with `#!`. See execve(2), "Interpreter scripts"; Linux fs/binfmt_script.c.
 *
 * Interface: scriptFormat, parseShebang.
 */
import { AT_FD } from '../../../abi/flags/at.ts';
import { byteStringOf, type ByteString } from '../../../util/byte-string.ts';
import { failed } from '../../result.ts';
import { replaceFirst } from '../exec-args.ts';
import { closeProgram, headOf, openProgram } from '../exec-file.ts';
import type { BinaryFormat } from './format.ts';

/** BINPRM_BUF_SIZE: the first line must end within. */
const LINE_BYTES = 256;

export const scriptFormat: BinaryFormat = {
  name: 'script',
  load(kernel, task, program) {
    const head = headOf(kernel, program.file.inode);
    if (failed(head)) return head;
    const { u8 } = kernel.machine.ram;
    if (head.length < 2 || u8[head.at] !== 0x23 || u8[head.at + 1] !== 0x21) return 'ENOEXEC';
    const line = byteStringOf(u8, head.at, head.at + Math.min(head.length, LINE_BYTES));
    const parsed = parseShebang(line);
    if (parsed === null) return 'ENOEXEC';
    if (program.isInaccessible) return 'ENOENT';
    const { interpreter, argument } = parsed;
    const first = argument === null ? [interpreter] : [interpreter, argument];
    program.argv = replaceFirst(program.argv, [...first, program.interpreted]);
    program.interpreted = interpreter;
    // Linux: a line of blanks and NULs names the working directory.
    if (interpreter === '') return 'EACCES';
    const file = openProgram(kernel, task, AT_FD.values.AT_FDCWD, interpreter, true, false);
    if (failed(file)) return file;
    closeProgram(kernel, program.file);
    program.file = file;
    return { done: 'again' };
  },
};

/**
 * The interpreter and its one argument. `head`: the first bytes of the file, at most 256 of which count. Null where Linux says ENOEXEC:
 * no name, or a line so long that the name's end cannot be told. An argument that is too long is cut off.
 */
export function parseShebang(head: ByteString): { interpreter: ByteString; argument: ByteString | null } | null {
  const line = head.slice(0, LINE_BYTES).padEnd(LINE_BYTES, '\0');
  const last = LINE_BYTES - 1;
  let end = line.indexOf('\n');
  if (end < 0) {
    const name = skip(line, isBlank, 2, last);
    if (name < 0 || skip(line, isNoTerminator, name, last) < 0) return null;
    end = last;
  }
  while (isBlank(line[end - 1]!)) end--;
  const name = skip(line, isBlank, 2, end);
  if (name < 0 || name === end) return null;
  const separator = skip(line, isNoTerminator, name, end);
  const argument = separator < 0 || line[separator] === '\0' ? -1 : skip(line, isBlank, separator, end);
  return {
    interpreter: untilNul(line.slice(name, separator < 0 ? end : separator)),
    argument: argument < 0 ? null : untilNul(line.slice(argument, end)),
  };
}

/** The first place in [from, to] whose character is not one to skip; -1: none. */
function skip(line: ByteString, isSkipped: (char: string) => boolean, from: number, to: number): number {
  for (let at = from; at <= to; at++) if (!isSkipped(line[at]!)) return at;
  return -1;
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t';
}

function isNoTerminator(char: string): boolean {
  return !isBlank(char) && char !== '\0';
}

function untilNul(text: ByteString): ByteString {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
