/** System calls that make eventfds. Interface: eventfdCalls. See eventfd(2). */
import { EVENTFD } from '../../abi/flags/poll.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { eventfdData } from '../ipc/eventfd.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { installFd } from '../vfs/fd-table.ts';
import { createAnonFile, isFileLimitReached, putFile } from '../vfs/file.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { EFD_SEMAPHORE, EFD_CLOEXEC, EFD_NONBLOCK } = EVENTFD.values;
const { O_RDWR, O_NONBLOCK } = OPEN.values;

function eventfd2(kernel: Kernel, task: Task, count: number, flags: number): SyscallResult {
  if ((flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK)) !== 0) return 'EINVAL';
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const data = eventfdData(kernel, count, (flags & EFD_SEMAPHORE) !== 0);
  const file = createAnonFile(kernel, task, 'eventfd', '[eventfd]', O_RDWR | (flags & O_NONBLOCK), data);
  const fd = installFd(kernel, task, file, (flags & EFD_CLOEXEC) !== 0);
  if (typeof fd === 'string') putFile(kernel, file);
  return fd;
}

export const eventfdCalls = {
  eventfd: (kernel, task, count) => eventfd2(kernel, task, count, 0),
  eventfd2,
} satisfies Handlers;
