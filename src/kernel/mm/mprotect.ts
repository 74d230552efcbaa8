/**
 * Changing the protection of mappings. See mprotect(2).
 *
 * Interface: mprotectRegion.
 */
import { MMAP_PROT } from '../../abi/flags/memory.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import type { Errno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { PAGE_SIZE } from './frames.ts';
import { hasMemoryFor, mayExpand } from './limits.ts';
import { protectPages } from './page-range.ts';
import type { Mm, Vma } from './types.ts';
import { countVma, findVmaIndex, mergeRange, splitAround } from './vma.ts';

const { PROT_READ, PROT_WRITE, PROT_EXEC, PROT_SEM, PROT_GROWSDOWN, PROT_GROWSUP } = MMAP_PROT.values;
const KNOWN_PROT = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM;

/** Sets the protection of a range. Where the range is not all mapped or not allowed, what comes before is changed (as in Linux). */
export function mprotectRegion(kernel: Kernel, mm: Mm, start: number, length: number, prot: number): 0 | Errno {
  const grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP)) return 'EINVAL';
  if (start % PAGE_SIZE !== 0) return 'EINVAL';
  if (length === 0) return 0;
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!(end > start) || end > 2 ** 64) return 'ENOMEM';
  if ((prot & ~(KNOWN_PROT | PROT_GROWSDOWN | PROT_GROWSUP)) !== 0) return 'EINVAL';
  const wanted = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
  let from = start;
  const first = mm.vmas[findVmaIndex(mm, start)];
  if (first === undefined) return 'ENOMEM';
  if (grows === PROT_GROWSDOWN) {
    if (first.start >= end) return 'ENOMEM';
    if (!first.growsDown) return 'EINVAL';
    from = first.start;
  } else {
    if (first.start > start) return 'ENOMEM';
    if (grows === PROT_GROWSUP) return 'EINVAL';
  }
  return protectRange(kernel, mm, from, end, wanted);
}

function protectRange(kernel: Kernel, mm: Mm, start: number, end: number, prot: number): 0 | Errno {
  let at = start;
  let result: 0 | Errno = 0;
  while (at < end) {
    const vma = mm.vmas[findVmaIndex(mm, at)];
    if (vma === undefined || vma.start > at) {
      result = 'ENOMEM';
      break;
    }
    const stop = Math.min(vma.end, end);
    if (vma.prot !== prot) {
      result = protectPart(kernel, mm, vma, at, stop, prot);
      if (result !== 0) break;
    }
    at = stop;
  }
  mergeRange(kernel, mm, start, at);
  return result;
}

function protectPart(kernel: Kernel, mm: Mm, vma: Vma, start: number, end: number, prot: number): 0 | Errno {
  if (!mayHave(kernel, vma, prot)) return 'EACCES';
  const pages = (end - start) / PAGE_SIZE;
  const becomesData = !vma.shared && (prot & PROT_WRITE) !== 0 && (vma.prot & PROT_WRITE) === 0;
  if (becomesData && !vma.growsDown && !fitsData(kernel, mm, pages)) return 'ENOMEM';
  if (becomesData && !vma.noReserve && !hasMemoryFor(kernel, pages)) return 'ENOMEM';
  const index = splitAround(kernel, mm, start, end);
  if (typeof index === 'string') return index;
  const part = mm.vmas[index]!;
  countVma(mm, part, -1);
  part.prot = prot;
  countVma(mm, part, 1);
  protectPages(kernel, mm, part, start / PAGE_SIZE, end / PAGE_SIZE);
  return 0;
}

function fitsData(kernel: Kernel, mm: Mm, pages: number): boolean {
  // The pages are mapped already: only RLIMIT_DATA counts them anew.
  const total = mm.totalPages;
  mm.totalPages -= pages;
  const fits = mayExpand(kernel, mm, pages, true);
  mm.totalPages = total;
  return fits;
}

/** Whether the file allows the protection (Linux: VM_MAYWRITE, VM_MAYEXEC). */
function mayHave(kernel: Kernel, vma: Vma, prot: number): boolean {
  if (vma.file === 0) return true;
  const file = kernel.files.get(vma.file)!;
  if (vma.shared && (prot & PROT_WRITE) !== 0 && !file.writable) return false;
  if ((prot & PROT_EXEC) === 0 || file.path === null) return true;
  return (kernel.mounts.get(file.path.mount)!.flags & MOUNT.values.MS_NOEXEC) === 0;
}
