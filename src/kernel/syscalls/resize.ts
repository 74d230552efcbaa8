/**
 * System calls that change how long a file is, or where it has storage. See truncate(2), fallocate(2).
 *
 * Interface: resizeCalls.
 */
import { isDirectory, isFifo, isRegular } from '../../abi/file-mode.ts';
import { AT_FD } from '../../abi/flags/at.ts';
import { SEALS } from '../../abi/flags/fcntl.ts';
import { FALLOCATE } from '../../abi/flags/file-io.ts';
import { RLIMIT } from '../../abi/flags/sched.ts';
import type { Kernel } from '../kernel.ts';
import { frameOffset, wroteFrame } from '../mm/frames.ts';
import { cachedPage, punchPages } from '../mm/page-cache.ts';
import { failed, type Outcome } from '../result.ts';
import { kernelInfo, sendToThread } from '../signal/send.ts';
import { groupOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import { MAX_FILE_BYTES, removePrivileges, setSize } from '../vfs/attributes.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { inodeOf, touchChanged, touchModified } from '../vfs/inode.ts';
import { FOLLOW, getUserPath, inodeAt, pathPut, walk } from '../vfs/path.ts';
import { MAY_WRITE, permission, wantWrite } from '../vfs/permission.ts';
import { dataInode, fsOf } from '../vfs/registry.ts';
import type { Inode, PathRef } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { AT_FDCWD } = AT_FD.values;
const {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_UNSHARE_RANGE,
} = FALLOCATE.values;
/** Operations of which one may be asked for, and whether FALLOC_FL_KEEP_SIZE may stand beside it. */
const OPERATIONS: ReadonlyMap<number, readonly boolean[]> = new Map([
  [0, [false, true]],
  [FALLOC_FL_PUNCH_HOLE, [true]],
  [FALLOC_FL_ZERO_RANGE, [false, true]],
  [FALLOC_FL_UNSHARE_RANGE, [false, true]],
  [FALLOC_FL_COLLAPSE_RANGE, [false]],
  [FALLOC_FL_INSERT_RANGE, [false]],
]);
const { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_GROW } = SEALS.values;
const { RLIMIT_FSIZE } = RLIMIT.values;
const SIGXFSZ = 25;
const PAGE_SIZE = 4096;

export const resizeCalls = {
  truncate(kernel, task, path, length) {
    if (length < 0) return 'EINVAL';
    const name = getUserPath(kernel, task, path);
    if (typeof name === 'string') return name;
    const ref = walk(kernel, task, AT_FDCWD, name.path, FOLLOW);
    if (failed(ref)) return ref;
    const result = truncatePlace(kernel, task, ref, length);
    pathPut(kernel, ref);
    return result;
  },
  ftruncate: (kernel, task, fd, length) => ftruncate(kernel, task, fd, length),
  fallocate,
} satisfies Handlers;

function truncatePlace(kernel: Kernel, task: Task, ref: PathRef, length: number): Outcome<0> {
  const inode = inodeAt(kernel, ref);
  if (isDirectory(inode.mode)) return 'EISDIR';
  if (!isRegular(inode.mode)) return 'EINVAL';
  const readOnly = wantWrite(kernel, kernel.mounts.get(ref.mount)!);
  if (readOnly !== 0) return readOnly;
  const denied = permission(kernel, task.cred, inode, MAY_WRITE);
  if (denied !== 0) return denied;
  if (inode.writers < 0) return 'ETXTBSY';
  return resize(kernel, task, inode, length);
}

function ftruncate(kernel: Kernel, task: Task, fd: number, length: number): Outcome<0> {
  if (length < 0) return 'EINVAL';
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  const inode = inodeOf(kernel, file.inode);
  if (!isRegular(inode.mode) || !file.writable) return 'EINVAL';
  return resize(kernel, task, inode, length);
}

function resize(kernel: Kernel, task: Task, inode: Inode, length: number): Outcome<0> {
  return exceedsLimit(kernel, task, inode, length) ? 'EFBIG' : setSize(kernel, task.cred, inode, length);
}

/** RLIMIT_FSIZE: growing a file beyond it is EFBIG with SIGXFSZ. */
function exceedsLimit(kernel: Kernel, task: Task, inode: Inode, length: number): boolean {
  if (length <= inode.size || length <= groupOf(kernel, task).rlimits[RLIMIT_FSIZE]!.soft) return false;
  sendToThread(kernel, task, kernelInfo(SIGXFSZ));
  return true;
}

function fallocate(
  kernel: Kernel,
  task: Task,
  fd: number,
  mode: number,
  offset: number,
  length: number,
): SyscallResult {
  const file = fileOf(kernel, task, fd);
  if (typeof file === 'string') return file;
  if (offset < 0 || length <= 0) return 'EINVAL';
  const operation = mode & ~FALLOC_FL_KEEP_SIZE;
  const keepSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  if (OPERATIONS.get(operation)?.includes(keepSize) !== true) return 'EOPNOTSUPP';
  if (!file.writable) return 'EBADF';
  const inode = inodeOf(kernel, file.inode);
  if (isFifo(inode.mode)) return 'ESPIPE';
  if (isDirectory(inode.mode)) return 'EISDIR';
  if (!isRegular(inode.mode)) return 'ENODEV';
  if (offset + length > MAX_FILE_BYTES) return 'EFBIG';
  // As tmpfs of Linux: it allocates and punches.
  if (operation !== 0 && operation !== FALLOC_FL_PUNCH_HOLE) return 'EOPNOTSUPP';
  const prepared = fsOf(kernel, inode).prepareWrite?.(kernel, inode) ?? 0;
  if (failed(prepared)) return prepared;
  // Only where contents live in the page cache alone is there something to allocate and to punch.
  const data = dataInode(kernel, inode);
  if (fsOf(kernel, data).readPage !== undefined) return 'EOPNOTSUPP';
  const result =
    operation === FALLOC_FL_PUNCH_HOLE
      ? punch(kernel, task, data, offset, length)
      : allocate(kernel, task, data, offset, length, keepSize);
  inode.size = data.size;
  return result;
}

function punch(kernel: Kernel, task: Task, inode: Inode, offset: number, length: number): Outcome<0> {
  if ((inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return 'EPERM';
  removePrivileges(task.cred, inode);
  const end = offset + length;
  const first = Math.ceil(offset / PAGE_SIZE);
  const last = Math.floor(end / PAGE_SIZE);
  clearInPage(kernel, inode, offset, Math.min(first * PAGE_SIZE, end));
  if (last >= first) clearInPage(kernel, inode, last * PAGE_SIZE, end);
  if (last > first) punchPages(kernel, inode, first, last);
  touchModified(kernel, inode);
  return 0;
}

/** Zeros [start, end), which lies in one page, if that page is there. */
function clearInPage(kernel: Kernel, inode: Inode, start: number, end: number): void {
  const index = Math.floor(start / PAGE_SIZE);
  const page = start < end ? inode.pages.get(index) : undefined;
  if (page === undefined) return;
  const offset = frameOffset(kernel, page) - index * PAGE_SIZE;
  kernel.machine.ram.u8.fill(0, offset + start, offset + end);
  wroteFrame(kernel, page);
}

/** Frees pages that were just allocated, a run at a time. `indices` ascend. */
function takeBack(kernel: Kernel, inode: Inode, indices: readonly number[]): void {
  for (let i = 0; i < indices.length;) {
    const start = i++;
    while (indices[i] === indices[start]! + i - start) i++;
    punchPages(kernel, inode, indices[start]!, indices[start]! + i - start);
  }
}

function allocate(
  kernel: Kernel,
  task: Task,
  inode: Inode,
  offset: number,
  length: number,
  keepSize: boolean,
): Outcome<0> {
  const end = offset + length;
  if (!keepSize && (inode.seals & F_SEAL_GROW) !== 0 && end > inode.size) return 'EPERM';
  if (!keepSize && exceedsLimit(kernel, task, inode, end)) return 'EFBIG';
  const first = Math.floor(offset / PAGE_SIZE);
  const last = Math.ceil(end / PAGE_SIZE);
  const room = fsOf(kernel, inode).reserve?.(kernel, inode, offset, end) ?? length;
  if (typeof room === 'string') return room;
  if (room < length) return 'ENOSPC';
  // What memory cannot hold is refused before anything is allocated, whatever the file system allows.
  if (last - first - inode.pages.size > kernel.frames.pages) return 'ENOSPC';
  const added: number[] = [];
  for (let index = first; index < last; index++) {
    const isNew = !inode.pages.has(index);
    const page = cachedPage(kernel, inode, index);
    if (failed(page)) {
      takeBack(kernel, inode, added);
      return page === 'ENOMEM' ? 'ENOSPC' : page;
    }
    if (isNew) added.push(index);
  }
  removePrivileges(task.cred, inode);
  if (!keepSize && end > inode.size) inode.size = end;
  touchChanged(kernel, inode);
  return 0;
}
