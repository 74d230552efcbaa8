/**
 * System calls that move bytes from one open file to another. See sendfile(2), copy_file_range(2), splice(2), tee(2).
 *
 * Interface: spliceCalls.
 * Bytes go through a buffer of the kernel. A piece for a pipe is no larger than PIPE_BUF, so that writing it either succeeds whole or
 * waits; what was moved before is kept in the call's progress.
 */
import { isDirectory, isRegular } from '../../abi/file-mode.ts';
import { SPLICE } from '../../abi/flags/file-io.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import { peekPipe } from '../ipc/pipe-ring.ts';
import { pipeOf } from '../ipc/pipe.ts';
import type { Kernel } from '../kernel.ts';
import { getUserI64, putUser64 } from '../mm/uaccess.ts';
import { failed, isWait, waitOn, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { nowNs } from '../time/timers.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { inodeOf } from '../vfs/inode.ts';
import { BYTES_AT_A_TIME, bytesIo, MAX_RW_COUNT, userIovec } from '../vfs/io.ts';
import { opsOf } from '../vfs/registry.ts';
import type { OpenFile } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { O_APPEND, O_NONBLOCK } = OPEN.values;
const { SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT } = SPLICE.values;
const SPLICE_FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;
const { POLLOUT } = POLL.values;
const PIPE_BUF = 4096;
const PIECE = 65536;

export const spliceCalls = {
  sendfile,
  copy_file_range: copyFileRange,
  splice,
  tee,
  vmsplice,
} satisfies Handlers;

/** One end of a transfer. `pos` is null where the file has none (pipes). */
interface End {
  readonly file: OpenFile;
  pos: number | null;
}

function sendfile(
  kernel: Kernel,
  task: Task,
  outFd: number,
  inFd: number,
  offsetAt: number,
  count: number,
): SyscallResult {
  const offset = offsetAt === 0 ? null : getUserI64(kernel, task, offsetAt);
  if (typeof offset === 'string') return offset;
  const from = fileOf(kernel, task, inFd);
  if (typeof from === 'string') return from;
  if (!from.readable) return 'EBADF';
  if (offset !== null && !opsOf(from).seekable) return 'ESPIPE';
  if (offset !== null && offset < 0) return 'EINVAL';
  const to = fileOf(kernel, task, outFd);
  if (typeof to === 'string') return to;
  if (!to.writable) return 'EBADF';
  if ((to.flags & O_APPEND) !== 0 || from.kind === 'directory') return 'EINVAL';
  if (opsOf(from).read === undefined || opsOf(to).write === undefined) return 'EINVAL';
  // Linux: what cannot seek would lose what was read and not written; into a pipe, all that can be spliced may go, but no pipe.
  if (!opsOf(from).seekable && (from.kind === 'pipe' || to.kind !== 'pipe')) return 'EINVAL';
  const source: End = { file: from, pos: opsOf(from).seekable ? (offset ?? from.pos) : null };
  const target: End = { file: to, pos: opsOf(to).seekable ? to.pos : null };
  const moved = move(kernel, task, source, target, Math.min(count, MAX_RW_COUNT), false);
  if (typeof moved !== 'number') return moved;
  return keepPosition(kernel, task, source, offsetAt) ?? keepPosition(kernel, task, target, 0) ?? moved;
}

function copyFileRange(
  kernel: Kernel,
  task: Task,
  inFd: number,
  inAt: number,
  outFd: number,
  outAt: number,
  length: number,
  flags: number,
): SyscallResult {
  const from = fileOf(kernel, task, inFd);
  if (typeof from === 'string') return from;
  const to = fileOf(kernel, task, outFd);
  if (typeof to === 'string') return to;
  const inPos = inAt === 0 ? from.pos : getUserI64(kernel, task, inAt);
  const outPos = outAt === 0 ? to.pos : getUserI64(kernel, task, outAt);
  if (typeof inPos === 'string' || typeof outPos === 'string') return 'EFAULT';
  if (flags !== 0) return 'EINVAL';
  const source = inodeOf(kernel, from.inode);
  const target = inodeOf(kernel, to.inode);
  if (isDirectory(source.mode) || isDirectory(target.mode)) return 'EISDIR';
  if (!isRegular(source.mode) || !isRegular(target.mode)) return 'EINVAL';
  if (!from.readable || !to.writable || (to.flags & O_APPEND) !== 0) return 'EBADF';
  if (inPos < 0 || outPos < 0) return 'EINVAL';
  const count = Math.max(0, Math.min(length, MAX_RW_COUNT, source.size - inPos));
  if (source === target && inPos < outPos + count && outPos < inPos + count) return 'EINVAL';
  const ends = [
    { file: from, pos: inPos },
    { file: to, pos: outPos },
  ] as const;
  const moved = move(kernel, task, ends[0], ends[1], count, false);
  if (typeof moved !== 'number') return moved;
  return keepPosition(kernel, task, ends[0], inAt) ?? keepPosition(kernel, task, ends[1], outAt) ?? moved;
}

function splice(
  kernel: Kernel,
  task: Task,
  inFd: number,
  inAt: number,
  outFd: number,
  outAt: number,
  length: number,
  flags: number,
): SyscallResult {
  if (length === 0) return 0;
  if ((flags & ~SPLICE_FLAGS) !== 0) return 'EINVAL';
  const from = fileOf(kernel, task, inFd);
  if (typeof from === 'string') return from;
  const to = fileOf(kernel, task, outFd);
  if (typeof to === 'string') return to;
  if (!from.readable || !to.writable) return 'EBADF';
  if (from.kind !== 'pipe' && to.kind !== 'pipe') return 'EINVAL';
  if (from.kind === 'pipe' && to.kind === 'pipe' && from.inode === to.inode) return 'EINVAL';
  if ((from.kind === 'pipe' && inAt !== 0) || (to.kind === 'pipe' && outAt !== 0)) return 'ESPIPE';
  if ((inAt !== 0 && !opsOf(from).seekable) || (outAt !== 0 && !opsOf(to).seekable)) return 'EINVAL';
  if ((to.flags & O_APPEND) !== 0 && to.kind !== 'pipe') return 'EINVAL';
  if (opsOf(from).read === undefined || opsOf(to).write === undefined) return 'EINVAL';
  const inPos = inAt === 0 ? from.pos : getUserI64(kernel, task, inAt);
  const outPos = outAt === 0 ? to.pos : getUserI64(kernel, task, outAt);
  if (typeof inPos === 'string' || typeof outPos === 'string') return 'EFAULT';
  if (inPos < 0 || outPos < 0) return 'EINVAL';
  const source: End = { file: from, pos: opsOf(from).seekable ? inPos : null };
  const target: End = { file: to, pos: opsOf(to).seekable ? outPos : null };
  const moved = move(kernel, task, source, target, Math.min(length, MAX_RW_COUNT), true);
  if (isWait(moved) && (flags & SPLICE_F_NONBLOCK) !== 0) return 'EAGAIN';
  if (typeof moved !== 'number') return moved;
  return keepPosition(kernel, task, source, inAt) ?? keepPosition(kernel, task, target, outAt) ?? moved;
}

/** Copies what a pipe holds to another one without taking it. */
function tee(kernel: Kernel, task: Task, inFd: number, outFd: number, length: number, flags: number): SyscallResult {
  if ((flags & ~SPLICE_FLAGS) !== 0) return 'EINVAL';
  if (length === 0) return 0;
  const from = fileOf(kernel, task, inFd);
  if (typeof from === 'string') return from;
  const to = fileOf(kernel, task, outFd);
  if (typeof to === 'string') return to;
  if (!from.readable || !to.writable) return 'EBADF';
  const source = pipeOf(kernel, from);
  const target = pipeOf(kernel, to);
  if (source === undefined || target === undefined || source === target) return 'EINVAL';
  const nonBlocking = (flags & SPLICE_F_NONBLOCK) !== 0;
  if (source.length === 0) {
    if (source.writers === 0) return 0;
    return nonBlocking || (from.flags & O_NONBLOCK) !== 0 ? 'EAGAIN' : source.readWait;
  }
  if (target.readers > 0 && target.used === target.slots)
    return nonBlocking || (to.flags & O_NONBLOCK) !== 0 ? 'EAGAIN' : target.writeWait;
  // No more than there are free slots for: the write then never waits.
  const room = Math.max(1, target.slots - target.used) * PIPE_BUF;
  const bytes = peekPipe(source, Math.min(length, room));
  return opsOf(to).write!(kernel, task, to, bytesIo(bytes), 0);
}

/** To a pipe it is writev, from a pipe readv. */
function vmsplice(kernel: Kernel, task: Task, fd: number, iov: number, count: number, flags: number): SyscallResult {
  if ((flags & ~SPLICE_FLAGS) !== 0) return 'EINVAL';
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  if (file.kind !== 'pipe') return 'EBADF';
  const io = userIovec(kernel, task, iov, count);
  if (typeof io === 'string') return io;
  if (io.remaining === 0) return 0;
  const { read, write } = opsOf(file);
  const moved = file.writable ? write!(kernel, task, file, io, 0) : read!(kernel, task, file, io, 0);
  return isWait(moved) && (flags & SPLICE_F_NONBLOCK) !== 0 ? 'EAGAIN' : moved;
}

/**
 * Moves up to `count` bytes. Stops at the end of the source; for splice (`once`) also where it would have to wait after something
 * was moved. Positions advance in the ends.
 */
function move(kernel: Kernel, task: Task, from: End, to: End, count: number, once: boolean): Outcome<number> {
  const { progress } = task.syscall;
  let done = typeof progress.extra === 'number' ? progress.extra : 0;
  if (from.pos !== null) from.pos += done;
  if (to.pos !== null) to.pos += done;
  const piece = to.file.kind === 'regular' ? PIECE : PIPE_BUF;
  const pause = done + BYTES_AT_A_TIME;
  while (done < count) {
    if (done > 0 && task.signalPending) return done;
    if (done >= pause) {
      progress.extra = done;
      return waitOn([], 'ERESTARTSYS', nowNs(kernel));
    }
    const moved = movePiece(kernel, task, from, to, Math.min(piece, count - done));
    if (isWait(moved) && (done === 0 || (!once && !task.signalPending && !isNonBlocking(to)))) {
      progress.extra = done;
      return moved;
    }
    if (typeof moved !== 'number') return done > 0 ? done : moved;
    if (moved === 0) break;
    done += moved;
    progress.done = 0;
    if (moved < piece && from.pos === null) break;
  }
  return done;
}

function movePiece(kernel: Kernel, task: Task, from: End, to: End, length: number): Outcome<number> {
  // What a pipe gives is gone from it: there must be room before it is taken.
  if (from.pos === null && to.pos === null) {
    const { poll, pollQueues } = opsOf(to.file);
    const ready = poll === undefined || (poll(kernel, to.file) & POLLOUT) !== 0;
    if (!ready) return isNonBlocking(to) ? 'EAGAIN' : waitOn(pollQueues?.(kernel, to.file) ?? []);
  }
  const bytes = new Uint8Array(length);
  const count = opsOf(from.file).read!(kernel, task, from.file, bytesIo(bytes), from.pos ?? 0);
  if (typeof count !== 'number' || count === 0) return count;
  const written = opsOf(to.file).write!(kernel, task, to.file, bytesIo(bytes.subarray(0, count)), to.pos ?? 0);
  if (failed(written)) return written;
  if (from.pos !== null) from.pos += written;
  if (to.pos !== null) to.pos += written;
  return written;
}

function isNonBlocking(end: End): boolean {
  return (end.file.flags & O_NONBLOCK) !== 0;
}

/** Writes an end's position back: to the user's variable, or to the file. Undefined when all is well. */
function keepPosition(kernel: Kernel, task: Task, end: End, address: number): 'EFAULT' | undefined {
  if (end.pos === null) return undefined;
  if (address === 0) {
    end.file.pos = end.pos;
    return undefined;
  }
  return putUser64(kernel, task, address, end.pos) === 0 ? undefined : 'EFAULT';
}
