/**
 * Locked memory, write-back of mappings, and what is in memory. Nothing is ever paged out here but clean file pages, so that locking means
 * making pages present and counting them. See mlock(2), msync(2), mincore(2).
 *
 * Interface: lockRegion, unlockRegion, lockAll, unlockAll, syncRegion, residentPages.
 */
import { MLOCKALL, MSYNC } from '../../abi/flags/memory.ts';
import type { Errno } from '../../abi/errno.ts';
import { pteSlot } from '../arch/riscv64/page-table.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import { changeVmas, forEachPart } from './change-vmas.ts';
import { PAGE_SIZE } from './frames.ts';
import { callerHas, canLock, currentLimit, mayLock } from './limits.ts';
import { populate } from './mmap.ts';
import { writeBack } from './page-cache.ts';
import type { Mm, Vma } from './types.ts';
import { countVma, mergeRange } from './vma.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';

const { MS_ASYNC, MS_INVALIDATE, MS_SYNC } = MSYNC.values;
const { MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT } = MLOCKALL.values;
const { CAP_IPC_LOCK } = CAPABILITY.values;

/** `onFault`: pages are not made present now. */
export function lockRegion(kernel: Kernel, mm: Mm, address: number, length: number, onFault: boolean): 0 | Errno {
  if (!canLock(kernel)) return 'EPERM';
  const start = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
  const end = Math.ceil((address + length) / PAGE_SIZE) * PAGE_SIZE;
  if (!(end >= start)) return 'EINVAL';
  let already = 0;
  forEachPart(mm, start, end, (vma, from, to) => {
    if (vma.locked) already += (to - from) / PAGE_SIZE;
    return 0;
  });
  if (!mayLock(kernel, mm, (end - start) / PAGE_SIZE - already)) return 'ENOMEM';
  const result = changeVmas(kernel, mm, start, end, (vma) => (vma.locked = true));
  if (result !== 0) return result;
  if (!onFault) populate(kernel, mm, start, end);
  return 0;
}

export function unlockRegion(kernel: Kernel, mm: Mm, address: number, length: number): 0 | Errno {
  const start = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
  const end = Math.ceil((address + length) / PAGE_SIZE) * PAGE_SIZE;
  if (!(end >= start)) return 'EINVAL';
  return changeVmas(kernel, mm, start, end, (vma) => (vma.locked = false));
}

/** mlockall */
export function lockAll(kernel: Kernel, mm: Mm, flags: number): 0 | Errno {
  if (flags === 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0 || flags === MCL_ONFAULT)
    return 'EINVAL';
  if (!canLock(kernel)) return 'EPERM';
  const current = (flags & MCL_CURRENT) !== 0;
  if (current && !callerHas(kernel, CAP_IPC_LOCK)) {
    if (mm.totalPages * PAGE_SIZE > currentLimit(kernel, 'RLIMIT_MEMLOCK')) return 'ENOMEM';
  }
  mm.lockFuture = (flags & MCL_FUTURE) !== 0;
  mm.lockOnFault = mm.lockFuture && (flags & MCL_ONFAULT) !== 0;
  if (!current) return 0;
  setAll(kernel, mm, true);
  if ((flags & MCL_ONFAULT) === 0) populate(kernel, mm, 0, mm.taskSize);
  return 0;
}

export function unlockAll(kernel: Kernel, mm: Mm): 0 {
  mm.lockFuture = false;
  mm.lockOnFault = false;
  setAll(kernel, mm, false);
  return 0;
}

function setAll(kernel: Kernel, mm: Mm, locked: boolean): void {
  for (const vma of mm.vmas) {
    countVma(mm, vma, -1);
    vma.locked = locked;
    countVma(mm, vma, 1);
  }
  mergeRange(kernel, mm, 0, mm.taskSize);
}

/** msync */
export function syncRegion(kernel: Kernel, mm: Mm, start: number, length: number, flags: number): Outcome<0> {
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || start % PAGE_SIZE !== 0) return 'EINVAL';
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return 'EINVAL';
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!(end >= start)) return 'ENOMEM';
  const files: Vma[] = [];
  const result = forEachPart(mm, start, end, (vma) => {
    if ((flags & MS_INVALIDATE) !== 0 && vma.locked) return 'EBUSY';
    if (vma.shared && vma.file !== 0) files.push(vma);
    return 0;
  });
  if (result !== 0 && result !== 'ENOMEM') return result;
  if ((flags & MS_SYNC) !== 0) {
    for (const vma of files) {
      const written = writeBack(kernel, kernel.inodes.get(vma.inode)!);
      if (failed(written)) return written;
    }
  }
  return result;
}

/** mincore's answer for the pages [start, end): 1 where an access would not have to read anything. */
export function residentPages(kernel: Kernel, mm: Mm, start: number, end: number): Uint8Array | Errno {
  const resident = new Uint8Array((end - start) / PAGE_SIZE);
  const words = kernel.machine.ram.i32;
  let at = start;
  const result = forEachPart(mm, start, end, (vma, from, to) => {
    // mincore stops at the first hole.
    if (from !== at) return 'ENOMEM';
    const inode = kernel.inodes.get(vma.inode);
    for (let address = from; address < to; address += PAGE_SIZE) {
      const slot = pteSlot(kernel, mm.root, address / PAGE_SIZE);
      const mapped = slot >= 0 && words[slot] !== 0;
      const cached = inode?.pages.has((address - vma.start + vma.offset) / PAGE_SIZE) ?? false;
      resident[(address - start) / PAGE_SIZE] = mapped || cached ? 1 : 0;
    }
    at = to;
    return 0;
  });
  return result === 0 ? resident : result;
}
