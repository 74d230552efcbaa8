/**
 * Overlay inodes: one stands before the inodes of the layers that make up a file or a merged directory.
 *
 * Interface: overlayInode, resolveName, hasLowerName, place, takeAttributes, takeTimes, giveAttributes, pin, unpin, evictOverlay.
 * Invariants:
 * - Regular files have no pages of their own: `Inode.backing` is the inode of the layer that has the contents, so all who map or read a
 *   file of a lower layer share its frames. When a file is copied up, `backing` moves to the upper inode; mappings made before keep the
 *   lower one (Linux documents the same).
 * - st_ino is that of the lower inode where there is one, so it stays when a file is copied up. Names that are hard links in a lower
 *   layer stay links to one file (as with Linux's index=on).
 * - Attributes live in the overlay inode; the upper inode gets them when they are set, and again when the overlay inode goes.
 */
import { isDirectory, isRegular } from '../../../abi/file-mode.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { InodeId } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import { failed, type Outcome } from '../../result.ts';
import { createInode, inodeGet, inodeOf, inodePut } from '../../vfs/inode.ts';
import type { Inode, SuperBlock, Timespec } from '../../vfs/types.ts';
import { ABSENT, findInLayer, isOpaque, PRIVATE_XATTRS, WHITEOUT } from './layers.ts';
import { dataOf, inoOf, superData, type OverlayInode, type OverlaySuper } from './types.ts';

/** What a name is made of, with references held on the inodes. `upper` 0 and no lowers: there is no such name. */
export interface Layers {
  readonly upper: InodeId;
  readonly lowers: readonly InodeId[];
}

const NOTHING: Layers = { upper: 0, lowers: [] };

/** Looks a name up in all layers of a directory. */
export function resolveName(kernel: Kernel, dir: Inode, name: ByteString): Outcome<Layers> {
  const { upper: upperDir, lowers: lowerDirs } = dataOf(dir);
  let upper: InodeId = 0;
  if (upperDir !== 0) {
    const found = findInLayer(kernel, inodeOf(kernel, upperDir), name);
    if (failed(found)) return found;
    if (found === WHITEOUT) return NOTHING;
    if (found !== ABSENT) {
      const inode = inodeOf(kernel, found);
      if (!isDirectory(inode.mode) || isOpaque(kernel, inode)) return { upper: found, lowers: [] };
      upper = found;
    }
  }
  const lowers: InodeId[] = [];
  for (const lowerDir of lowerDirs) {
    const found = findInLayer(kernel, inodeOf(kernel, lowerDir), name);
    if (failed(found)) {
      release(kernel, { upper, lowers });
      return found;
    }
    if (found === WHITEOUT) break;
    if (found === ABSENT) continue;
    const inode = inodeOf(kernel, found);
    const isFirst = upper === 0 && lowers.length === 0;
    // What is not a directory hides all below it, and ends a merge.
    if (!isDirectory(inode.mode)) {
      if (isFirst) lowers.push(found);
      else inodePut(kernel, inode);
      break;
    }
    lowers.push(found);
    if (isOpaque(kernel, inode)) break;
  }
  return { upper, lowers };
}

/** Whether a lower layer of `dir` has `name`, so that removing it takes a whiteout. */
export function hasLowerName(kernel: Kernel, dir: Inode, name: ByteString): Outcome<boolean> {
  for (const lowerDir of dataOf(dir).lowers) {
    const found = findInLayer(kernel, inodeOf(kernel, lowerDir), name);
    if (failed(found)) return found;
    if (found === WHITEOUT) return false;
    if (found === ABSENT) continue;
    inodePut(kernel, inodeOf(kernel, found));
    return true;
  }
  return false;
}

/** The inode for what resolveName gave, with a reference for the caller. Takes over the references on the layers' inodes. */
export function overlayInode(
  kernel: Kernel,
  sb: SuperBlock,
  parent: Inode | null,
  name: ByteString,
  layers: Layers,
): Inode {
  const shared = sb.data as OverlaySuper;
  const known = findKnown(kernel, shared, layers);
  if (known !== undefined) {
    release(kernel, layers);
    if (parent !== null) place(kernel, known, parent, name);
    return inodeGet(known);
  }
  const { upper, lowers } = layers;
  const real = inodeOf(kernel, upper !== 0 ? upper : lowers[0]!);
  const isDir = isDirectory(real.mode);
  const data: OverlayInode = { upper, lowers, parent: 0, name, pinned: false, listing: null, nextPos: 2 };
  const inode = createInode(kernel, sb, {
    ino: inoOf(shared, lowers.length > 0 ? inodeOf(kernel, lowers[0]!) : real),
    mode: real.mode,
    rdev: real.rdev,
    // Linux: a merged directory has one link, because nobody counts its subdirectories.
    nlink: isDir && lowers.length + (upper === 0 ? 0 : 1) > 1 ? 1 : real.nlink,
    data,
  });
  inode.btime = real.btime;
  if (isRegular(real.mode)) inode.backing = real.id;
  takeAttributes(inode, real);
  if (parent !== null) place(kernel, inode, parent, name);
  for (const id of [upper, lowers[0] ?? 0]) {
    if (id !== 0) shared.inodes.set(inoOf(shared, inodeOf(kernel, id)), inode.id);
  }
  return inode;
}

