/**
 * From places back to paths, as getcwd(2), /proc/PID/fd and /proc/mounts show them.
 *
 * Interface: pathName, absoluteName.
 */
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import type { PathRef } from './types.ts';

/** The path of `ref` as `task` sees it; ' (deleted)' is added to a removed one, as /proc does. */
export function pathName(kernel: Kernel, task: Task, ref: PathRef): { path: ByteString } {
  const { name, sb } = kernel.dentries.get(ref.dentry)!;
  if (kernel.superBlocks.get(sb)?.root === 0) return { path: name };
  const { path } = absoluteName(kernel, ref, kernel.fsContexts.get(task.fs)?.root ?? kernel.rootPath);
  return kernel.dentries.get(ref.dentry)!.unlinked ? { path: `${path} (deleted)` } : { path };
}

/** The path of `ref` below `root`. `reachable` is false when it is not below it: then the path is from the top of its mount tree. */
export function absoluteName(
  kernel: Kernel,
  ref: PathRef,
  root: PathRef | null,
): { path: ByteString; reachable: boolean } {
  let dentry = kernel.dentries.get(ref.dentry)!;
  let mount = kernel.mounts.get(ref.mount)!;
  let path = '';
  for (;;) {
    if (root !== null && dentry.id === root.dentry && mount.id === root.mount)
      return { path: path === '' ? '/' : path, reachable: true };
    if (dentry.id === mount.root) {
      if (mount.parent === mount.id) break;
      dentry = kernel.dentries.get(mount.mountpoint)!;
      mount = kernel.mounts.get(mount.parent)!;
      continue;
    }
    if (dentry.parent === dentry.id) break;
    path = `/${dentry.name}${path}`;
    dentry = kernel.dentries.get(dentry.parent)!;
  }
  return { path: path === '' ? '/' : path, reachable: root === null };
}
