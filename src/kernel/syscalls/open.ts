/**
 * System calls that open files. See open(2), openat2(2), memfd_create(2).
 *
 * Interface: openCalls.
 */
import { AT_FD } from '../../abi/flags/at.ts';
import { MEMFD } from '../../abi/flags/memory.ts';
import { OPEN, OPEN_RESOLVE } from '../../abi/flags/open.ts';
import { SEALS } from '../../abi/flags/fcntl.ts';
import { S_IALLUGO } from '../../abi/file-mode.ts';
import { createShmem } from '../fs/tmpfs.ts';
import { resumeFifoOpen } from '../ipc/fifo.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, strncpyFromUser } from '../mm/uaccess.ts';
import { failed } from '../result.ts';
import type { Task } from '../task/types.ts';
import { freeFd, installFd } from '../vfs/fd-table.ts';
import { createFile, isFileLimitReached, putFile } from '../vfs/file.ts';
import { openAt } from '../vfs/open.ts';
import { getUserPath } from '../vfs/path.ts';
import type { OpenFile } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { AT_FDCWD } = AT_FD.values;
const { O_CREAT, O_WRONLY, O_RDWR, O_TRUNC, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_TMPFILE, O_LARGEFILE } =
  OPEN.values;
const { RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED } = OPEN_RESOLVE.values;
const { MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC } = MEMFD.values;
const { F_SEAL_SEAL, F_SEAL_EXEC } = SEALS.values;

/** All bits that open(2) knows; openat ignores others and openat2 refuses them. */
const VALID_FLAGS = Object.values(OPEN.values).reduce((all, bit) => all | bit, OPEN.mask);
const VALID_RESOLVE = Object.values(OPEN_RESOLVE.values).reduce((all, bit) => all | bit, 0);
const OPEN_HOW_BYTES = 24;
const MAX_HOW_BYTES = 4096;
const MFD_NAME_MAX = 249;

export const openCalls = {
  open: (kernel, task, path, flags, mode) =>
    goOn(kernel, task) ?? openUser(kernel, task, AT_FDCWD, path, flags & VALID_FLAGS, mode, 0),
  openat: (kernel, task, dfd, path, flags, mode) =>
    goOn(kernel, task) ?? openUser(kernel, task, dfd, path, flags & VALID_FLAGS, mode, 0),
  creat: (kernel, task, path, mode) =>
    goOn(kernel, task) ?? openUser(kernel, task, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode, 0),
  openat2: (kernel, task, dfd, path, how, size) => goOn(kernel, task) ?? openat2(kernel, task, dfd, path, how, size),
  memfd_create: memfdCreate,
} satisfies Handlers;

/** An open that waits for a FIFO's other side does not look at its arguments again: they may have changed. */
function goOn(kernel: Kernel, task: Task): SyscallResult | undefined {
  const opened = resumeFifoOpen(kernel, task);
  if (opened === undefined || failed(opened)) return opened;
  return install(kernel, task, opened.file, opened.closeOnExec);
}

function openUser(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  address: number,
  flags: number,
  mode: number,
  resolve: number,
): SyscallResult {
  const name = getUserPath(kernel, task, address);
  if (typeof name === 'string') return name;
  const room = freeFd(kernel, task, 0);
  if (typeof room === 'string') return room;
  const file = openAt(kernel, task, dirfd, name.path, flags, mode, resolve);
  if (failed(file)) return file;
  return install(kernel, task, file, (flags & O_CLOEXEC) !== 0);
}

function install(kernel: Kernel, task: Task, file: OpenFile, closeOnExec: boolean): number | 'EMFILE' {
  const fd = installFd(kernel, task, file, closeOnExec);
  if (typeof fd === 'string') putFile(kernel, file);
  return fd;
}

function openat2(kernel: Kernel, task: Task, dfd: number, path: number, how: number, size: number): SyscallResult {
  if (size < OPEN_HOW_BYTES) return 'EINVAL';
  if (size > MAX_HOW_BYTES) return 'E2BIG';
  const bytes = new Uint8Array(size);
  if (copyFromUser(kernel, task, how, bytes) !== 0) return 'EFAULT';
  if (bytes.subarray(OPEN_HOW_BYTES).some((byte) => byte !== 0)) return 'E2BIG';
  const words = new DataView(bytes.buffer);
  const [flags, mode, resolve] = [words.getUint32(0, true), words.getUint32(8, true), words.getUint32(16, true)];
  const high = words.getUint32(4, true) | words.getUint32(12, true) | words.getUint32(20, true);
  if (high !== 0 || (flags & ~VALID_FLAGS) !== 0 || (resolve & ~VALID_RESOLVE) !== 0) return 'EINVAL';
  if ((resolve & RESOLVE_BENEATH) !== 0 && (resolve & RESOLVE_IN_ROOT) !== 0) return 'EINVAL';
  const creates = (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) !== 0;
  if (creates ? (mode & ~S_IALLUGO) !== 0 : mode !== 0) return 'EINVAL';
  const isPath = (flags & O_PATH) !== 0;
  if (isPath && (flags & ~(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) !== 0) return 'EINVAL';
  // Linux does not even try: such an open must touch the file system.
  if ((resolve & RESOLVE_CACHED) !== 0 && (creates || (flags & O_TRUNC) !== 0)) return 'EAGAIN';
  return openUser(kernel, task, dfd, path, flags, mode, resolve);
}

function memfdCreate(kernel: Kernel, task: Task, uname: number, flags: number): SyscallResult {
  const known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC;
  if ((flags & ~(known | MFD_HUGETLB)) !== 0) return 'EINVAL';
  if ((flags & MFD_EXEC) !== 0 && (flags & MFD_NOEXEC_SEAL) !== 0) return 'EINVAL';
  const name = strncpyFromUser(kernel, task, uname, MFD_NAME_MAX + 1);
  if (name === 'ENAMETOOLONG') return 'EINVAL';
  if (typeof name === 'string') return name;
  // As of a Linux built without huge pages.
  if ((flags & MFD_HUGETLB) !== 0) return 'ENOSYS';
  if (isFileLimitReached(kernel)) return 'ENFILE';
  const inode = createShmem(kernel, task.cred, (flags & MFD_NOEXEC_SEAL) !== 0 ? 0o666 : 0o777);
  inode.seals = (flags & MFD_ALLOW_SEALING) !== 0 ? 0 : F_SEAL_SEAL;
  if ((flags & MFD_NOEXEC_SEAL) !== 0) inode.seals = F_SEAL_EXEC;
  const file = createFile(kernel, {
    kind: 'regular',
    inode,
    path: null,
    name: `/memfd:${name.bytes} (deleted)`,
    flags: O_RDWR | O_LARGEFILE,
    data: null,
    cred: task.cred,
  });
  return install(kernel, task, file, (flags & MFD_CLOEXEC) !== 0);
}
