/**
 * System calls of memory: argument checks that need the task, then mm/. See mmap(2) and its kin.
 *
 * Interface: memoryCalls.
 */
import { MLOCK, MMAP } from '../../abi/flags/memory.ts';
import { PERSONALITY } from '../../abi/flags/process.ts';
import type { Pfn } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { FIRST_PFN, frameOffset, getFrame, PAGE_SIZE, putFrame } from '../mm/frames.ts';
import { madviseRegion } from '../mm/madvise.ts';
import { lockAll, lockRegion, residentPages, syncRegion, unlockAll, unlockRegion } from '../mm/mlock.ts';
import { mmOf } from '../mm/mm.ts';
import { isNoExec, mmapRegion, mprotectRegion, munmapRegion, setBrk } from '../mm/mmap.ts';
import { mremapRegion } from '../mm/mremap.ts';
import type { Mm } from '../mm/types.ts';
import { accessOk, copyToUser, userPageOffset } from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import { mayInspect } from '../task/access.ts';
import type { Task } from '../task/types.ts';
import { nowNs } from '../time/timers.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { advanceIo, BYTES_AT_A_TIME, copyFromIo, copyToIo, userIovec } from '../vfs/io.ts';
import type { Io, OpenFile } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { MAP_ANONYMOUS } = MMAP.values;
const { MLOCK_ONFAULT } = MLOCK.values;
const { READ_IMPLIES_EXEC } = PERSONALITY.values;
const PROT_READ = 1;
const PROT_EXEC = 4;

export const memoryCalls = {
  mmap,
  munmap: (kernel, task, address, length) => munmapRegion(kernel, mmOf(kernel, task), address, length),
  mprotect,
  mremap: (kernel, task, address, oldLength, newLength, flags, newAddress) =>
    mremapRegion(kernel, mmOf(kernel, task), address, oldLength, newLength, flags, newAddress),
  brk: (kernel, task, brk) => setBrk(kernel, mmOf(kernel, task), brk),
  madvise: (kernel, task, start, length, advice) => madviseRegion(kernel, mmOf(kernel, task), start, length, advice),
  msync: (kernel, task, start, length, flags) => syncRegion(kernel, mmOf(kernel, task), start, length, flags),
  mincore,
  mlock: (kernel, task, start, length) => lockRegion(kernel, mmOf(kernel, task), start, length, false),
  mlock2: (kernel, task, start, length, flags) =>
    (flags & ~MLOCK_ONFAULT) !== 0
      ? 'EINVAL'
      : lockRegion(kernel, mmOf(kernel, task), start, length, (flags & MLOCK_ONFAULT) !== 0),
  munlock: (kernel, task, start, length) => unlockRegion(kernel, mmOf(kernel, task), start, length),
  mlockall: (kernel, task, flags) => lockAll(kernel, mmOf(kernel, task), flags),
  munlockall: (kernel, task) => unlockAll(kernel, mmOf(kernel, task)),
  process_vm_readv: (kernel, task, pid, local, localCount, remote, remoteCount, flags) =>
    copyBetween(kernel, task, pid, local, localCount, remote, remoteCount, flags, false),
  process_vm_writev: (kernel, task, pid, local, localCount, remote, remoteCount, flags) =>
    copyBetween(kernel, task, pid, local, localCount, remote, remoteCount, flags, true),
} satisfies Handlers;

function mmap(
  kernel: Kernel,
  task: Task,
  address: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): SyscallResult {
  if (offset % PAGE_SIZE !== 0) return 'EINVAL';
  let file: OpenFile | null = null;
  if ((flags & MAP_ANONYMOUS) === 0) {
    const opened = fileOf(kernel, task, fd);
    if (typeof opened === 'string') return opened;
    if (opened.kind === 'path') return 'EBADF';
    file = opened;
  }
  const effective = effectiveProt(kernel, task, prot, file);
  return mmapRegion(kernel, mmOf(kernel, task), { address, length, prot: effective, flags, file, offset });
}

/** Old programs that need executable data get what is readable executable too (personality(2)). */
function effectiveProt(kernel: Kernel, task: Task, prot: number, file: OpenFile | null): number {
  if ((task.personality & READ_IMPLIES_EXEC) === 0 || (prot & PROT_READ) === 0) return prot;
  return file !== null && isNoExec(kernel, file) ? prot : prot | PROT_EXEC;
}

