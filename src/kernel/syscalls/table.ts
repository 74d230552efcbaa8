/**
 * All system calls that are implemented, one family a line. Interface: HANDLERS.
 * A call of abi/syscalls.ts that is not here gives ENOSYS.
 */
import { attributeCalls } from './attributes.ts';
import { credentialCalls } from './credentials.ts';
import { directoryCalls } from './directory.ts';
import { epollCalls } from './epoll.ts';
import { eventfdCalls } from './eventfd.ts';
import { execCalls } from './exec.ts';
import { fdCalls } from './fd.ts';
import { futexCalls } from './futex.ts';
import type { Handlers } from './handlers.ts';
import { ioctlCalls } from './ioctl.ts';
import { limitCalls } from './limits.ts';
import { linkCalls } from './link.ts';
import { lockCalls } from './locks.ts';
import { memoryCalls } from './memory.ts';
import { mountCalls } from './mount.ts';
import { openCalls } from './open.ts';
import { pipeCalls } from './pipe.ts';
import { pollCalls } from './poll.ts';
import { prctlCalls } from './prctl.ts';
import { processCalls } from './process.ts';
import { readWriteCalls } from './read-write.ts';
import { riscvCalls } from './riscv.ts';
import { schedCalls } from './sched.ts';
import { signalCalls } from './signal.ts';
import { signalfdCalls } from './signalfd.ts';
import { socketCalls } from './socket.ts';
import { spliceCalls } from './splice.ts';
import { statCalls } from './stat.ts';
import { syncCalls } from './sync.ts';
import { systemCalls } from './system.ts';
import { threadCalls } from './thread.ts';
import { timeCalls } from './time.ts';
import { waitCalls } from './wait.ts';
import { xattrCalls } from './xattr.ts';

export const HANDLERS: Handlers = {
  ...attributeCalls,
  ...credentialCalls,
  ...directoryCalls,
  ...epollCalls,
  ...eventfdCalls,
  ...execCalls,
  ...fdCalls,
  ...futexCalls,
  ...ioctlCalls,
  ...limitCalls,
  ...linkCalls,
  ...lockCalls,
  ...memoryCalls,
  ...mountCalls,
  ...openCalls,
  ...pipeCalls,
  ...pollCalls,
  ...prctlCalls,
  ...processCalls,
  ...readWriteCalls,
  ...riscvCalls,
  ...schedCalls,
  ...signalCalls,
  ...signalfdCalls,
  ...socketCalls,
  ...spliceCalls,
  ...statCalls,
  ...syncCalls,
  ...systemCalls,
  ...threadCalls,
  ...timeCalls,
  ...waitCalls,
  ...xattrCalls,
};
