/**
 * Structs of files, directories and file systems. See stat(2), statx(2), statfs(2), getdents(2), fcntl(2), openat2(2),
 * mount_setattr(2), statmount(2).
 *
 * Source: asm-generic/stat.h and asm/stat.h, linux/stat.h, asm/statfs.h, linux/fcntl.h, linux/openat2.h, linux/mount.h.
 */

import {
  array,
  bigU64,
  bytes,
  defineStruct,
  i16,
  i32,
  i64,
  long,
  nested,
  pointer,
  structByArch,
  u16,
  u32,
  u64,
  u8,
  ulong,
} from '../struct.ts';

const STAT_TIMES = {
  st_atime: long,
  st_atime_nsec: ulong,
  st_mtime: long,
  st_mtime_nsec: ulong,
  st_ctime: long,
  st_ctime_nsec: ulong,
};

export const STAT = structByArch('stat', {
  riscv64: {
    st_dev: ulong,
    st_ino: ulong,
    st_mode: u32,
    st_nlink: u32,
    st_uid: u32,
    st_gid: u32,
    st_rdev: ulong,
    _pad1: ulong,
    st_size: long,
    st_blksize: i32,
    _pad2: i32,
    st_blocks: long,
    ...STAT_TIMES,
    _unused4: u32,
    _unused5: u32,
  },
  x86_64: {
    st_dev: ulong,
    st_ino: ulong,
    st_nlink: ulong,
    st_mode: u32,
    st_uid: u32,
    st_gid: u32,
    _pad0: u32,
    st_rdev: ulong,
    st_size: long,
    st_blksize: long,
    st_blocks: long,
    ...STAT_TIMES,
    _unused: array(long, 3),
  },
  i386: {
    st_dev: ulong,
    st_ino: ulong,
    st_mode: u16,
    st_nlink: u16,
    st_uid: u16,
    st_gid: u16,
    st_rdev: ulong,
    st_size: ulong,
    st_blksize: ulong,
    st_blocks: ulong,
    ...STAT_TIMES,
    _unused4: ulong,
    _unused5: ulong,
  },
});

/** i386's stat with 64-bit sizes and inode numbers. */
export const STAT64 = structByArch('stat64', {
  i386: {
    st_dev: u64,
    _pad0: array(u8, 4),
    st_ino32: u32,
    st_mode: u32,
    st_nlink: u32,
    st_uid: u32,
    st_gid: u32,
    st_rdev: u64,
    _pad3: array(u8, 4),
    st_size: i64,
    st_blksize: u32,
    st_blocks: u64,
    st_atime: u32,
    st_atime_nsec: u32,
    st_mtime: u32,
    st_mtime_nsec: u32,
    st_ctime: u32,
    st_ctime_nsec: u32,
    st_ino: u64,
  },
});

/** The stat of i386's and x86-64's first ABI. */
export const OLD_KERNEL_STAT = structByArch('__old_kernel_stat', {
  i386: {
    st_dev: u16,
    st_ino: u16,
    st_mode: u16,
    st_nlink: u16,
    st_uid: u16,
    st_gid: u16,
    st_rdev: u16,
    st_size: ulong,
    st_atime: ulong,
    st_mtime: ulong,
    st_ctime: ulong,
  },
});

export const STATX_TIMESTAMP = defineStruct('statx_timestamp', { tv_sec: i64, tv_nsec: u32, _reserved: i32 });

export const STATX_STRUCT = defineStruct('statx', {
  stx_mask: u32,
  stx_blksize: u32,
  stx_attributes: u64,
  stx_nlink: u32,
  stx_uid: u32,
  stx_gid: u32,
  stx_mode: u16,
  _spare0: u16,
  stx_ino: u64,
  stx_size: u64,
  stx_blocks: u64,
  stx_attributes_mask: u64,
  stx_atime: nested(STATX_TIMESTAMP),
  stx_btime: nested(STATX_TIMESTAMP),
  stx_ctime: nested(STATX_TIMESTAMP),
  stx_mtime: nested(STATX_TIMESTAMP),
  stx_rdev_major: u32,
  stx_rdev_minor: u32,
  stx_dev_major: u32,
  stx_dev_minor: u32,
  stx_mnt_id: u64,
  stx_dio_mem_align: u32,
  stx_dio_offset_align: u32,
  stx_subvol: u64,
  stx_atomic_write_unit_min: u32,
  stx_atomic_write_unit_max: u32,
  stx_atomic_write_segments_max: u32,
  stx_dio_read_offset_align: u32,
  stx_atomic_write_unit_max_opt: u32,
  _spare2: u32,
  _spare3: array(u64, 8),
});

/** f_fsid is two ints; the lengths are longs, so ENAMETOOLONG-sized values fit. */
export const STATFS_STRUCT = defineStruct('statfs', {
  f_type: long,
  f_bsize: long,
  f_blocks: ulong,
  f_bfree: ulong,
  f_bavail: ulong,
  f_files: ulong,
  f_ffree: ulong,
  f_fsid: array(i32, 2),
  f_namelen: long,
  f_frsize: long,
  f_flags: long,
  _spare: array(long, 4),
});

