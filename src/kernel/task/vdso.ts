/**
 * The vDSO of a process: '[vvar]', the kernel's data page, and behind it '[vdso]', an ELF image of the kernel's with what may be done
 * without a system call, and with what signal handlers return to. See vdso(7).
 *
 * Interface: mapVdso.
 * Both are one-page inodes that nobody can open; all programs map the same frames.
 */
import { S_IFREG } from '../../abi/file-mode.ts';
import { MMAP_PROT } from '../../abi/flags/memory.ts';
import type { Errno } from '../../abi/errno.ts';
import { VDSO_DATA_BYTES, vdsoImage } from '../arch/arch.ts';
import type { InodeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { populate } from '../mm/mmap.ts';
import { frameBytes } from '../mm/frames.ts';
import { addPage } from '../mm/page-cache.ts';
import { findRoom } from '../mm/placement.ts';
import type { Mm } from '../mm/types.ts';
import { insertVma, newVma } from '../mm/vma.ts';
import { failed } from '../result.ts';
import { initVdsoData } from '../time/vdso-data.ts';
import { inodeGet, inodeOf, inodePut } from '../vfs/inode.ts';
import { anonInode } from '../vfs/super.ts';
import type { Inode } from '../vfs/types.ts';

const { PROT_READ, PROT_EXEC } = MMAP_PROT.values;
const PAGE_BYTES = 4096;

/** Maps both pages and keeps the image's address in `mm.vdso`. */
export function mapVdso(kernel: Kernel, mm: Mm): 0 | Errno {
  if (kernel.vdso === null && !makeVdso(kernel)) return 'ENOMEM';
  const { image, data } = kernel.vdso!;
  const start = findRoom(mm, 0, VDSO_DATA_BYTES + PAGE_BYTES);
  if (typeof start === 'string') return start;
  mm.vdso = start + VDSO_DATA_BYTES;
  mapPage(kernel, mm, data, start, PROT_READ, '[vvar]');
  mapPage(kernel, mm, image, mm.vdso, PROT_READ | PROT_EXEC, '[vdso]');
  // Every C library reads it at once.
  populate(kernel, mm, mm.vdso, mm.vdso + PAGE_BYTES);
  return 0;
}

function mapPage(kernel: Kernel, mm: Mm, inode: InodeId, start: number, prot: number, name: string): void {
  inodeGet(inodeOf(kernel, inode));
  insertVma(kernel, mm, newVma(start, start + PAGE_BYTES, prot, { inode, name }));
}

/** Makes the pages, once. False: out of memory. */
function makeVdso(kernel: Kernel): boolean {
  const image = onePage(kernel, '[vdso]');
  const data = onePage(kernel, '[vvar]');
  const imageFrame = addPage(kernel, image, 0, false);
  const dataFrame = addPage(kernel, data, 0, false);
  if (failed(imageFrame) || failed(dataFrame)) {
    for (const inode of [image, data]) inodePut(kernel, inode);
    return false;
  }
  frameBytes(kernel, imageFrame).set(vdsoImage().bytes);
  kernel.vdso = { image: image.id, data: data.id, dataFrame, updatedNs: 0 };
  initVdsoData(kernel);
  return true;
}

function onePage(kernel: Kernel, name: string): Inode {
  const inode = anonInode(kernel, name, S_IFREG | 0o444);
  inode.size = PAGE_BYTES;
  return inode;
}
