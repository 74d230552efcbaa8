/**
 * Changing a property of all mappings in a range, as madvise(2), mlock(2) and PR_SET_VMA do.
 *
 * Interface: changeVmas, forEachPart, nameAnonymous.
 */
import type { Errno } from '../../abi/errno.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { PAGE_SIZE } from './frames.ts';
import type { Mm, Vma } from './types.ts';
import { countVma, findVmaIndex, mergeRange, splitAround } from './vma.ts';

/** Applies `change` to every mapping in [start, end), split at its ends. Goes over holes; ENOMEM if there was one. */
export function changeVmas(kernel: Kernel, mm: Mm, start: number, end: number, change: (vma: Vma) => void): 0 | Errno {
  const result = forEachPart(mm, start, end, (_vma, from, to) => {
    const index = splitAround(kernel, mm, from, to);
    if (typeof index === 'string') return index;
    const part = mm.vmas[index]!;
    countVma(mm, part, -1);
    change(part);
    countVma(mm, part, 1);
    return 0;
  });
  mergeRange(kernel, mm, start, end);
  return result;
}

/** Calls `visit` for the part of each mapping that lies in [start, end) until it gives an error. ENOMEM at the end if there was a hole. */
export function forEachPart(
  mm: Mm,
  start: number,
  end: number,
  visit: (vma: Vma, from: number, to: number) => 0 | Errno,
): 0 | Errno {
  let hole = false;
  for (let at = start; at < end;) {
    const vma = mm.vmas[findVmaIndex(mm, at)];
    if (vma === undefined || vma.start >= end) return 'ENOMEM';
    if (vma.start > at) hole = true;
    const from = Math.max(vma.start, at);
    // Taken now: the visitor may split the vma.
    const to = Math.min(vma.end, end);
    const result = visit(vma, from, to);
    if (result !== 0) return result;
    at = to;
  }
  return hole ? 'ENOMEM' : 0;
}

/** PR_SET_VMA_ANON_NAME: the name of anonymous memory in /proc/PID/maps; '' takes it away. EBADF where a file is mapped. */
export function nameAnonymous(kernel: Kernel, mm: Mm, start: number, length: number, name: ByteString): 0 | Errno {
  if (start % PAGE_SIZE !== 0) return 'EINVAL';
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!(end >= start)) return 'EINVAL';
  const refused = forEachPart(mm, start, end, (vma) => (vma.file !== 0 ? 'EBADF' : 0));
  if (refused === 'EBADF') return refused;
  return changeVmas(kernel, mm, start, end, (vma) => (vma.name = name === '' ? usualName(mm, vma) : name));
}

function usualName(mm: Mm, vma: Vma): ByteString {
  if (vma.inode !== 0) return '/dev/zero (deleted)';
  return vma.start >= mm.brkStart && vma.end <= Math.ceil(mm.brk / PAGE_SIZE) * PAGE_SIZE ? '[heap]' : '';
}
