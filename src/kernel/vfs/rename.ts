/**
 * Renaming. See rename(2); the order of checks is that of Linux's do_renameat2 and vfs_rename.
 *
 * Interface: rename.
 */
import { isDirectory } from '../../abi/file-mode.ts';
import { RENAME } from '../../abi/flags/at.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import { capable } from '../task/cred.ts';
import type { Cred, Task } from '../task/types.ts';
import { dentryInode, exchangeDentries, isNegative, lookupChild, moveDentry, unhash } from './dentry.ts';
import { walkParent } from './path.ts';
import { MAY_WRITE, mayCreateIn, mayDelete, permission, wantWrite } from './permission.ts';
import { fsOf } from './registry.ts';
import type { Dentry } from './types.ts';

const { RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT } = RENAME.values;
const { CAP_MKNOD } = CAPABILITY.values;

export function rename(
  kernel: Kernel,
  task: Task,
  fromFd: number,
  fromPath: ByteString,
  toFd: number,
  toPath: ByteString,
  flags: number,
): Outcome<0> {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) return 'EINVAL';
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const noReplace = (flags & RENAME_NOREPLACE) !== 0;
  if (exchange && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) !== 0) return 'EINVAL';
  const from = walkParent(kernel, task, fromFd, fromPath);
  if (failed(from)) return from;
  const to = walkParent(kernel, task, toFd, toPath);
  if (failed(to)) return to;
  if (from.mount.id !== to.mount.id) return 'EXDEV';
  if (isSpecial(from.last)) return 'EBUSY';
  if (isSpecial(to.last)) return noReplace ? 'EEXIST' : 'EBUSY';
  const readOnly = wantWrite(kernel, from.mount);
  if (readOnly !== 0) return readOnly;

  const source = lookupChild(kernel, from.dentry, from.last);
  if (failed(source)) return source;
  if (isNegative(source)) return 'ENOENT';
  const target = lookupChild(kernel, to.dentry, to.last);
  if (failed(target)) return target;
  if (noReplace && !isNegative(target)) return 'EEXIST';
  if (exchange && isNegative(target)) return 'ENOENT';
  if (exchange && to.trailing && !isDirectory(dentryInode(kernel, target).mode)) return 'ENOTDIR';
  const movesDirectory = isDirectory(dentryInode(kernel, source).mode);
  if (!movesDirectory && (from.trailing || (!exchange && to.trailing))) return 'ENOTDIR';
  if (isAncestor(kernel, source, to.dentry)) return 'EINVAL';
  if (!isNegative(target) && isAncestor(kernel, target, from.dentry)) return exchange ? 'EINVAL' : 'ENOTEMPTY';
  if (target.inode === source.inode) return 0;

  const denied = mayRename(kernel, task.cred, from.dentry, source, to.dentry, target, flags);
  if (denied !== 0) return denied;
  if (source.mounts > 0 || target.mounts > 0) return 'EBUSY';
  const fromDir = dentryInode(kernel, from.dentry);
  const toDir = dentryInode(kernel, to.dentry);
  const replaced = isNegative(target) ? undefined : dentryInode(kernel, target);
  const fs = fsOf(kernel, fromDir);
  const special = flags & ~RENAME_NOREPLACE;
  if ((special & ~(fs.renameFlags ?? 0)) !== 0) return 'EINVAL';
  const renamed = fs.rename?.(kernel, fromDir, from.last, toDir, to.last, special) ?? 'EPERM';
  if (failed(renamed)) return renamed;
  if (exchange) {
    exchangeDentries(source, from.dentry, target, to.dentry);
    return 0;
  }
  if (replaced !== undefined && isDirectory(replaced.mode)) replaced.nlink = 0;
  unhash(kernel, target);
  moveDentry(kernel, source, to.dentry, to.last);
  return 0;
}

function mayRename(
  kernel: Kernel,
  cred: Cred,
  fromDir: Dentry,
  source: Dentry,
  toDir: Dentry,
  target: Dentry,
  flags: number,
): ReturnType<typeof mayDelete> | ReturnType<typeof mayCreateIn> {
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const sourceInode = dentryInode(kernel, source);
  const movesDirectory = isDirectory(sourceInode.mode);
  const denied = mayDelete(kernel, cred, fromDir, source, movesDirectory);
  if (denied !== 0) return denied;
  const targetIsDirectory = !isNegative(target) && isDirectory(dentryInode(kernel, target).mode);
  const refused = isNegative(target)
    ? mayCreateIn(kernel, cred, toDir)
    : mayDelete(kernel, cred, toDir, target, exchange ? targetIsDirectory : movesDirectory);
  if (refused !== 0) return refused;
  if ((flags & RENAME_WHITEOUT) !== 0 && !capable(cred, CAP_MKNOD)) return 'EPERM';
  if (fromDir === toDir) return 0;
  // A directory that gets another parent is written to: its '..' changes.
  if (movesDirectory) {
    const locked = permission(kernel, cred, sourceInode, MAY_WRITE);
    if (locked !== 0) return locked;
  }
  return exchange && targetIsDirectory ? permission(kernel, cred, dentryInode(kernel, target), MAY_WRITE) : 0;
}

function isSpecial(name: ByteString): boolean {
  return name === '' || name === '.' || name === '..';
}

/** Whether `upper` is `lower` or above it. */
function isAncestor(kernel: Kernel, upper: Dentry, lower: Dentry): boolean {
  for (let dentry = lower; ; dentry = kernel.dentries.get(dentry.parent)!) {
    if (dentry === upper) return true;
    if (dentry.parent === dentry.id) return false;
  }
}
