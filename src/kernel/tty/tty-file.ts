/**
 * The program's side of a terminal as an open file: pty slaves and the console. See termios(3), pty(7).
 *
 * Interface: ttyOps, openTty, openControllingTty, ttyOf.
 */
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import { TERMIOS_LFLAG } from '../../abi/flags/termios.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import { isWait, waitOn, type Outcome } from '../result.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { capable } from '../task/cred.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { advanceIo, copyFromIo } from '../vfs/io.ts';
import type { FileKind, FileOps, Io, OpenFile } from '../vfs/types.ts';
import { checkJobControl, controllingTty, takeControllingTty } from './job-control.ts';
import { flushOutput, outputRoom, processEchoes, writeProcessed } from './line-output.ts';
import { hasInput, readLine } from './line-read.ts';
import { releaseTty } from './release.ts';
import { ttyIoctl } from './tty-ioctl.ts';
import type { Tty, TtyFile } from './types.ts';
import { progressOf } from '../task/syscall-state.ts';

const { O_NONBLOCK, O_NOCTTY, O_WRONLY } = OPEN.values;
const O_ACCMODE = OPEN.mask;
const { POLLIN, POLLRDNORM, POLLOUT, POLLWRNORM, POLLERR, POLLHUP } = POLL.values;
const { TOSTOP } = TERMIOS_LFLAG.values;
const { SIGTTIN, SIGTTOU } = SIGNALS;
const CAP_SYS_ADMIN = 21;
/** Linux copies a write in pieces of this size; between them a signal may end it. */
const CHUNK_BYTES = 2048;

/** Marks in its progress a read that has waited. */
const WAITED = 'waited';

type Opened = Outcome<{ readonly kind: FileKind; readonly data: TtyFile }>;

/** What opening the terminal gives. `mayControl`: it can become the controlling terminal (not through /dev/console). */
export function openTty(kernel: Kernel, task: Task, tty: Tty, flags: number, mayControl: boolean): Opened {
  if (tty.kind === 'pty' && (!tty.masterOpen || tty.locked)) return 'EIO';
  if (tty.exclusive && !capable(task.cred, CAP_SYS_ADMIN)) return 'EBUSY';
  tty.slaveOpens++;
  tty.everOpened = true;
  if (mayControl && (flags & O_NOCTTY) === 0 && (flags & O_ACCMODE) !== O_WRONLY) takeControllingTty(kernel, task, tty);
  return { kind: 'tty', data: { tty: tty.id, generation: tty.generation } };
}

/** /dev/tty. */
export function openControllingTty(kernel: Kernel, task: Task, flags: number): Opened {
  const tty = controllingTty(kernel, groupOf(kernel, task));
  return tty === undefined ? 'ENXIO' : openTty(kernel, task, tty, flags | O_NOCTTY, false);
}

/** The terminal behind a file of kind tty or ptmx. It lives as long as the file. */
export function ttyOf(kernel: Kernel, file: OpenFile): Tty {
  return kernel.ttys.get((file.data as TtyFile).tty)!;
}

function isHungUp(tty: Tty, file: OpenFile): boolean {
  return (file.data as TtyFile).generation !== tty.generation;
}

function read(kernel: Kernel, task: Task, file: OpenFile, io: Io): Outcome<number> {
  const tty = ttyOf(kernel, file);
  const progress = progressOf(task);
  // Linux: a read that waits when the master goes gives EIO, and later ones end of file.
  if (isHungUp(tty, file)) return progress?.extra === WAITED && !tty.masterOpen ? 'EIO' : 0;
  const refused = checkJobControl(kernel, task, tty, SIGTTIN);
  if (refused !== 0) return refused;
  const result = readLine(kernel, task, tty, io, (file.flags & O_NONBLOCK) !== 0);
  if (progress !== undefined && isWait(result)) progress.extra = WAITED;
  return result;
}

function write(kernel: Kernel, task: Task, file: OpenFile, io: Io): Outcome<number> {
  const tty = ttyOf(kernel, file);
  const progress = io.mm === 0 ? undefined : progressOf(task);
  let done = progress?.done ?? 0;
  if (done > 0) advanceIo(io, done);
  if (isHungUp(tty, file) || !tty.masterOpen) return done > 0 ? done : 'EIO';
  if (done === 0 && (tty.termios.lflag & TOSTOP) !== 0) {
    const refused = checkJobControl(kernel, task, tty, SIGTTOU);
    if (refused !== 0) return refused;
  }
  // Linux: a signal ends the write even where there is room again, so that the echo of ^C comes last.
  if (task.signalPending && io.remaining > 0) return done > 0 ? done : 'ERESTARTSYS';
  processEchoes(kernel, tty);
  const chunk = new Uint8Array(Math.min(io.remaining, CHUNK_BYTES));
  let full = false;
  while (io.remaining > 0 && !full) {
    const wanted = Math.min(chunk.length, io.remaining, Math.max(1, outputRoom(tty)));
    const { segment, offset, remaining } = io;
    const copied = copyFromIo(kernel, io, chunk, 0, wanted);
    if (copied === 'EFAULT') {
      flushOutput(kernel, tty);
      return done > 0 ? done : copied;
    }
    const taken = writeProcessed(tty, chunk, 0, copied);
    done += taken;
    full = taken < copied;
    if (full) {
      Object.assign(io, { segment, offset, remaining });
      advanceIo(io, taken);
    }
  }
  flushOutput(kernel, tty);
  if (!full) return done;
  if ((file.flags & O_NONBLOCK) !== 0) return done > 0 ? done : 'EAGAIN';
  if (done > 0 && (progress === undefined || task.signalPending)) return done;
  if (progress !== undefined) progress.done = done;
  return waitOn([tty.writable]);
}

function poll(kernel: Kernel, file: OpenFile): number {
  const tty = ttyOf(kernel, file);
  if (isHungUp(tty, file)) return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
  let mask = hasInput(tty) ? POLLIN | POLLRDNORM : 0;
  if (!tty.masterOpen) mask |= POLLHUP;
  if (outputRoom(tty) > 0) mask |= POLLOUT | POLLWRNORM;
  return mask;
}

export const ttyOps: FileOps = {
  seekable: false,
  read,
  write,
  poll,
  pollQueues(kernel, file) {
    const tty = ttyOf(kernel, file);
    return [tty.readable, tty.writable];
  },
  ioctl(kernel, task, file, request, argument) {
    const tty = ttyOf(kernel, file);
    return ttyIoctl(kernel, task, tty, file, request, argument, isHungUp(tty, file));
  },
  release(kernel, file) {
    const tty = ttyOf(kernel, file);
    tty.slaveOpens--;
    if (tty.slaveOpens === 0) {
      tty.exclusive = false;
      // The master sees EIO from now on.
      wakeAll(kernel, tty.masterReadable);
      wakeAll(kernel, tty.masterWritable);
    }
    releaseTty(kernel, tty);
  },
};
