/**
 * System calls that bring files to their backing store, and advice about it. See fsync(2), sync(2), posix_fadvise(2), readahead(2).
 *
 * Interface: syncCalls.
 */
import { isFifo, isRegular } from '../../abi/file-mode.ts';
import { FADVISE, SYNC_FILE_RANGE } from '../../abi/flags/file-io.ts';
import type { Kernel } from '../kernel.ts';
import { writeBack } from '../mm/page-cache.ts';
import { failed, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { inodeOf } from '../vfs/inode.ts';
import { opsOf } from '../vfs/registry.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { POSIX_FADV_NOREUSE } = FADVISE.values;
const { SYNC_FILE_RANGE_WRITE_AND_WAIT } = SYNC_FILE_RANGE.values;

export const syncCalls = {
  fsync: syncFile,
  fdatasync: syncFile,
  sync(kernel) {
    syncInodes(kernel, 0);
    return 0;
  },
  syncfs(kernel, task, fd) {
    const file = fileOf(kernel, task, fd);
    return typeof file === 'string' ? file : syncInodes(kernel, inodeOf(kernel, file.inode).sb);
  },
  sync_file_range(kernel, task, fd, offset, length, flags) {
    const file = fileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    if ((flags & ~SYNC_FILE_RANGE_WRITE_AND_WAIT) !== 0 || offset < 0 || length < 0) return 'EINVAL';
    const inode = inodeOf(kernel, file.inode);
    return isFifo(inode.mode) || !isRegular(inode.mode) ? 'ESPIPE' : writeBack(kernel, inode);
  },
  fadvise64: advise,
  fadvise64_64: advise,
  readahead(kernel, task, fd) {
    const file = fileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    if (!file.readable) return 'EBADF';
    return file.kind === 'regular' ? 0 : 'EINVAL';
  },
} satisfies Handlers;

function syncFile(kernel: Kernel, task: Task, fd: number): SyscallResult {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  return opsOf(file).fsync?.(kernel, file) ?? 'EINVAL';
}

/** Writes back every dirty inode of a super block; 0: of all. */
function syncInodes(kernel: Kernel, sb: number): Outcome<0> {
  let first: Outcome<0> = 0;
  for (const inode of kernel.inodes.values()) {
    if (inode.dirty.size === 0 || (sb !== 0 && inode.sb !== sb)) continue;
    const result = writeBack(kernel, inode);
    if (failed(result) && first === 0) first = result;
  }
  return first;
}

/** Advice is taken note of and not followed: the cache is bounded by memory alone. */
function advise(
  kernel: Kernel,
  task: Task,
  fd: number,
  _offset: number,
  length: number,
  advice: number,
): SyscallResult {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  if (isFifo(inodeOf(kernel, file.inode).mode)) return 'ESPIPE';
  return length < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE ? 'EINVAL' : 0;
}
