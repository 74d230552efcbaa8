/**
 * ioctl requests of terminals, from either side. See tty_ioctl(4).
 *
 * Interface: ttyIoctl (the program's side), sharedIoctl (both sides), resize, flushQueues, changeFlow.
 */
import { IOCTL, TCFLOW, TCFLUSH } from '../../abi/flags/ioctl.ts';
import { LINE_DISCIPLINE, TERMIOS_CC, TERMIOS_CFLAG } from '../../abi/flags/termios.ts';
import { makedev } from '../../abi/file-mode.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser8, getUserI32, putUser32 } from '../mm/uaccess.ts';
import type { Outcome } from '../result.ts';
import { kernelInfo, sendToPgrp } from '../signal/send.ts';
import { capable } from '../task/cred.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import type { OpenFile } from '../vfs/types.ts';
import { applyTermios } from './apply-termios.ts';
import { keepBytes, pushByte } from './byte-queue.ts';
import { checkJobControl, claimControllingTty, hangUp, leaveControllingTty, setForeground } from './job-control.ts';
import { acceptInput, flushInput } from './line-input.ts';
import { flushOutput, startOutput, stopOutput } from './line-output.ts';
import { inputCount } from './line-read.ts';
import { TERMIOS2_BYTES, TERMIOS_BYTES, termiosFromBytes, termiosToBytes } from './termios.ts';
import { notePacket, PACKET, wakeWriters } from './tty.ts';
import type { Tty, WinSize } from './types.ts';

const T = IOCTL.values;
const { TCIFLUSH, TCOFLUSH, TCIOFLUSH } = TCFLUSH.values;
const { TCOOFF, TCOON, TCIOFF, TCION } = TCFLOW.values;
const { VSTART, VSTOP } = TERMIOS_CC.values;
const { CLOCAL } = TERMIOS_CFLAG.values;
const { SIGTTOU, SIGWINCH } = SIGNALS;
const CAP_SYS_ADMIN = 21;
const PTS_MAJOR = 136;

/** A request on the program's side. `hungUp`: Linux has only one thing left to say. */
export function ttyIoctl(
  kernel: Kernel,
  task: Task,
  tty: Tty,
  file: OpenFile,
  request: number,
  argument: number,
  hungUp: boolean,
): Outcome<number> {
  if (hungUp) return request === T.TIOCSPGRP ? 'ENOTTY' : 'EIO';
  switch (request) {
    case T.TIOCSCTTY:
      return claimControllingTty(kernel, task, tty, file.readable, argument === 1);
    case T.TIOCNOTTY: {
      const group = groupOf(kernel, task);
      if (group.tty !== tty.id) return 'ENOTTY';
      leaveControllingTty(kernel, group);
      return 0;
    }
    case T.TIOCGPGRP:
    case T.TIOCGSID:
      if (groupOf(kernel, task).tty !== tty.id) return 'ENOTTY';
      return sharedIoctl(kernel, task, tty, request, argument);
    case T.TIOCSTI:
      return simulateInput(kernel, task, tty, argument);
    case T.FIONREAD:
      return putUser32(kernel, task, argument, inputCount(tty));
    case T.TCFLSH: {
      const refused = checkJobControl(kernel, task, tty, SIGTTOU);
      return refused !== 0 ? refused : flushQueues(kernel, tty, argument);
    }
    case T.TCXONC: {
      const refused = checkJobControl(kernel, task, tty, SIGTTOU);
      return refused !== 0 ? refused : changeFlow(kernel, tty, argument);
    }
    default:
      return sharedIoctl(kernel, task, tty, request, argument);
  }
}

