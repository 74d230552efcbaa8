/**
 * System calls: how long a file is, its storage, and bringing it there.
 *
 * Interface: STORAGE_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { enumOf, fd, flags, inStruct, loff, long, outStruct, path, size, uint } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

export const STORAGE_SYSCALLS = defineSyscalls({
  fsync: {
    nr: { riscv64: 82, x86_64: 74, i386: 118 },
    args: [fd('fd')],
    returns: 'zero',
    errors: ['EBADF', 'EDQUOT', 'EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'EROFS'],
    doc: "Writes a file's data and metadata to its device.",
  },
  fdatasync: {
    nr: { riscv64: 83, x86_64: 75, i386: 148 },
    args: [fd('fd')],
    returns: 'zero',
    errors: ['EBADF', 'EDQUOT', 'EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'EROFS'],
    doc: "Writes a file's data, and what metadata is needed to read it back.",
  },
  sync: {
    nr: { riscv64: 81, x86_64: 162, i386: 36 },
    args: [],
    returns: 'zero',
    errors: [],
    doc: 'Writes all file systems to their devices.',
  },
  syncfs: {
    nr: { riscv64: 267, x86_64: 306, i386: 344 },
    args: [fd('fd')],
    returns: 'zero',
    errors: ['EBADF', 'EDQUOT', 'EIO', 'ENOSPC'],
    doc: 'Writes the file system that holds `fd`.',
  },
  sync_file_range: {
    nr: { riscv64: 84, x86_64: 277, i386: 314 },
    args: [fd('fd'), loff('offset'), loff('nbytes'), flags('flags', 'sync-file-range')],
    returns: 'zero',
    errors: ['EBADF', 'EINVAL', 'EIO', 'ENOMEM', 'ENOSPC', 'ESPIPE'],
    doc: 'Starts or awaits the writing of part of a file.',
  },
  truncate: {
    nr: { riscv64: 45, x86_64: 76, i386: 92 },
    args: [path('path'), long('length')],
    returns: 'zero',
    errors: [
      'EACCES',
      'EFAULT',
      'EFBIG',
      'EINTR',
      'EINVAL',
      'EIO',
      'EISDIR',
      'ELOOP',
      'ENAMETOOLONG',
      'ENOENT',
      'ENOTDIR',
      'EPERM',
      'EROFS',
      'ETXTBSY',
    ],
    doc: "Sets a file's length by name.",
  },
  ftruncate: {
    nr: { riscv64: 46, x86_64: 77, i386: 93 },
    args: [fd('fd'), long('length')],
    returns: 'zero',
    errors: ['EBADF', 'EFBIG', 'EINTR', 'EINVAL', 'EIO', 'EPERM', 'ETXTBSY'],
    doc: "Sets an open file's length.",
  },
  truncate64: {
    nr: { i386: 193 },
    args: [path('path'), loff('length')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EFBIG', 'EINVAL', 'EISDIR', 'ENOENT', 'ENOTDIR', 'EROFS', 'ETXTBSY'],
    doc: 'truncate with a 64-bit length.',
  },
  ftruncate64: {
    nr: { i386: 194 },
    args: [fd('fd'), loff('length')],
    returns: 'zero',
    errors: ['EBADF', 'EFBIG', 'EINVAL', 'EPERM'],
    doc: 'ftruncate with a 64-bit length.',
  },
  fallocate: {
    nr: { riscv64: 47, x86_64: 285, i386: 324 },
    args: [fd('fd'), flags('mode', 'fallocate'), loff('offset'), loff('len')],
    returns: 'zero',
    errors: [
      'EBADF',
      'EFBIG',
      'EINTR',
      'EINVAL',
      'EIO',
      'ENODEV',
      'ENOSPC',
      'ENOSYS',
      'EOPNOTSUPP',
      'EPERM',
      'ESPIPE',
      'ETXTBSY',
    ],
    doc: 'Allocates, frees, zeroes or shifts part of a file.',
  },
  fadvise64: {
    nr: { riscv64: 223, x86_64: 221, i386: 250 },
    args: [fd('fd'), loff('offset'), size('len'), enumOf('advice', 'fadvise')],
    returns: 'zero',
    errors: ['EBADF', 'EINVAL', 'ESPIPE'],
    doc: 'Tells how a file is going to be used.',
  },
  fadvise64_64: {
    nr: { i386: 272 },
    args: [fd('fd'), loff('offset'), loff('len'), enumOf('advice', 'fadvise')],
    returns: 'zero',
    errors: ['EBADF', 'EINVAL', 'ESPIPE'],
    doc: 'fadvise64 with a 64-bit length.',
  },
  readahead: {
    nr: { riscv64: 213, x86_64: 187, i386: 225 },
    args: [fd('fd'), loff('offset'), size('count')],
    returns: 'zero',
    errors: ['EBADF', 'EINVAL'],
    doc: 'Reads part of a file into the page cache.',
  },
  cachestat: {
    nr: { riscv64: 451, x86_64: 451, i386: 451 },
    args: [fd('fd'), inStruct('cstat_range', 'cachestat_range'), outStruct('cstat', 'cachestat'), uint('flags')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'EOPNOTSUPP'],
    doc: 'Counts the pages of a file range in the page cache.',
  },
});
