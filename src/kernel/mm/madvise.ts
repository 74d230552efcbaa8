/**
 * Advice about memory, some of which changes it. See madvise(2).
 *
 * Interface: madviseRegion.
 */
import { MADVISE } from '../../abi/flags/memory.ts';
import type { Errno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { fsOf } from '../vfs/registry.ts';
import { changeVmas, forEachPart } from './change-vmas.ts';
import { ACCESS, FAULT, faultIn } from './fault.ts';
import { PAGE_SIZE } from './frames.ts';
import { punchPages, readAhead } from './page-cache.ts';
import { zapPages } from './page-range.ts';
import type { Mm, Vma } from './types.ts';

const M = MADVISE.values;

/** Advice that has no effect on what programs see. Huge pages, same-page merging and swap do not exist here. */
const HINTS = new Set<number>([
  M.MADV_NORMAL,
  M.MADV_RANDOM,
  M.MADV_SEQUENTIAL,
  M.MADV_MERGEABLE,
  M.MADV_UNMERGEABLE,
  M.MADV_HUGEPAGE,
  M.MADV_NOHUGEPAGE,
]);

export function madviseRegion(kernel: Kernel, mm: Mm, start: number, length: number, advice: number): 0 | Errno {
  const change = changeFor(advice);
  const action = change === undefined ? actionFor(kernel, mm, advice) : undefined;
  if (change === undefined && action === undefined) return 'EINVAL';
  if (start % PAGE_SIZE !== 0 || length < 0) return 'EINVAL';
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!(end >= start) || end > 2 ** 64) return 'EINVAL';
  if (end === start) return 0;
  if (action !== undefined) return forEachPart(mm, start, end, action);
  const refused = forEachPart(mm, start, end, (vma) => refusal(vma, advice));
  if (refused !== 0 && refused !== 'ENOMEM') return refused;
  return changeVmas(kernel, mm, start, end, change!);
}

function changeFor(advice: number): ((vma: Vma) => void) | undefined {
  switch (advice) {
    case M.MADV_DONTFORK:
      return (vma) => (vma.dontFork = true);
    case M.MADV_DOFORK:
      return (vma) => (vma.dontFork = false);
    case M.MADV_DONTDUMP:
      return (vma) => (vma.dontDump = true);
    case M.MADV_DODUMP:
      return (vma) => (vma.dontDump = false);
    case M.MADV_WIPEONFORK:
      return (vma) => (vma.wipeOnFork = true);
    case M.MADV_KEEPONFORK:
      return (vma) => (vma.wipeOnFork = false);
    default:
      return undefined;
  }
}

/** MADV_WIPEONFORK is for private anonymous memory only. */
function refusal(vma: Vma, advice: number): 0 | Errno {
  return advice === M.MADV_WIPEONFORK && (vma.inode !== 0 || vma.shared) ? 'EINVAL' : 0;
}

type Action = (vma: Vma, from: number, to: number) => 0 | Errno;

function actionFor(kernel: Kernel, mm: Mm, advice: number): Action | undefined {
  if (HINTS.has(advice)) return () => 0;
  switch (advice) {
    case M.MADV_DONTNEED:
      return (vma, from, to) => (vma.locked ? 'EINVAL' : discard(kernel, mm, vma, from, to));
    case M.MADV_DONTNEED_LOCKED:
      return (vma, from, to) => discard(kernel, mm, vma, from, to);
    case M.MADV_FREE:
      // Linux takes the pages when memory is wanted; taking them at once is allowed.
      return (vma, from, to) => (vma.locked || vma.inode !== 0 ? 'EINVAL' : discard(kernel, mm, vma, from, to));
    case M.MADV_REMOVE:
      return (vma, from, to) => removeContents(kernel, vma, from, to);
    case M.MADV_WILLNEED:
      return (vma, from, to) => willNeed(kernel, vma, from, to);
    case M.MADV_COLD:
    case M.MADV_PAGEOUT:
      return (vma) => (vma.locked ? 'EINVAL' : 0);
    case M.MADV_POPULATE_READ:
      return (_vma, from, to) => populateAll(kernel, mm, from, to, false);
    case M.MADV_POPULATE_WRITE:
      return (_vma, from, to) => populateAll(kernel, mm, from, to, true);
    default:
      return undefined;
  }
}

function discard(kernel: Kernel, mm: Mm, vma: Vma, from: number, to: number): 0 {
  zapPages(kernel, mm, vma, from / PAGE_SIZE, to / PAGE_SIZE);
  return 0;
}

function removeContents(kernel: Kernel, vma: Vma, from: number, to: number): 0 | Errno {
  if (vma.locked || vma.inode === 0) return 'EINVAL';
  if (!vma.shared || (vma.file !== 0 && !kernel.files.get(vma.file)!.writable)) return 'EACCES';
  const inode = kernel.inodes.get(vma.inode)!;
  if (fsOf(kernel, inode).readPage !== undefined) return 'EOPNOTSUPP';
  const shift = vma.offset - vma.start;
  punchPages(kernel, inode, (from + shift) / PAGE_SIZE, (to + shift) / PAGE_SIZE);
  return 0;
}

function willNeed(kernel: Kernel, vma: Vma, from: number, to: number): 0 {
  if (vma.inode === 0) return 0;
  const shift = vma.offset - vma.start;
  readAhead(kernel, kernel.inodes.get(vma.inode)!, (from + shift) / PAGE_SIZE, (to + shift) / PAGE_SIZE);
  return 0;
}

function populateAll(kernel: Kernel, mm: Mm, from: number, to: number, write: boolean): 0 | Errno {
  for (let address = from; address < to; address += PAGE_SIZE) {
    const result = faultIn(kernel, mm, address, write ? ACCESS.write : ACCESS.read);
    if (result === FAULT.noAccess) return 'EINVAL';
    if (result === FAULT.noMemory) return 'ENOMEM';
    if (result !== FAULT.minor && result !== FAULT.major) return 'EFAULT';
  }
  return 0;
}
