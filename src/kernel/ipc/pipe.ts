/**
 * Pipes as open files; how FIFOs are opened is in fifo.ts. See pipe(7).
 *
 * Interface: createPipe, pipeOps, pipeOf, pipeSize, setPipeSize, closePipeReader, closePipeWriter, pipeEnd, PipeEnd,
 * DEFAULT_SLOTS.
 * Invariants: a pipe lives while it has a reader or a writer (open file, waiting open, or the host); `inode.pipe` names it as long.
 * A task waits here only by id, on `readable` or `writable`.
 */
import { S_IFIFO } from '../../abi/file-mode.ts';
import { IOCTL } from '../../abi/flags/ioctl.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { PipeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32 } from '../mm/uaccess.ts';
import type { Outcome } from '../result.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { sendToThread, userInfo } from '../signal/send.ts';
import { capable } from '../task/cred.ts';
import type { Cred, Task } from '../task/types.ts';
import { createFile } from '../vfs/file.ts';
import { inodeGet, inodeOf, touchModified } from '../vfs/inode.ts';
import { advanceIo } from '../vfs/io.ts';
import { anonInode } from '../vfs/super.ts';
import type { FileOps, Inode, Io, OpenFile } from '../vfs/types.ts';
import { appendToPipe, forgetPipe, newPipe, resizePipe, SLOT_BYTES, takeFromPipe } from './pipe-ring.ts';
import type { Pipe } from './types.ts';
import { progressOf } from '../task/syscall-state.ts';

const { O_RDONLY, O_WRONLY, O_NONBLOCK, O_DIRECT } = OPEN.values;
const O_ACCMODE = OPEN.mask;
const { POLLIN, POLLRDNORM, POLLOUT, POLLWRNORM, POLLERR, POLLHUP } = POLL.values;
const { FIONREAD } = IOCTL.values;

/** 64 KiB. */
export const DEFAULT_SLOTS = 16;
/** /proc/sys/fs/pipe-max-size: beyond it CAP_SYS_RESOURCE is needed. */
const MAX_BYTES = 1 << 20;
const CAP_SYS_RESOURCE = 24;

/** What an open file of a pipe keeps. */
export interface PipeEnd {
  readonly pipe: PipeId;
  /**
   * Of a FIFO opened for reading without a writer: how many had come until then. POLLHUP is given only after one more came and
   * went. Else -1.
   */
  readonly quietUntil: number;
}

/** A pipe with two open files, one reference each. `flags`: O_NONBLOCK, O_DIRECT. */
export function createPipe(kernel: Kernel, task: Task, flags: number): { reader: OpenFile; writer: OpenFile } {
  const pipe = newPipe(kernel, DEFAULT_SLOTS);
  const reader = pipeEnd(kernel, pipe, task.cred, O_RDONLY | (flags & O_NONBLOCK), null);
  const inode = inodeGet(inodeOf(kernel, reader.inode));
  const writer = pipeEnd(kernel, pipe, task.cred, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), inode);
  return { reader, writer };
}

/** One end of `pipe` as an open file with one reference, counted as reader or writer. `inode`: the other end's, a reference given. */
export function pipeEnd(kernel: Kernel, pipe: Pipe, cred: Cred, flags: number, inode: Inode | null): OpenFile {
  const own = inode ?? anonInode(kernel, 'pipe', S_IFIFO | 0o600, cred.fsuid, cred.fsgid);
  own.pipe = pipe.id;
  if ((flags & O_ACCMODE) === O_WRONLY) pipe.writers++;
  else pipe.readers++;
  const data: PipeEnd = { pipe: pipe.id, quietUntil: -1 };
  return createFile(kernel, { kind: 'pipe', inode: own, path: null, name: `pipe:[${own.ino}]`, flags, data, cred });
}

export function pipeOf(kernel: Kernel, file: OpenFile): Pipe | undefined {
  return file.kind === 'pipe' ? kernel.pipes.get((file.data as PipeEnd).pipe) : undefined;
}

/** F_GETPIPE_SZ. */
export function pipeSize(kernel: Kernel, file: OpenFile): number | 'EBADF' {
  const pipe = pipeOf(kernel, file);
  return pipe === undefined ? 'EBADF' : pipe.slots * SLOT_BYTES;
}

/** F_SETPIPE_SZ: gives the size that it got, a power of two of pages. */
export function setPipeSize(
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  bytes: number,
): number | 'EBADF' | 'EINVAL' | 'EPERM' | 'EBUSY' {
  const pipe = pipeOf(kernel, file);
  if (pipe === undefined) return 'EBADF';
  if (bytes < 0 || bytes > 2 ** 31) return 'EINVAL';
  let slots = 1;
  while (slots * SLOT_BYTES < bytes) slots *= 2;
  const size = slots * SLOT_BYTES;
  if (slots > pipe.slots && size > MAX_BYTES && !capable(task.cred, CAP_SYS_RESOURCE)) return 'EPERM';
  const hadRoom = pipe.used < pipe.slots;
  if (!resizePipe(pipe, slots)) return 'EBUSY';
  if (!hadRoom && pipe.used < pipe.slots) wakeAll(kernel, pipe.writable);
  return size;
}

