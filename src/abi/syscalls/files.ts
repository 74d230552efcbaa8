/** System calls that read and write open files. */
import { fd, inBytes, outBytes, size } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

export const FILE_SYSCALLS = defineSyscalls({
  read: {
    nr: { riscv64: 63, x86_64: 0, i386: 3 },
    args: [fd('fd'), outBytes('buf', { arg: 'count', filled: 'return' }), size('count')],
    returns: 'size',
    errors: ['EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EISDIR'],
    doc: 'Reads up to `count` bytes from `fd`.',
  },
  write: {
    nr: { riscv64: 64, x86_64: 1, i386: 4 },
    args: [fd('fd'), inBytes('buf', 'count'), size('count')],
    returns: 'size',
    errors: ['EBADF', 'EFAULT', 'EINTR', 'EINVAL', 'EPIPE'],
    doc: 'Writes up to `count` bytes to `fd`.',
  },
});
