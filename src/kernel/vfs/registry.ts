/**
 * The two tables through which the VFS finds behaviour: file systems by name and open files by kind.
 *
 * Interface: FILE_SYSTEMS, FILE_OPS, SPECIAL_OPEN, fsOf, fsOfSuper, dataInode, opsOf, Opened, Opener.
 * They are filled once at start by vfs/file-systems.ts and vfs/file-ops.ts. This file imports none of them, so that file
 * systems can be written on top of the VFS without import cycles.
 */
import type { Kernel } from '../kernel.ts';
import type { Errno } from '../../abi/errno.ts';
import type { Outcome, Wait } from '../result.ts';
import type { Task } from '../task/types.ts';
import type { FileKind, FileOps, FileSystemType, Inode, OpenFile, SuperBlock } from './types.ts';

export const FILE_SYSTEMS: Record<string, FileSystemType> = {};

export const FILE_OPS: Partial<Record<FileKind, FileOps>> = {};

/** What becomes of an open file. */
export interface Opened {
  readonly kind: FileKind;
  readonly data: unknown;
  /** A FIFO whose other side nobody has open: the call waits, holding the file. */
  readonly awaitsPartner?: boolean;
}

/** Finds out what opening a FIFO or a device gives. */
export type Opener = (kernel: Kernel, task: Task, inode: Inode, flags: number) => Outcome<Opened>;

/** What open(2) does with FIFOs and devices. ENXIO until the drivers are registered. */
export const SPECIAL_OPEN: {
  fifo: Opener;
  waitForPartner: (kernel: Kernel, task: Task, file: OpenFile, closeOnExec: boolean) => Wait | Errno;
  device: Opener;
} = { fifo: () => 'ENXIO', waitForPartner: () => 'ENXIO', device: () => 'ENXIO' };

const NO_OPS: FileOps = { seekable: false };

/** The file system that `inode` belongs to. */
export function fsOf(kernel: Kernel, inode: Inode): FileSystemType {
  return fsOfSuper(kernel.superBlocks.get(inode.sb)!);
}

/** The inode whose pages hold the contents: itself, or the one behind it. */
export function dataInode(kernel: Kernel, inode: Inode): Inode {
  return inode.backing === 0 ? inode : kernel.inodes.get(inode.backing)!;
}

export function fsOfSuper(sb: SuperBlock): FileSystemType {
  return FILE_SYSTEMS[sb.type]!;
}

export function opsOf(file: OpenFile): FileOps {
  return FILE_OPS[file.kind] ?? NO_OPS;
}
