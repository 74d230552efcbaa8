/**
 * Copying up: before anything of a lower file is changed, it gets a copy in the upper layer, under its name, in directories that are
 * copied up likewise. See Linux's Documentation/filesystems/overlayfs.rst, "Non-directories".
 *
 * Interface: copyUp, forgetUpperName.
 */
import { isDirectory, isRegular, isSymlink } from '../../../abi/file-mode.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { InodeId } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import { frameOffset, getFrame, PAGE_SIZE, putFrame, wroteFrame } from '../../mm/frames.ts';
import { addPage, cachedPage, markDirty, writeBack } from '../../mm/page-cache.ts';
import { failed, type Outcome } from '../../result.ts';
import { ROOT_CRED } from '../../task/cred.ts';
import { unhash } from '../../vfs/dentry.ts';
import { inodeOf, inodePut } from '../../vfs/inode.ts';
import { fsOf } from '../../vfs/registry.ts';
import type { Inode } from '../../vfs/types.ts';
import { giveAttributes, pin } from './inode.ts';
import { dataOf, inoOf, superData, upperOf } from './types.ts';

/** Where an upper layer writes back, dirty pages are not let grow beyond this while a file is copied. */
const MAX_DIRTY_PAGES = 256;

/** Makes sure that `inode` is in the upper layer. `size`: how many bytes of its contents are wanted there. */
export function copyUp(kernel: Kernel, inode: Inode, size = inode.size): Outcome<0> {
  const data = dataOf(inode);
  if (data.upper !== 0) return 0;
  const shared = superData(kernel, inode);
  if (shared.upper === 0) return 'EROFS';
  const parent = kernel.inodes.get(data.parent);
  if (parent !== undefined) {
    const raised = copyUp(kernel, parent);
    if (failed(raised)) return raised;
  }
  // Without a name (it was unlinked while open) the copy has none either.
  const upperDir = parent === undefined ? inodeOf(kernel, shared.upper) : upperOf(kernel, parent);
  const lower = inodeOf(kernel, data.lowers[0]!);
  const made =
    parent === undefined ? makeNameless(kernel, upperDir, lower) : makeCopy(kernel, upperDir, data.name, lower);
  if (failed(made)) return made;
  const upper = inodeOf(kernel, made);
  const filled = isRegular(lower.mode) ? copyContents(kernel, lower, upper, size) : 0;
  if (failed(filled)) {
    if (parent !== undefined) fsOf(kernel, upperDir).unlink?.(kernel, upperDir, data.name, upper);
    inodePut(kernel, upper);
    return filled;
  }
  if (parent !== undefined) forgetUpperName(kernel, upperDir, data.name);
  const { mode, uid, gid, atime, mtime } = inode;
  const set = fsOf(kernel, upper).setattr?.(kernel, upper, { mode, uid, gid, atime, mtime }) ?? 0;
  upper.mtime = mtime;
  upper.ctime = inode.ctime;
  giveAttributes(inode, upper);
  data.upper = upper.id;
  shared.inodes.set(inoOf(shared, upper), inode.id);
  if (isRegular(inode.mode)) inode.backing = upper.id;
  if (isDirectory(inode.mode)) inode.nlink = 1;
  if (inode.nlink > 0) pin(inode);
  return set;
}

/** An upper layer that is mounted elsewhere too may have a dentry for a name that was changed behind the VFS's back. */
export function forgetUpperName(kernel: Kernel, upperDir: Inode, name: ByteString): void {
  for (const dentry of kernel.dentries.values()) {
    if (dentry.inode !== upperDir.id) continue;
    const child = kernel.dentries.get(dentry.children.get(name) ?? 0);
    if (child !== undefined) unhash(kernel, child);
  }
}

function makeCopy(kernel: Kernel, upperDir: Inode, name: ByteString, lower: Inode): Outcome<InodeId> {
  const fs = fsOf(kernel, upperDir);
  if (isSymlink(lower.mode)) {
    const link = fsOf(kernel, lower).readlink?.(kernel, lower, kernel.tasks.get(kernel.current)!) ?? 'EINVAL';
    if (failed(link)) return link;
    return fs.symlink?.(kernel, upperDir, name, link.target, ROOT_CRED) ?? 'EROFS';
  }
  return fs.create?.(kernel, upperDir, name, lower.mode, lower.rdev, ROOT_CRED) ?? 'EROFS';
}

function makeNameless(kernel: Kernel, upperDir: Inode, lower: Inode): Outcome<InodeId> {
  // The root is in the upper layer from the start. Of other files than regular ones only attributes could still be changed.
  if (!isRegular(lower.mode)) return 'EROFS';
  return fsOf(kernel, upperDir).tmpfile?.(kernel, upperDir, lower.mode, ROOT_CRED) ?? 'EROFS';
}

function copyContents(kernel: Kernel, lower: Inode, upper: Inode, size: number): Outcome<0> {
  const end = Math.min(size, lower.size);
  const room = fsOf(kernel, upper).reserve?.(kernel, upper, 0, end) ?? end;
  if (typeof room === 'string') return room;
  if (room < end) return 'ENOSPC';
  for (let index = 0; index * PAGE_SIZE < end; index++) {
    const copied = copyPage(kernel, lower, upper, index);
    if (failed(copied)) return copied;
    upper.size = Math.min((index + 1) * PAGE_SIZE, end);
    if (upper.dirty.size < MAX_DIRTY_PAGES) continue;
    const written = writeBack(kernel, upper);
    if (failed(written)) return written;
  }
  return 0;
}

function copyPage(kernel: Kernel, lower: Inode, upper: Inode, index: number): Outcome<0> {
  // A lower tmpfs has holes where pages are absent.
  if (fsOf(kernel, lower).readPage === undefined && !lower.pages.has(index)) return 0;
  const from = cachedPage(kernel, lower, index);
  if (failed(from)) return from;
  getFrame(kernel, from);
  const to = addPage(kernel, upper, index, false);
  if (!failed(to)) {
    const { u8 } = kernel.machine.ram;
    u8.copyWithin(frameOffset(kernel, to), frameOffset(kernel, from), frameOffset(kernel, from) + PAGE_SIZE);
    wroteFrame(kernel, to);
    markDirty(kernel, upper, index);
  }
  putFrame(kernel, from);
  return failed(to) ? to : 0;
}
