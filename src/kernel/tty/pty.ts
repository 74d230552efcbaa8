/**
 * Pseudoterminals from the master's side. See pty(7), ptmx(4).
 *
 * Interface: createPty, openPtmx, openPts, closeMaster, roomForOutput, ptmxOps.
 * The master's own line discipline is raw: it reads what was output and writes what is typed.
 */
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import { dropDevptsNode } from '../fs/devpts.ts';
import type { Kernel } from '../kernel.ts';
import { waitOn, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { advanceIo, copyFromIo, copyToIo } from '../vfs/io.ts';
import type { FileKind, FileOps, Io, OpenFile } from '../vfs/types.ts';
import { dropBytes } from './byte-queue.ts';
import { hangUp } from './job-control.ts';
import { acceptInput, inputRoom } from './line-input.ts';
import { processEchoes } from './line-output.ts';
import { masterIoctl } from './pty-ioctl.ts';
import { releaseTty } from './release.ts';
import { openTty, ttyOf } from './tty-file.ts';
import { createTty, PACKET, QUEUE_BYTES, ttyByIndex, wakeWriters } from './tty.ts';
import type { Tty, TtyFile } from './types.ts';
import { progressOf } from '../task/syscall-state.ts';

const { O_NONBLOCK } = OPEN.values;
const { POLLIN, POLLRDNORM, POLLOUT, POLLWRNORM, POLLPRI, POLLHUP } = POLL.values;
/** /proc/sys/kernel/pty/max. */
const MAX_PTYS = 4096;
const CHUNK_BYTES = 4096;

type Opened = Outcome<{ readonly kind: FileKind; readonly data: TtyFile }>;

/** A new pty with the lowest free number, its master taken. */
export function createPty(kernel: Kernel, uid: number): Tty {
  const used = new Set<number>();
  for (const tty of kernel.ttys.values()) if (tty.kind === 'pty') used.add(tty.index);
  let index = 0;
  while (used.has(index)) index++;
  const tty = createTty(kernel, 'pty', index, uid);
  tty.masterOpen = true;
  return tty;
}

/** Opens /dev/ptmx: a new pty, locked until unlockpt(3). ENOSPC: there are MAX_PTYS. */
export function openPtmx(kernel: Kernel, task: Task): Opened {
  let count = 0;
  for (const tty of kernel.ttys.values()) if (tty.kind === 'pty') count++;
  if (count >= MAX_PTYS) return 'ENOSPC';
  const tty = createPty(kernel, task.cred.fsuid);
  tty.locked = true;
  return { kind: 'ptmx', data: { tty: tty.id, generation: 0 } };
}

/** Opens a slave by its number. */
export function openPts(kernel: Kernel, task: Task, index: number, flags: number): Opened {
  const tty = ttyByIndex(kernel, 'pty', index);
  return tty === undefined ? 'EIO' : openTty(kernel, task, tty, flags, true);
}

/** The master goes: the slave is hung up. */
export function closeMaster(kernel: Kernel, tty: Tty): void {
  tty.masterOpen = false;
  dropDevptsNode(kernel, tty.index);
  hangUp(kernel, tty);
  releaseTty(kernel, tty);
}

function isSlaveClosed(tty: Tty): boolean {
  return tty.everOpened && tty.slaveOpens === 0;
}

function read(kernel: Kernel, _task: Task, file: OpenFile, io: Io): Outcome<number> {
  const tty = ttyOf(kernel, file);
  if (io.remaining === 0) return 0;
  if (tty.packetMode && tty.packetStatus !== 0) {
    const copied = copyToIo(kernel, io, Uint8Array.of(tty.packetStatus), 0, 1);
    if (copied === 1) tty.packetStatus = 0;
    return copied;
  }
  const { output } = tty;
  if (output.length === 0) {
    if (isSlaveClosed(tty)) return 'EIO';
    return (file.flags & O_NONBLOCK) !== 0 ? 'EAGAIN' : waitOn([tty.masterReadable]);
  }
  let done = 0;
  if (tty.packetMode) {
    const copied = copyToIo(kernel, io, Uint8Array.of(PACKET.TIOCPKT_DATA), 0, 1);
    if (copied === 'EFAULT') return copied;
    done = copied;
  }
  while (output.length > 0 && io.remaining > 0) {
    const run = Math.min(output.length, output.bytes.length - output.head);
    const copied = copyToIo(kernel, io, output.bytes, output.head, run);
    if (copied === 'EFAULT') return done > 0 ? done : copied;
    dropBytes(output, copied);
    done += copied;
    if (copied < run) break;
  }
  roomForOutput(kernel, tty);
  return done;
}

/** After output was taken: echoes that had no room, then writers. */
export function roomForOutput(kernel: Kernel, tty: Tty): void {
  if (tty.echo.length > 0) processEchoes(kernel, tty);
  if (tty.output.length < QUEUE_BYTES && !tty.stopped) wakeWriters(kernel, tty);
}

function write(kernel: Kernel, task: Task, file: OpenFile, io: Io): Outcome<number> {
  const tty = ttyOf(kernel, file);
  const progress = io.mm === 0 ? undefined : progressOf(task);
  let done = progress?.done ?? 0;
  if (done > 0) advanceIo(io, done);
  const chunk = new Uint8Array(Math.min(io.remaining, CHUNK_BYTES));
  while (io.remaining > 0) {
    const wanted = Math.min(chunk.length, io.remaining, inputRoom(tty));
    if (wanted === 0) break;
    const copied = copyFromIo(kernel, io, chunk, 0, wanted);
    if (copied === 'EFAULT') return done > 0 ? done : copied;
    done += acceptInput(kernel, tty, chunk, 0, copied);
  }
  if (io.remaining === 0) return done;
  if ((file.flags & O_NONBLOCK) !== 0) return done > 0 ? done : 'EAGAIN';
  if (done > 0 && (progress === undefined || task.signalPending)) return done;
  if (progress !== undefined) progress.done = done;
  return waitOn([tty.masterWritable]);
}

function poll(kernel: Kernel, file: OpenFile): number {
  const tty = ttyOf(kernel, file);
  let mask = tty.output.length > 0 ? POLLIN | POLLRDNORM : 0;
  if (tty.packetMode && tty.packetStatus !== 0) mask |= POLLPRI | POLLIN | POLLRDNORM;
  if (isSlaveClosed(tty)) mask |= POLLHUP;
  if (inputRoom(tty) > 0) mask |= POLLOUT | POLLWRNORM;
  return mask;
}

export const ptmxOps: FileOps = {
  seekable: false,
  read,
  write,
  poll,
  pollQueues(kernel, file) {
    const tty = ttyOf(kernel, file);
    return [tty.masterReadable, tty.masterWritable];
  },
  ioctl: (kernel, task, file, request, argument) =>
    masterIoctl(kernel, task, ttyOf(kernel, file), file, request, argument),
  release: (kernel, file) => closeMaster(kernel, ttyOf(kernel, file)),
  fdinfo: (kernel, file) => [`tty-index:\t${ttyOf(kernel, file).index}`],
};
