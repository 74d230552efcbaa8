/**
 * System calls that move bytes between programs and open files. See read(2), readv(2), pread(2), lseek(2).
 *
 * Interface: readWriteCalls.
 */
import { RWF } from '../../abi/flags/file-io.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { Kernel } from '../kernel.ts';
import { mmOf } from '../mm/mm.ts';
import { accessOk, putUser64 } from '../mm/uaccess.ts';
import { isWait, waitOn, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { nowNs } from '../time/timers.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { inodeOf } from '../vfs/inode.ts';
import { advanceIo, BYTES_AT_A_TIME, userIo, userIovec } from '../vfs/io.ts';
import { opsOf } from '../vfs/registry.ts';
import { seekTo } from '../vfs/regular.ts';
import type { FileOps, Io, OpenFile } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { O_APPEND } = OPEN.values;
const { RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND, RWF_NOAPPEND } = RWF.values;
const SUPPORTED_RWF = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND;

/** A position argument that means the file's own. */
const CURRENT = -1;

export const readWriteCalls = {
  read(kernel, task, fd, buf, count) {
    const file = fileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    if (!accessOk(mmOf(kernel, task), buf, count)) return file.readable ? 'EFAULT' : 'EBADF';
    return readFile(kernel, task, file, userIo(task, buf, count), CURRENT, 0);
  },
  write(kernel, task, fd, buf, count) {
    const file = fileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    if (!accessOk(mmOf(kernel, task), buf, count)) return file.writable ? 'EFAULT' : 'EBADF';
    return writeFile(kernel, task, file, userIo(task, buf, count), CURRENT, 0);
  },
  pread64(kernel, task, fd, buf, count, pos) {
    const file = positionedFile(kernel, task, fd, pos);
    if (typeof file === 'string') return file;
    if (!accessOk(mmOf(kernel, task), buf, count)) return file.readable ? 'EFAULT' : 'EBADF';
    return readFile(kernel, task, file, userIo(task, buf, count), pos, 0);
  },
  pwrite64(kernel, task, fd, buf, count, pos) {
    const file = positionedFile(kernel, task, fd, pos);
    if (typeof file === 'string') return file;
    if (!accessOk(mmOf(kernel, task), buf, count)) return file.writable ? 'EFAULT' : 'EBADF';
    return writeFile(kernel, task, file, userIo(task, buf, count), pos, 0);
  },
  readv: (kernel, task, fd, vec, vlen) => readVector(kernel, task, fd, vec, vlen, CURRENT, 0),
  writev: (kernel, task, fd, vec, vlen) => writeVector(kernel, task, fd, vec, vlen, CURRENT, 0),
  preadv: (kernel, task, fd, vec, vlen, pos) => (pos < 0 ? 'EINVAL' : readVector(kernel, task, fd, vec, vlen, pos, 0)),
  pwritev: (kernel, task, fd, vec, vlen, pos) =>
    pos < 0 ? 'EINVAL' : writeVector(kernel, task, fd, vec, vlen, pos, 0),
  preadv2: (kernel, task, fd, vec, vlen, pos, flags) =>
    pos < CURRENT ? 'EINVAL' : readVector(kernel, task, fd, vec, vlen, pos, flags),
  pwritev2: (kernel, task, fd, vec, vlen, pos, flags) =>
    pos < CURRENT ? 'EINVAL' : writeVector(kernel, task, fd, vec, vlen, pos, flags),
  lseek: (kernel, task, fd, offset, whence) => seek(kernel, task, fd, offset, whence),
  _llseek(kernel, task, fd, high, low, result, whence) {
    const to = seek(kernel, task, fd, (high | 0) * 0x1_0000_0000 + low, whence);
    return typeof to === 'number' ? putUser64(kernel, task, result, to) : to;
  },
} satisfies Handlers;

/** Reads at `pos`, or with CURRENT at the file's own position, which moves. */
function readFile(kernel: Kernel, task: Task, file: OpenFile, io: Io, pos: number, flags: number): Outcome<number> {
  if (!file.readable) return 'EBADF';
  const ops = opsOf(file);
  if (ops.read === undefined) return 'EINVAL';
  const movesPos = pos < 0 && ops.seekable;
  const start = pos < 0 ? file.pos : pos;
  const count =
    io.remaining > BYTES_AT_A_TIME && ops.seekable
      ? inPieces(kernel, task, file, io, { move: ops.read, start, appends: false, movesPos, flags })
      : moveAt(kernel, task, file, io, ops.read, start, movesPos);
  if (typeof count !== 'number') return count;
  task.usage.readCalls++;
  task.usage.readBytes += count;
  return count;
}

function writeFile(kernel: Kernel, task: Task, file: OpenFile, io: Io, pos: number, flags: number): Outcome<number> {
  if (!file.writable) return 'EBADF';
  const ops = opsOf(file);
  if (ops.write === undefined) return 'EINVAL';
  const movesPos = pos < 0 && ops.seekable;
  // Linux: with O_APPEND even pwrite appends.
  const appends = ((file.flags & O_APPEND) !== 0 && (flags & RWF_NOAPPEND) === 0) || (flags & RWF_APPEND) !== 0;
  const start = appends && ops.seekable ? inodeOf(kernel, file.inode).size : pos < 0 ? file.pos : pos;
  const count =
    io.remaining > BYTES_AT_A_TIME && ops.seekable
      ? inPieces(kernel, task, file, io, { move: ops.write, start, appends, movesPos, flags })
      : moveAt(kernel, task, file, io, ops.write, start, movesPos);
  if (typeof count !== 'number') return count;
  task.usage.writeCalls++;
  task.usage.writeBytes += count;
  return count;
}

type Move = NonNullable<FileOps['read' | 'write']>;

function moveAt(
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  io: Io,
  move: Move,
  at: number,
  movesPos: boolean,
): Outcome<number> {
  const count = move(kernel, task, file, io, at);
  if (movesPos && typeof count === 'number') file.pos = at + count;
  return count;
}

interface LongTransfer {
  readonly move: Move;
  /** Where the first piece goes, and with `appends` the one that comes now. */
  readonly start: number;
  readonly appends: boolean;
  readonly movesPos: boolean;
  /** RWF_* */
  readonly flags: number;
}

/**
 * Moves much in pieces, between which the host and other tasks have their turn. Linux holds the file's lock for so long; here others may
 * come in between.
 */
function inPieces(kernel: Kernel, task: Task, file: OpenFile, io: Io, transfer: LongTransfer): Outcome<number> {
  const { progress } = task.syscall;
  const before = progress.done;
  // Linux: devices look for signals on the way, files only for those that kill.
  const isDevice = file.kind !== 'regular';
  if (before > 0 && isDevice && task.signalPending) return before;
  advanceIo(io, before);
  const left = io.remaining;
  const wanted = Math.min(left, BYTES_AT_A_TIME);
  io.remaining = wanted;
  const at = before === 0 || transfer.appends ? transfer.start : (progress.extra as number);
  const count = moveAt(kernel, task, file, io, transfer.move, at, transfer.movesPos);
  if (typeof count !== 'number') return before > 0 ? before : count;
  const done = before + count;
  const mayPause = (transfer.flags & RWF_NOWAIT) === 0 && !(isDevice && task.signalPending);
  if (count < wanted || count === left || !mayPause) return done;
  progress.done = done;
  progress.extra = at + count;
  return waitOn([], isDevice ? 'ERESTARTSYS' : 'killable', nowNs(kernel));
}

function readVector(
  kernel: Kernel,
  task: Task,
  fd: number,
  vec: number,
  vlen: number,
  pos: number,
  flags: number,
): SyscallResult {
  const vector = openVector(kernel, task, fd, vec, vlen, pos, flags, 'readable');
  if (typeof vector === 'string') return vector;
  if (vector.io.remaining === 0) return 0;
  const count = readFile(kernel, task, vector.file, vector.io, pos, flags);
  return isWait(count) && (flags & RWF_NOWAIT) !== 0 ? 'EAGAIN' : count;
}

function writeVector(
  kernel: Kernel,
  task: Task,
  fd: number,
  vec: number,
  vlen: number,
  pos: number,
  flags: number,
): SyscallResult {
  const vector = openVector(kernel, task, fd, vec, vlen, pos, flags, 'writable');
  if (typeof vector === 'string') return vector;
  const { file, io } = vector;
  if (io.remaining === 0) return 0;
  const count = writeFile(kernel, task, file, io, pos, flags);
  if (isWait(count) && (flags & RWF_NOWAIT) !== 0) return 'EAGAIN';
  if (typeof count === 'number' && (flags & (RWF_DSYNC | RWF_SYNC)) !== 0) opsOf(file).fsync?.(kernel, file);
  return count;
}

/** The file and the buffers of readv and its kin, and a check of the flags. Linux: where nothing is asked for they do not matter. */
function openVector(
  kernel: Kernel,
  task: Task,
  fd: number,
  vec: number,
  vlen: number,
  pos: number,
  flags: number,
  need: 'readable' | 'writable',
): { readonly file: OpenFile; readonly io: Io } | 'EBADF' | 'EINVAL' | 'ESPIPE' | 'EFAULT' | 'EOPNOTSUPP' {
  const file = pos < 0 ? fileOf(kernel, task, fd) : positionedFile(kernel, task, fd, pos);
  if (typeof file === 'string') return file;
  if (!file[need]) return 'EBADF';
  const io = userIovec(kernel, task, vec, vlen);
  if (typeof io === 'string') return io;
  const refused = io.remaining === 0 ? 0 : checkFlags(flags);
  return refused === 0 ? { file, io } : refused;
}

/** Linux: those that are about writing are taken, and mean nothing, when reading too. */
function checkFlags(flags: number): 0 | 'EOPNOTSUPP' | 'EINVAL' {
  if ((flags & ~SUPPORTED_RWF) !== 0) return 'EOPNOTSUPP';
  return (flags & RWF_APPEND) !== 0 && (flags & RWF_NOAPPEND) !== 0 ? 'EINVAL' : 0;
}

function positionedFile(kernel: Kernel, task: Task, fd: number, pos: number): OpenFile | 'EINVAL' | 'EBADF' | 'ESPIPE' {
  if (pos < 0) return 'EINVAL';
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  return opsOf(file).seekable ? file : 'ESPIPE';
}

function seek(kernel: Kernel, task: Task, fd: number, offset: number, whence: number): Outcome<number> {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  if (whence < 0 || whence > 4) return 'EINVAL';
  const ops = opsOf(file);
  if (!ops.seekable) return 'ESPIPE';
  if (ops.seek !== undefined) return ops.seek(kernel, file, offset, whence);
  const to = seekTo(file, offset, whence, inodeOf(kernel, file.inode).size);
  if (typeof to === 'number') file.pos = to;
  return to;
}
