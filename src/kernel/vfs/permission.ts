/**
 * Who may do what with a file: mode bits, ownership and capabilities. See path_resolution(7), capabilities(7).
 *
 * Interface: MAY_*, permission, ownerOrCapable, wantWrite, mayCreateIn, mayDelete.
 */
import { isDirectory, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISVTX, S_IXUGO } from '../../abi/file-mode.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import type { Kernel } from '../kernel.ts';
import { capable, inGroup } from '../task/cred.ts';
import type { Cred } from '../task/types.ts';
import { dentryInode, isNegative } from './dentry.ts';
import type { Dentry, Inode, Mount } from './types.ts';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

const { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER } = CAPABILITY.values;
const { MS_RDONLY } = MOUNT.values;

/** Whether `cred` (its fsuid and fsgid) may use `inode` in all the ways of `mask`. Read-only mounts are wantWrite's matter. */
export function permission(kernel: Kernel, cred: Cred, inode: Inode, mask: number): 0 | 'EACCES' | 'EROFS' {
  if ((mask & MAY_WRITE) !== 0 && kernel.superBlocks.get(inode.sb)!.readOnly && isStored(inode.mode)) return 'EROFS';
  const mode = inode.mode;
  const granted = cred.fsuid === inode.uid ? mode >> 6 : inGroup(cred, inode.gid) ? mode >> 3 : mode;
  if ((mask & ~granted & 7) === 0) return 0;
  if (isDirectory(mode)) {
    if ((mask & MAY_WRITE) === 0 && capable(cred, CAP_DAC_READ_SEARCH)) return 0;
    return capable(cred, CAP_DAC_OVERRIDE) ? 0 : 'EACCES';
  }
  if (mask === MAY_READ && capable(cred, CAP_DAC_READ_SEARCH)) return 0;
  // Linux: even root may execute only what somebody may execute.
  if ((mask & MAY_EXEC) !== 0 && (mode & S_IXUGO) === 0) return 'EACCES';
  return capable(cred, CAP_DAC_OVERRIDE) ? 0 : 'EACCES';
}

/** True for the file's owner and for CAP_FOWNER. */
export function ownerOrCapable(cred: Cred, inode: Inode): boolean {
  return cred.fsuid === inode.uid || capable(cred, CAP_FOWNER);
}

/** EROFS where nothing may be changed through this mount. */
export function wantWrite(kernel: Kernel, mount: Mount): 0 | 'EROFS' {
  return (mount.flags & MS_RDONLY) !== 0 || kernel.superBlocks.get(mount.sb)!.readOnly ? 'EROFS' : 0;
}

/** Whether a name may be added to a directory. */
export function mayCreateIn(kernel: Kernel, cred: Cred, parent: Dentry): 0 | 'ENOENT' | 'EACCES' | 'EROFS' {
  const dir = dentryInode(kernel, parent);
  if (parent.unlinked && dir.nlink === 0) return 'ENOENT';
  return permission(kernel, cred, dir, MAY_WRITE | MAY_EXEC);
}

/** Whether the name `victim` may be taken out of `parent`; `asDirectory` as rmdir does. */
export function mayDelete(
  kernel: Kernel,
  cred: Cred,
  parent: Dentry,
  victim: Dentry,
  asDirectory: boolean,
): 0 | 'ENOENT' | 'EACCES' | 'EROFS' | 'EPERM' | 'ENOTDIR' | 'EBUSY' | 'EISDIR' {
  if (isNegative(victim)) return 'ENOENT';
  const dir = dentryInode(kernel, parent);
  const inode = dentryInode(kernel, victim);
  const denied = permission(kernel, cred, dir, MAY_WRITE | MAY_EXEC);
  if (denied !== 0) return denied;
  const sticky = (dir.mode & S_ISVTX) !== 0 && cred.fsuid !== inode.uid && cred.fsuid !== dir.uid;
  if (sticky && !capable(cred, CAP_FOWNER)) return 'EPERM';
  if (asDirectory) {
    if (!isDirectory(inode.mode)) return 'ENOTDIR';
    if (victim.parent === victim.id) return 'EBUSY';
  } else if (isDirectory(inode.mode)) return 'EISDIR';
  return parent.unlinked && dir.nlink === 0 ? 'ENOENT' : 0;
}

/** Files, directories and links live on the file system; devices and FIFOs may be written on a read-only one. */
function isStored(mode: number): boolean {
  const type = mode & S_IFMT;
  return type === S_IFREG || type === S_IFDIR || type === S_IFLNK;
}
