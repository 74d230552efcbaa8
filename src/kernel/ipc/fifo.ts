/**
 * Opening FIFOs: the meeting of a reader and a writer. See fifo(7).
 *
 * Interface: openFifo.
 * Invariant: an open that waits is counted as reader or writer already, and takes itself back when a signal ends it.
 */
import { OPEN } from '../../abi/flags/open.ts';
import type { PipeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { waitOn, type Outcome, type Wait } from '../result.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import type { Task } from '../task/types.ts';
import { anonFs } from '../vfs/super.ts';
import type { FileKind, Inode } from '../vfs/types.ts';
import { newPipe } from './pipe-ring.ts';
import { closePipeReader, closePipeWriter, DEFAULT_SLOTS, type PipeEnd } from './pipe.ts';
import type { Pipe } from './types.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = OPEN.values;
const O_ACCMODE = OPEN.mask;

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

function partnerWait(pipe: Pipe, access: number): Wait {
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
