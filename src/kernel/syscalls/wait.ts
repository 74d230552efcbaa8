/** wait4, waitid and waitpid. See wait(2), wait4(2). Interface: waitCalls. */
import { WAIT, WAIT_ID } from '../../abi/flags/process.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32 } from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import { pidfdTarget } from '../task/pidfd.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { type ChildEvent, lookForChild, type WaitRequest } from '../task/wait.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { type Handlers, type SyscallResult } from './handlers.ts';
import { writeRusage } from './rusage.ts';

const { WNOHANG, WUNTRACED, WEXITED, WCONTINUED, WNOWAIT, __WNOTHREAD, __WALL, __WCLONE } = WAIT.values;
const { P_ALL, P_PID, P_PGID, P_PIDFD } = WAIT_ID.values;
const INT_MIN = -0x80000000;
/** A pid that nobody has. */
const NOBODY = -1;

export const waitCalls = {
  wait4: (kernel, task, pid, status, options, usage) => wait4(kernel, task, pid, status, options, usage),
  waitpid: (kernel, task, pid, status, options) => wait4(kernel, task, pid, status, options, 0),

  waitid(kernel, task, which, id, info, options, usage) {
    const known = WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE;
    if ((options & ~known) !== 0 || (options & (WEXITED | WUNTRACED | WCONTINUED)) === 0) return 'EINVAL';
    const request = requestFor(kernel, task, which, id, options);
    if (typeof request === 'string') return request;
    const event = lookForChild(kernel, task, request);
    if (event === 'ECHILD') return event;
    if (event === null && (options & WNOHANG) === 0) {
      if (request.isNonblocking) return 'EAGAIN';
      return waitOn([groupOf(kernel, task).childExit]);
    }
    if (event !== null && usage !== 0 && writeRusage(kernel, task, usage, event.usage) !== 0) return 'EFAULT';
    return info === 0 ? 0 : writeInfo(kernel, task, info, event);
  },
} satisfies Handlers;

function wait4(kernel: Kernel, task: Task, pid: number, status: number, options: number, usage: number): SyscallResult {
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)) !== 0) return 'EINVAL';
  if (pid === INT_MIN) return 'ESRCH';
  const own = groupOf(kernel, task);
  const event = lookForChild(kernel, task, {
    pid: pid > 0 ? pid : 0,
    pgrp: pid === 0 ? own.pgrp : pid < -1 ? -pid : 0,
    options: options | WEXITED,
  });
  if (event === 'ECHILD') return event;
  if (event === null) return (options & WNOHANG) !== 0 ? 0 : waitOn([own.childExit]);
  // Linux: the child has been reaped even if these fail.
  if (status !== 0 && putUser32(kernel, task, status, event.status) !== 0) return 'EFAULT';
  if (usage !== 0 && writeRusage(kernel, task, usage, event.usage) !== 0) return 'EFAULT';
  return event.pid;
}

function requestFor(kernel: Kernel, task: Task, which: number, id: number, options: number) {
  const request = { pid: 0, pgrp: 0, options, isNonblocking: false };
  switch (which) {
    case P_ALL:
      return request;
    case P_PID:
      return id <= 0 ? 'EINVAL' : { ...request, pid: id };
    case P_PGID:
      if (id < 0) return 'EINVAL';
      return { ...request, pgrp: id === 0 ? groupOf(kernel, task).pgrp : id };
    case P_PIDFD:
      return id < 0 ? 'EINVAL' : pidfdRequest(kernel, task, id, request);
    default:
      return 'EINVAL';
  }
}

function pidfdRequest(kernel: Kernel, task: Task, fd: number, request: WaitRequest & { isNonblocking: boolean }) {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string' || file.kind !== 'pidfd') return 'EBADF';
  const isNonblocking = (file.flags & OPEN.values.O_NONBLOCK) !== 0;
  return { ...request, pid: pidfdTarget(kernel, file)?.group.tgid ?? NOBODY, isNonblocking };
}

/** The members of siginfo_t that waitid sets; the others stay as they are. All zero when there is no news. */
function writeInfo(kernel: Kernel, task: Task, address: number, event: ChildEvent | null): 0 | 'EFAULT' {
  const values: readonly (readonly [offset: number, value: number])[] = [
    [0, event === null ? 0 : SIGNALS.SIGCHLD],
    [4, 0],
    [8, event?.code ?? 0],
    [16, event?.pid ?? 0],
    [20, event?.uid ?? 0],
    [24, event?.detail ?? 0],
  ];
  for (const [offset, value] of values) if (putUser32(kernel, task, address + offset, value) !== 0) return 'EFAULT';
  return 0;
}
