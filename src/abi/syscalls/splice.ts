/**
 * System calls: pipes, and moving bytes from one open file to another.
 *
 * Interface: SPLICE_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { fd, flags, inoutValue, iovec, scalars, size, uint, ulong } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

export const SPLICE_SYSCALLS = defineSyscalls({
  pipe: {
    nr: { x86_64: 22, i386: 42 },
    args: [scalars('fildes', 'out', 'fd', { constant: 2 })],
    returns: 'zero',
    errors: ['EFAULT', 'EMFILE', 'ENFILE'],
    doc: 'Makes a pipe: the first descriptor reads, the second writes.',
  },
  pipe2: {
    nr: { riscv64: 59, x86_64: 293, i386: 331 },
    args: [scalars('fildes', 'out', 'fd', { constant: 2 }), flags('flags', 'pipe')],
    returns: 'zero',
    errors: ['EFAULT', 'EINVAL', 'EMFILE', 'ENFILE', 'ENOPKG'],
    doc: 'pipe with flags.',
  },
  sendfile: {
    nr: { riscv64: 71, x86_64: 40, i386: 239 },
    unistd: { i386: 'sendfile64' },
    args: [fd('out_fd'), fd('in_fd'), inoutValue('offset', 'i64', { nullable: true }), size('count')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EINVAL', 'EIO', 'ENOMEM', 'EOVERFLOW', 'ESPIPE'],
    doc: 'Copies from a file to another descriptor inside the kernel.',
  },
  sendfile32: {
    nr: { i386: 187 },
    unistd: { i386: 'sendfile' },
    args: [fd('out_fd'), fd('in_fd'), inoutValue('offset', 'long', { nullable: true }), size('count')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EINVAL', 'EIO', 'ENOMEM', 'EOVERFLOW', 'ESPIPE'],
    doc: 'sendfile with a 32-bit offset.',
  },
  copy_file_range: {
    nr: { riscv64: 285, x86_64: 326, i386: 377 },
    args: [
      fd('fd_in'),
      inoutValue('off_in', 'i64', { nullable: true }),
      fd('fd_out'),
      inoutValue('off_out', 'i64', { nullable: true }),
      size('len'),
      uint('flags'),
    ],
    returns: 'size',
    errors: [
      'EBADF',
      'EFBIG',
      'EINVAL',
      'EIO',
      'EISDIR',
      'ENOMEM',
      'ENOSPC',
      'EOPNOTSUPP',
      'EOVERFLOW',
      'EPERM',
      'ETXTBSY',
      'EXDEV',
    ],
    doc: 'Copies a range from one file to another inside the kernel.',
  },
  splice: {
    nr: { riscv64: 76, x86_64: 275, i386: 313 },
    args: [
      fd('fd_in'),
      inoutValue('off_in', 'i64', { nullable: true }),
      fd('fd_out'),
      inoutValue('off_out', 'i64', { nullable: true }),
      size('len'),
      flags('flags', 'splice'),
    ],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EINVAL', 'ENOMEM', 'ESPIPE'],
    doc: 'Moves data between a pipe and a descriptor.',
  },
  tee: {
    nr: { riscv64: 77, x86_64: 276, i386: 315 },
    args: [fd('fdin'), fd('fdout'), size('len'), flags('flags', 'splice')],
    returns: 'size',
    errors: ['EAGAIN', 'EINVAL', 'ENOMEM'],
    doc: 'Copies data from one pipe to another without consuming it.',
  },
  vmsplice: {
    nr: { riscv64: 75, x86_64: 278, i386: 316 },
    args: [fd('fd'), iovec('iov', 'inout', 'nr_segs'), ulong('nr_segs'), flags('flags', 'splice')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EINVAL', 'ENOMEM'],
    doc: "Moves user pages into a pipe, or a pipe's data into user memory.",
  },
});
