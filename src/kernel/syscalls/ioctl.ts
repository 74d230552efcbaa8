/**
 * ioctl(2): the requests that hold for every file; the rest goes to the file's kind. Interface: ioctlCalls. See ioctl(2).
 */
import { isDirectory, isRegular, isSymlink } from '../../abi/file-mode.ts';
import { IOCTL } from '../../abi/flags/ioctl.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { Kernel } from '../kernel.ts';
import { getUserI32, putUser32, putUser64 } from '../mm/uaccess.ts';
import type { Task } from '../task/types.ts';
import { entryOf, fileOf } from '../vfs/fd-table.ts';
import { inodeOf } from '../vfs/inode.ts';
import { opsOf } from '../vfs/registry.ts';
import type { OpenFile } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC, FIOQSIZE, FIONREAD, FIGETBSZ, FICLONE, FICLONERANGE, FIDEDUPERANGE } =
  IOCTL.values;
const { O_NONBLOCK, FASYNC } = OPEN.values;
const BLOCK_BYTES = 4096;

function ioctl(kernel: Kernel, task: Task, fd: number, request: number, argument: number): SyscallResult {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  switch (request) {
    case FIOCLEX:
      entryOf(kernel, task, fd)!.closeOnExec = true;
      return 0;
    case FIONCLEX:
      entryOf(kernel, task, fd)!.closeOnExec = false;
      return 0;
    case FIONBIO:
      return setFlag(kernel, task, file, O_NONBLOCK, argument);
    case FIOASYNC:
      return setAsync(kernel, task, file, argument);
    case FIOQSIZE:
      return fileSize(kernel, task, file, argument);
    case FIGETBSZ:
      return putUser32(kernel, task, argument, BLOCK_BYTES);
    case FICLONE:
    case FICLONERANGE:
    case FIDEDUPERANGE:
      return isRegular(inodeOf(kernel, file.inode).mode) ? 'EOPNOTSUPP' : 'EINVAL';
    case FIONREAD: {
      const inode = inodeOf(kernel, file.inode);
      if (isRegular(inode.mode)) return putUser32(kernel, task, argument, inode.size - file.pos);
    }
  }
  return opsOf(file).ioctl?.(kernel, task, file, request, argument) ?? 'ENOTTY';
}

function setFlag(kernel: Kernel, task: Task, file: OpenFile, flag: number, argument: number): SyscallResult {
  const on = getUserI32(kernel, task, argument);
  if (on === 'EFAULT') return on;
  file.flags = on !== 0 ? file.flags | flag : file.flags & ~flag;
  return 0;
}

/** Linux: only kinds that can send SIGIO know FASYNC; asking for what already is succeeds for all. */
function setAsync(kernel: Kernel, task: Task, file: OpenFile, argument: number): SyscallResult {
  const on = getUserI32(kernel, task, argument);
  if (on === 'EFAULT') return on;
  return (on !== 0) === ((file.flags & FASYNC) !== 0) ? 0 : 'ENOTTY';
}

function fileSize(kernel: Kernel, task: Task, file: OpenFile, argument: number): SyscallResult {
  const { mode, size } = inodeOf(kernel, file.inode);
  if (!isDirectory(mode) && !isRegular(mode) && !isSymlink(mode)) return 'ENOTTY';
  return putUser64(kernel, task, argument, size);
}

export const ioctlCalls = { ioctl } satisfies Handlers;
