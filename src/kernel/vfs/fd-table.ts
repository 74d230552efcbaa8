/**
 * Descriptor tables. See open(2), dup(2), close(2), getrlimit(2) (RLIMIT_NOFILE).
 *
 * Interface: createFdTable, forkFdTable, putFdTable, unshareFdTable, fileOf, rawFileOf, entryOf, installFd, freeFd, replaceFd, closeFd,
 * closeOnExecFds.
 * Invariant: each entry holds one reference on its open file.
 */
import { RLIMIT } from '../../abi/flags/sched.ts';
import { nextId } from '../id.ts';
import type { FdTableId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { groupOf } from '../task/task.ts';
import type { FdEntry, FdTable, Task } from '../task/types.ts';
import { getFile, putFile } from './file.ts';
import { releasePosixLocks } from './locks.ts';
import { opsOf } from './registry.ts';
import type { OpenFile } from './types.ts';

const { RLIMIT_NOFILE } = RLIMIT.values;

/** An empty table with one user. */
export function createFdTable(kernel: Kernel): FdTable {
  const table: FdTable = { id: nextId(kernel), users: 1, fds: [] };
  kernel.fdTables.set(table.id, table);
  return table;
}

/** fork: a table of its own that names the same open files. */
export function forkFdTable(kernel: Kernel, id: FdTableId): FdTable {
  const copy = createFdTable(kernel);
  for (const entry of kernel.fdTables.get(id)!.fds) {
    if (entry !== null) getFile(kernel, kernel.files.get(entry.file)!);
    copy.fds.push(entry === null ? null : { file: entry.file, closeOnExec: entry.closeOnExec });
  }
  return copy;
}

/** A task leaves its table (exit, unshare). The last one closes everything. */
export function putFdTable(kernel: Kernel, task: Task): void {
  const table = kernel.fdTables.get(task.files);
  if (table === undefined) return;
  if (table.users > 1) {
    table.users--;
  } else {
    for (let fd = 0; fd < table.fds.length; fd++) closeFd(kernel, task, fd);
    kernel.fdTables.delete(table.id);
  }
  task.files = 0;
}

/** CLONE_FILES undone: the task gets a table of its own. */
export function unshareFdTable(kernel: Kernel, task: Task): void {
  const table = kernel.fdTables.get(task.files)!;
  if (table.users === 1) return;
  table.users--;
  task.files = forkFdTable(kernel, table.id).id;
}

/** The open file behind a descriptor. Descriptors of O_PATH are EBADF, as for all calls that need contents. */
export function fileOf(kernel: Kernel, task: Task, fd: number): OpenFile | 'EBADF' {
  const file = rawFileOf(kernel, task, fd);
  return typeof file !== 'string' && file.kind === 'path' ? 'EBADF' : file;
}

/** As fileOf, O_PATH included: for dup, fcntl, fstat, fchdir, close and the *at calls. */
export function rawFileOf(kernel: Kernel, task: Task, fd: number): OpenFile | 'EBADF' {
  const entry = entryOf(kernel, task, fd);
  return entry === null ? 'EBADF' : kernel.files.get(entry.file)!;
}

export function entryOf(kernel: Kernel, task: Task, fd: number): FdEntry | null {
  const fds = kernel.fdTables.get(task.files)!.fds;
  return fd >= 0 && fd < fds.length ? fds[fd]! : null;
}

/** Gives `file` the lowest free descriptor from `lowest` on. Takes over the caller's reference; on EMFILE the caller keeps it. */
export function installFd(
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  closeOnExec: boolean,
  lowest = 0,
): number | 'EMFILE' {
  const fd = freeFd(kernel, task, lowest);
  if (typeof fd === 'string') return fd;
  const { fds } = kernel.fdTables.get(task.files)!;
  while (fds.length < fd) fds.push(null);
  fds[fd] = { file: file.id, closeOnExec };
  return fd;
}

/** The lowest free descriptor from `lowest` on. */
export function freeFd(kernel: Kernel, task: Task, lowest: number): number | 'EMFILE' {
  const { fds } = kernel.fdTables.get(task.files)!;
  let fd = lowest;
  while (fd < fds.length && fds[fd] !== null) fd++;
  return fd >= groupOf(kernel, task).rlimits[RLIMIT_NOFILE]!.soft ? 'EMFILE' : fd;
}

/** dup2: makes `fd` name `file`, closing what it named. Takes over the caller's reference. */
export function replaceFd(kernel: Kernel, task: Task, fd: number, file: OpenFile, closeOnExec: boolean): void {
  const fds = kernel.fdTables.get(task.files)!.fds;
  while (fds.length < fd) fds.push(null);
  const old = fds[fd] ?? null;
  fds[fd] = { file: file.id, closeOnExec };
  if (old !== null) release(kernel, task, kernel.files.get(old.file)!);
}

export function closeFd(kernel: Kernel, task: Task, fd: number): 0 | 'EBADF' {
  const entry = entryOf(kernel, task, fd);
  if (entry === null) return 'EBADF';
  const fds = kernel.fdTables.get(task.files)!.fds;
  fds[fd] = null;
  if (fd === fds.length - 1) while (fds.length > 0 && fds[fds.length - 1] === null) fds.pop();
  release(kernel, task, kernel.files.get(entry.file)!);
  return 0;
}

/** execve: closes what is marked, in a table that is the task's own. */
export function closeOnExecFds(kernel: Kernel, task: Task): void {
  unshareFdTable(kernel, task);
  const { fds } = kernel.fdTables.get(task.files)!;
  for (let fd = fds.length - 1; fd >= 0; fd--) if (fds[fd]?.closeOnExec === true) closeFd(kernel, task, fd);
}

function release(kernel: Kernel, task: Task, file: OpenFile): void {
  opsOf(file).flush?.(kernel, task, file);
  if (file.kind !== 'path') releasePosixLocks(kernel, task, file);
  putFile(kernel, file);
}