function mprotect(kernel: Kernel, task: Task, start: number, length: number, prot: number): SyscallResult {
  if (prot > 0xffff_ffff || prot < -0x8000_0000) return 'EINVAL';
  const readImpliesExec = (task.personality & READ_IMPLIES_EXEC) !== 0 && (prot & PROT_READ) !== 0;
  return mprotectRegion(kernel, mmOf(kernel, task), start, length, readImpliesExec ? prot | PROT_EXEC : prot);
}

/** Pages looked at between two copies to the program. */
const MINCORE_CHUNK = 4096;

function mincore(kernel: Kernel, task: Task, start: number, length: number, vector: number): SyscallResult {
  const mm = mmOf(kernel, task);
  if (start % PAGE_SIZE !== 0) return 'EINVAL';
  if (!accessOk(mm, start, length)) return 'ENOMEM';
  const pages = Math.ceil(length / PAGE_SIZE);
  if (!accessOk(mm, vector, pages)) return 'EFAULT';
  for (let done = 0; done < pages; done += MINCORE_CHUNK) {
    const count = Math.min(MINCORE_CHUNK, pages - done);
    const from = start + done * PAGE_SIZE;
    const resident = residentPages(kernel, mm, from, from + count * PAGE_SIZE);
    if (typeof resident === 'string') return resident;
    if (copyToUser(kernel, task, vector + done, resident) !== 0) return 'EFAULT';
  }
  return 0;
}

/** process_vm_readv and process_vm_writev. Gives the bytes copied; EFAULT only if there are none. */
function copyBetween(
  kernel: Kernel,
  task: Task,
  pid: number,
  local: number,
  localCount: number,
  remote: number,
  remoteCount: number,
  flags: number,
  write: boolean,
): SyscallResult {
  if (flags !== 0) return 'EINVAL';
  const here = userIovec(kernel, task, local, localCount);
  if (typeof here === 'string') return here;
  const there = userIovec(kernel, task, remote, remoteCount);
  if (typeof there === 'string') return there;
  if (here.remaining === 0 || there.remaining === 0) return 0;
  const { progress } = task.syscall;
  const target = kernel.tasks.get(pid);
  const mm = target === undefined ? undefined : kernel.mms.get(target.mm);
  if (target === undefined || mm === undefined) return progress.done > 0 ? progress.done : 'ESRCH';
  if (!mayInspect(kernel, task, target, 'real')) return 'EPERM';
  let copied = progress.done;
  advanceIo(here, copied);
  advanceIo(there, copied);
  for (const pause = copied + BYTES_AT_A_TIME; here.remaining > 0 && there.remaining > 0;) {
    if (copied >= pause) {
      progress.done = copied;
      return waitOn([], 'killable', nowNs(kernel));
    }
    const step = copyWithinPage(kernel, mm, here, there, write);
    if (typeof step === 'string') return copied === 0 ? step : copied;
    copied += step;
    advanceIo(there, step);
    if (step === 0) break;
  }
  return copied;
}

/** Copies between a cursor of the caller and the place in `mm` where `there` is, up to the end of that page. Moves the former only. */
function copyWithinPage(kernel: Kernel, mm: Mm, here: Io, there: Io, write: boolean): number | 'EFAULT' {
  const { address, length } = there.segments[there.segment]!;
  const at = userPageOffset(kernel, mm, address + there.offset, write);
  if (at < 0) return 'EFAULT';
  const want = Math.min(length - there.offset, PAGE_SIZE - (at % PAGE_SIZE));
  const ram = kernel.machine.ram.u8;
  const pfn = pageAt(kernel, at);
  // The caller's own faults may make the kernel take pages away.
  getFrame(kernel, pfn);
  const step = write ? copyFromIo(kernel, here, ram, at, want) : copyToIo(kernel, here, ram, at, want);
  putFrame(kernel, pfn);
  return step;
}

function pageAt(kernel: Kernel, offset: number): Pfn {
  return FIRST_PFN + Math.floor((offset - frameOffset(kernel, FIRST_PFN)) / PAGE_SIZE);
}
