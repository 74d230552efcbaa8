/**
 * overlay: a writable directory tree over read-only ones, as Linux's overlayfs shows it to programs (default options: redirect_dir=off,
 * metacopy=off; inode numbers as with xino=on, hard links as with index=on). See Linux's Documentation/filesystems/overlayfs.rst.
 *
 * Interface: overlay, createOverlay, OverlayOptions, rootInode.
 * How it is made: overlay/inode.ts (inodes and look-up), overlay/layers.ts (whiteouts), overlay/copy-up.ts, overlay/listing.ts,
 * overlay/change.ts, overlay/rename.ts, overlay/options.ts. Names are cached: changing a layer behind the overlay's back is undefined,
 * as with Linux.
 */
import { isRegular } from '../../abi/file-mode.ts';
import { RENAME } from '../../abi/flags/at.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { FS_MAGIC } from '../../abi/flags/mount.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { SuperBlockId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { truncatePages } from '../mm/page-cache.ts';
import { failed } from '../result.ts';
import { dentryInode } from '../vfs/dentry.ts';
import { inodeGet, inodeOf } from '../vfs/inode.ts';
import { pathPut } from '../vfs/mount.ts';
import { fsOf, fsOfSuper } from '../vfs/registry.ts';
import { createSuperBlock, destroySuperBlock, setSuperRoot } from '../vfs/super.ts';
import type { FileSystemType, Inode, PathRef, SuperBlock } from '../vfs/types.ts';
import {
  createNameless,
  createNode,
  createSymlink,
  linkNode,
  removeDirectoryNode,
  unlinkNode,
} from './overlay/change.ts';
import { copyUp } from './overlay/copy-up.ts';
import { evictOverlay, giveAttributes, overlayInode, resolveName, takeAttributes, takeTimes } from './overlay/inode.ts';
import { readOverlay } from './overlay/listing.ts';
import { mountOverlay } from './overlay/options.ts';
import { renameNode } from './overlay/rename.ts';
import { dataOf, realOf, superData, upperOf, type OverlaySuper } from './overlay/types.ts';

const { OVERLAYFS_SUPER_MAGIC } = FS_MAGIC.values;
const { O_TRUNC } = OPEN.values;
const O_ACCMODE = OPEN.mask;

/** Inode numbers of layers whose highest number is not known are kept this far apart. */
const INO_SPACE = 2 ** 48;

export interface OverlayOptions {
  /** Root directories of the layers; lower ones uppermost first. Null: nothing can be written. */
  readonly upper: Inode | null;
  readonly lowers: readonly Inode[];
  /** File systems that go with the overlay. */
  readonly owned?: readonly SuperBlockId[];
  /** Places that the overlay holds from now on; the upper layer can be reached by other paths. */
  readonly places?: readonly PathRef[];
  /** As /proc/mounts shows them. */
  readonly options?: ByteString;
}

export const overlay: FileSystemType = {
  name: 'overlay',
  needsDevice: false,
  cacheNames: true,
  mount: (kernel, _source, _flags, data) => mountOverlay(kernel, data, createOverlay),
  lookup(kernel, dir, name) {
    const layers = resolveName(kernel, dir, name);
    if (failed(layers)) return layers;
    if (layers.upper === 0 && layers.lowers.length === 0) return 'ENOENT';
    return overlayInode(kernel, kernel.superBlocks.get(dir.sb)!, dir, name, layers).id;
  },
  readdir: readOverlay,
  create: createNode,
  symlink: createSymlink,
  tmpfile: createNameless,
  link: linkNode,
  unlink: unlinkNode,
  rmdir: removeDirectoryNode,
  rename: renameNode,
  renameFlags: RENAME.values.RENAME_EXCHANGE,
  readlink(kernel, inode, task) {
    const real = realOf(kernel, inode);
    return fsOf(kernel, real).readlink?.(kernel, real, task) ?? 'EINVAL';
  },
  open(kernel, inode, flags, task) {
    if (!isRegular(inode.mode)) return null;
    if ((flags & (O_ACCMODE | O_TRUNC)) === 0) {
      const real = realOf(kernel, inode);
      const opened = fsOf(kernel, real).open?.(kernel, real, flags, task) ?? null;
      return failed(opened) ? opened : null;
    }
    // What is cut off at once need not be copied.
    const raised = copyUp(kernel, inode, (flags & O_TRUNC) === 0 ? inode.size : 0);
    return failed(raised) ? raised : null;
  },
  prepareWrite: (kernel, inode) => (isDetached(kernel, inode) ? 0 : copyUp(kernel, inode)),
  setattr(kernel, inode, attr) {
    if (dataOf(inode).upper === 0) return 0;
    const upper = upperOf(kernel, inode);
    const set = fsOf(kernel, upper).setattr?.(kernel, upper, attr) ?? 0;
    if (failed(set)) return set;
    if (attr.size !== undefined) {
      truncatePages(kernel, upper, attr.size);
      upper.size = attr.size;
      return 0;
    }
    giveAttributes(inode, upper);
    if (attr.mode !== undefined) upper.mode = (upper.mode & ~0o7777) | (attr.mode & 0o7777);
    if (attr.uid !== undefined) upper.uid = attr.uid;
    if (attr.gid !== undefined) upper.gid = attr.gid;
    if (attr.atime !== undefined) upper.atime = attr.atime;
    if (attr.mtime !== undefined) upper.mtime = attr.mtime;
    return 0;
  },
  setxattr(kernel, inode, name, value) {
    if (dataOf(inode).upper === 0) return 0;
    const upper = upperOf(kernel, inode);
    const set = fsOf(kernel, upper).setxattr?.(kernel, upper, name, value) ?? 0;
    if (failed(set)) return set;
    upper.xattrs ??= new Map();
    if (value === null) upper.xattrs.delete(name);
    else upper.xattrs.set(name, value);
    return 0;
  },
  refresh(kernel, inode) {
    const real = realOf(kernel, inode);
    const fresh = fsOf(kernel, real).refresh?.(kernel, real) ?? 0;
    if (failed(fresh)) return fresh;
    if (isDetached(kernel, inode)) return 0;
    if (dataOf(inode).upper === 0) {
      const { atime } = inode;
      takeAttributes(inode, real);
      inode.atime = atime;
      return 0;
    }
    inode.size = real.size;
    inode.blocks = real.blocks;
    takeTimes(inode, real);
    return 0;
  },
  reserve(kernel, inode, start, end) {
    const real = realOf(kernel, inode);
    return fsOf(kernel, real).reserve?.(kernel, real, start, end) ?? end - start;
  },
  isWritable: (_kernel, sb) => (sb.data as OverlaySuper).upper !== 0,
  evict: evictOverlay,
  shutDown(kernel, sb) {
    const { owned, places } = sb.data as OverlaySuper;
    for (const place of places) pathPut(kernel, place);
    for (const id of owned) {
      const layer = kernel.superBlocks.get(id);
      if (layer !== undefined) destroySuperBlock(kernel, layer);
    }
  },
  statfs(kernel, sb) {
    const { upper, lowers } = sb.data as OverlaySuper;
    const layer = kernel.superBlocks.get(inodeOf(kernel, upper !== 0 ? upper : lowers[0]!).sb)!;
    return fsOfSuper(layer).statfs(kernel, layer);
  },
};

/** An overlay of directories that exist. Takes references of its own on them, and takes `owned` and `places` over. */
export function createOverlay(kernel: Kernel, options: OverlayOptions): SuperBlock {
  const { upper, lowers, owned = [], places = [] } = options;
  const data: OverlaySuper = {
    upper: upper?.id ?? 0,
    lowers: lowers.map((lower) => lower.id),
    inoBase: inoBases(kernel, upper === null ? lowers : [...lowers, upper]),
    inodes: new Map(),
    isUpperShared: places.length > 0,
    owned,
    places,
  };
  const sb = createSuperBlock(kernel, overlay.name, OVERLAYFS_SUPER_MAGIC, {
    readOnly: upper === null,
    options: options.options ?? '',
    data,
  });
  if (upper !== null) inodeGet(upper);
  for (const lower of lowers) inodeGet(lower);
  setSuperRoot(kernel, sb, overlayInode(kernel, sb, null, '', { upper: data.upper, lowers: data.lowers }));
  return sb;
}

/** A directory or the like that was removed while it is open: what is set of it then stays with the inode. */
function isDetached(kernel: Kernel, inode: Inode): boolean {
  const { upper, parent } = dataOf(inode);
  return upper === 0 && parent === 0 && superData(kernel, inode).upper !== 0 && !isRegular(inode.mode);
}

/** The root directory of a file system. */
export function rootInode(kernel: Kernel, sb: SuperBlock): Inode {
  return dentryInode(kernel, kernel.dentries.get(sb.root)!);
}

/** Images number their inodes densely from 1: then what comes after them can keep small numbers, which 32-bit programs need. */
function inoBases(kernel: Kernel, layers: readonly Inode[]): Map<SuperBlockId, number> {
  const bases = new Map<SuperBlockId, number>();
  let next = 0;
  for (const { sb: id } of layers) {
    if (bases.has(id)) continue;
    bases.set(id, next);
    const sb = kernel.superBlocks.get(id)!;
    next += sb.type === 'imagefs' ? sb.nextIno : INO_SPACE;
  }
  return bases;
}
