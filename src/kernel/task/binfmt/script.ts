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
    const file = openProgram(kernel, task, AT_FD.values.AT_FDCWD, interpreter, true, false);
    if (failed(file)) return file;
    closeProgram(kernel, program.file);
    program.file = file;
    return { done: 'again' };
  },
};

/**
 * The interpreter and its one argument. `head`: the first bytes of the file, at most 256. Null where Linux says ENOEXEC: no
 * name, or a line too long to tell where the name ends. A longer argument is cut off.
 */
export function parseShebang(head: ByteString): { interpreter: ByteString; argument: ByteString | null } | null {
  const newline = head.indexOf('\n');
  // Linux pads the buffer with NULs, and its last byte never counts.
  let line = newline >= 0 ? head.slice(2, newline) : head.slice(2, LINE_BYTES - 1);
  if (newline < 0 && head.length >= LINE_BYTES) {
    const text = line.replace(/^[ \t]+/, '');
    if (text === '' || !/[ \t\0]/.test(text)) return null;
  }
  const end = line.indexOf('\0');
  if (end >= 0) line = line.slice(0, end);
  line = line.replace(/^[ \t]+|[ \t]+$/g, '');
  const match = /^([^ \t]+)[ \t]*(.*)$/s.exec(line);
  if (match === null) return null;
  return { interpreter: match[1]!, argument: match[2] === '' ? null : match[2]! };
}
