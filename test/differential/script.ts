/**
 * A group as a directory of shell scripts, and the answers read back from what they print.
 *
 * Interface: writeScripts, parseAnswers, Answer, SCRIPTS, ENVIRONMENT.
 * Both sides see the directory as SCRIPTS and run its file `all`. /tmp is a tmpfs in both, so that sizes of directories and the
 * order of their entries are those of one file system.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Group } from './groups.ts';

export const SCRIPTS = '/mnt/lines';

export const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  USER: 'root',
  LOGNAME: 'root',
};

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** Control characters that no line prints stand before each part. */
const MARK = '\x01\x02\x03';

export function writeScripts(group: Group, directory: string): void {
  group.lines.forEach((line, index) => writeFileSync(join(directory, `${index}`), `${group.setup}\n${line}\n`));
  writeFileSync(join(directory, 'files'), `${group.files}\n`);
  writeFileSync(join(directory, 'all'), runner(group));
}

/** Each line is a process group of its own, through timeout(1), lest `kill 0` end the run. */
function runner({ shell, lines }: Group): string {
  return `
umask 022
mount -t tmpfs tmpfs /tmp && cd /tmp && mkdir out files && cd files && . ${SCRIPTS}/files || exit
printf '${MARK}' >/tmp/mark
line=0
set --
while [ $line -lt ${lines.length} ]; do
  cp -a /tmp/files /tmp/$line && cd /tmp/$line || exit
  timeout -s KILL 60 ${shell} ${SCRIPTS}/$line </dev/null >/tmp/out/$line.1 2>/tmp/out/$line.2
  printf '${MARK}%d${MARK}' $? >/tmp/out/$line.3
  set -- "$@" $line.1 ../mark $line.2 $line.3
  line=$((line + 1))
done
cd /tmp/out && cat "$@"
`;
}

/** Answers in the order of the lines; fewer where the run broke off. */
export function parseAnswers(output: string): Answer[] {
  const parts = output.split(MARK);
  return Array.from({ length: Math.floor(parts.length / 3) }, (_, index) => {
    const [stdout = '', stderr = '', status = ''] = parts.slice(index * 3, index * 3 + 3);
    return { stdout, stderr: withoutPids(stderr), status: Number(status) };
  });
}

/** A shell's word on a job that a signal ended has the process's number in it. */
function withoutPids(text: string): string {
  return text.replace(/(: line \d+:) +\d+ (?=[A-Z])/g, '$1 PID ');
}
