/** System calls that make pipes. Interface: pipeCalls. See pipe(2). splice and its kin are in splice.ts. */
import { PIPE } from '../../abi/flags/file-io.ts';
import type { Kernel } from '../kernel.ts';
import { createPipe } from '../ipc/pipe.ts';
import { putUser32 } from '../mm/uaccess.ts';
import type { Task } from '../task/types.ts';
import { closeFd, installFd } from '../vfs/fd-table.ts';
import { isFileLimitReached, putFile } from '../vfs/file.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { O_CLOEXEC, O_NONBLOCK, O_DIRECT, O_NOTIFICATION_PIPE } = PIPE.values;

function pipe2(kernel: Kernel, task: Task, fildes: number, flags: number): SyscallResult {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_NOTIFICATION_PIPE)) !== 0) return 'EINVAL';
  // As of a Linux built without watch queues.
  if ((flags & O_NOTIFICATION_PIPE) !== 0) return 'ENOPKG';
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const closeOnExec = (flags & O_CLOEXEC) !== 0;
  const { reader, writer } = createPipe(kernel, task, flags);
  const readFd = installFd(kernel, task, reader, closeOnExec);
  if (typeof readFd === 'string') {
    putFile(kernel, reader);
    putFile(kernel, writer);
    return readFd;
  }
  const writeFd = installFd(kernel, task, writer, closeOnExec);
  if (typeof writeFd === 'string') {
    closeFd(kernel, task, readFd);
    putFile(kernel, writer);
    return writeFd;
  }
  if (putUser32(kernel, task, fildes, readFd) === 0 && putUser32(kernel, task, fildes + 4, writeFd) === 0) return 0;
  closeFd(kernel, task, readFd);
  closeFd(kernel, task, writeFd);
  return 'EFAULT';
}

export const pipeCalls = {
  pipe: (kernel, task, fildes) => pipe2(kernel, task, fildes, 0),
  pipe2,
} satisfies Handlers;