/** A reader less. `inode`: whose pipe it is, null when the host's end goes. */
export function closePipeReader(kernel: Kernel, pipe: Pipe, inode: Inode | null): void {
  pipe.readers--;
  closed(kernel, pipe, inode);
}

export function closePipeWriter(kernel: Kernel, pipe: Pipe, inode: Inode | null): void {
  pipe.writers--;
  closed(kernel, pipe, inode);
}

function closed(kernel: Kernel, pipe: Pipe, inode: Inode | null): void {
  if (pipe.readers === 0 && pipe.writers === 0) {
    if (inode !== null) inode.pipe = 0;
    forgetPipe(kernel, pipe);
  } else if (pipe.readers === 0 || pipe.writers === 0) {
    wakeAll(kernel, pipe.readable);
    wakeAll(kernel, pipe.writable);
  }
}

function read(kernel: Kernel, _task: Task, file: OpenFile, io: Io): Outcome<number> {
  const pipe = kernel.pipes.get((file.data as PipeEnd).pipe)!;
  if (io.remaining === 0) return 0;
  if (pipe.used === 0) {
    if (pipe.writers === 0) return 0;
    return (file.flags & O_NONBLOCK) !== 0 ? 'EAGAIN' : pipe.readWait;
  }
  const wasFull = pipe.used >= pipe.slots;
  const copied = takeFromPipe(kernel, pipe, io);
  if (wasFull && pipe.used < pipe.slots) wakeAll(kernel, pipe.writable);
  return copied;
}

function write(kernel: Kernel, task: Task, file: OpenFile, io: Io): Outcome<number> {
  const pipe = kernel.pipes.get((file.data as PipeEnd).pipe)!;
  if (io.remaining === 0) return 0;
  // A transfer over kernel bytes (splice) takes what fits and does not go on in a later entry.
  const progress = io.mm === 0 ? undefined : progressOf(task);
  const before = progress?.done ?? 0;
  if (before > 0) advanceIo(io, before);
  if (pipe.readers === 0) {
    sendToThread(kernel, task, userInfo(task, SIGNALS.SIGPIPE));
    return before > 0 ? before : 'EPIPE';
  }
  const copied = appendToPipe(kernel, pipe, io, (file.flags & O_DIRECT) !== 0, before === 0);
  if (copied === 'EFAULT') return before > 0 ? before : copied;
  if (copied > 0) {
    wakeAll(kernel, pipe.readable);
    if (file.path !== null) touchModified(kernel, inodeOf(kernel, file.inode));
  }
  const done = before + copied;
  // A bad address ends the transfer early; a full pipe makes it wait.
  if (io.remaining === 0 || pipe.used < pipe.slots) return done;
  if ((file.flags & O_NONBLOCK) !== 0) return done > 0 ? done : 'EAGAIN';
  if (done > 0 && (progress === undefined || task.signalPending)) return done;
  if (progress !== undefined) progress.done = done;
  return pipe.writeWait;
}

function poll(kernel: Kernel, file: OpenFile): number {
  const { pipe: id, quietUntil } = file.data as PipeEnd;
  const pipe = kernel.pipes.get(id)!;
  let mask = 0;
  if (file.readable) {
    if (pipe.used > 0) mask |= POLLIN | POLLRDNORM;
    if (pipe.writers === 0 && quietUntil !== pipe.writerOpens) mask |= POLLHUP;
  }
  if (file.writable) {
    if (pipe.used < pipe.slots) mask |= POLLOUT | POLLWRNORM;
    if (pipe.readers === 0) mask |= POLLERR;
  }
  return mask;
}

export const pipeOps: FileOps = {
  seekable: false,
  read,
  write,
  poll,
  pollQueues(kernel, file) {
    const pipe = kernel.pipes.get((file.data as PipeEnd).pipe)!;
    if (!file.writable) return [pipe.readable];
    return file.readable ? [pipe.readable, pipe.writable] : [pipe.writable];
  },
  ioctl(kernel, task, file, request, argument) {
    if (request !== FIONREAD) return 'ENOTTY';
    return putUser32(kernel, task, argument, kernel.pipes.get((file.data as PipeEnd).pipe)!.length);
  },
  release(kernel, file) {
    const pipe = kernel.pipes.get((file.data as PipeEnd).pipe)!;
    const inode = inodeOf(kernel, file.inode);
    if (file.readable && file.writable) pipe.readers--;
    if (file.writable) closePipeWriter(kernel, pipe, inode);
    else closePipeReader(kernel, pipe, inode);
  },
};
