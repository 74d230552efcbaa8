/**
 * Flags of the calls that take a directory's descriptor: fstatat(2), linkat(2), unlinkat(2), renameat2(2), faccessat(2), statx(2).
 *
 * Interface: AT, AT_FD, UNLINK, FACCESSAT, HANDLE_AT, ACCESS, RENAME, STATX, STATX_ATTR. Values: linux/fcntl.h, linux/fs.h, linux/stat.h.
 */

import { flagSet } from '../flag-set.ts';

export const AT = flagSet(
  'at',
  {
    AT_SYMLINK_NOFOLLOW: 0x100,
    AT_EACCESS: 0x200,
    AT_SYMLINK_FOLLOW: 0x400,
    AT_NO_AUTOMOUNT: 0x800,
    AT_EMPTY_PATH: 0x1000,
    AT_STATX_SYNC_AS_STAT: 0,
    AT_STATX_FORCE_SYNC: 0x2000,
    AT_STATX_DONT_SYNC: 0x4000,
    AT_RECURSIVE: 0x8000,
  },
  { noEffect: ['AT_NO_AUTOMOUNT', 'AT_STATX_SYNC_AS_STAT', 'AT_STATX_FORCE_SYNC', 'AT_STATX_DONT_SYNC'] },
);

export const AT_FD = flagSet(
  'at-fd',
  {
    AT_FDCWD: -100,
  },
  { kind: 'enum', unsupported: [] },
);

export const UNLINK = flagSet(
  'unlink',
  {
    AT_REMOVEDIR: 0x200,
  },
  { unsupported: [] },
);

export const FACCESSAT = flagSet(
  'faccessat',
  {
    AT_EACCESS: 0x200,
    AT_SYMLINK_NOFOLLOW: 0x100,
    AT_EMPTY_PATH: 0x1000,
  },
  { unsupported: [] },
);

export const HANDLE_AT = flagSet(
  'handle-at',
  {
    AT_HANDLE_FID: 0x200,
    AT_HANDLE_MNT_ID_UNIQUE: 1,
    AT_HANDLE_CONNECTABLE: 2,
    AT_SYMLINK_FOLLOW: 0x400,
    AT_EMPTY_PATH: 0x1000,
  },
  { unsupported: [] },
);

export const ACCESS = flagSet(
  'access',
  {
    F_OK: 0,
    X_OK: 1,
    W_OK: 2,
    R_OK: 4,
  },
  { unsupported: [] },
);

export const RENAME = flagSet(
  'rename',
  {
    RENAME_NOREPLACE: 1,
    RENAME_EXCHANGE: 2,
    RENAME_WHITEOUT: 4,
  },
  { unsupported: [] },
);

export const STATX = flagSet(
  'statx',
  {
    STATX_TYPE: 1,
    STATX_MODE: 2,
    STATX_NLINK: 4,
    STATX_UID: 0x8,
    STATX_GID: 0x10,
    STATX_ATIME: 0x20,
    STATX_MTIME: 0x40,
    STATX_CTIME: 0x80,
    STATX_INO: 0x100,
    STATX_SIZE: 0x200,
    STATX_BLOCKS: 0x400,
    STATX_BASIC_STATS: 0x7ff,
    STATX_BTIME: 0x800,
    STATX_MNT_ID: 0x1000,
    STATX_DIOALIGN: 0x2000,
    STATX_MNT_ID_UNIQUE: 0x4000,
    STATX_SUBVOL: 0x8000,
    STATX_WRITE_ATOMIC: 0x10000,
    STATX_DIO_READ_ALIGN: 0x20000,
    STATX_ALL: 0xfff,
  },
  {
    unsupported: [
      'STATX_DIOALIGN',
      'STATX_MNT_ID_UNIQUE',
      'STATX_SUBVOL',
      'STATX_WRITE_ATOMIC',
      'STATX_DIO_READ_ALIGN',
    ],
  },
);

export const STATX_ATTR = flagSet(
  'statx-attr',
  {
    STATX_ATTR_COMPRESSED: 4,
    STATX_ATTR_IMMUTABLE: 0x10,
    STATX_ATTR_APPEND: 0x20,
    STATX_ATTR_NODUMP: 0x40,
    STATX_ATTR_ENCRYPTED: 0x800,
    STATX_ATTR_AUTOMOUNT: 0x1000,
    STATX_ATTR_MOUNT_ROOT: 0x2000,
    STATX_ATTR_VERITY: 0x100000,
    STATX_ATTR_DAX: 0x200000,
  },
  { unsupported: [] },
);
