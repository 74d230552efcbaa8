/**
 * Terminals whose master the host holds: `ringfence run -t` and the browser's terminal.
 *
 * Interface: createHostTerminal, terminalInput, terminalOutput, terminalRoom, resizeTerminal, hangUpTerminal.
 * The host's calls never wait: they move what fits.
 */
import { OPEN } from '../../abi/flags/open.ts';
import { TERMIOS_IFLAG } from '../../abi/flags/termios.ts';
import type { TtyId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { ROOT_CRED } from '../task/cred.ts';
import type { OpenFile } from '../vfs/types.ts';
import { takeBytes } from './byte-queue.ts';
import { acceptInput, inputRoom } from './line-input.ts';
import { closeMaster, createPty, roomForOutput } from './pty.ts';
import { openSlaveFile } from './slave-file.ts';
import { resize } from './tty-ioctl.ts';
import type { Tty, WinSize } from './types.ts';

/** A pty for the host. `file` is the slave, opened for reading and writing, one reference. */
export function createHostTerminal(kernel: Kernel, winsize: WinSize): { tty: TtyId; file: OpenFile } {
  const tty = createPty(kernel, 0);
  tty.hostMaster = true;
  tty.winsize = winsize;
  // As terminal emulators do.
  tty.termios.iflag |= TERMIOS_IFLAG.values.IUTF8;
  tty.slaveOpens++;
  tty.everOpened = true;
  return { tty: tty.id, file: openSlaveFile(kernel, tty, OPEN.values.O_RDWR, ROOT_CRED) };
}

/** What is typed. Gives how many bytes were taken. */
export function terminalInput(kernel: Kernel, id: TtyId, bytes: Uint8Array): number {
  const tty = ownTerminal(kernel, id);
  return tty === undefined ? 0 : acceptInput(kernel, tty, bytes, 0, bytes.length);
}

/** Takes up to `max` bytes of what is to be shown. */
export function terminalOutput(kernel: Kernel, id: TtyId, max: number): Uint8Array {
  const tty = ownTerminal(kernel, id);
  if (tty === undefined || tty.output.length === 0) return new Uint8Array(0);
  const bytes = takeBytes(tty.output, max);
  roomForOutput(kernel, tty);
  return bytes;
}

/** How many bytes terminalInput would take now. */
export function terminalRoom(kernel: Kernel, id: TtyId): number {
  const tty = ownTerminal(kernel, id);
  return tty === undefined ? 0 : inputRoom(tty);
}

export function resizeTerminal(kernel: Kernel, id: TtyId, winsize: WinSize): void {
  const tty = ownTerminal(kernel, id);
  if (tty !== undefined) resize(kernel, tty, winsize);
}

/** The host's terminal is closed: SIGHUP for its session. */
export function hangUpTerminal(kernel: Kernel, id: TtyId): void {
  const tty = ownTerminal(kernel, id);
  if (tty !== undefined) closeMaster(kernel, tty);
}

function ownTerminal(kernel: Kernel, id: TtyId): Tty | undefined {
  const tty = kernel.ttys.get(id);
  return tty?.hostMaster === true && tty.masterOpen && tty.kind === 'pty' ? tty : undefined;
}
