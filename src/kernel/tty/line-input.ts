/**
 * The input half of the line discipline: what becomes of bytes that come from the other side. See termios(3), "c_iflag" and
 * "c_lflag"; Linux drivers/tty/n_tty.c for the order of the rules.
 *
 * Interface: acceptInput, processPending, flushInput, sendTtySignal, inputRoom.
 * Invariants: readTail <= canonHead <= readHead in canonical mode; readHead - readTail <= LINE_BYTES.
 */
import { TERMIOS_CC, TERMIOS_IFLAG, TERMIOS_LFLAG } from '../../abi/flags/termios.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import { kernelInfo, sendToPgrp } from '../signal/send.ts';
import { dropBytes, keepBytes, pushBytes } from './byte-queue.ts';
import { eraseInput, finishErasing } from './line-erase.ts';
import { echoChar, echoRaw, echoSetCanonColumn, processEchoes, startOutput, stopOutput } from './line-output.ts';
import { isCanonical, LINE_BYTES, notePacket, PACKET, QUEUE_BYTES, wakeReaders } from './tty.ts';
import type { Tty } from './types.ts';

const I = TERMIOS_IFLAG.values;
const L = TERMIOS_LFLAG.values;
const V = TERMIOS_CC.values;

const LF = 10;
const CR = 13;
const BS = 8;
const CARET = 94;
/** What of the output a flush leaves: it has reached the master's own buffer. */
const REACHED_MASTER = LINE_BYTES - 1;

/** How many bytes acceptInput would take now. */
export function inputRoom(tty: Tty): number {
  return Math.max(0, QUEUE_BYTES - tty.pending.length);
}

/** Bytes from the other side (the master's write, the UART). Gives how many were taken. */
export function acceptInput(kernel: Kernel, tty: Tty, bytes: Uint8Array, start: number, end: number): number {
  const count = Math.min(end - start, inputRoom(tty));
  pushBytes(tty.pending, bytes, start, start + count);
  processPending(kernel, tty);
  return count;
}

/** Lets the line discipline look at what waits, as far as its buffer has room. */
export function processPending(kernel: Kernel, tty: Tty): void {
  const { pending } = tty;
  if (pending.length === 0) return;
  const canonHead = tty.canonHead;
  while (pending.length > 0 && makeRoom(tty)) {
    const byte = pending.bytes[pending.head]!;
    dropBytes(pending, 1);
    receive(kernel, tty, byte);
  }
  processEchoes(kernel, tty);
  const hasInput = isCanonical(tty) ? tty.canonHead !== canonHead : tty.readHead > tty.readTail;
  if (hasInput) wakeReaders(kernel, tty);
}

/** Linux: a line that fills the buffer keeps its last byte free, so that its end can still come. */
function makeRoom(tty: Tty): boolean {
  let room = LINE_BYTES - (tty.readHead - tty.readTail);
  if ((tty.termios.iflag & I.PARMRK) !== 0) room = Math.ceil(room / 3);
  room--;
  if (room > 0) return true;
  if (!isCanonical(tty) || tty.canonHead !== tty.readTail) return false;
  if (room < 0) tty.readHead--;
  return true;
}

function receive(kernel: Kernel, tty: Tty, raw: number): void {
  const { iflag, lflag } = tty.termios;
  let byte = raw;
  if ((iflag & I.ISTRIP) !== 0) byte &= 0x7f;
  if ((iflag & I.IUCLC) !== 0 && (lflag & L.IEXTEN) !== 0) byte = toLower(byte);
  if (tty.literalNext) {
    tty.literalNext = false;
    receivePlain(kernel, tty, byte);
  } else if (tty.special[byte] === 0) receivePlain(kernel, tty, byte);
  else receiveSpecial(kernel, tty, byte);
}

function receivePlain(kernel: Kernel, tty: Tty, byte: number): void {
  restartOnAny(kernel, tty);
  if ((tty.termios.lflag & L.ECHO) !== 0) {
    finishErasing(tty);
    echoFirst(tty);
    echoChar(tty, byte);
  }
  putMarked(tty, byte);
}

function receiveSpecial(kernel: Kernel, tty: Tty, special: number): void {
  const { iflag, lflag, cc } = tty.termios;
  let byte = special;
  if ((iflag & I.IXON) !== 0) {
    if (byte === cc[V.VSTART]) {
      startOutput(kernel, tty);
      return processEchoes(kernel, tty);
    }
    if (byte === cc[V.VSTOP]) return stopOutput(kernel, tty);
  }
  if ((lflag & L.ISIG) !== 0) {
    if (byte === cc[V.VINTR]) return receiveSignal(kernel, tty, SIGNALS.SIGINT, byte);
    if (byte === cc[V.VQUIT]) return receiveSignal(kernel, tty, SIGNALS.SIGQUIT, byte);
    if (byte === cc[V.VSUSP]) return receiveSignal(kernel, tty, SIGNALS.SIGTSTP, byte);
  }
  restartOnAny(kernel, tty);
  if (byte === CR) {
    if ((iflag & I.IGNCR) !== 0) return;
    if ((iflag & I.ICRNL) !== 0) byte = LF;
  } else if (byte === LF && (iflag & I.INLCR) !== 0) byte = CR;
  if ((lflag & L.ICANON) !== 0 && receiveCanonical(tty, byte)) return;
  if ((lflag & L.ECHO) !== 0) {
    finishErasing(tty);
    if (byte === LF) echoRaw(tty, LF);
    else {
      echoFirst(tty);
      echoChar(tty, byte);
    }
  }
  putMarked(tty, byte);
}

