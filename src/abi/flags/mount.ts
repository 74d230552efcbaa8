/**
 * Flags of mount(2), umount2(2), the fsopen family, statfs(2) and swapon(2).
 *
 * Interface: MOUNT, UMOUNT, OPEN_TREE, MOVE_MOUNT, FSOPEN, FSPICK, FSCONFIG, FSMOUNT, MOUNT_ATTR, STATFS, STATMOUNT, LISTMOUNT, SWAPON, FS_MAGIC. Values: linux/mount.h, linux/fcntl.h.
 */

import { flagSet } from '../flag-set.ts';

export const MOUNT = flagSet(
  'mount',
  {
    MS_RDONLY: 1,
    MS_NOSUID: 2,
    MS_NODEV: 4,
    MS_NOEXEC: 0x8,
    MS_SYNCHRONOUS: 0x10,
    MS_REMOUNT: 0x20,
    MS_MANDLOCK: 0x40,
    MS_DIRSYNC: 0x80,
    MS_NOSYMFOLLOW: 0x100,
    MS_NOATIME: 0x400,
    MS_NODIRATIME: 0x800,
    MS_BIND: 0x1000,
    MS_MOVE: 0x2000,
    MS_REC: 0x4000,
    MS_SILENT: 0x8000,
    MS_POSIXACL: 0x10000,
    MS_UNBINDABLE: 0x20000,
    MS_PRIVATE: 0x40000,
    MS_SLAVE: 0x80000,
    MS_SHARED: 0x100000,
    MS_RELATIME: 0x200000,
    MS_KERNMOUNT: 0x400000,
    MS_I_VERSION: 0x800000,
    MS_STRICTATIME: 0x1000000,
    MS_LAZYTIME: 0x2000000,
  },
  {
    noEffect: [
      'MS_SYNCHRONOUS',
      'MS_MANDLOCK',
      'MS_DIRSYNC',
      'MS_SILENT',
      'MS_POSIXACL',
      'MS_UNBINDABLE',
      'MS_SLAVE',
      'MS_SHARED',
      'MS_KERNMOUNT',
      'MS_I_VERSION',
      'MS_LAZYTIME',
    ],
  },
);

export const UMOUNT = flagSet(
  'umount',
  {
    MNT_FORCE: 1,
    MNT_DETACH: 2,
    MNT_EXPIRE: 4,
    UMOUNT_NOFOLLOW: 0x8,
  },
  { noEffect: ['MNT_FORCE'] },
);

export const OPEN_TREE = flagSet(
  'open-tree',
  {
    OPEN_TREE_CLONE: 1,
    OPEN_TREE_CLOEXEC: 0x80000,
    AT_EMPTY_PATH: 0x1000,
    AT_NO_AUTOMOUNT: 0x800,
    AT_RECURSIVE: 0x8000,
    AT_SYMLINK_NOFOLLOW: 0x100,
  },
  { unsupported: [] },
);

export const MOVE_MOUNT = flagSet(
  'move-mount',
  {
    MOVE_MOUNT_F_SYMLINKS: 1,
    MOVE_MOUNT_F_AUTOMOUNTS: 2,
    MOVE_MOUNT_F_EMPTY_PATH: 4,
    MOVE_MOUNT_T_SYMLINKS: 0x10,
    MOVE_MOUNT_T_AUTOMOUNTS: 0x20,
    MOVE_MOUNT_T_EMPTY_PATH: 0x40,
    MOVE_MOUNT_SET_GROUP: 0x100,
    MOVE_MOUNT_BENEATH: 0x200,
  },
  { unsupported: [] },
);

export const FSOPEN = flagSet(
  'fsopen',
  {
    FSOPEN_CLOEXEC: 1,
  },
  { unsupported: [] },
);

export const FSPICK = flagSet(
  'fspick',
  {
    FSPICK_CLOEXEC: 1,
    FSPICK_SYMLINK_NOFOLLOW: 2,
    FSPICK_NO_AUTOMOUNT: 4,
    FSPICK_EMPTY_PATH: 0x8,
  },
  { unsupported: [] },
);

