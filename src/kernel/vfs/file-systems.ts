/**
 * The file systems that the kernel has: one line each.
 *
 * Interface: registerFileSystems (called once by boot), FILE_SYSTEMS. The VFS itself looks them up in registry.ts.
 */
import { devpts } from '../fs/devpts.ts';
import { devtmpfs } from '../fs/devtmpfs.ts';
import { hostfs } from '../fs/hostfs.ts';
import { imagefs } from '../fs/imagefs.ts';
import { nsfs } from '../fs/nsfs.ts';
import { overlay } from '../fs/overlay.ts';
import { proc } from '../fs/proc/proc.ts';
import { sysfs } from '../fs/sysfs.ts';
import { ramfs, tmpfs } from '../fs/tmpfs.ts';
import { FILE_SYSTEMS } from './registry.ts';
import { anonFs } from './super.ts';
import type { FileSystemType } from './types.ts';

export { FILE_SYSTEMS } from './registry.ts';

export function registerFileSystems(): void {
  for (const fs of all()) FILE_SYSTEMS[fs.name] = fs;
}

function all(): FileSystemType[] {
  return [anonFs, tmpfs, ramfs, imagefs, overlay, hostfs, nsfs, proc, sysfs, devtmpfs, devpts];
}
