/** Records of terminals. Interface: Tty, Termios, WinSize. See termios(3), pty(7), tty_ioctl(4). */
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

/** A terminal: one line discipline with queues to the program side (slave) and to the other side (pty master, host or UART). */
export interface Tty {
  readonly id: TtyId;
  readonly kind: 'pty' | 'console';
  /** Number in /dev/pts; 0 for the console. */
  readonly index: number;
  termios: Termios;
  winsize: WinSize;
  session: Tid;
  foregroundPgrp: Tid;
  /** Cooked bytes that the program may read. In canonical mode only up to the last line end counts. */
  input: Uint8Array;
  inputHead: number;
  inputLength: number;
  /** Ends of complete lines in canonical mode, as absolute positions of the input stream. */
  lineEnds: number[];
  inputReadTotal: number;
  inputWriteTotal: number;
  /** Bytes on the way to the master side. */
  output: Uint8Array;
  outputHead: number;
  outputLength: number;
  /** Column of the cursor, for tab expansion and erase. */
  column: number;
  canonColumn: number;
  stopped: boolean;
  literalNext: boolean;
  packetMode: boolean;
  packetStatus: number;
  locked: boolean;
  exclusive: boolean;
  masterOpen: boolean;
  slaveOpens: number;
  everOpened: boolean;
  hungUp: boolean;
  /** The host itself is the master (ringfence run -t, browser terminal). */
  hostMaster: boolean;
  readonly readable: WaitQueueId;
  readonly writable: WaitQueueId;
  readonly masterReadable: WaitQueueId;
  readonly masterWritable: WaitQueueId;
}
