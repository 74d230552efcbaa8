/**
 * What an overlay keeps on its super block and inodes.
 *
 * Interface: OverlaySuper, OverlayInode, OverlayEntry, superData, dataOf, upperOf, realOf, inoOf.
 */
import type { ByteString } from '../../../util/byte-string.ts';
import type { InodeId, SuperBlockId } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import type { Inode, PathRef } from '../../vfs/types.ts';

export interface OverlaySuper {
  /** Root directory of the upper layer; 0: nothing can be written. */
  readonly upper: InodeId;
  /** Root directories of the lower layers, uppermost first. */
  readonly lowers: readonly InodeId[];
  /** What is added to the inode numbers of each layer's file system, so that all stay apart. */
  readonly inoBase: Map<SuperBlockId, number>;
  /** Inodes in memory by the numbers (inoOf) of their upper and their uppermost lower inode. Not referenced from here. */
  readonly inodes: Map<number, InodeId>;
  /** The upper layer can be reached by other paths, so that the VFS may have cached its names. */
  readonly isUpperShared: boolean;
  /** File systems that only this overlay uses, and places that it holds. */
  readonly owned: readonly SuperBlockId[];
  readonly places: readonly PathRef[];
}

export interface OverlayInode {
  /** In the upper layer; 0 until it is copied up. A reference is held on it and on `lowers`. */
  upper: InodeId;
  /** In the lower layers, uppermost first: of directories all that are merged, of other files the one it came from. */
  readonly lowers: readonly InodeId[];
  /** Where it was seen last: there it is copied up to. 0: nowhere (root, unlinked). A reference is held. */
  parent: InodeId;
  name: ByteString;
  /** It holds a reference on itself, because its layers alone do not tell what it has become. */
  pinned: boolean;
  /** Merged directories that have been read: their names, in the order of positions. */
  listing: Map<ByteString, OverlayEntry> | null;
  nextPos: number;
}

export interface OverlayEntry {
  readonly ino: number;
  /** DT_*. */
  readonly type: number;
  readonly pos: number;
}

export function superData(kernel: Kernel, inode: Inode): OverlaySuper {
  return kernel.superBlocks.get(inode.sb)!.data as OverlaySuper;
}

export function dataOf(inode: Inode): OverlayInode {
  return inode.data as OverlayInode;
}

/** The inode in the upper layer, of one that was copied up. */
export function upperOf(kernel: Kernel, inode: Inode): Inode {
  return kernel.inodes.get(dataOf(inode).upper)!;
}

/** The uppermost inode behind it, whose contents and attributes it shows. */
export function realOf(kernel: Kernel, inode: Inode): Inode {
  const { upper, lowers } = dataOf(inode);
  return kernel.inodes.get(upper !== 0 ? upper : lowers[0]!)!;
}

/** The number of a layer's inode as programs see it. */
export function inoOf(data: OverlaySuper, real: Inode): number {
  return real.ino + (data.inoBase.get(real.sb) ?? 0);
}
