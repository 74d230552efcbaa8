/**
 * The architectures whose binary interface the kernel speaks, and the sizes of C's types on each.
 *
 * Interface: Arch, ARCHES, wordBytes, u64Align. Source: the psABI of each (LP64 for the 64-bit ones, ILP32 for i386).
 */

export type Arch = 'riscv64' | 'x86_64' | 'i386';

export const ARCHES: readonly Arch[] = ['riscv64', 'x86_64', 'i386'];

/** Bytes in a long, a pointer and a size_t. */
export function wordBytes(arch: Arch): 4 | 8 {
  return arch === 'i386' ? 4 : 8;
}

/** Alignment of a 64-bit integer inside a struct. The i386 psABI says 4. */
export function u64Align(arch: Arch): 4 | 8 {
  return arch === 'i386' ? 4 : 8;
}
