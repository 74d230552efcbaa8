/**
 * System calls: directories: their entries, making and removing them, and where a process is.
 *
 * Interface: DIRECTORY_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { atFd, dirents, fd, mode, outBytes, outStruct, path, uint, ulong } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

export const DIRECTORY_SYSCALLS = defineSyscalls({
  getdents: {
    nr: { x86_64: 78, i386: 141 },
    args: [fd('fd'), dirents('dirent', 'linux_dirent', 'count'), uint('count')],
    returns: 'size',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'ENOTDIR'],
    doc: 'Reads directory entries in the old form.',
  },
  getdents64: {
    nr: { riscv64: 61, x86_64: 217, i386: 220 },
    args: [fd('fd'), dirents('dirent', 'linux_dirent64', 'count'), uint('count')],
    returns: 'size',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'ENOTDIR'],
    doc: 'Reads directory entries; 0 means the end.',
  },
  readdir: {
    nr: { i386: 89 },
    args: [fd('fd'), outStruct('dirent', 'old_linux_dirent'), uint('count')],
    returns: 'int',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'ENOTDIR'],
    doc: 'Reads one directory entry.',
  },
  getcwd: {
    nr: { riscv64: 17, x86_64: 79, i386: 183 },
    args: [outBytes('buf', { arg: 'size', filled: 'return' }), ulong('size')],
    returns: 'size',
    errors: ['EFAULT', 'ENAMETOOLONG', 'ENOENT', 'ERANGE'],
    doc: "Gives the working directory's path, and its length with the NUL.",
  },
  chdir: {
    nr: { riscv64: 49, x86_64: 80, i386: 12 },
    args: [path('filename')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EIO', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOTDIR'],
    doc: 'Changes the working directory.',
  },
  fchdir: {
    nr: { riscv64: 50, x86_64: 81, i386: 133 },
    args: [fd('fd')],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'ENOTDIR'],
    doc: 'Changes the working directory to an open one.',
  },
  chroot: {
    nr: { riscv64: 51, x86_64: 161, i386: 61 },
    args: [path('filename')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EIO', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOTDIR', 'EPERM'],
    doc: 'Changes the root directory.',
  },
  mkdir: {
    nr: { x86_64: 83, i386: 39 },
    args: [path('pathname'), mode('mode')],
    returns: 'zero',
    errors: [
      'EACCES',
      'EEXIST',
      'EFAULT',
      'ELOOP',
      'EMLINK',
      'ENAMETOOLONG',
      'ENOENT',
      'ENOMEM',
      'ENOSPC',
      'ENOTDIR',
      'EPERM',
      'EROFS',
    ],
    doc: 'Makes a directory.',
  },
  mkdirat: {
    nr: { riscv64: 34, x86_64: 258, i386: 296 },
    args: [atFd('dfd'), path('pathname'), mode('mode')],
    returns: 'zero',
    errors: [
      'EACCES',
      'EBADF',
      'EEXIST',
      'EFAULT',
      'ELOOP',
      'EMLINK',
      'ENAMETOOLONG',
      'ENOENT',
      'ENOMEM',
      'ENOSPC',
      'ENOTDIR',
      'EPERM',
      'EROFS',
    ],
    doc: 'mkdir relative to a directory.',
  },
  rmdir: {
    nr: { x86_64: 84, i386: 40 },
    args: [path('pathname')],
    returns: 'zero',
    errors: [
      'EACCES',
      'EBUSY',
      'EFAULT',
      'EINVAL',
      'ELOOP',
      'ENAMETOOLONG',
      'ENOENT',
      'ENOMEM',
      'ENOTDIR',
      'ENOTEMPTY',
      'EPERM',
      'EROFS',
    ],
    doc: 'Removes an empty directory.',
  },
});