/** Requests that mean the same from both sides of a pty. */
export function sharedIoctl(kernel: Kernel, task: Task, tty: Tty, request: number, argument: number): Outcome<number> {
  switch (request) {
    case T.TCGETS:
      return copyToUser(kernel, task, argument, termiosToBytes(tty.termios, TERMIOS_BYTES));
    case T.TCGETS2:
      return copyToUser(kernel, task, argument, termiosToBytes(tty.termios, TERMIOS2_BYTES));
    case T.TCSETS:
    case T.TCSETSW:
    case T.TCSETSF:
      return setTermios(kernel, task, tty, argument, TERMIOS_BYTES, request === T.TCSETSF);
    case T.TCSETS2:
    case T.TCSETSW2:
    case T.TCSETSF2:
      return setTermios(kernel, task, tty, argument, TERMIOS2_BYTES, request === T.TCSETSF2);
    case T.TIOCGWINSZ:
      return copyToUser(kernel, task, argument, winsizeToBytes(tty.winsize));
    case T.TIOCSWINSZ: {
      const bytes = new Uint8Array(8);
      if (copyFromUser(kernel, task, argument, bytes) !== 0) return 'EFAULT';
      resize(kernel, tty, winsizeFromBytes(bytes));
      return 0;
    }
    case T.TIOCGPGRP:
      return putUser32(kernel, task, argument, tty.foregroundPgrp);
    case T.TIOCSPGRP:
      return setPgrp(kernel, task, tty, argument);
    case T.TIOCGSID:
      return tty.session === 0 ? 'ENOTTY' : putUser32(kernel, task, argument, tty.session);
    case T.TIOCOUTQ:
      // Linux: what a pty has taken is already with the other side.
      return putUser32(kernel, task, argument, 0);
    case T.TCSBRK:
    case T.TCSBRKP:
    case T.TIOCSBRK:
    case T.TIOCCBRK:
      return checkJobControl(kernel, task, tty, SIGTTOU);
    case T.TIOCEXCL:
      tty.exclusive = true;
      return 0;
    case T.TIOCNXCL:
      tty.exclusive = false;
      return 0;
    case T.TIOCGEXCL:
      return putUser32(kernel, task, argument, tty.exclusive ? 1 : 0);
    case T.TIOCGETD:
      return putUser32(kernel, task, argument, LINE_DISCIPLINE.values.N_TTY);
    case T.TIOCSETD: {
      const line = getUserI32(kernel, task, argument);
      if (line === 'EFAULT') return line;
      return line === LINE_DISCIPLINE.values.N_TTY ? 0 : 'EINVAL';
    }
    case T.TIOCGDEV:
      return putUser32(kernel, task, argument, tty.kind === 'pty' ? makedev(PTS_MAJOR, tty.index) : makedev(4, 64));
    case T.TIOCGSOFTCAR:
      return putUser32(kernel, task, argument, (tty.termios.cflag & CLOCAL) !== 0 ? 1 : 0);
    case T.TIOCVHANGUP:
      if (!capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
      hangUp(kernel, tty);
      return 0;
    default:
      return 'ENOTTY';
  }
}

/** A new size; the foreground group hears SIGWINCH if it differs. */
export function resize(kernel: Kernel, tty: Tty, size: WinSize): void {
  const { rows, cols, xpixel, ypixel } = tty.winsize;
  if (rows === size.rows && cols === size.cols && xpixel === size.xpixel && ypixel === size.ypixel) return;
  tty.winsize = size;
  if (tty.foregroundPgrp !== 0) sendToPgrp(kernel, tty.foregroundPgrp, kernelInfo(SIGWINCH));
}

/** tcflush(3) from the program's side. */
export function flushQueues(kernel: Kernel, tty: Tty, which: number): 0 | 'EINVAL' {
  if (which !== TCIFLUSH && which !== TCOFLUSH && which !== TCIOFLUSH) return 'EINVAL';
  if (which !== TCOFLUSH) flushInput(kernel, tty);
  if (which !== TCIFLUSH) {
    keepBytes(tty.output, MASTER_BUFFER);
    notePacket(kernel, tty, PACKET.TIOCPKT_FLUSHWRITE);
    wakeWriters(kernel, tty);
  }
  return 0;
}

/** Output beyond this has not reached the master's own buffer, so that a flush can still take it back. */
const MASTER_BUFFER = 4095;

function setTermios(
  kernel: Kernel,
  task: Task,
  tty: Tty,
  address: number,
  size: number,
  flush: boolean,
): Outcome<number> {
  const refused = checkJobControl(kernel, task, tty, SIGTTOU);
  if (refused !== 0) return refused;
  const bytes = new Uint8Array(size);
  if (copyFromUser(kernel, task, address, bytes) !== 0) return 'EFAULT';
  if (flush) flushInput(kernel, tty);
  applyTermios(kernel, tty, termiosFromBytes(bytes));
  return 0;
}

function setPgrp(kernel: Kernel, task: Task, tty: Tty, address: number): Outcome<number> {
  const refused = checkJobControl(kernel, task, tty, SIGTTOU);
  if (refused !== 0) return refused === 'EIO' ? 'ENOTTY' : refused;
  const pgrp = getUserI32(kernel, task, address);
  return pgrp === 'EFAULT' ? pgrp : setForeground(kernel, task, tty, pgrp);
}

/** TIOCSTI. Linux since 6.2: only with CAP_SYS_ADMIN. */
function simulateInput(kernel: Kernel, task: Task, tty: Tty, address: number): Outcome<number> {
  if (!capable(task.cred, CAP_SYS_ADMIN)) return 'EIO';
  const byte = getUser8(kernel, task, address);
  if (byte === 'EFAULT') return byte;
  acceptInput(kernel, tty, Uint8Array.of(byte), 0, 1);
  return 0;
}

/** tcflow(3). */
export function changeFlow(kernel: Kernel, tty: Tty, action: number): 0 | 'EINVAL' {
  switch (action) {
    case TCOOFF:
      stopOutput(kernel, tty);
      tty.stoppedByProgram = true;
      return 0;
    case TCOON:
      if (!tty.stoppedByProgram) return 0;
      tty.stoppedByProgram = false;
      // Linux: echoes that were held back come with the next output.
      startOutput(kernel, tty);
      return 0;
    case TCIOFF:
      return sendByte(kernel, tty, tty.termios.cc[VSTOP]!);
    case TCION:
      return sendByte(kernel, tty, tty.termios.cc[VSTART]!);
    default:
      return 'EINVAL';
  }
}

function sendByte(kernel: Kernel, tty: Tty, byte: number): 0 {
  if (byte === 0) return 0;
  pushByte(tty.output, byte);
  flushOutput(kernel, tty);
  return 0;
}

function winsizeToBytes({ rows, cols, xpixel, ypixel }: WinSize): Uint8Array {
  return new Uint8Array(Uint16Array.of(rows, cols, xpixel, ypixel).buffer);
}

function winsizeFromBytes(bytes: Uint8Array): WinSize {
  const [rows, cols, xpixel, ypixel] = new Uint16Array(bytes.buffer) as unknown as [number, number, number, number];
  return { rows, cols, xpixel, ypixel };
}
