/**
 * Flags of open(2), openat(2) and openat2(2).
 *
 * Interface: OPEN, OPEN_RESOLVE. Values: linux/fcntl.h, linux/openat2.h.
 */

import { flagSet } from '../flag-set.ts';

export const OPEN = flagSet(
  'open',
  {
    O_RDONLY: 0,
    O_WRONLY: 1,
    O_RDWR: 2,
    O_CREAT: 0o100,
    O_EXCL: 0o200,
    O_NOCTTY: 0o400,
    O_TRUNC: 0o1000,
    O_APPEND: 0o2000,
    O_NONBLOCK: 0o4000,
    O_DSYNC: 0o10000,
    FASYNC: 0o20000,
    O_DIRECT: 0o40000,
    O_LARGEFILE: 0o100000,
    O_DIRECTORY: 0o200000,
    O_NOFOLLOW: 0o400000,
    O_NOATIME: 0o1000000,
    O_CLOEXEC: 0o2000000,
    O_SYNC: 0o4010000,
    O_PATH: 0o10000000,
    O_TMPFILE: 0o20200000,
  },
  { mask: 3, noEffect: ['FASYNC', 'O_DIRECT', 'O_LARGEFILE'] },
);

export const OPEN_RESOLVE = flagSet(
  'open-resolve',
  {
    RESOLVE_NO_XDEV: 1,
    RESOLVE_NO_MAGICLINKS: 2,
    RESOLVE_NO_SYMLINKS: 4,
    RESOLVE_BENEATH: 0x8,
    RESOLVE_IN_ROOT: 0x10,
    RESOLVE_CACHED: 0x20,
  },
  { unsupported: [] },
);
