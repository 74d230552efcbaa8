/**
 * Editing of the input line: VERASE, VWERASE and VKILL with what they show. See termios(3), "Canonical and noncanonical mode".
 *
 * Interface: eraseInput, finishErasing.
 */
import { TERMIOS_CC, TERMIOS_LFLAG } from '../../abi/flags/termios.ts';
import { echoChar, echoEraseTab, echoMoveBack, echoRaw, isContinuation, isControl } from './line-output.ts';
import { LINE_BYTES } from './tty.ts';
import type { Tty } from './types.ts';

const L = TERMIOS_LFLAG.values;
const V = TERMIOS_CC.values;

const BS = 8;
const TAB = 9;
const LF = 10;
const SPACE = 32;
const SLASH = 47;
const BACKSLASH = 92;
const UNDERSCORE = 95;
const MASK = LINE_BYTES - 1;

/** Takes back a character, a word or all of the line that is being typed, as `key` says. */
export function eraseInput(tty: Tty, key: number): void {
  const { lflag, cc } = tty.termios;
  if (tty.readHead === tty.canonHead) return;
  const kind = key === cc[V.VERASE] ? 'erase' : key === cc[V.VWERASE] ? 'word' : 'kill';
  if (kind === 'kill') {
    if ((lflag & L.ECHO) === 0) {
      tty.readHead = tty.canonHead;
      return;
    }
    const visibly = L.ECHOK | L.ECHOKE | L.ECHOE;
    if ((lflag & visibly) !== visibly) {
      tty.readHead = tty.canonHead;
      finishErasing(tty);
      echoChar(tty, cc[V.VKILL]!);
      if ((lflag & L.ECHOK) !== 0) echoRaw(tty, LF);
      return;
    }
  }
  let seenWord = false;
  while (tty.readHead > tty.canonHead) {
    let head = tty.readHead;
    let byte: number;
    do byte = tty.line[--head & MASK]!;
    while (isContinuation(tty, byte) && head > tty.canonHead);
    // Never half of a character.
    if (isContinuation(tty, byte)) break;
    if (kind === 'word') {
      if (isWordByte(byte)) seenWord = true;
      else if (seenWord) break;
    }
    const length = tty.readHead - head;
    tty.readHead = head;
    if ((lflag & L.ECHO) !== 0) showErased(tty, byte, head, length, kind === 'erase');
    if (kind === 'erase') break;
  }
  if (tty.readHead === tty.canonHead && (lflag & L.ECHO) !== 0) finishErasing(tty);
}

/** Closes the \.../ of ECHOPRT. */
export function finishErasing(tty: Tty): void {
  if (!tty.erasing) return;
  echoRaw(tty, SLASH);
  tty.erasing = false;
}

function showErased(tty: Tty, byte: number, at: number, length: number, single: boolean): void {
  const { lflag, cc } = tty.termios;
  if ((lflag & L.ECHOPRT) !== 0) {
    if (!tty.erasing) {
      echoRaw(tty, BACKSLASH);
      tty.erasing = true;
    }
    echoChar(tty, byte);
    for (let i = 1; i < length; i++) {
      echoRaw(tty, tty.line[(at + i) & MASK]!);
      echoMoveBack(tty);
    }
  } else if (single && (lflag & L.ECHOE) === 0) echoChar(tty, cc[V.VERASE]!);
  else if (byte === TAB) showErasedTab(tty);
  else {
    const asCaret = (lflag & L.ECHOCTL) !== 0;
    if (isControl(byte) && asCaret) wipe(tty);
    if (!isControl(byte) || asCaret) wipe(tty);
  }
}

/** A tab's width depends on the columns since the tab before it, or since the start of the line. */
function showErasedTab(tty: Tty): void {
  let columns = 0;
  let afterTab = false;
  for (let at = tty.readHead - 1; at >= tty.canonHead; at--) {
    const byte = tty.line[at & MASK]!;
    if (byte === TAB) {
      afterTab = true;
      break;
    }
    if (isControl(byte)) columns += (tty.termios.lflag & L.ECHOCTL) !== 0 ? 2 : 0;
    else if (!isContinuation(tty, byte)) columns++;
  }
  echoEraseTab(tty, columns, afterTab);
}

function wipe(tty: Tty): void {
  echoRaw(tty, BS);
  echoRaw(tty, SPACE);
  echoRaw(tty, BS);
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 48 && byte <= 57) ||
    (byte >= 65 && byte <= 90) ||
    (byte >= 97 && byte <= 122) ||
    byte === UNDERSCORE ||
    (byte >= 192 && byte !== 215 && byte !== 247)
  );
}
