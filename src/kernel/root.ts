/**
 * The first mounts: the root file system, the kernel's own file systems in it, and directories of the host.
 *
 * Interface: mountRoot, RootSpec, makeDirectoryAt. See hier(7), and for the flags what systemd and container engines use.
 */
import { isDirectory, isSymlink, S_IFDIR } from '../abi/file-mode.ts';
import { MOUNT } from '../abi/flags/mount.ts';
import type { ByteString } from '../util/byte-string.ts';
import { createHostfs } from './fs/hostfs.ts';
import { createImagefs } from './fs/imagefs.ts';
import { createOverlay, rootInode } from './fs/overlay.ts';
import { createTmpfs } from './fs/tmpfs.ts';
import type { Kernel } from './kernel.ts';
import { logLine } from './log.ts';
import { failed, type Outcome } from './result.ts';
import { ROOT_CRED } from './task/cred.ts';
import { dentryInode, instantiate, isNegative, lookupChild } from './vfs/dentry.ts';
import { mountAt, mountRoot as mountFirst, topMount } from './vfs/mount.ts';
import { FILE_SYSTEMS, fsOf } from './vfs/registry.ts';
import { destroySuperBlock } from './vfs/super.ts';
import type { PathRef, SuperBlock } from './vfs/types.ts';

export interface RootSpec {
  /** What is read: an image (HostPorts.trees) or a host directory (HostPorts.directories). */
  readonly lower: { readonly kind: 'tree'; readonly index: number } | { readonly kind: 'host'; readonly index: number };
  /** Where changes go: memory, nowhere (EROFS), or a writable host directory. */
  readonly writable: 'memory' | 'none' | { readonly kind: 'host'; readonly index: number };
  readonly volumes: readonly Volume[];
}

export interface Volume {
  /** In HostPorts.directories. */
  readonly index: number;
  /** Absolute path in the guest; it is made if it is missing. */
  readonly target: ByteString;
  readonly readOnly: boolean;
  /** Whose the files are to the guest; default root. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const { MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_RELATIME } = MOUNT.values;
const MAX_LINKS = 40;

interface Standard {
  readonly type: string;
  readonly target: ByteString;
  readonly flags: number;
  readonly data: ByteString;
}

const STANDARD: readonly Standard[] = [
  { type: 'proc', target: '/proc', flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: '' },
  { type: 'sysfs', target: '/sys', flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: '' },
  { type: 'devtmpfs', target: '/dev', flags: MS_NOSUID, data: 'mode=755' },
  { type: 'devpts', target: '/dev/pts', flags: MS_NOSUID | MS_NOEXEC, data: 'gid=5,mode=620,ptmxmode=666' },
  { type: 'tmpfs', target: '/dev/shm', flags: MS_NOSUID | MS_NODEV, data: '' },
  { type: 'tmpfs', target: '/run', flags: MS_NOSUID | MS_NODEV, data: 'mode=755' },
];

/** Makes the tree of mounts that the first process finds. Sets `kernel.rootPath`. An error leaves the kernel unusable. */
export function mountRoot(kernel: Kernel, spec: RootSpec): Outcome<0> {
  const sb = rootFileSystem(kernel, spec);
  if (failed(sb)) return sb;
  mountFirst(kernel, sb, sb.readOnly ? MS_RDONLY | MS_RELATIME : MS_RELATIME, sb.type);
  for (const standard of STANDARD) mountStandard(kernel, standard);
  if (!sb.readOnly) makeTemporary(kernel);
  for (const volume of spec.volumes) {
    const mounted = mountVolume(kernel, volume);
    if (failed(mounted)) return mounted;
  }
  return 0;
}

/** The directory at an absolute path, made with its parents where it is missing. Links are followed. The place is borrowed. */
export function makeDirectoryAt(kernel: Kernel, path: ByteString, mode = 0o755): Outcome<PathRef> {
  const parts = path.split('/').reverse();
  const above: PathRef[] = [];
  let at = topMount(kernel, kernel.rootPath!);
  let links = 0;
  while (parts.length > 0) {
    const name = parts.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = above.pop() ?? at;
      continue;
    }
    const parent = kernel.dentries.get(at.dentry)!;
    const dir = dentryInode(kernel, parent);
    if (!isDirectory(dir.mode)) return 'ENOTDIR';
    const child = lookupChild(kernel, parent, name);
    if (failed(child)) return child;
    if (isNegative(child)) {
      if (kernel.superBlocks.get(parent.sb)!.readOnly) return 'EROFS';
      const bits = parts.some((part) => part !== '') ? 0o755 : mode;
      const made = fsOf(kernel, dir).create?.(kernel, dir, name, S_IFDIR | bits, 0, ROOT_CRED) ?? 'EROFS';
      if (failed(made)) return made;
      instantiate(child, made);
    }
    const inode = dentryInode(kernel, child);
    if (!isSymlink(inode.mode)) {
      above.push(at);
      at = topMount(kernel, { mount: at.mount, dentry: child.id });
      continue;
    }
    if (++links > MAX_LINKS) return 'ELOOP';
    const link = fsOf(kernel, inode).readlink?.(kernel, inode, kernel.tasks.get(kernel.current)!) ?? 'EINVAL';
    if (failed(link)) return link;
    if (link.target.startsWith('/')) {
      above.length = 0;
      at = topMount(kernel, kernel.rootPath!);
    }
    parts.push(...link.target.split('/').reverse());
  }
  return at;
}

