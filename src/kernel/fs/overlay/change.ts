/**
 * Making and removing names in an overlay. Every change is made in the upper layer; what a lower layer has under a name that goes is
 * hidden by a whiteout.
 *
 * Interface: createNode, createSymlink, createNameless, linkNode, unlinkNode, removeDirectoryNode, addToUpper, ensureUpperName,
 * noteChange, loseName.
 */
import { isDirectory } from '../../../abi/file-mode.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { InodeId } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import { failed, type Outcome } from '../../result.ts';
import type { Cred } from '../../task/types.ts';
import { inodeOf, inodePut, touchChanged } from '../../vfs/inode.ts';
import { fsOf } from '../../vfs/registry.ts';
import type { Inode } from '../../vfs/types.ts';
import { copyUp, forgetUpperName } from './copy-up.ts';
import { hasLowerName, overlayInode, pin, place, unpin } from './inode.ts';
import { ABSENT, clearWhiteout, clearWhiteouts, findInLayer, makeWhiteout, setOpaque, WHITEOUT } from './layers.ts';
import { isEmptyDirectory, noteAdded, noteRemoved } from './listing.ts';
import { dataOf, superData, upperOf } from './types.ts';

export function createNode(
  kernel: Kernel,
  dir: Inode,
  name: ByteString,
  mode: number,
  rdev: number,
  cred: Cred,
): Outcome<InodeId> {
  return addNew(
    kernel,
    dir,
    name,
    (upperDir) => fsOf(kernel, upperDir).create?.(kernel, upperDir, name, mode, rdev, cred) ?? 'EROFS',
  );
}

export function createSymlink(
  kernel: Kernel,
  dir: Inode,
  name: ByteString,
  target: ByteString,
  cred: Cred,
): Outcome<InodeId> {
  return addNew(
    kernel,
    dir,
    name,
    (upperDir) => fsOf(kernel, upperDir).symlink?.(kernel, upperDir, name, target, cred) ?? 'EROFS',
  );
}

/** O_TMPFILE. */
export function createNameless(kernel: Kernel, dir: Inode, mode: number, cred: Cred): Outcome<InodeId> {
  const raised = copyUp(kernel, dir);
  if (failed(raised)) return raised;
  const upperDir = upperOf(kernel, dir);
  const { tmpfile } = fsOf(kernel, upperDir);
  const made = tmpfile === undefined ? 'EOPNOTSUPP' : tmpfile(kernel, upperDir, mode, cred);
  if (failed(made)) return made;
  return overlayInode(kernel, kernel.superBlocks.get(dir.sb)!, null, '', { upper: made, lowers: [] }).id;
}

export function linkNode(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): Outcome<0> {
  const raised = copyUp(kernel, target);
  if (failed(raised)) return raised;
  const linked = addToUpper(
    kernel,
    dir,
    name,
    (upperDir) => fsOf(kernel, upperDir).link?.(kernel, upperDir, name, upperOf(kernel, target)) ?? 'EPERM',
  );
  if (failed(linked)) return linked;
  target.nlink++;
  target.linkable = false;
  touchChanged(kernel, target);
  place(kernel, target, dir, name);
  if (dataOf(target).lowers.length > 0) pin(target);
  noteAdded(dir, name, target);
  noteChange(kernel, dir, name);
  return 0;
}

export function unlinkNode(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): Outcome<0> {
  const removed = removeName(kernel, dir, name, target);
  if (failed(removed)) return removed;
  target.nlink--;
  touchChanged(kernel, target);
  loseName(kernel, dir, name, target);
  return 0;
}

export function removeDirectoryNode(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): Outcome<0> {
  const empty = isEmptyDirectory(kernel, target);
  if (failed(empty)) return empty;
  if (!empty) return 'ENOTEMPTY';
  const removed = removeName(kernel, dir, name, target);
  if (failed(removed)) return removed;
  target.nlink = 0;
  loseName(kernel, dir, name, target);
  return 0;
}

