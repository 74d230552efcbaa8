/**
 * Open directories. See getdents64(2).
 *
 * Interface: directoryOps.
 * Positions 0 and 1 are '.' and '..'; from 2 on they are the file system's and stay good while entries come and go.
 */
import { S_IFDIR, direntType } from '../../abi/file-mode.ts';
import type { Kernel } from '../kernel.ts';
import type { Outcome } from '../result.ts';
import type { Task } from '../task/types.ts';
import { touchAccessed } from './attributes.ts';
import { inodeOf } from './inode.ts';
import { fsOf } from './registry.ts';
import { seekTo } from './regular.ts';
import type { DirSink, FileOps, OpenFile } from './types.ts';

const DT_DIR = direntType(S_IFDIR);

export const directoryOps: FileOps = {
  seekable: true,
  read: () => 'EISDIR',
  write: () => 'EISDIR',
  readdir: readDirectory,
  seek: (kernel, file, offset, whence) => {
    const to = seekTo(file, offset, whence, inodeOf(kernel, file.inode).size);
    if (typeof to === 'number') file.pos = to;
    return to;
  },
  mmap: () => 'ENODEV',
  fsync: () => 0,
};

function readDirectory(kernel: Kernel, _task: Task, file: OpenFile, sink: DirSink): Outcome<0> {
  const dir = inodeOf(kernel, file.inode);
  // Linux: the entries of a removed directory are gone, '.' and '..' included.
  if (dir.nlink === 0) return 'ENOENT';
  touchAccessed(kernel, file, dir);
  if (file.pos === 0 && !sink('.', dir.ino, DT_DIR, 1)) return 0;
  if (file.pos === 1 && !sink('..', parentIno(kernel, file), DT_DIR, 2)) return 0;
  return fsOf(kernel, dir).readdir?.(kernel, dir, Math.max(2, file.pos), sink) ?? 0;
}

function parentIno(kernel: Kernel, file: OpenFile): number {
  const dentry = kernel.dentries.get(file.path!.dentry)!;
  return inodeOf(kernel, kernel.dentries.get(dentry.parent)!.inode).ino;
}