function rootFileSystem(kernel: Kernel, { lower, writable }: RootSpec): Outcome<SuperBlock> {
  const base =
    lower.kind === 'tree' ? createImagefs(kernel, lower.index) : createHostfs(kernel, lower.index, { readOnly: true });
  if (typeof base === 'string' || writable === 'none') return base;
  const top =
    writable === 'memory'
      ? createTmpfs(kernel, { mode: 0o755 })
      : createHostfs(kernel, writable.index, { readOnly: false });
  if (typeof top === 'string' || top.readOnly) {
    destroySuperBlock(kernel, base);
    return typeof top === 'string' ? top : 'EROFS';
  }
  const upper = rootInode(kernel, top);
  const lowerRoot = rootInode(kernel, base);
  if (writable === 'memory') Object.assign(upper, { mode: lowerRoot.mode, uid: lowerRoot.uid, gid: lowerRoot.gid });
  return createOverlay(kernel, { upper, lowers: [lowerRoot], owned: [top.id, base.id] });
}

function mountStandard(kernel: Kernel, { type, target, flags, data }: Standard): void {
  const fs = FILE_SYSTEMS[type];
  if (fs === undefined) return skip(kernel, target, 'no such file system');
  const at = makeDirectoryAt(kernel, target);
  if (failed(at)) return skip(kernel, target, String(at));
  const made = fs.mount(kernel, type, 0, data);
  if (failed(made)) return skip(kernel, target, String(made));
  mountAt(kernel, kernel.superBlocks.get(made)!, at, flags | MS_RELATIME, type);
}

function skip(kernel: Kernel, target: ByteString, why: string): void {
  logLine(kernel, 4, `VFS: nothing is mounted on ${target}: ${why}`);
}

/** Programs expect /tmp; most images have it. */
function makeTemporary(kernel: Kernel): void {
  const made = makeDirectoryAt(kernel, '/tmp', 0o1777);
  if (failed(made)) logLine(kernel, 4, `VFS: no /tmp: ${String(made)}`);
}

function mountVolume(kernel: Kernel, { index, target, readOnly, owner = { uid: 0, gid: 0 } }: Volume): Outcome<0> {
  const at = makeDirectoryAt(kernel, target);
  if (failed(at)) return at;
  if (!isDirectory(dentryInode(kernel, kernel.dentries.get(at.dentry)!).mode)) return 'ENOTDIR';
  const sb = createHostfs(kernel, index, { readOnly, owner });
  if (failed(sb)) return sb;
  const flags = MS_NOSUID | MS_NODEV | MS_RELATIME | (sb.readOnly ? MS_RDONLY : 0);
  mountAt(kernel, sb, at, flags, `host${index}`);
  return 0;
}
