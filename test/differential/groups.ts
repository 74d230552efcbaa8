/**
 * The command lines to compare: lines/NAME.txt, one group each.
 *
 * A file has a head of `key: value` lines up to the first empty one, then one command line per line; '#' starts a comment.
 *   shell: what reads the line (default sh)
 *   files: makes the files that each line finds in its directory; run once (may be given repeatedly, as the next)
 *   setup: what the shell of the line does first, each time
 * Each line runs in a shell of its own, in a directory of its own, with the environment and the umask of script.ts.
 *
 * Interface: readGroups, Group, Line.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface Group {
  readonly name: string;
  /** A command with its arguments. */
  readonly shell: string;
  readonly files: string;
  readonly setup: string;
  readonly lines: readonly string[];
}

const directory = join(import.meta.dirname, 'lines');

export function readGroups(): Group[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => parseGroup(basename(file, '.txt'), readFileSync(join(directory, file), 'utf8')));
}

function parseGroup(name: string, text: string): Group {
  const all = text.split('\n');
  const end = all.indexOf('');
  const head = all.slice(0, end).filter((line) => !line.startsWith('#'));
  const values = (key: string) =>
    head.filter((line) => line.startsWith(`${key}: `)).map((line) => line.slice(key.length + 2));
  const unknown = head.find((line) => !/^(shell|files|setup): /.test(line));
  if (unknown !== undefined) throw new Error(`lines/${name}.txt: what is '${unknown}'?`);
  const lines = all.slice(end + 1).filter((line) => line !== '' && !line.startsWith('# '));
  const twice = lines.find((line, index) => lines.indexOf(line) !== index);
  if (twice !== undefined) throw new Error(`lines/${name}.txt: twice: ${twice}`);
  const [files, setup] = [values('files').join('\n'), values('setup').join('\n')];
  return { name, shell: values('shell')[0] ?? 'sh', files, setup, lines };
}
