/**
 * Flags of the calls on open files: lseek, preadv2, splice, fallocate, fadvise, sync_file_range, flock, close_range, copy.
 *
 * Interface: SEEK, RWF, SPLICE, FALLOCATE, FADVISE, SYNC_FILE_RANGE, FLOCK, CLOSE_RANGE, PIPE, DUP, XATTR, KCMP. Values: linux/fs.h, linux/falloc.h, linux/fadvise.h, linux/close_range.h, linux/fcntl.h, linux/stat.h.
 */

import { flagSet } from '../flag-set.ts';

export const SEEK = flagSet(
  'seek',
  {
    SEEK_SET: 0,
    SEEK_CUR: 1,
    SEEK_END: 2,
    SEEK_DATA: 3,
    SEEK_HOLE: 4,
  },
  { kind: 'enum', unsupported: [] },
);

export const RWF = flagSet(
  'rwf',
  {
    RWF_HIPRI: 1,
    RWF_DSYNC: 2,
    RWF_SYNC: 4,
    RWF_NOWAIT: 0x8,
    RWF_APPEND: 0x10,
    RWF_NOAPPEND: 0x20,
    RWF_ATOMIC: 0x40,
    RWF_DONTCACHE: 0x80,
  },
  { unsupported: ['RWF_ATOMIC', 'RWF_DONTCACHE'], noEffect: ['RWF_HIPRI'] },
);

export const SPLICE = flagSet(
  'splice',
  {
    SPLICE_F_MOVE: 1,
    SPLICE_F_NONBLOCK: 2,
    SPLICE_F_MORE: 4,
    SPLICE_F_GIFT: 0x8,
  },
  { noEffect: ['SPLICE_F_MOVE', 'SPLICE_F_MORE', 'SPLICE_F_GIFT'] },
);

export const FALLOCATE = flagSet(
  'fallocate',
  {
    FALLOC_FL_KEEP_SIZE: 1,
    FALLOC_FL_PUNCH_HOLE: 2,
    FALLOC_FL_NO_HIDE_STALE: 4,
    FALLOC_FL_COLLAPSE_RANGE: 0x8,
    FALLOC_FL_ZERO_RANGE: 0x10,
    FALLOC_FL_INSERT_RANGE: 0x20,
    FALLOC_FL_UNSHARE_RANGE: 0x40,
  },
  {
    unsupported: [
      'FALLOC_FL_NO_HIDE_STALE',
      'FALLOC_FL_COLLAPSE_RANGE',
      'FALLOC_FL_ZERO_RANGE',
      'FALLOC_FL_INSERT_RANGE',
      'FALLOC_FL_UNSHARE_RANGE',
    ],
  },
);

export const FADVISE = flagSet(
  'fadvise',
  {
    POSIX_FADV_NORMAL: 0,
    POSIX_FADV_RANDOM: 1,
    POSIX_FADV_SEQUENTIAL: 2,
    POSIX_FADV_WILLNEED: 3,
    POSIX_FADV_DONTNEED: 4,
    POSIX_FADV_NOREUSE: 5,
  },
  {
    kind: 'enum',
    noEffect: [
      'POSIX_FADV_RANDOM',
      'POSIX_FADV_SEQUENTIAL',
      'POSIX_FADV_WILLNEED',
      'POSIX_FADV_DONTNEED',
      'POSIX_FADV_NOREUSE',
    ],
  },
);

export const SYNC_FILE_RANGE = flagSet(
  'sync-file-range',
  {
    SYNC_FILE_RANGE_WAIT_BEFORE: 1,
    SYNC_FILE_RANGE_WRITE: 2,
    SYNC_FILE_RANGE_WAIT_AFTER: 4,
    SYNC_FILE_RANGE_WRITE_AND_WAIT: 7,
  },
  { unsupported: [] },
);

export const FLOCK = flagSet(
  'flock',
  {
    LOCK_SH: 1,
    LOCK_EX: 2,
    LOCK_NB: 4,
    LOCK_UN: 8,
  },
  { unsupported: [] },
);

export const CLOSE_RANGE = flagSet(
  'close-range',
  {
    CLOSE_RANGE_UNSHARE: 2,
    CLOSE_RANGE_CLOEXEC: 4,
  },
  { unsupported: [] },
);

export const PIPE = flagSet(
  'pipe',
  {
    O_CLOEXEC: 0o2000000,
    O_NONBLOCK: 0o4000,
    O_DIRECT: 0o40000,
    O_NOTIFICATION_PIPE: 0o200,
  },
  { unsupported: ['O_NOTIFICATION_PIPE'] },
);

export const DUP = flagSet(
  'dup',
  {
    O_CLOEXEC: 0o2000000,
  },
  { unsupported: [] },
);

export const XATTR = flagSet(
  'xattr',
  {
    XATTR_CREATE: 1,
    XATTR_REPLACE: 2,
  },
  { unsupported: [] },
);

export const KCMP = flagSet(
  'kcmp',
  {
    KCMP_FILE: 0,
    KCMP_VM: 1,
    KCMP_FILES: 2,
    KCMP_FS: 3,
    KCMP_SIGHAND: 4,
    KCMP_IO: 5,
    KCMP_SYSVSEM: 6,
    KCMP_EPOLL_TFD: 7,
  },
  { kind: 'enum', unsupported: [] },
);
