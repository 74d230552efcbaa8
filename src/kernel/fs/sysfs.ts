/**
 * sysfs: the kernel's devices as files. See sysfs(5).
 *
 * Interface: sysfs.
 */
import { FS_MAGIC } from '../../abi/flags/mount.ts';
import { treeFileSystem } from './proc/tree-fs.ts';

export const sysfs = treeFileSystem({
  name: 'sysfs',
  tree: 'sysfs',
  magic: FS_MAGIC.values.SYSFS_MAGIC,
  acceptsOption: () => false,
});
