/**
 * devpts: one node for each pty that is open, and ptmx. There is one instance, however often it is mounted. See pts(4).
 *
 * Interface: devpts, devptsPlace, dropDevptsNode.
 * Invariant: a node belongs to a pty whose master is open, and is made at the first look.
 */
import { makedev, S_IFCHR, S_IFDIR } from '../../abi/file-mode.ts';
import { FS_MAGIC } from '../../abi/flags/mount.ts';
import type { InodeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { failed } from '../result.ts';
import { ttyByIndex } from '../tty/tty.ts';
import { lookupChild } from '../vfs/dentry.ts';
import { createInode, inodeGet, inodeOf, inodePut } from '../vfs/inode.ts';
import { pathGet } from '../vfs/mount.ts';
import { createSuperBlock, setSuperRoot } from '../vfs/super.ts';
import type { FileSystemType, Inode, PathRef, SuperBlock } from '../vfs/types.ts';

const PTS_MAJOR = 136;
const TTY_GID = 5;
const PTMX = 'ptmx';
const CHR = S_IFCHR >> 12;
const FIRST_POS = 2;

/** Each node holds one reference on its inode. */
interface DevptsSuper {
  readonly ptmx: InodeId;
  nodes: Map<number, InodeId>;
}

export const devpts: FileSystemType = {
  name: 'devpts',
  needsDevice: false,
  cacheNames: false,
  mount: (kernel) => (superOf(kernel) ?? create(kernel)).id,
  lookup(kernel, dir, name) {
    const sb = kernel.superBlocks.get(dir.sb)!;
    if (name === PTMX) return inodeGet(inodeOf(kernel, dataOf(sb).ptmx)).id;
    if (!/^(0|[1-9][0-9]{0,5})$/.test(name)) return 'ENOENT';
    const node = nodeOf(kernel, sb, Number(name));
    return node === null ? 'ENOENT' : inodeGet(node).id;
  },
  readdir(kernel, dir, pos, sink) {
    const sb = kernel.superBlocks.get(dir.sb)!;
    if (pos <= FIRST_POS && !sink(PTMX, inodeOf(kernel, dataOf(sb).ptmx).ino, CHR, FIRST_POS + 1)) return 0;
    const indices = [...kernel.ttys.values()].filter((tty) => tty.kind === 'pty').map((tty) => tty.index);
    for (const index of indices.sort((a, b) => a - b)) {
      const next = FIRST_POS + 2 + index;
      if (next <= pos) continue;
      const node = nodeOf(kernel, sb, index);
      if (node !== null && !sink(String(index), node.ino, CHR, next)) return 0;
    }
    return 0;
  },
  statfs: () => ({ blockSize: 4096, blocks: 0, blocksFree: 0, files: 0, filesFree: 0, nameMax: 255 }),
};

/** The place of a pty's node with references taken, where devpts is mounted; else null. */
export function devptsPlace(kernel: Kernel, index: number): PathRef | null {
  const sb = superOf(kernel);
  if (sb === undefined) return null;
  for (const mount of kernel.mounts.values()) {
    if (mount.sb !== sb.id) continue;
    const dentry = lookupChild(kernel, kernel.dentries.get(mount.root)!, String(index));
    if (!failed(dentry) && dentry.inode !== 0) return pathGet(kernel, { mount: mount.id, dentry: dentry.id });
  }
  return null;
}

function superOf(kernel: Kernel): SuperBlock | undefined {
  for (const sb of kernel.superBlocks.values()) if (sb.type === devpts.name) return sb;
  return undefined;
}

function create(kernel: Kernel): SuperBlock {
  const data: { ptmx: InodeId; nodes: DevptsSuper['nodes'] } = { ptmx: 0, nodes: new Map() };
  const magic = FS_MAGIC.values.DEVPTS_SUPER_MAGIC;
  const sb = createSuperBlock(kernel, devpts.name, magic, { options: 'gid=5,mode=620,ptmxmode=666', data });
  setSuperRoot(kernel, sb, createInode(kernel, sb, { mode: S_IFDIR | 0o755, ino: 1 }));
  data.ptmx = createInode(kernel, sb, { mode: S_IFCHR | 0o666, ino: 2, rdev: makedev(5, 2) }).id;
  return sb;
}

/** The inode of a pty's node, made at first sight; null: there is no such pty. */
function nodeOf(kernel: Kernel, sb: SuperBlock, index: number): Inode | null {
  const tty = ttyByIndex(kernel, 'pty', index);
  if (tty === undefined || !tty.masterOpen) return null;
  const { nodes } = dataOf(sb);
  const known = nodes.get(index);
  if (known !== undefined) return inodeOf(kernel, known);
  const inode = createInode(kernel, sb, {
    mode: S_IFCHR | 0o620,
    ino: index + 3,
    uid: tty.uid,
    gid: TTY_GID,
    rdev: makedev(PTS_MAJOR, index),
  });
  nodes.set(index, inode.id);
  return inode;
}

/** The master of the pty is being closed. */
export function dropDevptsNode(kernel: Kernel, index: number): void {
  const sb = superOf(kernel);
  const id = sb === undefined ? undefined : dataOf(sb).nodes.get(index);
  if (sb === undefined || id === undefined) return;
  dataOf(sb).nodes.delete(index);
  const inode = inodeOf(kernel, id);
  inode.nlink = 0;
  inodePut(kernel, inode);
}

function dataOf(sb: SuperBlock): DevptsSuper {
  return sb.data as DevptsSuper;
}
