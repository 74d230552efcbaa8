/** Records of terminals. Interface: Tty, Termios, WinSize, ByteQueue, TtyFile. See termios(3), pty(7), tty_ioctl(4). */
import type { Tid, TtyId, WaitQueueId } from '../ids.ts';

export interface Termios {
  iflag: number;
  oflag: number;
  cflag: number;
  lflag: number;
  line: number;
  /** c_cc, 19 entries. */
  cc: number[];
  ispeed: number;
  ospeed: number;
}

export interface WinSize {
  rows: number;
  cols: number;
  xpixel: number;
  ypixel: number;
}

/** A ring of bytes that grows as it is needed; kept by tty/byte-queue.ts. */
export interface ByteQueue {
  bytes: Uint8Array;
  head: number;
  length: number;
}

/** A terminal: one line discipline with queues to the program side (slave) and to the other side (pty master, host or UART). */
export interface Tty {
  readonly id: TtyId;
  readonly kind: 'pty' | 'console';
  /** Number in /dev/pts; 0 for the console. */
  readonly index: number;
  /** Owner of its node in /dev/pts. */
  readonly uid: number;
  termios: Termios;
  /** By byte: 1 where the termios give it a meaning of its own (Linux's char_map). */
  special: Uint8Array;
  winsize: WinSize;
  session: Tid;
  foregroundPgrp: Tid;
  /** The line discipline's ring of LINE_BYTES, and for each of its bytes whether it ends a line. Positions count all bytes ever. */
  line: Uint8Array;
  lineEnds: Uint8Array;
  readTail: number;
  /** End of the complete lines in canonical mode. */
  canonHead: number;
  readHead: number;
  /** The switch to canonical mode made a line of what was there. */
  pushed: boolean;
  /** From the other side, not yet seen by the line discipline. */
  pending: ByteQueue;
  /** On the way to the other side. */
  output: ByteQueue;
  /** Echoes not yet in `output`; see tty/line-output.ts for the codes. */
  echo: number[];
  /** Column of the cursor, for tab expansion and erase; and where the current input line began. */
  column: number;
  canonColumn: number;
  /** Inside \.../ of ECHOPRT. */
  erasing: boolean;
  literalNext: boolean;
  /** Output is stopped, by VSTOP or by tcflow(TCOOFF). */
  stopped: boolean;
  stoppedByProgram: boolean;
  packetMode: boolean;
  packetStatus: number;
  locked: boolean;
  exclusive: boolean;
  masterOpen: boolean;
  slaveOpens: number;
  everOpened: boolean;
  /** Files opened before the last hang-up have an older number and are dead. */
  generation: number;
  /** The host itself is the master (ringfence run -t, browser terminal). */
  hostMaster: boolean;
  readonly readable: WaitQueueId;
  readonly writable: WaitQueueId;
  readonly masterReadable: WaitQueueId;
  readonly masterWritable: WaitQueueId;
}

/** What an open file of a terminal keeps. */
export interface TtyFile {
  readonly tty: TtyId;
  readonly generation: number;
}
