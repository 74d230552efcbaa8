/**
 * Terminals as records: making, finding, waking, forgetting.
 *
 * Interface: createTty, freeTty, ttyByIndex, isCanonical, wakeReaders, wakeWriters, wakeMaster, notePacket, PACKET, LINE_BYTES, QUEUE_BYTES.
 */
import { TIOCPKT_BITS } from '../../abi/flags/ioctl.ts';
import { TERMIOS_LFLAG } from '../../abi/flags/termios.ts';
import { nextId } from '../id.ts';
import type { Kernel } from '../kernel.ts';
import { freeWaitQueue, newWaitQueue, wakeAll } from '../sched/wait-queue.ts';
import { newByteQueue } from './byte-queue.ts';
import { defaultTermios, specialBytes } from './termios.ts';
import type { Tty } from './types.ts';

/** N_TTY_BUF_SIZE: a line is at most this long, its end included. */
export const LINE_BYTES = 4096;
/** What fits on the way from one side to the other before the writer waits. */
export const QUEUE_BYTES = 65536;

const { ICANON } = TERMIOS_LFLAG.values;

export function createTty(kernel: Kernel, kind: Tty['kind'], index: number, uid: number): Tty {
  const termios = defaultTermios();
  const tty: Tty = {
    id: nextId(kernel),
    kind,
    index,
    uid,
    termios,
    special: specialBytes(termios),
    winsize: { rows: 0, cols: 0, xpixel: 0, ypixel: 0 },
    session: 0,
    foregroundPgrp: 0,
    line: new Uint8Array(LINE_BYTES),
    lineEnds: new Uint8Array(LINE_BYTES),
    readTail: 0,
    canonHead: 0,
    readHead: 0,
    pushed: false,
    pending: newByteQueue(),
    output: newByteQueue(),
    echo: [],
    column: 0,
    canonColumn: 0,
    erasing: false,
    literalNext: false,
    stopped: false,
    stoppedByProgram: false,
    packetMode: false,
    packetStatus: 0,
    locked: false,
    exclusive: false,
    masterOpen: kind === 'console',
    slaveOpens: 0,
    everOpened: false,
    generation: 0,
    hostMaster: kind === 'console',
    readable: newWaitQueue(kernel),
    writable: newWaitQueue(kernel),
    masterReadable: newWaitQueue(kernel),
    masterWritable: newWaitQueue(kernel),
  };
  kernel.ttys.set(tty.id, tty);
  return tty;
}

/** Forgets a terminal that nobody has open any more, on either side. */
export function freeTty(kernel: Kernel, tty: Tty): void {
  for (const group of kernel.groups.values()) if (group.tty === tty.id) group.tty = 0;
  for (const queue of [tty.readable, tty.writable, tty.masterReadable, tty.masterWritable])
    freeWaitQueue(kernel, queue);
  kernel.ttys.delete(tty.id);
}

export function ttyByIndex(kernel: Kernel, kind: Tty['kind'], index: number): Tty | undefined {
  for (const tty of kernel.ttys.values()) if (tty.kind === kind && tty.index === index) return tty;
  return undefined;
}

export function isCanonical(tty: Tty): boolean {
  return (tty.termios.lflag & ICANON) !== 0;
}

export function wakeReaders(kernel: Kernel, tty: Tty): void {
  wakeAll(kernel, tty.readable);
}

/** The program may write again. */
export function wakeWriters(kernel: Kernel, tty: Tty): void {
  wakeAll(kernel, tty.writable);
}

/** Output came for the other side: a pty's master hears of it, the console's device gets it at once (see line-output.ts). */
export function wakeMaster(kernel: Kernel, tty: Tty): void {
  wakeAll(kernel, tty.masterReadable);
}

/** Tells a master in packet mode (TIOCPKT) what happened. `undone` are bits that this takes back. */
export function notePacket(kernel: Kernel, tty: Tty, bits: number, undone = 0): void {
  if (!tty.packetMode) return;
  tty.packetStatus = (tty.packetStatus & ~undone) | bits;
  wakeMaster(kernel, tty);
}

export const PACKET = TIOCPKT_BITS.values;
