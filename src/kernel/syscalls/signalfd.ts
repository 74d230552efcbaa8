/** System calls that make signalfds or change their mask. Interface: signalfdCalls. See signalfd(2). */
import { OPEN } from '../../abi/flags/open.ts';
import type { Kernel } from '../kernel.ts';
import { getUserBig64 } from '../mm/uaccess.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { UNBLOCKABLE } from '../signal/mask.ts';
import { signalfdData, type SignalfdData } from '../signal/signalfd.ts';
import type { Task } from '../task/types.ts';
import { fileOf, installFd } from '../vfs/fd-table.ts';
import { createAnonFile, isFileLimitReached, putFile } from '../vfs/file.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

/** SFD_CLOEXEC and SFD_NONBLOCK have the values of these. */
const { O_RDWR, O_NONBLOCK, O_CLOEXEC } = OPEN.values;
const SIGSET_BYTES = 8;

function signalfd4(
  kernel: Kernel,
  task: Task,
  fd: number,
  address: number,
  size: number,
  flags: number,
): SyscallResult {
  if (size !== SIGSET_BYTES) return 'EINVAL';
  const mask = getUserBig64(kernel, task, address);
  if (mask === 'EFAULT') return mask;
  if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) !== 0) return 'EINVAL';
  return fd === -1 ? create(kernel, task, mask, flags) : change(kernel, task, fd, mask);
}

function create(kernel: Kernel, task: Task, mask: bigint, flags: number): SyscallResult {
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const data = signalfdData(kernel, mask);
  const file = createAnonFile(kernel, task, 'signalfd', '[signalfd]', O_RDWR | (flags & O_NONBLOCK), data);
  const fd = installFd(kernel, task, file, (flags & O_CLOEXEC) !== 0);
  if (typeof fd === 'string') putFile(kernel, file);
  return fd;
}

function change(kernel: Kernel, task: Task, fd: number, mask: bigint): SyscallResult {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  if (file.kind !== 'signalfd') return 'EINVAL';
  const data = file.data as SignalfdData;
  data.mask = mask & ~UNBLOCKABLE;
  wakeAll(kernel, data.queue);
  return fd;
}

export const signalfdCalls = {
  signalfd: (kernel, task, fd, address, size) => signalfd4(kernel, task, fd, address, size, 0),
  signalfd4,
} satisfies Handlers;
