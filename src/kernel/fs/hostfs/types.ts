/**
 * What hostfs keeps on its super block and inodes, and how paths and handles of the host are found.
 *
 * Interface: HostSuper, HostInode, Owner, superData, dataOf, filesOf, pathOf, childPath, handleOf, keepHandle, closeHandle.
 */
import type { Errno } from '../../../abi/errno.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { InodeId } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import type { HostFiles } from '../../ports.ts';
import type { Inode, SuperBlock } from '../../vfs/types.ts';

/** Host files that are kept open without need. */
const MAX_HANDLES = 256;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface HostSuper {
  /** In HostPorts.directories. */
  readonly port: number;
  /** To whom all files belong; null: to whom they belong on the host. */
  readonly owner: Owner | null;
  /** Boot allows writing: a remount does not change this. */
  readonly writable: boolean;
  /** Devices of the host that were met, the root directory's first: their order keeps inode numbers apart. */
  readonly devices: number[];
  /** Inodes in memory by 'device:number' of the host. Not referenced from here. */
  readonly inodes: Map<string, InodeId>;
  /** What the guest has set that the host does not keep: owners, set-id and sticky bits. By the same key. */
  readonly overrides: Map<string, { uid: number; gid: number; bits: number }>;
  /** Inodes with open handles, oldest first. */
  readonly open: InodeId[];
}

export interface HostInode {
  readonly key: string;
  /** Its place at the last look-up; a reference is held on the parent. 0 for the root. */
  parent: InodeId;
  name: ByteString;
  /** Of the port; -1: not open. */
  handle: number;
  handleWrites: boolean;
  /** No path leads to it: only the handle does. */
  unlinked: boolean;
  /** The host's attributes at the last look, by which changes made there are noticed. */
  seenSize: number;
  seenSec: number;
  seenNsec: number;
  /** We changed the file since: the next difference is our own doing. */
  wrote: boolean;
  /** KernelStats.syscalls at the last look: within one call the host is asked once. */
  checkedAt: number;
  /** Directories being read: names in order. */
  listing: { name: ByteString; ino: number; type: number }[] | null;
}

export function superData(sb: SuperBlock): HostSuper {
  return sb.data as HostSuper;
}

export function dataOf(inode: Inode): HostInode {
  return inode.data as HostInode;
}

export function filesOf(kernel: Kernel, inode: Inode): HostFiles {
  return kernel.ports.directories[superData(kernel.superBlocks.get(inode.sb)!).port]!;
}

/** Components below the port's root. */
export function pathOf(kernel: Kernel, inode: Inode): ByteString[] {
  const parts: ByteString[] = [];
  let data = dataOf(inode);
  while (data.parent !== 0) {
    parts.push(data.name);
    data = dataOf(kernel.inodes.get(data.parent)!);
  }
  return parts.reverse();
}

export function childPath(kernel: Kernel, dir: Inode, name: ByteString): ByteString[] {
  const parts = pathOf(kernel, dir);
  parts.push(name);
  return parts;
}

/** The port's handle of a regular file, opened if need be. */
export function handleOf(kernel: Kernel, inode: Inode, write: boolean): number | Errno {
  const data = dataOf(inode);
  if (data.handle >= 0 && (data.handleWrites || !write)) return data.handle;
  if (data.unlinked) return data.handle >= 0 ? 'EACCES' : 'ESTALE';
  const files = filesOf(kernel, inode);
  const how = { write, create: false, exclusive: false, truncate: false, mode: 0 };
  const handle = files.open(pathOf(kernel, inode), how);
  if (typeof handle === 'string') return handle;
  keepHandle(kernel, inode, handle, write);
  return handle;
}

/** Takes a handle over. */
export function keepHandle(kernel: Kernel, inode: Inode, handle: number, writes: boolean): void {
  const data = dataOf(inode);
  const { open } = superData(kernel.superBlocks.get(inode.sb)!);
  if (data.handle >= 0) closeHandle(kernel, inode);
  data.handle = handle;
  data.handleWrites = writes;
  open.push(inode.id);
  if (open.length <= MAX_HANDLES) return;
  for (const id of open) {
    const oldest = kernel.inodes.get(id)!;
    if (dataOf(oldest).unlinked || oldest === inode) continue;
    closeHandle(kernel, oldest);
    return;
  }
}

export function closeHandle(kernel: Kernel, inode: Inode): void {
  const data = dataOf(inode);
  if (data.handle < 0) return;
  filesOf(kernel, inode).close(data.handle);
  data.handle = -1;
  const { open } = superData(kernel.superBlocks.get(inode.sb)!);
  const at = open.indexOf(inode.id);
  if (at >= 0) open.splice(at, 1);
}