/** Makes sure that the upper layer has an entry `name` in `dir` for `inode`, which a lower layer may give its name so far. */
export function ensureUpperName(kernel: Kernel, dir: Inode, name: ByteString, inode: Inode): Outcome<0> {
  if (dataOf(inode).upper === 0) place(kernel, inode, dir, name);
  const raised = copyUp(kernel, inode);
  if (failed(raised)) return raised;
  const ready = copyUp(kernel, dir);
  if (failed(ready)) return ready;
  const upperDir = upperOf(kernel, dir);
  const found = findInLayer(kernel, upperDir, name);
  if (failed(found)) return found;
  if (found > 0) {
    inodePut(kernel, inodeOf(kernel, found));
    return 0;
  }
  // Copied up under another of its names.
  return fsOf(kernel, upperDir).link?.(kernel, upperDir, name, upperOf(kernel, inode)) ?? 'EPERM';
}

/** Gives `dir` the entry `name` in the upper layer, in place of the whiteout that may hide what is below. */
export function addToUpper<T>(
  kernel: Kernel,
  dir: Inode,
  name: ByteString,
  add: (upperDir: Inode) => Outcome<T>,
): Outcome<{ readonly value: T; readonly wasHidden: boolean }> {
  const raised = copyUp(kernel, dir);
  if (failed(raised)) return raised;
  const upperDir = upperOf(kernel, dir);
  const wasHidden = clearWhiteout(kernel, upperDir, name);
  if (failed(wasHidden)) return wasHidden;
  const value = add(upperDir);
  if (!failed(value)) return { value, wasHidden };
  if (wasHidden) makeWhiteout(kernel, upperDir, name);
  return value;
}

/** After a name was added or removed: times and size of the directory, and names that the VFS knows in the layer. */
export function noteChange(kernel: Kernel, dir: Inode, name: ByteString): void {
  const upper = upperOf(kernel, dir);
  dir.mtime = upper.mtime;
  dir.ctime = upper.ctime;
  dir.size = upper.size;
  if (dataOf(dir).lowers.length === 0 && dir.nlink > 0) dir.nlink = upper.nlink;
  if (superData(kernel, dir).isUpperShared) forgetUpperName(kernel, upper, name);
}

/** The inode has this name no more, and perhaps none. */
export function loseName(kernel: Kernel, dir: Inode, name: ByteString, inode: Inode): void {
  const data = dataOf(inode);
  if (data.parent === dir.id && data.name === name) place(kernel, inode, null, '');
  // Below, it still has the links that it lost here.
  if (inode.nlink > 0 && data.lowers.length > 0) pin(inode);
  unpin(kernel, inode);
}

function addNew(
  kernel: Kernel,
  dir: Inode,
  name: ByteString,
  make: (upperDir: Inode) => Outcome<InodeId>,
): Outcome<InodeId> {
  const made = addToUpper(kernel, dir, name, make);
  if (failed(made)) return made;
  const upper = inodeOf(kernel, made.value);
  // The directory that was here before must not shine through.
  if (isDirectory(upper.mode) && made.wasHidden) setOpaque(kernel, upper);
  const layers = { upper: made.value, lowers: [] };
  const inode = overlayInode(kernel, kernel.superBlocks.get(dir.sb)!, dir, name, layers);
  noteAdded(dir, name, inode);
  noteChange(kernel, dir, name);
  return inode.id;
}

/** Takes a name out of the upper layer and hides those below. */
function removeName(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): Outcome<0> {
  const raised = copyUp(kernel, dir);
  if (failed(raised)) return raised;
  const upperDir = upperOf(kernel, dir);
  const hides = hasLowerName(kernel, dir, name);
  if (failed(hides)) return hides;
  const found = findInLayer(kernel, upperDir, name);
  if (failed(found)) return found;
  if (found !== ABSENT && found !== WHITEOUT) {
    const removed = removeUpper(kernel, upperDir, name, inodeOf(kernel, found), isDirectory(target.mode));
    inodePut(kernel, inodeOf(kernel, found));
    if (failed(removed)) return removed;
  }
  if (hides) {
    const whiteout = makeWhiteout(kernel, upperDir, name);
    if (failed(whiteout)) return whiteout;
  }
  noteRemoved(dir, name);
  noteChange(kernel, dir, name);
  return 0;
}

function removeUpper(
  kernel: Kernel,
  upperDir: Inode,
  name: ByteString,
  victim: Inode,
  asDirectory: boolean,
): Outcome<0> {
  const fs = fsOf(kernel, upperDir);
  if (!asDirectory) return fs.unlink?.(kernel, upperDir, name, victim) ?? 'EROFS';
  const cleared = clearWhiteouts(kernel, victim);
  if (failed(cleared)) return cleared;
  return fs.rmdir?.(kernel, upperDir, name, victim) ?? 'EROFS';
}