/** Notes where an inode is: it is copied up to there. */
export function place(kernel: Kernel, inode: Inode, parent: Inode | null, name: ByteString): void {
  const data = dataOf(inode);
  data.name = name;
  const id = parent?.id ?? 0;
  if (data.parent === id) return;
  const old = kernel.inodes.get(data.parent);
  data.parent = id;
  if (parent !== null) inodeGet(parent);
  if (old !== undefined) inodePut(kernel, old);
}

/** Copies what stat shows from a layer's inode. */
export function takeAttributes(inode: Inode, real: Inode): void {
  inode.mode = real.mode;
  inode.uid = real.uid;
  inode.gid = real.gid;
  inode.size = real.size;
  inode.blocks = real.blocks;
  inode.atime = real.atime;
  inode.mtime = real.mtime;
  inode.ctime = real.ctime;
  inode.xattrs = publicXattrs(real);
}

/** Writes through mappings are noted on the inode that has the pages: the later times count. */
export function takeTimes(inode: Inode, real: Inode): void {
  if (isLater(real.mtime, inode.mtime)) inode.mtime = real.mtime;
  if (isLater(real.ctime, inode.ctime)) inode.ctime = real.ctime;
}

function isLater(one: Timespec, other: Timespec): boolean {
  return one.sec > other.sec || (one.sec === other.sec && one.nsec > other.nsec);
}

/** Copies what programs have set to the upper inode. */
export function giveAttributes(inode: Inode, upper: Inode): void {
  upper.mode = inode.mode;
  upper.uid = inode.uid;
  upper.gid = inode.gid;
  upper.atime = inode.atime;
  takeTimes(inode, upper);
  upper.mtime = inode.mtime;
  upper.ctime = inode.ctime;
  if (inode.xattrs === null && upper.xattrs === null) return;
  const all = new Map(inode.xattrs);
  for (const [name, value] of upper.xattrs ?? []) if (name.startsWith(PRIVATE_XATTRS)) all.set(name, value);
  upper.xattrs = all;
}

/** Keeps the inode in memory while it has links: what it is can no longer be found out from the layers. */
export function pin(inode: Inode): void {
  const data = dataOf(inode);
  if (data.pinned || isDirectory(inode.mode)) return;
  data.pinned = true;
  inodeGet(inode);
}

/** To be called when links were lost, by somebody who holds a reference. */
export function unpin(kernel: Kernel, inode: Inode): void {
  const data = dataOf(inode);
  if (!data.pinned || inode.nlink > 0) return;
  data.pinned = false;
  inodePut(kernel, inode);
}

export function evictOverlay(kernel: Kernel, inode: Inode): void {
  const shared = superData(kernel, inode);
  const { upper, lowers, parent } = dataOf(inode);
  const upperInode = kernel.inodes.get(upper);
  if (upperInode !== undefined) giveAttributes(inode, upperInode);
  for (const id of [upper, ...lowers]) {
    const real = kernel.inodes.get(id);
    if (real === undefined) continue;
    const number = inoOf(shared, real);
    if (shared.inodes.get(number) === inode.id) shared.inodes.delete(number);
    inodePut(kernel, real);
  }
  const above = kernel.inodes.get(parent);
  if (above !== undefined) inodePut(kernel, above);
}

function findKnown(kernel: Kernel, shared: OverlaySuper, { upper, lowers }: Layers): Inode | undefined {
  const real = inodeOf(kernel, upper !== 0 && lowers.length === 0 ? upper : lowers[0]!);
  const known = kernel.inodes.get(shared.inodes.get(inoOf(shared, real)) ?? 0);
  if (known === undefined) return undefined;
  // Host files may have been replaced by others with the same number.
  const data = dataOf(known);
  return data.upper === real.id || data.lowers[0] === real.id ? known : undefined;
}

function release(kernel: Kernel, { upper, lowers }: Layers): void {
  if (upper !== 0) inodePut(kernel, inodeOf(kernel, upper));
  for (const id of lowers) inodePut(kernel, inodeOf(kernel, id));
}

function publicXattrs(real: Inode): Map<ByteString, Uint8Array> | null {
  if (real.xattrs === null) return null;
  const kept = [...real.xattrs].filter(([name]) => !name.startsWith(PRIVATE_XATTRS));
  return kept.length === 0 ? null : new Map(kept);
}
