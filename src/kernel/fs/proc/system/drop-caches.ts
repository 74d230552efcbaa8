/** Writing to /proc/sys/vm/drop_caches. Interface: dropCaches. See proc_sys_vm(5). */
import type { Kernel } from '../../../kernel.ts';
import { reclaimPages } from '../../../mm/user-frames.ts';
import { unhash } from '../../../vfs/dentry.ts';
import { trimInodes } from '../../../vfs/inode.ts';

/** Drops clean pages of files that nobody maps, names and inodes that nobody uses, or both. */
export function dropCaches(kernel: Kernel, pages: boolean, names: boolean): void {
  if (pages) reclaimPages(kernel, kernel.frames.pages);
  if (!names) return;
  // Leaves go first, and may be the last to hold their parents.
  for (let before = Infinity; kernel.dentries.size < before;) {
    before = kernel.dentries.size;
    for (const dentry of [...kernel.dentries.values()]) {
      if (dentry.refs <= 0 && !dentry.unlinked) unhash(kernel, dentry);
    }
  }
  trimInodes(kernel, 0);
}
