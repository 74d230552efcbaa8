/**
 * Names of anonymous mappings, as /proc/PID/maps shows them. See prctl(2), PR_SET_VMA.
 *
 * Interface: nameAnonymous.
 */
import type { Kernel } from '../kernel.ts';
import { PAGE_SIZE } from './frames.ts';
import type { Mm } from './types.ts';
import { findVmaIndex, mergeRange, splitAround } from './vma.ts';

/** Names the anonymous mappings in a range; '' takes the name away. EBADF where a file is mapped, ENOMEM where nothing is. */
export function nameAnonymous(kernel: Kernel, mm: Mm, start: number, length: number, name: string) {
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (start % PAGE_SIZE !== 0 || end < start) return 'EINVAL';
  if (end === start) return 0;
  let covered = start;
  let hasHole = false;
  for (let i = findVmaIndex(mm, start); i < mm.vmas.length && mm.vmas[i]!.start < end; i++) {
    const vma = mm.vmas[i]!;
    if (vma.file !== 0) return 'EBADF';
    if (vma.start > covered) hasHole = true;
    covered = vma.end;
  }
  const first = splitAround(kernel, mm, start, Math.min(end, mm.taskSize));
  if (typeof first === 'string') return first;
  for (let i = first; i < mm.vmas.length && mm.vmas[i]!.start < end; i++) mm.vmas[i]!.name = name;
  mergeRange(kernel, mm, start, end);
  return hasHole || covered < end ? 'ENOMEM' : 0;
}
