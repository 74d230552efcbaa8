/**
 * System calls that tell what a file or file system is. See stat(2), statx(2), statfs(2), readlink(2).
 *
 * Interface: statCalls.
 */
import { isSymlink, major, minor } from '../../abi/file-mode.ts';
import { AT, AT_FD, STATX, STATX_ATTR } from '../../abi/flags/at.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import { STATFS_STRUCT, STATX_STRUCT, STAT } from '../../abi/structs/file.ts';
import { layoutOf } from '../../abi/struct.ts';
import { bytesOf } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, writeUserStruct } from '../mm/uaccess.ts';
import { failed, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { rawFileOf } from '../vfs/fd-table.ts';
import { inodeOf } from '../vfs/inode.ts';
import { pathName } from '../vfs/path-name.ts';
import { getUserPath, inodeAt, pathPut, walk } from '../vfs/path.ts';
import { fsOf, fsOfSuper } from '../vfs/registry.ts';
import type { Inode, Mount, PathRef, Timespec } from '../vfs/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { AT_FDCWD } = AT_FD.values;
const { AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH, AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC } = AT.values;
const SYNC_TYPE = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
const STAT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | SYNC_TYPE;
const { STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID } = STATX.values;
const { STATX_ATTR_MOUNT_ROOT } = STATX_ATTR.values;
const STATX_RESERVED = 0x8000_0000;
const { MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_SYNCHRONOUS, MS_NOATIME, MS_NODIRATIME, MS_RELATIME } =
  MOUNT.values;
const ST_VALID = 0x20;
const ST_NOATIME = 0x400;
const ST_NODIRATIME = 0x800;
const ST_RELATIME = 0x1000;
const BLOCK_SIZE = 4096;

export const statCalls = {
  newfstatat: (kernel, task, dfd, path, buf, flags) => statPath(kernel, task, dfd, path, buf, flags),
  stat: (kernel, task, path, buf) => statPath(kernel, task, AT_FDCWD, path, buf, 0),
  lstat: (kernel, task, path, buf) => statPath(kernel, task, AT_FDCWD, path, buf, AT_SYMLINK_NOFOLLOW),
  fstat(kernel, task, fd, buf) {
    const file = rawFileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    return writeStat(kernel, task, buf, inodeOf(kernel, file.inode));
  },
  statx,
  statfs(kernel, task, path, buf) {
    const name = getUserPath(kernel, task, path);
    if (typeof name === 'string') return name;
    const ref = walk(kernel, task, AT_FDCWD, name.path, { follow: true });
    if (failed(ref)) return ref;
    const result = writeStatfs(kernel, task, buf, inodeAt(kernel, ref), kernel.mounts.get(ref.mount)!);
    pathPut(kernel, ref);
    return result;
  },
  fstatfs(kernel, task, fd, buf) {
    const file = rawFileOf(kernel, task, fd);
    if (typeof file === 'string') return file;
    const mount = file.path === null ? undefined : kernel.mounts.get(file.path.mount);
    return writeStatfs(kernel, task, buf, inodeOf(kernel, file.inode), mount);
  },
  readlinkat: (kernel, task, dfd, path, buf, size) => readlinkAt(kernel, task, dfd, path, buf, size),
  readlink: (kernel, task, path, buf, size) => readlinkAt(kernel, task, AT_FDCWD, path, buf, size),
} satisfies Handlers;

function statPath(kernel: Kernel, task: Task, dirfd: number, path: number, buf: number, flags: number): SyscallResult {
  if ((flags & ~STAT_FLAGS) !== 0) return 'EINVAL';
  const ref = locate(kernel, task, dirfd, path, flags);
  if (failed(ref)) return ref;
  const result = writeStat(kernel, task, buf, inodeAt(kernel, ref));
  pathPut(kernel, ref);
  return result;
}

/** The place that the arguments of an *at call name. Linux: with AT_EMPTY_PATH a null pointer is an empty path. */
function locate(kernel: Kernel, task: Task, dirfd: number, path: number, flags: number): Outcome<PathRef> {
  const emptyPath = (flags & AT_EMPTY_PATH) !== 0;
  const name = emptyPath && path === 0 ? { path: '' } : getUserPath(kernel, task, path);
  if (typeof name === 'string') return name;
  return walk(kernel, task, dirfd, name.path, { follow: (flags & AT_SYMLINK_NOFOLLOW) === 0, emptyPath });
}

const STAT_LAYOUT = layoutOf(STAT, 'riscv64');
const AT_OFFSET = STAT_LAYOUT.at;
/** Scratch of writeStat: filled and copied out at once, so nothing lives in it. */
const statBytes = new Uint8Array(STAT_LAYOUT.size);
const statView = new DataView(statBytes.buffer);

function writeStat(kernel: Kernel, task: Task, address: number, inode: Inode): Outcome<0> {
  const fresh = fsOf(kernel, inode).refresh?.(kernel, inode) ?? 0;
  if (failed(fresh)) return fresh;
  put64(AT_OFFSET.st_dev.offset, kernel.superBlocks.get(inode.sb)!.dev);
  put64(AT_OFFSET.st_ino.offset, inode.ino);
  statView.setUint32(AT_OFFSET.st_mode.offset, inode.mode, true);
  statView.setUint32(AT_OFFSET.st_nlink.offset, inode.nlink, true);
  statView.setUint32(AT_OFFSET.st_uid.offset, inode.uid, true);
  statView.setUint32(AT_OFFSET.st_gid.offset, inode.gid, true);
  put64(AT_OFFSET.st_rdev.offset, inode.rdev);
  put64(AT_OFFSET.st_size.offset, inode.size);
  statView.setUint32(AT_OFFSET.st_blksize.offset, BLOCK_SIZE, true);
  put64(AT_OFFSET.st_blocks.offset, inode.blocks);
  putTime(AT_OFFSET.st_atime.offset, inode.atime);
  putTime(AT_OFFSET.st_mtime.offset, inode.mtime);
  putTime(AT_OFFSET.st_ctime.offset, inode.ctime);
  return copyToUser(kernel, task, address, statBytes);
}

function putTime(offset: number, time: Timespec): void {
  put64(offset, time.sec);
  put64(offset + 8, time.nsec);
}

function put64(offset: number, value: number): void {
  statView.setUint32(offset, value, true);
  statView.setInt32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
}

function statx(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: number,
  flags: number,
  mask: number,
  buffer: number,
): SyscallResult {
  if ((mask & STATX_RESERVED) !== 0) return 'EINVAL';
  if ((flags & ~STAT_FLAGS) !== 0 || (flags & SYNC_TYPE) === SYNC_TYPE) return 'EINVAL';
  const ref = locate(kernel, task, dirfd, path, flags);
  if (failed(ref)) return ref;
  const result = writeStatx(kernel, task, buffer, ref);
  pathPut(kernel, ref);
  return result;
}

function writeStatx(kernel: Kernel, task: Task, buffer: number, ref: PathRef): Outcome<0> {
  const inode = inodeAt(kernel, ref);
  const fresh = fsOf(kernel, inode).refresh?.(kernel, inode) ?? 0;
  if (failed(fresh)) return fresh;
  const { dev } = kernel.superBlocks.get(inode.sb)!;
  const isMountRoot = kernel.mounts.get(ref.mount)!.root === ref.dentry;
  return writeUserStruct(kernel, task, buffer, layoutOf(STATX_STRUCT, kernel.arch), {
    // Linux gives what it has, asked for or not.
    stx_mask: STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
    stx_blksize: BLOCK_SIZE,
    stx_attributes: isMountRoot ? STATX_ATTR_MOUNT_ROOT : 0,
    stx_attributes_mask: STATX_ATTR_MOUNT_ROOT,
    stx_nlink: inode.nlink,
    stx_uid: inode.uid,
    stx_gid: inode.gid,
    stx_mode: inode.mode,
    stx_ino: inode.ino,
    stx_size: inode.size,
    stx_blocks: inode.blocks,
    stx_atime: statxTime(inode.atime),
    stx_btime: statxTime(inode.btime),
    stx_ctime: statxTime(inode.ctime),
    stx_mtime: statxTime(inode.mtime),
    stx_rdev_major: major(inode.rdev),
    stx_rdev_minor: minor(inode.rdev),
    stx_dev_major: major(dev),
    stx_dev_minor: minor(dev),
    stx_mnt_id: ref.mount,
  });
}

function statxTime(time: Timespec): { tv_sec: number; tv_nsec: number } {
  return { tv_sec: time.sec, tv_nsec: time.nsec };
}

function writeStatfs(kernel: Kernel, task: Task, address: number, inode: Inode, mount: Mount | undefined): Outcome<0> {
  const sb = kernel.superBlocks.get(inode.sb)!;
  const fs = fsOfSuper(sb).statfs(kernel, sb);
  return writeUserStruct(kernel, task, address, layoutOf(STATFS_STRUCT, kernel.arch), {
    f_type: sb.magic,
    f_bsize: fs.blockSize,
    f_blocks: fs.blocks,
    f_bfree: fs.blocksFree,
    f_bavail: fs.blocksFree,
    f_files: fs.files,
    f_ffree: fs.filesFree,
    f_fsid: [sb.dev, 0],
    f_namelen: fs.nameMax,
    f_frsize: fs.blockSize,
    f_flags: statfsFlags(mount?.flags ?? 0, sb.readOnly),
  });
}

function statfsFlags(flags: number, readOnly: boolean): number {
  let out = ST_VALID | (flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS));
  if (readOnly) out |= MS_RDONLY;
  if ((flags & MS_NOATIME) !== 0) out |= ST_NOATIME;
  if ((flags & MS_NODIRATIME) !== 0) out |= ST_NODIRATIME;
  if ((flags & MS_RELATIME) !== 0) out |= ST_RELATIME;
  return out;
}