/** i386: what statfs64 takes. */
export const STATFS64 = defineStruct(
  'statfs64',
  {
    f_type: u32,
    f_bsize: u32,
    f_blocks: u64,
    f_bfree: u64,
    f_bavail: u64,
    f_files: u64,
    f_ffree: u64,
    f_fsid: array(i32, 2),
    f_namelen: u32,
    f_frsize: u32,
    f_flags: u32,
    _spare: array(u32, 4),
  },
  { packed: ['i386'] },
);

export const USTAT = defineStruct('ustat', { f_tfree: i32, f_tinode: ulong, f_fname: bytes(6), f_fpack: bytes(6) });

/** The head of an entry of getdents64; the name follows d_type at offset 19, and entries align to 8. */
export const LINUX_DIRENT64 = defineStruct(
  'linux_dirent64',
  { d_ino: bigU64, d_off: i64, d_reclen: u16, d_type: u8 },
  { packed: true },
);
/** The head of an entry of getdents: the name follows d_reclen, and d_type is the entry's last byte. */
export const LINUX_DIRENT = defineStruct(
  'linux_dirent',
  { d_ino: ulong, d_off: ulong, d_reclen: u16 },
  { packed: true },
);
/** i386's readdir: one entry. */
export const OLD_LINUX_DIRENT = defineStruct('old_linux_dirent', {
  d_ino: ulong,
  d_offset: ulong,
  d_namlen: u16,
  d_name: bytes(1),
});

/** File locks with register-wide offsets. */
export const FLOCK_STRUCT = defineStruct('flock', {
  l_type: i16,
  l_whence: i16,
  l_start: long,
  l_len: long,
  l_pid: i32,
});
/** i386: what F_GETLK64 and its kin take. */
export const FLOCK64 = defineStruct('flock64', { l_type: i16, l_whence: i16, l_start: i64, l_len: i64, l_pid: i32 });
export const F_OWNER_EX = defineStruct('f_owner_ex', { type: i32, pid: i32 });

export const IOVEC = defineStruct('iovec', { iov_base: pointer, iov_len: ulong });
export const OPEN_HOW = defineStruct('open_how', { flags: bigU64, mode: bigU64, resolve: bigU64 });
export const FILE_HANDLE = defineStruct('file_handle', { handle_bytes: u32, handle_type: i32 });
export const XATTR_ARGS = defineStruct('xattr_args', { value: bigU64, size: u32, flags: u32 });
export const FILE_ATTR = defineStruct('file_attr', {
  fa_xflags: u64,
  fa_extsize: u32,
  fa_nextents: u32,
  fa_projid: u32,
  fa_cowextsize: u32,
});
export const CACHESTAT_RANGE = defineStruct('cachestat_range', { off: u64, len: u64 });
export const CACHESTAT = defineStruct('cachestat', {
  nr_cache: u64,
  nr_dirty: u64,
  nr_writeback: u64,
  nr_evicted: u64,
  nr_recently_evicted: u64,
});

export const MOUNT_ATTR_STRUCT = defineStruct('mount_attr', {
  attr_set: u64,
  attr_clr: u64,
  propagation: u64,
  userns_fd: u64,
});
export const MNT_ID_REQ = defineStruct('mnt_id_req', {
  size: u32,
  mnt_ns_fd: u32,
  mnt_id: bigU64,
  param: bigU64,
  mnt_ns_id: bigU64,
});
export const STATMOUNT_STRUCT = defineStruct('statmount', {
  size: u32,
  mnt_opts: u32,
  mask: u64,
  sb_dev_major: u32,
  sb_dev_minor: u32,
  sb_magic: u64,
  sb_flags: u32,
  fs_type: u32,
  mnt_id: u64,
  mnt_parent_id: u64,
  mnt_id_old: u32,
  mnt_parent_id_old: u32,
  mnt_attr: u64,
  mnt_propagation: u64,
  mnt_peer_group: u64,
  mnt_master: u64,
  propagate_from: u64,
  mnt_root: u32,
  mnt_point: u32,
  mnt_ns_id: u64,
  fs_subtype: u32,
  sb_source: u32,
  opt_num: u32,
  opt_array: u32,
  opt_sec_num: u32,
  opt_sec_array: u32,
  supported_mask: u64,
  mnt_uidmap_num: u32,
  mnt_uidmap: u32,
  mnt_gidmap_num: u32,
  mnt_gidmap: u32,
  _spare: array(u64, 43),
});

export const INOTIFY_EVENT = defineStruct('inotify_event', { wd: i32, mask: u32, cookie: u32, len: u32 });
export const FANOTIFY_EVENT_METADATA = defineStruct('fanotify_event_metadata', {
  event_len: u32,
  vers: u8,
  _reserved: u8,
  metadata_len: u16,
  mask: u64,
  fd: i32,
  pid: i32,
});
