/**
 * The kinds of open files that the kernel has: one line each.
 *
 * Interface: registerFileOps (called once by boot), FILE_OPS. The VFS itself looks them up in registry.ts.
 */
import { memoryDeviceOps, openDevice } from '../fs/devices.ts';
import { procOps } from '../fs/proc/proc-file.ts';
import { epollOps } from '../ipc/epoll.ts';
import { eventfdOps } from '../ipc/eventfd.ts';
import { openFifo, waitForPartner } from '../ipc/fifo.ts';
import { pipeOps } from '../ipc/pipe.ts';
import { signalfdOps } from '../signal/signalfd.ts';
import { pidfdOps } from '../task/pidfd.ts';
import { timerfdOps } from '../time/timerfd.ts';
import { ptmxOps } from '../tty/pty.ts';
import { ttyOps } from '../tty/tty-file.ts';
import { directoryOps } from './directory.ts';
import { regularOps } from './regular.ts';
import { FILE_OPS, SPECIAL_OPEN } from './registry.ts';
import type { FileKind, FileOps } from './types.ts';

export { FILE_OPS } from './registry.ts';

export function registerFileOps(): void {
  Object.assign(FILE_OPS, all());
  SPECIAL_OPEN.fifo = openFifo;
  SPECIAL_OPEN.waitForPartner = waitForPartner;
  SPECIAL_OPEN.device = openDevice;
}

function all(): Partial<Record<FileKind, FileOps>> {
  return {
    regular: regularOps,
    directory: directoryOps,
    path: { seekable: false },
    pipe: pipeOps,
    tty: ttyOps,
    ptmx: ptmxOps,
    eventfd: eventfdOps,
    epoll: epollOps,
    timerfd: timerfdOps,
    signalfd: signalfdOps,
    pidfd: pidfdOps,
    proc: procOps,
    ...memoryDeviceOps,
  };
}
