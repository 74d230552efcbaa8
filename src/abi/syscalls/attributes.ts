/**
 * System calls: permission bits, owners, times and inode attributes of files.
 *
 * Interface: ATTRIBUTE_SYSCALLS. The form of a row is in ../syscall-row.ts; the kinds of arguments are in ../args.ts.
 */

import { atFd, fd, flags, gid, inArray, inStruct, mode, path, size, sizedStruct, uid } from '../args.ts';
import { defineSyscalls } from '../syscall-row.ts';

/** What calls that change attributes take of the AT_ flags. */
const CHANGE_FLAGS = ['AT_SYMLINK_NOFOLLOW', 'AT_EMPTY_PATH'];

export const ATTRIBUTE_SYSCALLS = defineSyscalls({
  chmod: {
    nr: { x86_64: 90, i386: 15 },
    args: [path('filename'), mode('mode')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EIO', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: "Changes a file's permission bits.",
  },
  fchmod: {
    nr: { riscv64: 52, x86_64: 91, i386: 94 },
    args: [fd('fd'), mode('mode')],
    returns: 'zero',
    errors: ['EBADF', 'EIO', 'EPERM', 'EROFS'],
    doc: "Changes an open file's permission bits.",
  },
  fchmodat: {
    nr: { riscv64: 53, x86_64: 268, i386: 306 },
    args: [atFd('dfd'), path('filename'), mode('mode')],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: 'chmod relative to a directory.',
  },
  fchmodat2: {
    nr: { riscv64: 452, x86_64: 452, i386: 452 },
    args: [atFd('dfd'), path('filename'), mode('mode'), flags('flags', 'at', CHANGE_FLAGS)],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ELOOP', 'ENOENT', 'ENOTDIR', 'EOPNOTSUPP', 'EPERM', 'EROFS'],
    doc: 'fchmodat with flags.',
  },
  chown: {
    nr: { x86_64: 92, i386: 212 },
    unistd: { i386: 'chown32' },
    args: [path('filename'), uid('user'), gid('group')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EIO', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOMEM', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: "Changes a file's owner and group; -1 leaves one as it is.",
  },
  lchown: {
    nr: { x86_64: 94, i386: 198 },
    unistd: { i386: 'lchown32' },
    args: [path('filename'), uid('user'), gid('group')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: 'chown that does not follow a final symbolic link.',
  },
  fchown: {
    nr: { riscv64: 55, x86_64: 93, i386: 207 },
    unistd: { i386: 'fchown32' },
    args: [fd('fd'), uid('user'), gid('group')],
    returns: 'zero',
    errors: ['EBADF', 'EIO', 'EPERM', 'EROFS'],
    doc: "Changes an open file's owner and group.",
  },
  fchownat: {
    nr: { riscv64: 54, x86_64: 260, i386: 298 },
    args: [atFd('dfd'), path('filename'), uid('user'), gid('group'), flags('flag', 'at', CHANGE_FLAGS)],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: 'chown relative to a directory.',
  },
  chown16: {
    nr: { i386: 182 },
    unistd: { i386: 'chown' },
    args: [path('filename'), uid('user'), gid('group')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: 'chown with 16-bit ids.',
  },
  lchown16: {
    nr: { i386: 16 },
    unistd: { i386: 'lchown' },
    args: [path('filename'), uid('user'), gid('group')],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: 'lchown with 16-bit ids.',
  },
  fchown16: {
    nr: { i386: 95 },
    unistd: { i386: 'fchown' },
    args: [fd('fd'), uid('user'), gid('group')],
    returns: 'zero',
    errors: ['EBADF', 'EPERM', 'EROFS'],
    doc: 'fchown with 16-bit ids.',
  },
  utime: {
    nr: { x86_64: 132, i386: 30 },
    args: [path('filename'), inStruct('times', 'utimbuf', { nullable: true })],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'ENOENT', 'EPERM', 'EROFS'],
    doc: "Sets a file's access and modification times in seconds.",
  },
  utimes: {
    nr: { x86_64: 235, i386: 271 },
    args: [path('filename'), inArray('utimes', 'timeval', { constant: 2 }, { nullable: true })],
    returns: 'zero',
    errors: ['EACCES', 'EFAULT', 'EINVAL', 'ENOENT', 'EPERM', 'EROFS'],
    doc: "Sets a file's times in microseconds.",
  },
  futimesat: {
    nr: { x86_64: 261, i386: 299 },
    args: [
      atFd('dfd'),
      path('filename', { nullable: true }),
      inArray('utimes', 'timeval', { constant: 2 }, { nullable: true }),
    ],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: 'utimes relative to a directory.',
  },
  utimensat: {
    nr: { riscv64: 88, x86_64: 280, i386: 412 },
    unistd: { i386: 'utimensat_time64' },
    args: [
      atFd('dfd'),
      path('filename', { nullable: true }),
      inArray('utimes', 'timespec', { constant: 2 }, { nullable: true }),
      flags('flags', 'at', CHANGE_FLAGS),
    ],
    returns: 'zero',
    errors: [
      'EACCES',
      'EBADF',
      'EFAULT',
      'EINVAL',
      'ELOOP',
      'ENAMETOOLONG',
      'ENOENT',
      'ENOTDIR',
      'EPERM',
      'EROFS',
      'ESRCH',
    ],
    doc: "Sets a file's times in nanoseconds, to now, or not at all.",
  },
  utimensat_time32: {
    nr: { i386: 320 },
    unistd: { i386: 'utimensat' },
    args: [
      atFd('dfd'),
      path('filename', { nullable: true }),
      inArray('utimes', 'old_timespec32', { constant: 2 }, { nullable: true }),
      flags('flags', 'at', CHANGE_FLAGS),
    ],
    returns: 'zero',
    errors: ['EACCES', 'EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
    doc: 'utimensat with 32-bit times.',
  },
  umask: {
    nr: { riscv64: 166, x86_64: 95, i386: 60 },
    args: [mode('mask')],
    returns: 'mode',
    errors: [],
    doc: 'Sets the file creation mask and returns the old one.',
  },
  file_getattr: {
    nr: { riscv64: 468, x86_64: 468, i386: 468 },
    args: [
      atFd('dfd'),
      path('filename'),
      sizedStruct('attr', 'out', 'file_attr', 'usize'),
      size('usize'),
      flags('at_flags', 'at'),
    ],
    returns: 'zero',
    errors: ['E2BIG', 'EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'EOPNOTSUPP'],
    doc: "Gives a file's inode attributes (FS_XFLAG_*).",
  },
  file_setattr: {
    nr: { riscv64: 469, x86_64: 469, i386: 469 },
    args: [
      atFd('dfd'),
      path('filename'),
      sizedStruct('attr', 'in', 'file_attr', 'usize'),
      size('usize'),
      flags('at_flags', 'at'),
    ],
    returns: 'zero',
    errors: ['E2BIG', 'EBADF', 'EFAULT', 'EINVAL', 'ENOENT', 'EOPNOTSUPP', 'EPERM'],
    doc: "Sets a file's inode attributes.",
  },
});
