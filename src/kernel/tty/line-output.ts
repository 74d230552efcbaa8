/**
 * The output half of the line discipline: OPOST processing, echoes and flow control. See termios(3), "c_oflag".
 *
 * Interface: writeProcessed, outputRoom, echoChar, echoRaw, echoSetCanonColumn, echoMoveBack, echoEraseTab, processEchoes,
 * flushOutput, stopOutput, startOutput, isControl, isContinuation.
 * Echoes wait in `tty.echo` while output is stopped or full. Codes there: a byte; CONTROL + byte for ^X; the operations below.
 */
import { TERMIOS_IFLAG, TERMIOS_LFLAG, TERMIOS_OFLAG } from '../../abi/flags/termios.ts';
import type { Kernel } from '../kernel.ts';
import { pushByte, pushBytes, takeBytes } from './byte-queue.ts';
import { notePacket, PACKET, QUEUE_BYTES, wakeMaster, wakeWriters } from './tty.ts';
import type { Tty } from './types.ts';

const { OPOST, OLCUC, ONLCR, OCRNL, ONOCR, ONLRET, TABDLY, XTABS } = TERMIOS_OFLAG.values;
const { IUTF8 } = TERMIOS_IFLAG.values;
const { ECHOCTL } = TERMIOS_LFLAG.values;

const BS = 8;
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const CARET = 94;

const CONTROL = 0x100;
const SET_CANON_COLUMN = 0x200;
const MOVE_BACK = 0x201;
/** Plus the columns that other characters take in the tab's area (0..7), and 8 if they follow another tab. */
const ERASE_TAB = 0x300;
/** Echoes beyond this are lost, as in Linux. */
const MAX_ECHO = 4096;

/** Room for output of the program. */
export function outputRoom(tty: Tty): number {
  return tty.stopped ? 0 : Math.max(0, QUEUE_BYTES - tty.output.length);
}

/** Writes a program's bytes as c_oflag says. Gives how many were taken: fewer when there is no more room. */
export function writeProcessed(tty: Tty, bytes: Uint8Array, start: number, end: number): number {
  if ((tty.termios.oflag & OPOST) === 0) {
    const count = Math.min(end - start, outputRoom(tty));
    pushBytes(tty.output, bytes, start, start + count);
    return count;
  }
  let at = start;
  while (at < end && outputChar(tty, bytes[at]!)) at++;
  return at - start;
}

/** One byte through OPOST; false when there is no room for what becomes of it. */
function outputChar(tty: Tty, byte: number): boolean {
  const { oflag } = tty.termios;
  const room = outputRoom(tty);
  if (room === 0) return false;
  switch (byte) {
    case LF:
      if ((oflag & ONLRET) !== 0) tty.column = 0;
      if ((oflag & ONLCR) !== 0) {
        if (room < 2) return false;
        tty.canonColumn = tty.column = 0;
        pushByte(tty.output, CR);
      } else tty.canonColumn = tty.column;
      break;
    case CR:
      if ((oflag & ONOCR) !== 0 && tty.column === 0) return true;
      if ((oflag & OCRNL) !== 0) {
        byte = LF;
        if ((oflag & ONLRET) !== 0) tty.canonColumn = tty.column = 0;
      } else tty.canonColumn = tty.column = 0;
      break;
    case TAB: {
      const spaces = 8 - (tty.column & 7);
      if ((oflag & TABDLY) === XTABS) {
        if (room < spaces) return false;
        tty.column += spaces;
        for (let i = 0; i < spaces; i++) pushByte(tty.output, SPACE);
        return true;
      }
      tty.column += spaces;
      break;
    }
    case BS:
      if (tty.column > 0) tty.column--;
      break;
    default:
      if (!isControl(byte)) {
        if ((oflag & OLCUC) !== 0) byte = toUpper(byte);
        if (!isContinuation(tty, byte)) tty.column++;
      }
  }
  pushByte(tty.output, byte);
  return true;
}

