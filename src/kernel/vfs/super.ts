/**
 * Super blocks: mounted instances of file systems, and the internal one that anonymous files live on.
 *
 * Interface: createSuperBlock, setSuperRoot, destroySuperBlock, anonInode, anonPlace, anonFs.
 */
import { FS_MAGIC } from '../../abi/flags/mount.ts';
import type { ByteString } from '../../util/byte-string.ts';
import { nextId } from '../id.ts';
import type { Kernel } from '../kernel.ts';
import { dentryPut, newDentry, unhash } from './dentry.ts';
import { createInode, forgetInode, inodeGet } from './inode.ts';
import { FILE_SYSTEMS } from './registry.ts';
import type { Dentry, FileSystemType, Inode, Mount, PathRef, StatFs, SuperBlock } from './types.ts';

export interface SuperOptions {
  readonly readOnly?: boolean;
  /** As /proc/mounts shows them. */
  readonly options?: ByteString;
  readonly data?: unknown;
}

/** A super block without a root yet: setSuperRoot follows. */
export function createSuperBlock(
  kernel: Kernel,
  type: string,
  magic: number,
  { readOnly = false, options = '', data = null }: SuperOptions = {},
): SuperBlock {
  const sb: SuperBlock = {
    id: nextId(kernel),
    type,
    dev: kernel.nextDev++,
    magic,
    root: 0,
    readOnly,
    options,
    nextIno: 1,
    data,
  };
  kernel.superBlocks.set(sb.id, sb);
  return sb;
}

/** Makes the root dentry. Takes over the caller's reference on `inode`; the super block holds the dentry. */
export function setSuperRoot(kernel: Kernel, sb: SuperBlock, inode: Inode): Dentry {
  const root = newDentry(kernel, sb.id, null, '/', inode.id);
  root.refs++;
  sb.root = root.id;
  return root;
}

/** After the last mount of it went: forgets all that it has in memory. */
export function destroySuperBlock(kernel: Kernel, sb: SuperBlock): void {
  const root = kernel.dentries.get(sb.root);
  sb.root = 0;
  if (root !== undefined) {
    unhash(kernel, root);
    dentryPut(kernel, root);
  }
  for (const inode of kernel.inodes.values()) if (inode.sb === sb.id) forgetInode(kernel, inode);
  FILE_SYSTEMS[sb.type]?.shutDown?.(kernel, sb);
  kernel.superBlocks.delete(sb.id);
}

const { ANON_INODE_FS_MAGIC } = FS_MAGIC.values;

/** An inode of its own for an anonymous file (pipe, eventfd, …), with one reference: pass it on to createFile. */
export function anonInode(kernel: Kernel, name: ByteString, mode: number, uid = 0, gid = 0): Inode {
  return createInode(kernel, anonSuper(kernel), { mode, uid, gid, nlink: 0, data: name });
}

/** A place with references taken for an anonymous inode: an unlisted dentry on a mount that no path leads to. */
export function anonPlace(kernel: Kernel, inode: Inode, name: ByteString): PathRef {
  const sb = kernel.superBlocks.get(inode.sb)!;
  const dentry = newDentry(kernel, sb.id, null, name, inodeGet(inode).id);
  dentry.unlinked = true;
  dentry.refs = 1;
  let mount: Mount | undefined;
  for (const known of kernel.mounts.values()) if (known.sb === sb.id) mount = known;
  if (mount === undefined) {
    const id = nextId(kernel);
    // Its root is no dentry: nothing is ever walked from it upwards.
    mount = { id, parent: id, mountpoint: 0, root: 0, sb: sb.id, flags: 0, source: 'none', expiring: false, refs: 1 };
    kernel.mounts.set(id, mount);
  }
  mount.refs++;
  return { mount: mount.id, dentry: dentry.id };
}

/** The file system of anonymous inodes, which is never mounted. */
export const anonFs: FileSystemType = {
  name: 'anon_inodefs',
  needsDevice: false,
  cacheNames: true,
  mount: () => 'EINVAL',
  lookup: () => 'ENOENT',
  statfs: (): StatFs => ({ blockSize: 4096, blocks: 0, blocksFree: 0, files: 0, filesFree: 0, nameMax: 255 }),
};

function anonSuper(kernel: Kernel): SuperBlock {
  for (const sb of kernel.superBlocks.values()) if (sb.type === anonFs.name) return sb;
  return createSuperBlock(kernel, anonFs.name, ANON_INODE_FS_MAGIC);
}
