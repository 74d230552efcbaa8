/**
 * Pipes and FIFOs as open files. See pipe(7), fifo(7).
 *
 * Interface: createPipe, openFifo, pipeOps, pipeOf, pipeSize, setPipeSize, closePipeReader, closePipeWriter, pipeEnd.
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
import { waitOn, type Outcome } from '../result.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { sendToThread, userInfo } from '../signal/send.ts';
import { capable } from '../task/cred.ts';
import type { Cred, Task } from '../task/types.ts';
import { createFile } from '../vfs/file.ts';
import { inodeGet, inodeOf, touchModified } from '../vfs/inode.ts';
import { advanceIo } from '../vfs/io.ts';
import { anonFs, anonInode } from '../vfs/super.ts';
import type { FileKind, FileOps, Inode, Io, OpenFile } from '../vfs/types.ts';
import { appendToPipe, forgetPipe, newPipe, resizePipe, SLOT_BYTES, takeFromPipe } from './pipe-ring.ts';
import type { Pipe } from './types.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK, O_DIRECT } = OPEN.values;
const O_ACCMODE = OPEN.mask;
const { POLLIN, POLLRDNORM, POLLOUT, POLLWRNORM, POLLERR, POLLHUP } = POLL.values;
const { FIONREAD } = IOCTL.values;

const DEFAULT_SLOTS = 16;
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

/**
 * Opens a FIFO. Linux: a reader waits for a writer and the other way round; O_NONBLOCK readers do not wait and O_NONBLOCK writers
 * get ENXIO; O_RDWR never waits. A pipe reached through /proc/PID/fd never waits either.
 */
export function openFifo(
  kernel: Kernel,
  task: Task,
  inode: Inode,
  flags: number,
): Outcome<{ readonly kind: FileKind; readonly data: PipeEnd }> {
  const access = flags & O_ACCMODE;
  const progress = task.syscall?.progress;
  const waiting = progress?.extra as FifoWait | null | undefined;
  if (waiting?.fifo === true && progress !== undefined) {
    const pipe = kernel.pipes.get(waiting.pipe)!;
    if (waiting.count !== (access === O_RDONLY ? pipe.writerOpens : pipe.readerOpens)) {
      progress.extra = null;
      return opened(pipe, -1);
    }
    if (task.signalPending) {
      progress.extra = null;
      if (access === O_RDONLY) closePipeReader(kernel, pipe, inode);
      else closePipeWriter(kernel, pipe, inode);
      return 'ERESTARTSYS';
    }
    return partnerWait(pipe, access);
  }
  const isAnonymous = kernel.superBlocks.get(inode.sb)!.type === anonFs.name;
  const nonblock = (flags & O_NONBLOCK) !== 0;
  let pipe = kernel.pipes.get(inode.pipe);
  if (access === O_WRONLY && nonblock && !isAnonymous && (pipe?.readers ?? 0) === 0) return 'ENXIO';
  if (pipe === undefined) {
    pipe = newPipe(kernel, DEFAULT_SLOTS);
    inode.pipe = pipe.id;
  }
  if (access !== O_WRONLY) joinReaders(kernel, pipe);
  if (access !== O_RDONLY) joinWriters(kernel, pipe);
  if (access === O_RDWR || isAnonymous || (access === O_RDONLY ? pipe.writers : pipe.readers) > 0)
    return opened(pipe, -1);
  if (nonblock || progress === undefined) return opened(pipe, pipe.writerOpens);
  const wait: FifoWait = {
    fifo: true,
    pipe: pipe.id,
    count: access === O_RDONLY ? pipe.writerOpens : pipe.readerOpens,
  };
  progress.extra = wait;
  return partnerWait(pipe, access);
}

/** Kept by an open that waits for the other side; it is counted as reader or writer already. */
interface FifoWait {
  readonly fifo: true;
  readonly pipe: PipeId;
  /** Opens of the other side so far: one more ends the wait, even if that one is gone again. */
  readonly count: number;
}

function opened(pipe: Pipe, quietUntil: number): { kind: FileKind; data: PipeEnd } {
  return { kind: 'pipe', data: { pipe: pipe.id, quietUntil } };
}

function partnerWait(pipe: Pipe, access: number) {
  return waitOn([access === O_RDONLY ? pipe.readable : pipe.writable]);
}

function joinReaders(kernel: Kernel, pipe: Pipe): void {
  pipe.readerOpens++;
  if (pipe.readers++ === 0) wakeAll(kernel, pipe.writable);
}

function joinWriters(kernel: Kernel, pipe: Pipe): void {
  pipe.writerOpens++;
  if (pipe.writers++ === 0) wakeAll(kernel, pipe.readable);
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
  const progress = io.mm === 0 ? undefined : task.syscall?.progress;
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
