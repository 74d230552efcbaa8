/**
 * System calls: descriptors: copies of them, their settings, locks, device requests and comparison.
 *
 * Interface: DESCRIPTOR_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { enumOf, enumUint, fd, flags, ioctlArg, pid, selected, ulong } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

export const DESCRIPTOR_SYSCALLS = defineSyscalls({
  dup: {
    nr: { riscv64: 23, x86_64: 32, i386: 41 },
    args: [fd('fildes')],
    returns: 'fd',
    errors: ['EBADF', 'EMFILE'],
    doc: 'Gives the lowest free descriptor for the same open file.',
  },
  dup2: {
    nr: { x86_64: 33, i386: 63 },
    args: [fd('oldfd'), fd('newfd')],
    returns: 'fd',
    errors: ['EBADF', 'EBUSY', 'EINTR', 'EMFILE'],
    doc: 'Makes `newfd` refer to the same open file, closing it first.',
  },
  dup3: {
    nr: { riscv64: 24, x86_64: 292, i386: 330 },
    args: [fd('oldfd'), fd('newfd'), flags('flags', 'dup')],
    returns: 'fd',
    errors: ['EBADF', 'EBUSY', 'EINTR', 'EINVAL', 'EMFILE'],
    doc: 'dup2 with close-on-exec; equal descriptors are an error.',
  },
  fcntl: {
    nr: { riscv64: 25, x86_64: 72, i386: 55 },
    args: [fd('fd'), enumUint('cmd', 'fcntl'), selected('arg', 'cmd')],
    returns: 'int',
    errors: [
      'EACCES',
      'EAGAIN',
      'EBADF',
      'EBUSY',
      'EDEADLK',
      'EFAULT',
      'EINTR',
      'EINVAL',
      'EMFILE',
      'ENOLCK',
      'ENOTDIR',
      'EPERM',
    ],
    doc: 'Does one of many things to a descriptor or an open file.',
  },
  fcntl64: {
    nr: { i386: 221 },
    args: [fd('fd'), enumUint('cmd', 'fcntl'), selected('arg', 'cmd')],
    returns: 'int',
    errors: ['EACCES', 'EAGAIN', 'EBADF', 'EDEADLK', 'EFAULT', 'EINTR', 'EINVAL', 'EMFILE', 'ENOLCK', 'EPERM'],
    doc: 'fcntl of 32-bit programs, with locks of 64-bit offsets.',
  },
  ioctl: {
    nr: { riscv64: 29, x86_64: 16, i386: 54 },
    args: [fd('fd'), enumUint('cmd', 'ioctl'), ioctlArg('arg', 'cmd')],
    returns: 'int',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'ENOTTY'],
    doc: 'Controls a device or another special file.',
  },
  flock: {
    nr: { riscv64: 32, x86_64: 73, i386: 143 },
    args: [fd('fd'), flags('cmd', 'flock')],
    returns: 'zero',
    errors: ['EAGAIN', 'EBADF', 'EINTR', 'EINVAL', 'ENOLCK'],
    doc: 'Locks or unlocks a whole open file, as advice.',
  },
  kcmp: {
    nr: { riscv64: 272, x86_64: 312, i386: 349 },
    args: [pid('pid1'), pid('pid2'), enumOf('type', 'kcmp'), ulong('idx1'), ulong('idx2')],
    returns: 'int',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'EPERM', 'ESRCH'],
    doc: 'Tells whether two processes share a resource.',
  },
});
