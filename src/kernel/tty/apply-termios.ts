/**
 * New settings for a terminal, and what the line discipline does about them. Interface: applyTermios. See tcsetattr(3).
 */
import { TERMIOS_CC, TERMIOS_CFLAG, TERMIOS_IFLAG, TERMIOS_LFLAG } from '../../abi/flags/termios.ts';
import type { Kernel } from '../kernel.ts';
import { processPending } from './line-input.ts';
import { processEchoes, startOutput } from './line-output.ts';
import { specialBytes } from './termios.ts';
import { LINE_BYTES, notePacket, PACKET, wakeReaders, wakeWriters } from './tty.ts';
import type { Termios, Tty } from './types.ts';

const { ICANON, EXTPROC } = TERMIOS_LFLAG.values;
const { IXON } = TERMIOS_IFLAG.values;
const { CSIZE, CS8, CREAD, PARENB } = TERMIOS_CFLAG.values;
const V = TERMIOS_CC.values;

export function applyTermios(kernel: Kernel, tty: Tty, next: Termios): void {
  const old = tty.termios;
  tty.termios = next;
  tty.special = specialBytes(next);
  if (tty.kind === 'pty') {
    // Linux: a pty has always eight bits and no parity.
    next.cflag = (next.cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
    const flow = usesStandardFlow(next);
    if (flow !== usesStandardFlow(old)) {
      const { TIOCPKT_DOSTOP, TIOCPKT_NOSTOP } = PACKET;
      notePacket(kernel, tty, flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
    }
  }
  if (((old.lflag ^ next.lflag) & (ICANON | EXTPROC)) !== 0) switchMode(tty, (next.lflag & ICANON) !== 0);
  if ((next.iflag & IXON) === 0 && (old.iflag & IXON) !== 0) {
    startOutput(kernel, tty);
    processEchoes(kernel, tty);
  }
  processPending(kernel, tty);
  wakeWriters(kernel, tty);
  wakeReaders(kernel, tty);
}

/** Between canonical and raw: what was typed becomes one line, or is simply there. */
function switchMode(tty: Tty, canonical: boolean): void {
  tty.lineEnds.fill(0);
  if (!canonical || tty.readHead === tty.readTail) {
    tty.canonHead = tty.readTail;
    tty.pushed = false;
  } else {
    tty.lineEnds[(tty.readHead - 1) & (LINE_BYTES - 1)] = 1;
    tty.canonHead = tty.readHead;
    tty.pushed = true;
  }
  tty.erasing = false;
  tty.literalNext = false;
}

function usesStandardFlow({ iflag, cc }: Termios): boolean {
  return (iflag & IXON) !== 0 && cc[V.VSTOP] === 0o23 && cc[V.VSTART] === 0o21;
}
