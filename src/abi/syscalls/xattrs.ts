/**
 * System calls: extended attributes.
 *
 * Interface: XATTR_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { atFd, cstring, fd, flags, inBytes, outBytes, path, size, sizedStruct } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

export const XATTR_SYSCALLS = defineSyscalls({
  setxattr: {
    nr: { riscv64: 5, x86_64: 188, i386: 226 },
    args: [path('path'), cstring('name'), inBytes('value', 'size'), size('size'), flags('flags', 'xattr')],
    returns: 'zero',
    errors: [
      'EACCES',
      'EDQUOT',
      'EEXIST',
      'EFAULT',
      'EINVAL',
      'ENODATA',
      'ENOENT',
      'ENOSPC',
      'EOPNOTSUPP',
      'EPERM',
      'ERANGE',
    ],
    doc: 'Sets an extended attribute.',
  },
  lsetxattr: {
    nr: { riscv64: 6, x86_64: 189, i386: 227 },
    args: [path('path'), cstring('name'), inBytes('value', 'size'), size('size'), flags('flags', 'xattr')],
    returns: 'zero',
    errors: ['EACCES', 'EEXIST', 'EFAULT', 'EINVAL', 'ENODATA', 'ENOENT', 'ENOSPC', 'EOPNOTSUPP', 'EPERM', 'ERANGE'],
    doc: 'setxattr on a symbolic link itself.',
  },
  fsetxattr: {
    nr: { riscv64: 7, x86_64: 190, i386: 228 },
    args: [fd('fd'), cstring('name'), inBytes('value', 'size'), size('size'), flags('flags', 'xattr')],
    returns: 'zero',
    errors: ['EBADF', 'EEXIST', 'EFAULT', 'EINVAL', 'ENODATA', 'ENOSPC', 'EOPNOTSUPP', 'EPERM', 'ERANGE'],
    doc: 'setxattr on an open file.',
  },
  getxattr: {
    nr: { riscv64: 8, x86_64: 191, i386: 229 },
    args: [path('path'), cstring('name'), outBytes('value', { arg: 'size', filled: 'return' }), size('size')],
    returns: 'size',
    errors: ['E2BIG', 'EACCES', 'EFAULT', 'ENODATA', 'ENOENT', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'Gives an extended attribute; size 0 asks for its length.',
  },
  lgetxattr: {
    nr: { riscv64: 9, x86_64: 192, i386: 230 },
    args: [path('path'), cstring('name'), outBytes('value', { arg: 'size', filled: 'return' }), size('size')],
    returns: 'size',
    errors: ['E2BIG', 'EACCES', 'EFAULT', 'ENODATA', 'ENOENT', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'getxattr on a symbolic link itself.',
  },
  fgetxattr: {
    nr: { riscv64: 10, x86_64: 193, i386: 231 },
    args: [fd('fd'), cstring('name'), outBytes('value', { arg: 'size', filled: 'return' }), size('size')],
    returns: 'size',
    errors: ['E2BIG', 'EBADF', 'EFAULT', 'ENODATA', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'getxattr on an open file.',
  },
  listxattr: {
    nr: { riscv64: 11, x86_64: 194, i386: 232 },
    args: [path('path'), outBytes('list', { arg: 'size', filled: 'return' }), size('size')],
    returns: 'size',
    errors: ['E2BIG', 'EACCES', 'EFAULT', 'ENOENT', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'Lists the names of extended attributes, each with a NUL.',
  },
  llistxattr: {
    nr: { riscv64: 12, x86_64: 195, i386: 233 },
    args: [path('path'), outBytes('list', { arg: 'size', filled: 'return' }), size('size')],
    returns: 'size',
    errors: ['E2BIG', 'EACCES', 'EFAULT', 'ENOENT', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'listxattr on a symbolic link itself.',
  },
  flistxattr: {
    nr: { riscv64: 13, x86_64: 196, i386: 234 },
    args: [fd('fd'), outBytes('list', { arg: 'size', filled: 'return' }), size('size')],
    returns: 'size',
    errors: ['E2BIG', 'EBADF', 'EFAULT', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'listxattr on an open file.',
  },
  removexattr: {
    nr: { riscv64: 14, x86_64: 197, i386: 235 },
    args: [path('path'), cstring('name')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ENODATA', 'ENOENT', 'EOPNOTSUPP', 'EPERM', 'ERANGE'],
    doc: 'Removes an extended attribute.',
  },
  lremovexattr: {
    nr: { riscv64: 15, x86_64: 198, i386: 236 },
    args: [path('path'), cstring('name')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ENODATA', 'ENOENT', 'EOPNOTSUPP', 'EPERM', 'ERANGE'],
    doc: 'removexattr on a symbolic link itself.',
  },
  fremovexattr: {
    nr: { riscv64: 16, x86_64: 199, i386: 237 },
    args: [fd('fd'), cstring('name')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'ENODATA', 'EOPNOTSUPP', 'EPERM', 'ERANGE'],
    doc: 'removexattr on an open file.',
  },
  setxattrat: {
    nr: { riscv64: 463, x86_64: 463, i386: 463 },
    args: [
      atFd('dfd'),
      path('pathname'),
      flags('at_flags', 'at'),
      cstring('name'),
      sizedStruct('uargs', 'in', 'xattr_args', 'usize'),
      size('usize'),
    ],
    returns: 'zero',
    errors: ['E2BIG', 'EACCES', 'EBADF', 'EEXIST', 'EFAULT', 'EINVAL', 'ENODATA', 'ENOENT', 'EOPNOTSUPP', 'EPERM'],
    doc: 'setxattr relative to a directory.',
  },
  getxattrat: {
    nr: { riscv64: 464, x86_64: 464, i386: 464 },
    args: [
      atFd('dfd'),
      path('pathname'),
      flags('at_flags', 'at'),
      cstring('name'),
      sizedStruct('uargs', 'in', 'xattr_args', 'usize'),
      size('usize'),
    ],
    returns: 'size',
    errors: ['E2BIG', 'EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ENODATA', 'ENOENT', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'getxattr relative to a directory.',
  },
  listxattrat: {
    nr: { riscv64: 465, x86_64: 465, i386: 465 },
    args: [
      atFd('dfd'),
      path('pathname'),
      flags('at_flags', 'at'),
      outBytes('list', { arg: 'size', filled: 'return' }),
      size('size'),
    ],
    returns: 'size',
    errors: ['E2BIG', 'EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'EOPNOTSUPP', 'ERANGE'],
    doc: 'listxattr relative to a directory.',
  },
  removexattrat: {
    nr: { riscv64: 466, x86_64: 466, i386: 466 },
    args: [atFd('dfd'), path('pathname'), flags('at_flags', 'at'), cstring('name')],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ENODATA', 'ENOENT', 'EOPNOTSUPP', 'EPERM'],
    doc: 'removexattr relative to a directory.',
  },
});
