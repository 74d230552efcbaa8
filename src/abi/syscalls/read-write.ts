/**
 * System calls: reading, writing and positioning open files.
 *
 * Interface: READ_WRITE_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { enumOf, fd, flags, inBytes, iovec, loff, offset, outBytes, outValue, size, ulong } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

export const READ_WRITE_SYSCALLS = defineSyscalls({
  read: {
    nr: { riscv64: 63, x86_64: 0, i386: 3 },
    args: [fd('fd'), outBytes('buf', { arg: 'count', filled: 'return' }), size('count')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EIO', 'EISDIR'],
    doc: 'Reads up to `count` bytes from `fd`. Short counts are normal; 0 means end of file.',
  },
  write: {
    nr: { riscv64: 64, x86_64: 1, i386: 4 },
    args: [fd('fd'), inBytes('buf', 'count'), size('count')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EDQUOT', 'EFAULT', 'EFBIG', 'EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'EPERM', 'EPIPE'],
    doc: 'Writes up to `count` bytes to `fd`. A pipe without readers also raises SIGPIPE.',
  },
  pread64: {
    nr: { riscv64: 67, x86_64: 17, i386: 180 },
    args: [fd('fd'), outBytes('buf', { arg: 'count', filled: 'return' }), size('count'), loff('pos')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EIO', 'EISDIR', 'ENXIO', 'EOVERFLOW', 'ESPIPE'],
    doc: 'Reads at an offset and leaves the file position alone.',
  },
  pwrite64: {
    nr: { riscv64: 68, x86_64: 18, i386: 181 },
    args: [fd('fd'), inBytes('buf', 'count'), size('count'), loff('pos')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EFBIG', 'EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'ENXIO', 'EOVERFLOW', 'ESPIPE'],
    doc: 'Writes at an offset and leaves the file position alone. With O_APPEND it appends all the same.',
  },
  readv: {
    nr: { riscv64: 65, x86_64: 19, i386: 145 },
    args: [fd('fd'), iovec('vec', 'out', 'vlen'), ulong('vlen')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EIO', 'EISDIR'],
    doc: 'Reads into several buffers, filling each before the next.',
  },
  writev: {
    nr: { riscv64: 66, x86_64: 20, i386: 146 },
    args: [fd('fd'), iovec('vec', 'in', 'vlen'), ulong('vlen')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EFBIG', 'EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'EPIPE'],
    doc: 'Writes several buffers as one.',
  },
  preadv: {
    nr: { riscv64: 69, x86_64: 295, i386: 333 },
    args: [fd('fd'), iovec('vec', 'out', 'vlen'), ulong('vlen'), loff('pos')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EIO', 'EISDIR', 'ESPIPE'],
    doc: 'Reads into several buffers at an offset. Linux passes the offset as two words; on 64-bit machines the first has it all.',
  },
  pwritev: {
    nr: { riscv64: 70, x86_64: 296, i386: 334 },
    args: [fd('fd'), iovec('vec', 'in', 'vlen'), ulong('vlen'), loff('pos')],
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EFBIG', 'EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'ESPIPE'],
    doc: 'Writes several buffers at an offset.',
  },
  preadv2: {
    nr: { riscv64: 286, x86_64: 327, i386: 378 },
    args: [fd('fd'), iovec('vec', 'out', 'vlen'), ulong('vlen'), loff('pos'), flags('flags', 'rwf')],
    registers: { riscv64: [0, 1, 2, 3, 5], x86_64: [0, 1, 2, 3, 5] },
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EIO', 'EISDIR', 'EOPNOTSUPP', 'ESPIPE'],
    doc: 'preadv with flags; offset -1 uses and moves the file position.',
  },
  pwritev2: {
    nr: { riscv64: 287, x86_64: 328, i386: 379 },
    args: [fd('fd'), iovec('vec', 'in', 'vlen'), ulong('vlen'), loff('pos'), flags('flags', 'rwf')],
    registers: { riscv64: [0, 1, 2, 3, 5], x86_64: [0, 1, 2, 3, 5] },
    returns: 'size',
    errors: ['EAGAIN', 'EBADF', 'EFAULT', 'EFBIG', 'EINTR', 'EINVAL', 'EIO', 'ENOSPC', 'EOPNOTSUPP', 'ESPIPE'],
    doc: 'pwritev with flags; offset -1 uses and moves the file position.',
  },
  lseek: {
    nr: { riscv64: 62, x86_64: 8, i386: 19 },
    args: [fd('fd'), offset('offset'), enumOf('whence', 'seek')],
    returns: 'offset',
    errors: ['EBADF', 'EINVAL', 'ENXIO', 'EOVERFLOW', 'ESPIPE'],
    doc: 'Moves the file position and returns it.',
  },
  _llseek: {
    nr: { i386: 140 },
    args: [fd('fd'), ulong('offset_high'), ulong('offset_low'), outValue('result', 'i64'), enumOf('whence', 'seek')],
    returns: 'zero',
    errors: ['EBADF', 'EFAULT', 'EINVAL', 'ENXIO', 'EOVERFLOW', 'ESPIPE'],
    doc: 'lseek with a 64-bit offset for 32-bit programs.',
  },
});
