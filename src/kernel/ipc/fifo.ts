/**
 * Opening FIFOs: the meeting of a reader and a writer. See fifo(7).
 *
 * Interface: openFifo, waitForPartner, resumeFifoOpen, FinishedOpen.
 * Invariant: an open that waits has its open file already, so that it holds the inode and its place whatever becomes of the name, and
 * is counted as reader or writer; the call's progress owns the file until it is given out or a signal ends the wait.
 */
import { OPEN } from '../../abi/flags/open.ts';
import type { FileId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { waitOn, type Outcome, type Wait } from '../result.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import type { Task } from '../task/types.ts';
import { putFile } from '../vfs/file.ts';
import type { Opened } from '../vfs/registry.ts';
import { anonFs } from '../vfs/super.ts';
import type { Inode, OpenFile } from '../vfs/types.ts';
import { newPipe } from './pipe-ring.ts';
import { DEFAULT_SLOTS, type PipeEnd } from './pipe.ts';
import type { Pipe } from './types.ts';
import { progressOf } from '../task/syscall-state.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = OPEN.values;
const O_ACCMODE = OPEN.mask;

/** What the progress of an open keeps while it waits for the other side. */
interface PendingOpen {
  readonly pendingFile: FileId;
  /** Opens of the other side so far: one more ends the wait, even if that one is gone again. */
  readonly partners: number;
  readonly closeOnExec: boolean;
}

export interface FinishedOpen {
  readonly file: OpenFile;
  readonly closeOnExec: boolean;
}

/**
 * Joins a FIFO. Linux: a reader waits for a writer and the other way round; O_NONBLOCK readers do not wait and O_NONBLOCK writers
 * get ENXIO; O_RDWR never waits. A pipe reached through /proc/PID/fd never waits either.
 */
export function openFifo(kernel: Kernel, task: Task, inode: Inode, flags: number): Outcome<Opened> {
  const access = flags & O_ACCMODE;
  // Access mode 3 gives a file for ioctl(2) alone, and a FIFO has no such use (Linux fifo_open).
  if (access === O_ACCMODE) return 'EINVAL';
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
    return { kind: 'pipe', data: end(pipe, -1) };
  if (nonblock || !task.syscall.isActive) return { kind: 'pipe', data: end(pipe, pipe.writerOpens) };
  return { kind: 'pipe', data: end(pipe, -1), awaitsPartner: true };
}

/** Makes the call wait until the other side of `file`, just opened, is there. */
export function waitForPartner(kernel: Kernel, task: Task, file: OpenFile, closeOnExec: boolean): Wait {
  const pipe = pipeOfFile(kernel, file);
  const pending: PendingOpen = { pendingFile: file.id, partners: partnersOf(pipe, file), closeOnExec };
  task.syscall.progress.extra = pending;
  return partnerWait(pipe, file);
}

/** Goes on with an open that has waited: the file, a signal's end, or more waiting. Undefined: none has. */
export function resumeFifoOpen(kernel: Kernel, task: Task): Outcome<FinishedOpen> | undefined {
  const progress = progressOf(task);
  const pending = progress?.extra as PendingOpen | null | undefined;
  if (progress === undefined || pending?.pendingFile === undefined) return undefined;
  const file = kernel.files.get(pending.pendingFile)!;
  const pipe = pipeOfFile(kernel, file);
  if (pending.partners !== partnersOf(pipe, file)) {
    progress.extra = null;
    return { file, closeOnExec: pending.closeOnExec };
  }
  if (task.signalPending) {
    progress.extra = null;
    putFile(kernel, file);
    return 'ERESTARTSYS';
  }
  return partnerWait(pipe, file);
}

function partnerWait(pipe: Pipe, file: OpenFile): Wait {
  return waitOn([file.readable ? pipe.readable : pipe.writable]);
}

function pipeOfFile(kernel: Kernel, file: OpenFile): Pipe {
  return kernel.pipes.get((file.data as PipeEnd).pipe)!;
}

function partnersOf(pipe: Pipe, file: OpenFile): number {
  return file.readable ? pipe.writerOpens : pipe.readerOpens;
}

function end(pipe: Pipe, quietUntil: number): PipeEnd {
  return { pipe: pipe.id, quietUntil };
}

function joinReaders(kernel: Kernel, pipe: Pipe): void {
  pipe.readerOpens++;
  if (pipe.readers++ === 0) wakeAll(kernel, pipe.writable);
}

function joinWriters(kernel: Kernel, pipe: Pipe): void {
  pipe.writerOpens++;
  if (pipe.writers++ === 0) wakeAll(kernel, pipe.readable);
}
