/**
 * Changing a property of all mappings in a range, as madvise(2) and mlock(2) do.
 *
 * Interface: changeVmas, forEachPart.
 */
import type { Errno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
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
