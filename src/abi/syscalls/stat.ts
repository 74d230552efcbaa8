/**
 * System calls: what a file or file system is, and whether it may be accessed.
 *
 * Interface: STAT_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { atFd, dev, fd, flags, outStruct, path, size } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

/** What calls that give a file's status take of the AT_ flags. */
const STAT_FLAGS = [
  'AT_SYMLINK_NOFOLLOW',
  'AT_NO_AUTOMOUNT',
  'AT_EMPTY_PATH',
  'AT_STATX_SYNC_AS_STAT',
  'AT_STATX_FORCE_SYNC',
  'AT_STATX_DONT_SYNC',
];

export const STAT_SYSCALLS = defineSyscalls({
  stat: {
    nr: { x86_64: 4, i386: 106 },
    args: [path('filename'), outStruct('statbuf', 'stat')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOTDIR', 'EOVERFLOW'],
    doc: "Gives a file's status, following symbolic links.",
  },
  lstat: {
    nr: { x86_64: 6, i386: 107 },
    args: [path('filename'), outStruct('statbuf', 'stat')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOTDIR', 'EOVERFLOW'],
    doc: "Gives a file's status without following a final symbolic link.",
  },
  fstat: {
    nr: { riscv64: 80, x86_64: 5, i386: 108 },
    args: [fd('fd'), outStruct('statbuf', 'stat')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'ENOMEM', 'EOVERFLOW'],
    doc: "Gives an open file's status.",
  },
  newfstatat: {
    nr: { riscv64: 79, x86_64: 262 },
    args: [atFd('dfd'), path('filename'), outStruct('statbuf', 'stat'), flags('flag', 'at', STAT_FLAGS)],
    returns: 'zero',
    errors: [
      'EACCES',
      'EBADF',
      'EFAULT',
      'EINVAL',
      'ELOOP',
      'ENAMETOOLONG',
      'ENOENT',
      'ENOMEM',
      'ENOTDIR',
      'EOVERFLOW',
    ],
    doc: 'Gives the status of a file relative to a directory.',
  },
  stat64: {
    nr: { i386: 195 },
    args: [path('filename'), outStruct('statbuf', 'stat64')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EOVERFLOW'],
    doc: 'stat with 64-bit sizes.',
  },
  lstat64: {
    nr: { i386: 196 },
    args: [path('filename'), outStruct('statbuf', 'stat64')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EOVERFLOW'],
    doc: 'lstat with 64-bit sizes.',
  },
  fstat64: {
    nr: { i386: 197 },
    args: [fd('fd'), outStruct('statbuf', 'stat64')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'EOVERFLOW'],
    doc: 'fstat with 64-bit sizes.',
  },
  fstatat64: {
    nr: { i386: 300 },
    args: [atFd('dfd'), path('filename'), outStruct('statbuf', 'stat64'), flags('flag', 'at', STAT_FLAGS)],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EOVERFLOW'],
    doc: 'fstatat with 64-bit sizes.',
  },
  oldstat: {
    nr: { i386: 18 },
    args: [path('filename'), outStruct('statbuf', '__old_kernel_stat')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ENOENT', 'ENOTDIR', 'EOVERFLOW'],
    doc: 'stat of the first Linux ABI.',
  },
  oldlstat: {
    nr: { i386: 84 },
    args: [path('filename'), outStruct('statbuf', '__old_kernel_stat')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ENOENT', 'ENOTDIR', 'EOVERFLOW'],
    doc: 'lstat of the first Linux ABI.',
  },
  oldfstat: {
    nr: { i386: 28 },
    args: [fd('fd'), outStruct('statbuf', '__old_kernel_stat')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'EOVERFLOW'],
    doc: 'fstat of the first Linux ABI.',
  },
  statx: {
    nr: { riscv64: 291, x86_64: 332, i386: 383 },
    args: [
      atFd('dfd'),
      path('filename', { nullable: true }),
      flags('flags', 'at', STAT_FLAGS),
      flags('mask', 'statx'),
      outStruct('buffer', 'statx'),
    ],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOTDIR'],
    doc: "Gives the wanted parts of a file's extended status.",
  },
  access: {
    nr: { x86_64: 21, i386: 33 },
    args: [path('filename'), flags('mode', 'access')],
    returns: 'zero',
    errors: [
      'EACCES',
      'EFAULT',
      'EINVAL',
      'EIO',
      'ELOOP',
      'ENAMETOOLONG',
      'ENOENT',
      'ENOMEM',
      'ENOTDIR',
      'EPERM',
      'EROFS',
      'ETXTBSY',
    ],
    doc: 'Tells whether the real user may access a file.',
  },
  faccessat: {
    nr: { riscv64: 48, x86_64: 269, i386: 307 },
    args: [atFd('dfd'), path('filename'), flags('mode', 'access')],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EROFS', 'ETXTBSY'],
    doc: 'access relative to a directory.',
  },
  faccessat2: {
    nr: { riscv64: 439, x86_64: 439, i386: 439 },
    args: [atFd('dfd'), path('filename'), flags('mode', 'access'), flags('flags', 'faccessat')],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EROFS', 'ETXTBSY'],
    doc: 'faccessat with flags.',
  },
  statfs: {
    nr: { riscv64: 43, x86_64: 137, i386: 99 },
    args: [path('path'), outStruct('buf', 'statfs')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EIO', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOSYS', 'ENOTDIR', 'EOVERFLOW'],
    doc: "Gives a file system's statistics.",
  },
  fstatfs: {
    nr: { riscv64: 44, x86_64: 138, i386: 100 },
    args: [fd('fd'), outStruct('buf', 'statfs')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'EIO', 'ENOMEM', 'ENOSYS', 'EOVERFLOW'],
    doc: 'Gives the statistics of the file system that holds `fd`.',
  },
  statfs64: {
    nr: { i386: 268 },
    args: [path('path'), size('sz'), outStruct('buf', 'statfs64')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EINVAL', 'ELOOP', 'ENOENT', 'ENOTDIR', 'EOVERFLOW'],
    doc: 'statfs with 64-bit counts.',
  },
  fstatfs64: {
    nr: { i386: 269 },
    args: [fd('fd'), size('sz'), outStruct('buf', 'statfs64')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'EOVERFLOW'],
    doc: 'fstatfs with 64-bit counts.',
  },
  ustat: {
    nr: { x86_64: 136, i386: 62 },
    args: [dev('dev'), outStruct('ubuf', 'ustat')],
    returns: 'zero',
    errors: ['EFAULT', 'EINVAL', 'ENOSYS'],
    doc: 'Gives statistics of a mounted file system by device.',
  },
});