/** Editing and line ends. False: the byte is an ordinary one after all. */
function receiveCanonical(tty: Tty, byte: number): boolean {
  const { lflag, cc } = tty.termios;
  const extended = (lflag & L.IEXTEN) !== 0;
  const echo = (lflag & L.ECHO) !== 0;
  if (byte === cc[V.VERASE] || byte === cc[V.VKILL] || (byte === cc[V.VWERASE] && extended)) {
    eraseInput(tty, byte);
    return true;
  }
  if (byte === cc[V.VLNEXT] && extended) {
    tty.literalNext = true;
    if (echo) {
      finishErasing(tty);
      if ((lflag & L.ECHOCTL) !== 0) {
        echoRaw(tty, CARET);
        echoRaw(tty, BS);
      }
    }
    return true;
  }
  if (byte === cc[V.VREPRINT] && echo && extended) {
    finishErasing(tty);
    echoChar(tty, byte);
    echoRaw(tty, LF);
    for (let at = tty.canonHead; at < tty.readHead; at++) echoChar(tty, tty.line[at & (LINE_BYTES - 1)]!);
    return true;
  }
  if (byte === LF) {
    if (echo || (lflag & L.ECHONL) !== 0) echoRaw(tty, LF);
    endLine(tty, LF);
    return true;
  }
  if (byte === cc[V.VEOF]) {
    // The mark of an end without a byte of its own: 0 in the ring.
    endLine(tty, 0);
    return true;
  }
  if (byte === cc[V.VEOL] || (byte === cc[V.VEOL2] && extended)) {
    if (echo) {
      echoFirst(tty);
      echoChar(tty, byte);
    }
    if (byte === 0xff && (tty.termios.iflag & I.PARMRK) !== 0) put(tty, byte);
    endLine(tty, byte);
    return true;
  }
  return false;
}

function endLine(tty: Tty, byte: number): void {
  tty.lineEnds[tty.readHead & (LINE_BYTES - 1)] = 1;
  put(tty, byte);
  tty.canonHead = tty.readHead;
}

function receiveSignal(kernel: Kernel, tty: Tty, signo: number, byte: number): void {
  sendTtySignal(kernel, tty, signo);
  if ((tty.termios.iflag & I.IXON) !== 0) startOutput(kernel, tty);
  if ((tty.termios.lflag & L.ECHO) !== 0) echoChar(tty, byte);
  processEchoes(kernel, tty);
}

/** A signal to the foreground group; both queues are flushed unless NOFLSH is set. */
export function sendTtySignal(kernel: Kernel, tty: Tty, signo: number): void {
  if (tty.foregroundPgrp !== 0) sendToPgrp(kernel, tty.foregroundPgrp, kernelInfo(signo));
  if ((tty.termios.lflag & L.NOFLSH) !== 0) return;
  tty.echo = [];
  keepBytes(tty.output, REACHED_MASTER);
  notePacket(kernel, tty, PACKET.TIOCPKT_FLUSHREAD | PACKET.TIOCPKT_FLUSHWRITE);
  resetLine(tty);
}

/** tcflush(TCIFLUSH): forgets what was not read. */
export function flushInput(kernel: Kernel, tty: Tty): void {
  resetLine(tty);
  tty.pending.length = 0;
  tty.pending.head = 0;
  notePacket(kernel, tty, PACKET.TIOCPKT_FLUSHREAD);
}

function resetLine(tty: Tty): void {
  tty.readTail = tty.canonHead = tty.readHead = 0;
  tty.lineEnds.fill(0);
  tty.erasing = false;
  tty.literalNext = false;
  tty.pushed = false;
}

function restartOnAny(kernel: Kernel, tty: Tty): void {
  if (!tty.stopped || tty.stoppedByProgram) return;
  if ((tty.termios.iflag & (I.IXON | I.IXANY)) !== (I.IXON | I.IXANY)) return;
  startOutput(kernel, tty);
  processEchoes(kernel, tty);
}

function echoFirst(tty: Tty): void {
  if (tty.canonHead === tty.readHead) echoSetCanonColumn(tty);
}

/** PARMRK doubles 0377, so that it differs from the mark of an error. */
function putMarked(tty: Tty, byte: number): void {
  if (byte === 0xff && (tty.termios.iflag & I.PARMRK) !== 0) put(tty, byte);
  put(tty, byte);
}

function put(tty: Tty, byte: number): void {
  tty.line[tty.readHead & (LINE_BYTES - 1)] = byte;
  tty.readHead++;
}

function toLower(byte: number): number {
  const isUpper = (byte >= 65 && byte <= 90) || (byte >= 192 && byte <= 222 && byte !== 215);
  return isUpper ? byte + 32 : byte;
}
