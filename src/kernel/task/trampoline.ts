/**
 * The page '[vdso]': what a signal handler returns to. It is no ELF image.
 *
 * Interface: mapTrampoline.
 */
import { MMAP, MMAP_PROT } from '../../abi/flags/memory.ts';
import type { Errno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { mmapRegion, mprotectRegion } from '../mm/mmap.ts';
import type { Mm } from '../mm/types.ts';
import { copyToUserMm } from '../mm/uaccess.ts';

const { PROT_READ, PROT_WRITE, PROT_EXEC } = MMAP_PROT.values;
const { MAP_PRIVATE, MAP_ANONYMOUS } = MMAP.values;
const PAGE_BYTES = 4096;
/** li a7, 139 (rt_sigreturn); ecall */
const CODE = new Uint8Array([0x93, 0x08, 0xb0, 0x08, 0x73, 0x00, 0x00, 0x00]);

/** Maps the page and keeps its address in `mm.vdso`. */
export function mapTrampoline(kernel: Kernel, mm: Mm): 0 | Errno {
  const at = mmapRegion(kernel, mm, {
    address: 0,
    length: PAGE_BYTES,
    prot: PROT_READ | PROT_WRITE,
    flags: MAP_PRIVATE | MAP_ANONYMOUS,
    file: null,
    offset: 0,
    name: '[vdso]',
  });
  if (typeof at === 'string') return at;
  mm.vdso = at;
  if (copyToUserMm(kernel, mm, at, CODE) !== 0) return 'EFAULT';
  return mprotectRegion(kernel, mm, at, PAGE_BYTES, PROT_READ | PROT_EXEC);
}
