/**
 * imagefs: a read-only file system over a tree that the host passed in (an image). Contents come page by page into the page cache.
 *
 * Interface: imagefs, createImagefs.
 * Invariants: there is at most one inode in memory for each of the tree's, so hard links are one file. st_ino is the tree's number plus
 * one, because 0 means "none" to programs; `SuperBlock.nextIno` lies above all of them.
 */
import { isDirectory, makedev, direntType } from '../../abi/file-mode.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { InodeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { createInode, inodeGet, inodeOf } from '../vfs/inode.ts';
import { createSuperBlock, setSuperRoot } from '../vfs/super.ts';
import type { FileSystemType, Inode, SuperBlock } from '../vfs/types.ts';
import type { ReadonlyTree } from './readonly-tree.ts';

/** 'rfi1' as bytes; Linux has no such file system. */
const IMAGEFS_MAGIC = 0x31696672;
const PAGE_SIZE = 4096;
const FIRST_POS = 2;

interface ImageSuper {
  /** In HostPorts.trees. */
  readonly tree: number;
  /** Inodes in memory by the tree's numbers. They are not referenced from here. */
  readonly inodes: Map<number, InodeId>;
}

export const imagefs: FileSystemType = {
  name: 'imagefs',
  needsDevice: false,
  cacheNames: true,
  mount(kernel, source) {
    const sb = createImagefs(kernel, Number(source));
    return typeof sb === 'string' ? sb : sb.id;
  },
  lookup(kernel, dir, name) {
    const sb = kernel.superBlocks.get(dir.sb)!;
    const found = treeOf(kernel, sb).lookup(numberOf(dir), name);
    return found < 0 ? 'ENOENT' : imageInode(kernel, sb, found).id;
  },
  readdir(kernel, dir, pos, sink) {
    const tree = treeOf(kernel, kernel.superBlocks.get(dir.sb)!);
    const entries = tree.children(numberOf(dir));
    for (let index = pos - FIRST_POS; index < entries.length; index++) {
      const { name, ino } = entries[index]!;
      if (!sink(name, ino + 1, direntType(tree.attributes(ino).mode), index + FIRST_POS + 1)) break;
    }
    return 0;
  },
  readlink(kernel, inode) {
    return { target: treeOf(kernel, kernel.superBlocks.get(inode.sb)!).readLink(numberOf(inode)) };
  },
  readPage(kernel, inode, index, frame) {
    const tree = treeOf(kernel, kernel.superBlocks.get(inode.sb)!);
    try {
      frame.fill(0, tree.read(numberOf(inode), index * PAGE_SIZE, frame));
      return 0;
    } catch {
      // The store lost the bytes: to the program that is a broken disk.
      return 'EIO';
    }
  },
  isWritable: () => false,
  evict(kernel, inode) {
    superData(kernel.superBlocks.get(inode.sb)!).inodes.delete(numberOf(inode));
  },
  statfs(kernel, sb) {
    return {
      blockSize: PAGE_SIZE,
      blocks: 0,
      blocksFree: 0,
      files: treeOf(kernel, sb).inodeCount,
      filesFree: 0,
      nameMax: 255,
    };
  },
};

/** The tree with that index in the ports as a file system. ENODEV: there is none. */
export function createImagefs(kernel: Kernel, index: number): SuperBlock | 'ENODEV' {
  const tree = kernel.ports.trees[index];
  if (tree === undefined) return 'ENODEV';
  const data: ImageSuper = { tree: index, inodes: new Map() };
  const sb = createSuperBlock(kernel, imagefs.name, IMAGEFS_MAGIC, { readOnly: true, data });
  sb.nextIno = tree.inodeCount + 1;
  setSuperRoot(kernel, sb, imageInode(kernel, sb, 0));
  return sb;
}

/** The inode of the tree's inode `number`, with a reference for the caller. */
function imageInode(kernel: Kernel, sb: SuperBlock, number: number): Inode {
  const { inodes } = superData(sb);
  const known = inodes.get(number);
  if (known !== undefined) return inodeGet(inodeOf(kernel, known));
  const tree = treeOf(kernel, sb);
  const { mode, uid, gid, nlink, size, mtimeSec, mtimeNsec, rdevMajor, rdevMinor } = tree.attributes(number);
  const inode = createInode(kernel, sb, {
    ino: number + 1,
    mode,
    uid,
    gid,
    nlink: Math.max(nlink, 1),
    size: isDirectory(mode) ? PAGE_SIZE : size,
    rdev: makedev(rdevMajor, rdevMinor),
    blocks: isDirectory(mode) ? PAGE_SIZE / 512 : Math.ceil(size / PAGE_SIZE) * (PAGE_SIZE / 512),
    time: { sec: mtimeSec, nsec: mtimeNsec },
    data: number,
  });
  inode.xattrs = xattrsOf(tree, number);
  inodes.set(number, inode.id);
  return inode;
}

function xattrsOf(tree: ReadonlyTree, number: number): Map<ByteString, Uint8Array> | null {
  const list = tree.xattrs(number);
  return list.length === 0 ? null : new Map(list.map(({ name, value }) => [name, value.slice()]));
}

function numberOf(inode: Inode): number {
  return inode.data as number;
}

function superData(sb: SuperBlock): ImageSuper {
  return sb.data as ImageSuper;
}

function treeOf(kernel: Kernel, sb: SuperBlock): ReadonlyTree {
  return kernel.ports.trees[superData(sb).tree]!;
}
