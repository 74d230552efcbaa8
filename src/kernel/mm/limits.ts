/**
 * What bounds an address space: RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK of the calling process, and overcommit. See getrlimit(2), proc(5).
 *
 * Interface: currentLimit, mayExpand, hasMemoryFor, commitLimitPages, committedPages, mayLock, canLock, callerHas.
 * As in Linux the limits are those of the process that makes the call, whosever memory it changes. The kernel itself has none.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import type { Kernel } from '../kernel.ts';
import { sysctlNumber } from '../sysctl.ts';
import { capable } from '../task/cred.ts';
import { softLimit } from '../task/rlimit.ts';
import { PAGE_SIZE } from './frames.ts';
import type { Mm } from './types.ts';

const { CAP_IPC_LOCK } = CAPABILITY.values;

type LimitName = Parameters<typeof softLimit>[1];

/** The calling process's soft limit in bytes. */
export function currentLimit(kernel: Kernel, which: LimitName): number {
  const task = kernel.tasks.get(kernel.current);
  const group = task === undefined ? undefined : kernel.groups.get(task.tgid);
  return group === undefined ? Infinity : softLimit(group, which);
}

/** Whether `pages` more may be mapped; `isData`: they are private and writable. */
export function mayExpand(kernel: Kernel, mm: Mm, pages: number, isData: boolean): boolean {
  if ((mm.totalPages + pages) * PAGE_SIZE > currentLimit(kernel, 'RLIMIT_AS')) return false;
  return !isData || (mm.dataPages + pages) * PAGE_SIZE <= currentLimit(kernel, 'RLIMIT_DATA');
}

/** vm.overcommit_memory: 0 refuses what could never be had, 1 nothing, 2 what goes beyond RAM in all. */
export function hasMemoryFor(kernel: Kernel, pages: number): boolean {
  const mode = sysctlNumber(kernel, 'vm/overcommit_memory');
  if (mode === 1) return true;
  if (mode === 2) return committedPages(kernel) + pages <= commitLimitPages(kernel);
  return pages <= kernel.frames.pages;
}

/** CommitLimit: what vm.overcommit_kbytes or vm.overcommit_ratio allow. */
export function commitLimitPages(kernel: Kernel): number {
  const kbytes = sysctlNumber(kernel, 'vm/overcommit_kbytes');
  if (kbytes !== 0) return Math.floor((kbytes * 1024) / PAGE_SIZE);
  return Math.floor((kernel.frames.pages * sysctlNumber(kernel, 'vm/overcommit_ratio')) / 100);
}

/** Pages that programs could come to need (Committed_AS). */
export function committedPages(kernel: Kernel): number {
  let pages = 0;
  for (const mm of kernel.mms.values()) pages += mm.dataPages;
  return pages;
}

/** Whether `pages` more may be locked. */
export function mayLock(kernel: Kernel, mm: Mm, pages: number): boolean {
  if (callerHas(kernel, CAP_IPC_LOCK)) return true;
  return (mm.lockedPages + pages) * PAGE_SIZE <= currentLimit(kernel, 'RLIMIT_MEMLOCK');
}

/** Whether the caller may lock memory at all. */
export function canLock(kernel: Kernel): boolean {
  return callerHas(kernel, CAP_IPC_LOCK) || currentLimit(kernel, 'RLIMIT_MEMLOCK') > 0;
}

export function callerHas(kernel: Kernel, cap: number): boolean {
  const task = kernel.tasks.get(kernel.current);
  return task === undefined || capable(task.cred, cap);
}
