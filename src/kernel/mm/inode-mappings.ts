/**
 * From a file's pages to the address spaces that map them: a walk over all mappings, as truncation, write-back and reclaim need it.
 *
 * Interface: unmapInode, writeProtectInode, isMappedWritable.
 */
import type { Kernel } from '../kernel.ts';
import type { Inode } from '../vfs/types.ts';
import { writeProtectPages, zapPages } from './page-range.ts';
import type { Mm, Vma } from './types.ts';

/** Unmaps pages [first, last) of a file everywhere. `keepCopies`: private copies stay. */
export function unmapInode(kernel: Kernel, inode: Inode, first: number, last: number, keepCopies: boolean): void {
  for (const mm of kernel.mms.values()) {
    for (const vma of mm.vmas) {
      if (vma.inode !== inode.id) continue;
      const from = pageInVma(vma, first);
      const to = pageInVma(vma, last);
      if (from < to) zapPages(kernel, mm, vma, from, to, keepCopies);
    }
  }
}

/** Makes shared mappings of page `index` read-only, so that the next write marks it dirty again. */
export function writeProtectInode(kernel: Kernel, inode: Inode, index: number): void {
  for (const mm of kernel.mms.values()) {
    for (const vma of mm.vmas) {
      if (vma.inode !== inode.id || !vma.shared) continue;
      const vpn = pageInVma(vma, index);
      if (vpn < pageInVma(vma, index + 1)) writeProtectPages(kernel, mm, vpn, vpn + 1);
    }
  }
}

/** Whether some shared mapping of the file may be written (F_SEAL_WRITE then is EBUSY). */
export function isMappedWritable(kernel: Kernel, inode: Inode): boolean {
  const maps = (mm: Mm) => mm.vmas.some((vma) => vma.inode === inode.id && vma.shared && isFileWritable(kernel, vma));
  return [...kernel.mms.values()].some(maps);
}

function isFileWritable(kernel: Kernel, vma: Vma): boolean {
  return vma.file === 0 || kernel.files.get(vma.file)!.writable;
}

/** The virtual page that shows page `index` of the file, moved into the vma's range. */
function pageInVma(vma: Vma, index: number): number {
  const vpn = vma.start / 4096 + index - vma.offset / 4096;
  return Math.min(Math.max(vpn, vma.start / 4096), vma.end / 4096);
}
