/**
 * ioctl requests of a pty's master. See ioctl_tty(2), "Pseudoterminal ioctls". Interface: masterIoctl.
 */
import { IOCTL, TCFLUSH } from '../../abi/flags/ioctl.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { Kernel } from '../kernel.ts';
import { getUserI32, putUser32 } from '../mm/uaccess.ts';
import { failed, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { installFd } from '../vfs/fd-table.ts';
import { isFileLimitReached, putFile } from '../vfs/file.ts';
import type { OpenFile } from '../vfs/types.ts';
import { keepBytes } from './byte-queue.ts';
import { sendTtySignal } from './line-input.ts';
import { openSlaveFile } from './slave-file.ts';
import { openTty } from './tty-file.ts';
import { sharedIoctl } from './tty-ioctl.ts';
import { notePacket, PACKET, wakeWriters } from './tty.ts';
import type { Tty } from './types.ts';

const T = IOCTL.values;
const { O_CLOEXEC } = OPEN.values;
/** _IOW('T', 0x36, int): sends a signal to the foreground group. */
const TIOCSIG = 0x40045436;
const NSIG = 64;

export function masterIoctl(
  kernel: Kernel,
  task: Task,
  tty: Tty,
  _file: OpenFile,
  request: number,
  argument: number,
): Outcome<number> {
  switch (request) {
    case T.TIOCGPTN:
      return putUser32(kernel, task, argument, tty.index);
    case T.TIOCSPTLCK: {
      const locked = getUserI32(kernel, task, argument);
      if (locked === 'EFAULT') return locked;
      tty.locked = locked !== 0;
      return 0;
    }
    case T.TIOCGPTLCK:
      return putUser32(kernel, task, argument, tty.locked ? 1 : 0);
    case T.TIOCPKT: {
      const on = getUserI32(kernel, task, argument);
      if (on === 'EFAULT') return on;
      if (on !== 0 && !tty.packetMode) tty.packetStatus = 0;
      tty.packetMode = on !== 0;
      return 0;
    }
    case T.TIOCGPKT:
      return putUser32(kernel, task, argument, tty.packetMode ? 1 : 0);
    case T.TIOCGPTPEER:
      return openPeer(kernel, task, tty, argument);
    case TIOCSIG:
      if (!(argument >= 1 && argument <= NSIG)) return 'EINVAL';
      sendTtySignal(kernel, tty, argument);
      return 0;
    case T.FIONREAD:
      return putUser32(kernel, task, argument, tty.output.length);
    case T.TCFLSH:
      return flushFromMaster(kernel, tty, argument);
    case T.TIOCSCTTY:
    case T.TIOCNOTTY:
      return request === T.TIOCNOTTY ? 'ENOTTY' : 'EPERM';
    case T.TIOCSTI:
    case T.TCXONC:
      return 'ENOTTY';
    default:
      return sharedIoctl(kernel, task, tty, request, argument);
  }
}

/** TIOCGPTPEER: a descriptor of the slave, whatever /dev/pts the caller sees. */
function openPeer(kernel: Kernel, task: Task, tty: Tty, flags: number): Outcome<number> {
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const opened = openTty(kernel, task, tty, flags, true);
  if (failed(opened)) return opened;
  const file = openSlaveFile(kernel, tty, flags & ~O_CLOEXEC, task.cred);
  const fd = installFd(kernel, task, file, (flags & O_CLOEXEC) !== 0);
  if (typeof fd === 'string') putFile(kernel, file);
  return fd;
}

/** The master's input is the slave's output, and its output is what the line discipline has not seen yet. */
function flushFromMaster(kernel: Kernel, tty: Tty, which: number): 0 | 'EINVAL' {
  const { TCIFLUSH, TCOFLUSH, TCIOFLUSH } = TCFLUSH.values;
  if (which !== TCIFLUSH && which !== TCOFLUSH && which !== TCIOFLUSH) return 'EINVAL';
  if (which !== TCOFLUSH) {
    keepBytes(tty.output, 0);
    wakeWriters(kernel, tty);
  }
  if (which !== TCIFLUSH) {
    keepBytes(tty.pending, 0);
    notePacket(kernel, tty, PACKET.TIOCPKT_FLUSHWRITE);
  }
  return 0;
}
