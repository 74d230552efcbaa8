/**
 * procfs: processes and the kernel's own state as files. See proc(5).
 *
 * Interface: proc.
 */
import { FS_MAGIC } from '../../../abi/flags/mount.ts';
import { treeFileSystem } from './tree-fs.ts';

/** Everybody sees every process: of the options that say who may, only those that say so are taken. */
const OPTION = /^(hidepid=(0|off)|gid=[0-9]+)$/;

export const proc = treeFileSystem({
  name: 'proc',
  tree: 'system',
  magic: FS_MAGIC.values.PROC_SUPER_MAGIC,
  acceptsOption: (option) => OPTION.test(option),
});
