/**
 * nsfs: what the links in /proc/PID/ns lead to, so that programs can compare namespaces by device and inode. See namespaces(7).
 *
 * Interface: nsfs, namespacePlace, NAMESPACES.
 * There is one namespace of each kind; its inode and its place are made when they are first asked for, and stay.
 */
import { S_IFREG } from '../../abi/file-mode.ts';
import { FS_MAGIC } from '../../abi/flags/mount.ts';
import type { Kernel } from '../kernel.ts';
import { createInode, inodePut } from '../vfs/inode.ts';
import { anonPlace, createSuperBlock } from '../vfs/super.ts';
import type { FileSystemType, PathRef, SuperBlock } from '../vfs/types.ts';

/** The kinds, with the numbers that Linux gives to the initial ones. */
export const NAMESPACES = {
  cgroup: 4026531835,
  ipc: 4026531839,
  mnt: 4026531841,
  net: 4026531840,
  pid: 4026531836,
  time: 4026531834,
  user: 4026531837,
  uts: 4026531838,
} as const;

export type NamespaceKind = keyof typeof NAMESPACES;

export const nsfs: FileSystemType = {
  name: 'nsfs',
  needsDevice: false,
  cacheNames: true,
  mount: () => 'EINVAL',
  lookup: () => 'ENOENT',
  statfs: () => ({ blockSize: 4096, blocks: 0, blocksFree: 0, files: 0, filesFree: 0, nameMax: 255 }),
};

/** The namespace's place, borrowed. */
export function namespacePlace(kernel: Kernel, kind: NamespaceKind): PathRef {
  const sb = nsfsSuper(kernel);
  const places = sb.data as Map<NamespaceKind, PathRef>;
  let place = places.get(kind);
  if (place === undefined) {
    const inode = createInode(kernel, sb, { mode: S_IFREG | 0o444, ino: NAMESPACES[kind] });
    place = anonPlace(kernel, inode, `${kind}:[${NAMESPACES[kind]}]`);
    inodePut(kernel, inode);
    places.set(kind, place);
  }
  return place;
}

function nsfsSuper(kernel: Kernel): SuperBlock {
  for (const sb of kernel.superBlocks.values()) if (sb.type === nsfs.name) return sb;
  return createSuperBlock(kernel, nsfs.name, FS_MAGIC.values.NSFS_MAGIC, { data: new Map<NamespaceKind, PathRef>() });
}