export const FSCONFIG = flagSet(
  'fsconfig',
  {
    FSCONFIG_SET_FLAG: 0,
    FSCONFIG_SET_STRING: 1,
    FSCONFIG_SET_BINARY: 2,
    FSCONFIG_SET_PATH: 3,
    FSCONFIG_SET_PATH_EMPTY: 4,
    FSCONFIG_SET_FD: 5,
    FSCONFIG_CMD_CREATE: 6,
    FSCONFIG_CMD_RECONFIGURE: 7,
    FSCONFIG_CMD_CREATE_EXCL: 8,
  },
  { kind: 'enum', unsupported: [] },
);

export const FSMOUNT = flagSet(
  'fsmount',
  {
    FSMOUNT_CLOEXEC: 1,
  },
  { unsupported: [] },
);

export const MOUNT_ATTR = flagSet(
  'mount-attr',
  {
    MOUNT_ATTR_RDONLY: 1,
    MOUNT_ATTR_NOSUID: 2,
    MOUNT_ATTR_NODEV: 4,
    MOUNT_ATTR_NOEXEC: 0x8,
    MOUNT_ATTR_NOATIME: 0x10,
    MOUNT_ATTR_STRICTATIME: 0x20,
    MOUNT_ATTR_NODIRATIME: 0x80,
    MOUNT_ATTR_IDMAP: 0x100000,
    MOUNT_ATTR_NOSYMFOLLOW: 0x200000,
  },
  { unsupported: [] },
);

export const STATFS = flagSet(
  'statfs',
  {
    ST_RDONLY: 1,
    ST_NOSUID: 2,
    ST_NODEV: 4,
    ST_NOEXEC: 0x8,
    ST_SYNCHRONOUS: 0x10,
    ST_VALID: 0x20,
    ST_MANDLOCK: 0x40,
    ST_NOATIME: 0x400,
    ST_NODIRATIME: 0x800,
    ST_RELATIME: 0x1000,
    ST_NOSYMFOLLOW: 0x2000,
  },
  { unsupported: [] },
);

export const STATMOUNT = flagSet(
  'statmount',
  {
    STATMOUNT_SB_BASIC: 1,
    STATMOUNT_MNT_BASIC: 2,
    STATMOUNT_PROPAGATE_FROM: 4,
    STATMOUNT_MNT_ROOT: 0x8,
    STATMOUNT_MNT_POINT: 0x10,
    STATMOUNT_FS_TYPE: 0x20,
    STATMOUNT_MNT_NS_ID: 0x40,
    STATMOUNT_MNT_OPTS: 0x80,
    STATMOUNT_FS_SUBTYPE: 0x100,
    STATMOUNT_SB_SOURCE: 0x200,
    STATMOUNT_OPT_ARRAY: 0x400,
    STATMOUNT_OPT_SEC_ARRAY: 0x800,
    STATMOUNT_SUPPORTED_MASK: 0x1000,
  },
  { unsupported: [] },
);

export const LISTMOUNT = flagSet(
  'listmount',
  {
    LISTMOUNT_REVERSE: 1,
  },
  { unsupported: [] },
);

export const SWAPON = flagSet(
  'swapon',
  {
    SWAP_FLAG_PREFER: 0x8000,
    SWAP_FLAG_DISCARD: 0x10000,
    SWAP_FLAG_DISCARD_ONCE: 0x20000,
    SWAP_FLAG_DISCARD_PAGES: 0x40000,
  },
  { unsupported: [] },
);

export const FS_MAGIC = flagSet(
  'fs-magic',
  {
    ANON_INODE_FS_MAGIC: 0x9041934,
    BPF_FS_MAGIC: 0xcafe4a11,
    CGROUP2_SUPER_MAGIC: 0x63677270,
    DEBUGFS_MAGIC: 0x64626720,
    DEVPTS_SUPER_MAGIC: 0x1cd1,
    EXT4_SUPER_MAGIC: 0xef53,
    FUSE_SUPER_MAGIC: 0x65735546,
    MQUEUE_MAGIC: 0x19800202,
    NSFS_MAGIC: 0x6e736673,
    OVERLAYFS_SUPER_MAGIC: 0x794c7630,
    PIPEFS_MAGIC: 0x50495045,
    PID_FS_MAGIC: 0x50494446,
    PROC_SUPER_MAGIC: 0x9fa0,
    RAMFS_MAGIC: 0x858458f6,
    SOCKFS_MAGIC: 0x534f434b,
    SYSFS_MAGIC: 0x62656572,
    TMPFS_MAGIC: 0x1021994,
    TRACEFS_MAGIC: 0x74726163,
  },
  { kind: 'enum', unsupported: [] },
);
