/**
 * Removing names. See unlink(2), rmdir(2).
 *
 * Interface: removeFile, removeDirectory.
 */
import { isDirectory } from '../../abi/file-mode.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { dentryInode, isNegative, lookupChild, unhash } from './dentry.ts';
import { walkParent } from './path.ts';
import { mayDelete, wantWrite } from './permission.ts';
import { fsOf } from './registry.ts';

export function removeFile(kernel: Kernel, task: Task, dirfd: number, path: ByteString): Outcome<0> {
  const walker = walkParent(kernel, task, dirfd, path);
  if (failed(walker)) return walker;
  const { last, dentry: parent } = walker;
  if (last === '' || last === '.' || last === '..') return 'EISDIR';
  const readOnly = wantWrite(kernel, walker.mount);
  if (readOnly !== 0) return readOnly;
  const victim = lookupChild(kernel, parent, last);
  if (failed(victim)) return victim;
  if (isNegative(victim)) return 'ENOENT';
  const inode = dentryInode(kernel, victim);
  if (walker.trailing) return isDirectory(inode.mode) ? 'EISDIR' : 'ENOTDIR';
  const denied = mayDelete(kernel, task.cred, parent, victim, false);
  if (denied !== 0) return denied;
  if (victim.mounts > 0) return 'EBUSY';
  const dir = dentryInode(kernel, parent);
  const removed = fsOf(kernel, dir).unlink?.(kernel, dir, last, inode) ?? 'EPERM';
  if (failed(removed)) return removed;
  unhash(kernel, victim);
  return 0;
}

export function removeDirectory(kernel: Kernel, task: Task, dirfd: number, path: ByteString): Outcome<0> {
  const walker = walkParent(kernel, task, dirfd, path);
  if (failed(walker)) return walker;
  const { last, dentry: parent } = walker;
  if (last === '..') return 'ENOTEMPTY';
  if (last === '.') return 'EINVAL';
  if (last === '') return 'EBUSY';
  const readOnly = wantWrite(kernel, walker.mount);
  if (readOnly !== 0) return readOnly;
  const victim = lookupChild(kernel, parent, last);
  if (failed(victim)) return victim;
  const denied = mayDelete(kernel, task.cred, parent, victim, true);
  if (denied !== 0) return denied;
  if (victim.mounts > 0) return 'EBUSY';
  const dir = dentryInode(kernel, parent);
  const inode = dentryInode(kernel, victim);
  const removed = fsOf(kernel, dir).rmdir?.(kernel, dir, last, inode) ?? 'EPERM';
  if (failed(removed)) return removed;
  // Whoever still has it open or works in it sees a directory without links.
  inode.nlink = 0;
  unhash(kernel, victim);
  return 0;
}