function readlinkAt(kernel: Kernel, task: Task, dirfd: number, path: number, buf: number, size: number): SyscallResult {
  if (size <= 0) return 'EINVAL';
  const name = getUserPath(kernel, task, path);
  if (typeof name === 'string') return name;
  const ref = walk(kernel, task, dirfd, name.path, { follow: false, emptyPath: dirfd !== AT_FDCWD });
  if (failed(ref)) return ref;
  const result = readLink(kernel, task, ref, name.path === '', buf, size);
  pathPut(kernel, ref);
  return result;
}

function readLink(kernel: Kernel, task: Task, ref: PathRef, byFd: boolean, buf: number, size: number): SyscallResult {
  const inode = inodeAt(kernel, ref);
  // Linux: an empty path names a link opened with O_PATH | O_NOFOLLOW, and nothing else.
  if (!isSymlink(inode.mode)) return byFd ? 'ENOENT' : 'EINVAL';
  const link = fsOf(kernel, inode).readlink?.(kernel, inode, task) ?? 'EINVAL';
  if (failed(link)) return link;
  const target = link.target === '' && link.jump !== undefined ? pathName(kernel, task, link.jump).path : link.target;
  const bytes = bytesOf(target.length > size ? target.slice(0, size) : target);
  return copyToUser(kernel, task, buf, bytes) === 0 ? bytes.length : 'EFAULT';
}
