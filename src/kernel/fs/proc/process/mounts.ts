/**
 * /proc/PID/mounts, mountinfo and mountstats. See proc_pid_mounts(5), proc_pid_mountinfo(5), fstab(5).
 *
 * Interface: showMounts, showMountinfo, showMountstats.
 */
import { major, minor } from '../../../../abi/file-mode.ts';
import { MOUNT } from '../../../../abi/flags/mount.ts';
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { absoluteName } from '../../../vfs/path-name.ts';
import { fsOfSuper } from '../../../vfs/registry.ts';
import type { Mount, SuperBlock } from '../../../vfs/types.ts';
import { escapeName } from '../format.ts';
import type { Lines, Target } from '../node.ts';

const { MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME, MS_RELATIME, MS_NOSYMFOLLOW } =
  MOUNT.values;
const { MS_SYNCHRONOUS, MS_DIRSYNC } = MOUNT.values;

const MOUNT_OPTIONS: readonly (readonly [number, string])[] = [
  [MS_NOSUID, ',nosuid'],
  [MS_NODEV, ',nodev'],
  [MS_NOEXEC, ',noexec'],
  [MS_NOATIME, ',noatime'],
  [MS_NODIRATIME, ',nodiratime'],
  [MS_RELATIME, ',relatime'],
  [MS_NOSYMFOLLOW, ',nosymfollow'],
];
const SUPER_OPTIONS: readonly (readonly [number, string])[] = [
  [MS_SYNCHRONOUS, ',sync'],
  [MS_DIRSYNC, ',dirsync'],
];

interface SeenMount {
  readonly mount: Mount;
  readonly sb: SuperBlock;
  readonly mountpoint: ByteString;
}

export function showMounts(kernel: Kernel, target: Target): Lines {
  return seenMounts(kernel, target).map(({ mount, sb, mountpoint }) => {
    const readOnly = sb.readOnly || (mount.flags & MS_RDONLY) !== 0;
    const options = `${readOnly ? 'ro' : 'rw'}${optionsOf(mount.flags, SUPER_OPTIONS)}${optionsOf(mount.flags, MOUNT_OPTIONS)}`;
    return `${sourceOf(mount)} ${escapeName(mountpoint)} ${fsOfSuper(sb).name} ${options}${own(sb)} 0 0\n`;
  });
}

export function showMountinfo(kernel: Kernel, target: Target): Lines {
  return seenMounts(kernel, target).map(({ mount, sb, mountpoint }) => {
    const options = `${(mount.flags & MS_RDONLY) !== 0 ? 'ro' : 'rw'}${optionsOf(mount.flags, MOUNT_OPTIONS)}`;
    const superOptions = `${sb.readOnly ? 'ro' : 'rw'}${optionsOf(mount.flags, SUPER_OPTIONS)}${own(sb)}`;
    const numbers = `${mount.id} ${mount.parent} ${major(sb.dev)}:${minor(sb.dev)}`;
    const place = `${escapeName(rootIn(kernel, mount))} ${escapeName(mountpoint)}`;
    return `${numbers} ${place} ${options} - ${fsOfSuper(sb).name} ${sourceOf(mount)} ${superOptions}\n`;
  });
}

export function showMountstats(kernel: Kernel, target: Target): Lines {
  return seenMounts(kernel, target).map(
    ({ mount, sb, mountpoint }) =>
      `device ${sourceOf(mount)} mounted on ${escapeName(mountpoint)} with fstype ${fsOfSuper(sb).name}\n`,
  );
}

/** The mounts in the tree that the process can reach from its root. */
function seenMounts(kernel: Kernel, { task }: Target): SeenMount[] {
  const root = kernel.fsContexts.get(task.fs)?.root ?? kernel.rootPath;
  const seen: SeenMount[] = [];
  for (const mount of kernel.mounts.values()) {
    const sb = kernel.superBlocks.get(mount.sb);
    // Anonymous files have a mount without a root; a detached mount is its own parent.
    if (sb === undefined || mount.root === 0) continue;
    const { path, reachable } = absoluteName(kernel, { mount: mount.id, dentry: mount.root }, root);
    if (reachable) seen.push({ mount, sb, mountpoint: path });
  }
  return seen;
}

/** Path of the mount's root in its own file system: not '/' for a bind mount. */
function rootIn(kernel: Kernel, mount: Mount): ByteString {
  let path = '';
  for (let dentry = kernel.dentries.get(mount.root)!; dentry.parent !== dentry.id;) {
    path = `/${dentry.name}${path}`;
    dentry = kernel.dentries.get(dentry.parent)!;
  }
  return path === '' ? '/' : path;
}

function sourceOf({ source }: Mount): ByteString {
  return source === '' ? 'none' : escapeName(source);
}

function optionsOf(flags: number, table: readonly (readonly [number, string])[]): string {
  return table.map(([bit, text]) => ((flags & bit) === 0 ? '' : text)).join('');
}

function own(sb: SuperBlock): ByteString {
  return sb.options === '' ? '' : `,${escapeName(sb.options)}`;
}
