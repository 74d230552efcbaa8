/**
 * The console: a terminal on the machine's serial port. See console(4), ttyS(4).
 *
 * Interface: initConsole, consoleInterrupt, openConsole.
 */
import { TERMIOS_BAUD, TERMIOS_CFLAG } from '../../abi/flags/termios.ts';
import type { Kernel } from '../kernel.ts';
import type { Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import type { FileKind } from '../vfs/types.ts';
import { acceptInput, inputRoom } from './line-input.ts';
import { openTty } from './tty-file.ts';
import { createTty, ttyByIndex } from './tty.ts';
import type { Tty, TtyFile } from './types.ts';

const { CS8, CREAD, HUPCL, CLOCAL } = TERMIOS_CFLAG.values;
const SPEED = 115200;

/** Makes the console's terminal; once, at boot. */
export function initConsole(kernel: Kernel): void {
  const tty = createTty(kernel, 'console', 0, 0);
  tty.termios.cflag = TERMIOS_BAUD.values.B115200 | CS8 | CREAD | HUPCL | CLOCAL;
  tty.termios.ispeed = tty.termios.ospeed = SPEED;
}

/** Input came: it goes to the line discipline, or is lost where that has no room, as on a serial line. */
export function consoleInterrupt(kernel: Kernel): void {
  const { console } = kernel.machine;
  const bytes = console.read(console.inputLength);
  const tty = theConsole(kernel);
  if (tty !== undefined) acceptInput(kernel, tty, bytes, 0, Math.min(bytes.length, inputRoom(tty)));
}

/** /dev/console and /dev/ttyS0 are the same; only the latter becomes a controlling terminal by being opened. */
export function openConsole(
  kernel: Kernel,
  task: Task,
  flags: number,
  mayControl: boolean,
): Outcome<{ readonly kind: FileKind; readonly data: TtyFile }> {
  const tty = theConsole(kernel);
  return tty === undefined ? 'ENXIO' : openTty(kernel, task, tty, flags, mayControl);
}

function theConsole(kernel: Kernel): Tty | undefined {
  return ttyByIndex(kernel, 'console', 0);
}
