/**
 * Reading from a terminal: lines in canonical mode, VMIN and VTIME otherwise. See termios(3), "Canonical and noncanonical mode".
 *
 * Interface: readLine, hasInput, inputCount.
 */
import { TERMIOS_CC } from '../../abi/flags/termios.ts';
import type { Kernel } from '../kernel.ts';
import { waitOn, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { nowNs } from '../time/timers.ts';
import { copyToIo } from '../vfs/io.ts';
import type { Io } from '../vfs/types.ts';
import { processPending } from './line-input.ts';
import { isCanonical, LINE_BYTES, wakeMaster } from './tty.ts';
import type { Tty } from './types.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { progressOf } from '../task/syscall-state.ts';

const { VMIN, VTIME } = TERMIOS_CC.values;
const MASK = LINE_BYTES - 1;
/** VTIME counts tenths of a second. */
const NS_PER_TENTH = 100_000_000;

/** Reads what the settings call a read's worth. Job control was checked; `nonblock` as O_NONBLOCK. */
export function readLine(kernel: Kernel, task: Task, tty: Tty, io: Io, nonblock: boolean): Outcome<number> {
  if (io.remaining === 0) return 0;
  if (isCanonical(tty)) {
    if (tty.canonHead !== tty.readTail) return taken(kernel, tty, takeLine(kernel, tty, io));
    return nonblock ? 'EAGAIN' : waitOn([tty.readable]);
  }
  const minimum = Math.min(tty.termios.cc[VMIN]!, io.remaining);
  const timeNs = tty.termios.cc[VTIME]! * NS_PER_TENTH;
  const available = tty.readHead - tty.readTail;
  if (available >= Math.max(1, minimum)) return taken(kernel, tty, takeRaw(kernel, tty, io));
  if (available > 0 && (nonblock || task.signalPending)) return taken(kernel, tty, takeRaw(kernel, tty, io));
  if (minimum === 0 && timeNs === 0) return 0;
  if (nonblock) return 'EAGAIN';
  return waitForBytes(kernel, task, tty, io, minimum, timeNs, available);
}

/** Whether poll says POLLIN: as for read, but with VMIN only where VTIME is 0. */
export function hasInput(tty: Tty): boolean {
  if (isCanonical(tty)) return tty.canonHead !== tty.readTail;
  const { cc } = tty.termios;
  return tty.readHead - tty.readTail >= (cc[VTIME] === 0 && cc[VMIN] !== 0 ? cc[VMIN]! : 1);
}

/** FIONREAD: complete lines in canonical mode, without the marks that VEOF leaves. */
export function inputCount(tty: Tty): number {
  if (!isCanonical(tty)) return tty.readHead - tty.readTail;
  let count = 0;
  for (let at = tty.readTail; at < tty.canonHead; at++)
    if (tty.lineEnds[at & MASK] === 0 || tty.line[at & MASK] !== 0) count++;
  return count;
}

/**
 * VMIN = 0: the time runs from the start of the read, and its end gives 0. VMIN > 0: it runs from the last byte, so there is none
 * before the first.
 */
function waitForBytes(
  kernel: Kernel,
  task: Task,
  tty: Tty,
  io: Io,
  minimum: number,
  timeNs: number,
  available: number,
): Outcome<number> {
  const progress = progressOf(task);
  const now = nowNs(kernel);
  if (timeNs === 0 || progress === undefined) return waitOn([tty.readable]);
  if (minimum === 0) {
    if (Number.isNaN(progress.deadlineNs)) progress.deadlineNs = now + timeNs;
    return now >= progress.deadlineNs ? 0 : waitOn([tty.readable], 'ERESTARTSYS', progress.deadlineNs);
  }
  if (available === 0) return waitOn([tty.readable]);
  if (available !== progress.phase) {
    progress.phase = available;
    progress.deadlineNs = now + timeNs;
  }
  if (now >= progress.deadlineNs) return taken(kernel, tty, takeRaw(kernel, tty, io));
  return waitOn([tty.readable], 'ERESTARTSYS', progress.deadlineNs);
}

/** After a read: there is room for what waits, and for the master to write more. */
function taken(kernel: Kernel, tty: Tty, count: Outcome<number>): Outcome<number> {
  if (tty.pending.length > 0) processPending(kernel, tty);
  wakeAll(kernel, tty.masterWritable);
  if (tty.packetMode) wakeMaster(kernel, tty);
  return count;
}

function takeRaw(kernel: Kernel, tty: Tty, io: Io): number | 'EFAULT' {
  return take(kernel, tty, io, Math.min(io.remaining, tty.readHead - tty.readTail));
}

/** One line, or as much of it as is asked for. */
function takeLine(kernel: Kernel, tty: Tty, io: Io): number | 'EFAULT' {
  const limit = Math.min(io.remaining + 1, tty.canonHead - tty.readTail);
  let length = 0;
  while (length < limit && tty.lineEnds[(tty.readTail + length) & MASK] === 0) length++;
  const end = (tty.readTail + length) & MASK;
  const found = length < limit;
  if (found && tty.line[end] === 0) {
    const count = length === 0 ? 0 : take(kernel, tty, io, length);
    if (count !== length) return count;
    dropEnd(tty, end);
    return count;
  }
  const wanted = Math.min(io.remaining, length + (found ? 1 : 0));
  const count = take(kernel, tty, io, wanted);
  if (found && count === length + 1) clearEnd(tty, end);
  return count;
}

/** The mark of VEOF goes without a byte. */
function dropEnd(tty: Tty, end: number): void {
  tty.readTail++;
  clearEnd(tty, end);
}

function clearEnd(tty: Tty, end: number): void {
  tty.lineEnds[end] = 0;
  tty.pushed = false;
}

function take(kernel: Kernel, tty: Tty, io: Io, count: number): number | 'EFAULT' {
  const at = tty.readTail & MASK;
  const first = Math.min(count, LINE_BYTES - at);
  const copied = copyToIo(kernel, io, tty.line, at, first);
  if (copied === 'EFAULT') return copied;
  tty.readTail += copied;
  if (copied < first || count === first) return copied;
  const rest = take(kernel, tty, io, count - first);
  return rest === 'EFAULT' ? copied : copied + rest;
}
