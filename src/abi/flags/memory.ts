/**
 * Flags of mmap(2), mprotect(2), mremap(2), madvise(2), msync(2), mlock(2), memfd_create(2) and the NUMA policy calls.
 *
 * Interface: MMAP_PROT, MMAP, MREMAP, MADVISE, MSYNC, MLOCK, MLOCKALL, MEMFD, MEMFD_SECRET, PKEY_RIGHTS, MEMPOLICY, MEMPOLICY_FLAGS, GET_MEMPOLICY, MAP_SHADOW_STACK. Values: asm/mman.h, linux/mman.h, linux/memfd.h, linux/mempolicy.h.
 */

import { flagSet } from '../flag-set.ts';

export const MMAP_PROT = flagSet(
  'mmap-prot',
  {
    PROT_NONE: 0,
    PROT_READ: 1,
    PROT_WRITE: 2,
    PROT_EXEC: 4,
    PROT_SEM: 0x8,
    PROT_GROWSDOWN: 0x1000000,
    PROT_GROWSUP: 0x2000000,
  },
  { noEffect: ['PROT_SEM'] },
);

export const MMAP = flagSet(
  'mmap',
  {
    MAP_SHARED: 1,
    MAP_PRIVATE: 2,
    MAP_SHARED_VALIDATE: 3,
    MAP_DROPPABLE: 0x8,
    MAP_FIXED: 0x10,
    MAP_ANONYMOUS: 0x20,
    MAP_GROWSDOWN: 0x100,
    MAP_DENYWRITE: 0x800,
    MAP_EXECUTABLE: 0x1000,
    MAP_LOCKED: 0x2000,
    MAP_NORESERVE: 0x4000,
    MAP_POPULATE: 0x8000,
    MAP_NONBLOCK: 0x10000,
    MAP_STACK: 0x20000,
    MAP_HUGETLB: 0x40000,
    MAP_SYNC: 0x80000,
    MAP_FIXED_NOREPLACE: 0x100000,
    MAP_UNINITIALIZED: 0x4000000,
  },
  {
    mask: 0xf,
    perArch: { x86_64: { MAP_32BIT: 0x40, MAP_ABOVE4G: 0x80 }, i386: { MAP_32BIT: 0x40, MAP_ABOVE4G: 0x80 } },
    unsupported: ['MAP_DROPPABLE', 'MAP_HUGETLB', 'MAP_SYNC'],
    noEffect: ['MAP_DENYWRITE', 'MAP_EXECUTABLE', 'MAP_STACK', 'MAP_UNINITIALIZED'],
  },
);

export const MREMAP = flagSet(
  'mremap',
  {
    MREMAP_MAYMOVE: 1,
    MREMAP_FIXED: 2,
    MREMAP_DONTUNMAP: 4,
  },
  { unsupported: [] },
);

export const MADVISE = flagSet(
  'madvise',
  {
    MADV_NORMAL: 0,
    MADV_RANDOM: 1,
    MADV_SEQUENTIAL: 2,
    MADV_WILLNEED: 3,
    MADV_DONTNEED: 4,
    MADV_FREE: 8,
    MADV_REMOVE: 9,
    MADV_DONTFORK: 10,
    MADV_DOFORK: 11,
    MADV_MERGEABLE: 12,
    MADV_UNMERGEABLE: 13,
    MADV_HUGEPAGE: 14,
    MADV_NOHUGEPAGE: 15,
    MADV_DONTDUMP: 16,
    MADV_DODUMP: 17,
    MADV_WIPEONFORK: 18,
    MADV_KEEPONFORK: 19,
    MADV_COLD: 20,
    MADV_PAGEOUT: 21,
    MADV_POPULATE_READ: 22,
    MADV_POPULATE_WRITE: 23,
    MADV_DONTNEED_LOCKED: 24,
    MADV_COLLAPSE: 25,
    MADV_HWPOISON: 100,
    MADV_SOFT_OFFLINE: 101,
    MADV_GUARD_INSTALL: 102,
    MADV_GUARD_REMOVE: 103,
  },
  {
    kind: 'enum',
    unsupported: ['MADV_COLLAPSE', 'MADV_HWPOISON', 'MADV_SOFT_OFFLINE', 'MADV_GUARD_INSTALL', 'MADV_GUARD_REMOVE'],
    noEffect: [
      'MADV_RANDOM',
      'MADV_SEQUENTIAL',
      'MADV_MERGEABLE',
      'MADV_UNMERGEABLE',
      'MADV_HUGEPAGE',
      'MADV_NOHUGEPAGE',
      'MADV_COLD',
      'MADV_PAGEOUT',
    ],
  },
);

export const MSYNC = flagSet(
  'msync',
  {
    MS_ASYNC: 1,
    MS_INVALIDATE: 2,
    MS_SYNC: 4,
  },
  { noEffect: ['MS_ASYNC'] },
);

export const MLOCK = flagSet(
  'mlock',
  {
    MLOCK_ONFAULT: 1,
  },
  { unsupported: [] },
);

export const MLOCKALL = flagSet(
  'mlockall',
  {
    MCL_CURRENT: 1,
    MCL_FUTURE: 2,
    MCL_ONFAULT: 4,
  },
  { unsupported: [] },
);

export const MEMFD = flagSet(
  'memfd',
  {
    MFD_CLOEXEC: 1,
    MFD_ALLOW_SEALING: 2,
    MFD_HUGETLB: 4,
    MFD_NOEXEC_SEAL: 0x8,
    MFD_EXEC: 0x10,
  },
  { unsupported: ['MFD_HUGETLB'] },
);

export const MEMFD_SECRET = flagSet(
  'memfd-secret',
  {
    O_CLOEXEC: 0o2000000,
  },
  { unsupported: [] },
);

export const PKEY_RIGHTS = flagSet(
  'pkey-rights',
  {
    PKEY_DISABLE_ACCESS: 1,
    PKEY_DISABLE_WRITE: 2,
  },
  { unsupported: [] },
);

export const MEMPOLICY = flagSet(
  'mempolicy',
  {
    MPOL_DEFAULT: 0,
    MPOL_PREFERRED: 1,
    MPOL_BIND: 2,
    MPOL_INTERLEAVE: 3,
    MPOL_LOCAL: 4,
    MPOL_PREFERRED_MANY: 5,
    MPOL_WEIGHTED_INTERLEAVE: 6,
  },
  { kind: 'enum', unsupported: [] },
);

export const MEMPOLICY_FLAGS = flagSet(
  'mempolicy-flags',
  {
    MPOL_MF_STRICT: 1,
    MPOL_MF_MOVE: 2,
    MPOL_MF_MOVE_ALL: 4,
    MPOL_F_STATIC_NODES: 0x8000,
    MPOL_F_RELATIVE_NODES: 0x4000,
    MPOL_F_NUMA_BALANCING: 0x2000,
  },
  { unsupported: [] },
);

export const GET_MEMPOLICY = flagSet(
  'get-mempolicy',
  {
    MPOL_F_NODE: 1,
    MPOL_F_ADDR: 2,
    MPOL_F_MEMS_ALLOWED: 4,
  },
  { unsupported: [] },
);

export const MAP_SHADOW_STACK = flagSet(
  'map-shadow-stack',
  {
    SHADOW_STACK_SET_TOKEN: 1,
    SHADOW_STACK_SET_MARKER: 2,
  },
  { unsupported: [] },
);
