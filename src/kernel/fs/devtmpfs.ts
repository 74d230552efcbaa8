/**
 * devtmpfs: a tmpfs that begins with the device nodes and links that programs expect in /dev. There is one, however often it is
 * mounted. Interface: devtmpfs. The nodes themselves are listed in devices.ts.
 */
import { S_IFCHR, S_IFDIR } from '../../abi/file-mode.ts';
import type { Kernel } from '../kernel.ts';
import { failed } from '../result.ts';
import { ROOT_CRED } from '../task/cred.ts';
import { inodeOf, inodePut } from '../vfs/inode.ts';
import type { FileSystemType, Inode, SuperBlock } from '../vfs/types.ts';
import { DEVICES } from './devices.ts';
import { createTmpfs, tmpfs } from './tmpfs.ts';

const LINKS: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
];

const DIRECTORIES: readonly (readonly [name: string, mode: number])[] = [
  ['pts', 0o755],
  ['shm', 0o1777],
];

export const devtmpfs: FileSystemType = {
  ...tmpfs,
  name: 'devtmpfs',
  mount(kernel) {
    for (const sb of kernel.superBlocks.values()) if (sb.type === devtmpfs.name) return sb.id;
    const sb = createTmpfs(kernel, { type: devtmpfs.name, mode: 0o755 });
    populate(kernel, sb);
    return sb.id;
  },
};

function populate(kernel: Kernel, sb: SuperBlock): void {
  const root = inodeOf(kernel, kernel.dentries.get(sb.root)!.inode);
  for (const { name, rdev, mode, gid } of DEVICES) {
    const node = make(kernel, root, name, S_IFCHR | mode, rdev);
    if (node !== null) node.gid = gid;
  }
  for (const [name, mode] of DIRECTORIES) make(kernel, root, name, S_IFDIR | mode, 0);
  for (const [name, target] of LINKS) {
    const link = devtmpfs.symlink!(kernel, root, name, target, ROOT_CRED);
    if (!failed(link)) inodePut(kernel, inodeOf(kernel, link));
  }
}

function make(kernel: Kernel, root: Inode, name: string, mode: number, rdev: number): Inode | null {
  const made = devtmpfs.create!(kernel, root, name, mode, rdev, ROOT_CRED);
  if (failed(made)) return null;
  const inode = inodeOf(kernel, made);
  inodePut(kernel, inode);
  return inode;
}