/** Echoes a byte, control characters as ^X if ECHOCTL says so. */
export function echoChar(tty: Tty, byte: number): void {
  const asCaret = (tty.termios.lflag & ECHOCTL) !== 0 && isControl(byte) && byte !== TAB;
  addEcho(tty, asCaret ? CONTROL + byte : byte);
}

export function echoRaw(tty: Tty, byte: number): void {
  addEcho(tty, byte);
}

/** Remembers that the input line begins at the cursor. */
export function echoSetCanonColumn(tty: Tty): void {
  addEcho(tty, SET_CANON_COLUMN);
}

export function echoMoveBack(tty: Tty): void {
  addEcho(tty, MOVE_BACK);
}

export function echoEraseTab(tty: Tty, columns: number, afterTab: boolean): void {
  addEcho(tty, ERASE_TAB + (columns & 7) + (afterTab ? 8 : 0));
}

function addEcho(tty: Tty, code: number): void {
  if (tty.echo.length < MAX_ECHO) tty.echo.push(code);
}

/** Writes the echoes that wait, as far as there is room. */
export function processEchoes(kernel: Kernel, tty: Tty): void {
  if (tty.echo.length === 0) return;
  let done = 0;
  while (done < tty.echo.length && outputEcho(tty, tty.echo[done]!)) done++;
  tty.echo.splice(0, done);
  flushOutput(kernel, tty);
}

function outputEcho(tty: Tty, code: number): boolean {
  if (code === SET_CANON_COLUMN) {
    tty.canonColumn = tty.column;
    return true;
  }
  if (code === MOVE_BACK) {
    if (tty.column > 0) tty.column--;
    return true;
  }
  const room = outputRoom(tty);
  if (code >= ERASE_TAB) {
    const columns = (code & 7) + ((code & 8) !== 0 ? 0 : tty.canonColumn);
    const back = 8 - (columns & 7);
    if (room < back) return false;
    for (let i = 0; i < back; i++) pushByte(tty.output, BS);
    tty.column = Math.max(0, tty.column - back);
    return true;
  }
  if (code >= CONTROL) {
    if (room < 2) return false;
    pushByte(tty.output, CARET);
    pushByte(tty.output, (code & 0xff) ^ 0x40);
    tty.column += 2;
    return true;
  }
  if ((tty.termios.oflag & OPOST) !== 0) return outputChar(tty, code);
  if (room === 0) return false;
  pushByte(tty.output, code);
  return true;
}

/** Passes output on: to the console's device, or to whoever waits at the master. */
export function flushOutput(kernel: Kernel, tty: Tty): void {
  if (tty.output.length === 0) return;
  if (tty.kind === 'console') kernel.machine.console.write(takeBytes(tty.output, tty.output.length));
  else wakeMaster(kernel, tty);
}

export function stopOutput(kernel: Kernel, tty: Tty): void {
  if (tty.stopped) return;
  tty.stopped = true;
  notePacket(kernel, tty, PACKET.TIOCPKT_STOP, PACKET.TIOCPKT_START);
}

export function startOutput(kernel: Kernel, tty: Tty): void {
  if (!tty.stopped || tty.stoppedByProgram) return;
  tty.stopped = false;
  notePacket(kernel, tty, PACKET.TIOCPKT_START, PACKET.TIOCPKT_STOP);
  wakeWriters(kernel, tty);
}

/** As Linux's ctype table (Latin 1) has it: 0x80..0x9f are not control characters. */
export function isControl(byte: number): boolean {
  return byte < 32 || byte === 127;
}

/** A byte of a UTF-8 character that is not its first, where IUTF8 is set. */
export function isContinuation(tty: Tty, byte: number): boolean {
  return (tty.termios.iflag & IUTF8) !== 0 && (byte & 0xc0) === 0x80;
}

function toUpper(byte: number): number {
  const isLower = (byte >= 97 && byte <= 122) || (byte >= 224 && byte !== 247);
  return isLower ? byte - 32 : byte;
}
