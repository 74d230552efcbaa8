/** /proc/kmsg: the kernel's log, each line to one reader. Interface: kmsg. See proc_kmsg(5), syslog(2). */
import { OPEN } from '../../../../abi/flags/open.ts';
import { bytesOf, fromUtf8 } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { type Outcome, waitOn } from '../../../result.ts';
import type { Task } from '../../../task/types.ts';
import { nowNs } from '../../../time/timers.ts';
import { copyToIo } from '../../../vfs/io.ts';
import type { Io, OpenFile } from '../../../vfs/types.ts';
import type { RawFile } from '../node.ts';

const { O_NONBLOCK } = OPEN.values;
const POLL_NS = 100_000_000;

/** How far an open file has read: to this time, and so many lines of that time. */
interface Cursor {
  afterNs: number;
  sameTime: number;
}

export const kmsg: RawFile<null> = {
  open: (): Cursor => ({ afterNs: -1, sameTime: 0 }),
  read,
};

function read(
  kernel: Kernel,
  _subject: null,
  _reader: Task,
  state: unknown,
  io: Io,
  _pos: number,
  file: OpenFile,
): Outcome<number> {
  const cursor = state as Cursor;
  let copied = 0;
  for (const { timeNs, level, text } of linesAfter(kernel, cursor)) {
    const line = bytesOf(`<${level}>[${(timeNs / 1e9).toFixed(6).padStart(12)}] ${fromUtf8(text)}\n`);
    if (line.length > io.remaining) {
      if (copied === 0) return 'EINVAL';
      break;
    }
    const moved = copyToIo(kernel, io, line, 0, line.length);
    if (typeof moved === 'string') return copied === 0 ? moved : copied;
    copied += moved;
    cursor.sameTime = timeNs === cursor.afterNs ? cursor.sameTime + 1 : 1;
    cursor.afterNs = timeNs;
  }
  if (copied > 0) return copied;
  if ((file.flags & O_NONBLOCK) !== 0) return 'EAGAIN';
  // The log wakes nobody: look again now and then.
  return waitOn([], 'ERESTARTSYS', nowNs(kernel) + POLL_NS);
}

function linesAfter(kernel: Kernel, { afterNs, sameTime }: Cursor): Kernel['log'] {
  let seen = 0;
  const first = kernel.log.findIndex(({ timeNs }) => timeNs > afterNs || (timeNs === afterNs && ++seen > sameTime));
  return first < 0 ? [] : kernel.log.slice(first);
}
