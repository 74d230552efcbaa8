/**
 * The tree of mounts. See mount(2), mount_namespaces(7) (there is one namespace).
 *
 * Interface: mountRoot, mountAt, bindAt, moveMount, unmount, pivotRoot, mountOn, topMount, mountsBelow, pathGet, pathPut, inodeAt.
 * Invariants: a mount holds its root dentry, its mountpoint dentry and its parent mount. `dentry.mounts` counts the mounts on it.
 */
import type { ByteString } from '../../util/byte-string.ts';
import { nextId } from '../id.ts';
import type { DentryId, MountId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { dentryGet, dentryInode, dentryPut } from './dentry.ts';
import { destroySuperBlock } from './super.ts';
import type { Dentry, Inode, Mount, PathRef, SuperBlock } from './types.ts';

/** Mounts the first file system and makes it the root that new processes see. */
export function mountRoot(kernel: Kernel, sb: SuperBlock, flags = 0, source: ByteString = sb.type): Mount {
  const mount = newMount(kernel, sb, kernel.dentries.get(sb.root)!, null, flags, source);
  kernel.rootPath = { mount: mount.id, dentry: mount.root };
  pathGet(kernel, kernel.rootPath);
  return mount;
}

/** Mounts `sb` on the directory (or file) at `at`, on top of what is mounted there. */
export function mountAt(kernel: Kernel, sb: SuperBlock, at: PathRef, flags: number, source: ByteString): Mount {
  return newMount(kernel, sb, kernel.dentries.get(sb.root)!, topMount(kernel, at), flags, source);
}

/** mount --bind, --rbind: the tree at `from` is seen at `at` too. */
export function bindAt(kernel: Kernel, from: PathRef, at: PathRef, recursive: boolean): Mount {
  const origin = kernel.mounts.get(from.mount)!;
  const root = kernel.dentries.get(from.dentry)!;
  // Collected first, so that binding a tree below itself ends.
  const below = recursive ? mountsBelow(kernel, origin.id).filter((mount) => isBelow(kernel, mount, origin, root)) : [];
  const copy = newMount(kernel, superOf(kernel, origin), root, topMount(kernel, at), origin.flags, origin.source);
  const copies = new Map<MountId, MountId>([[origin.id, copy.id]]);
  for (const mount of below) {
    const parent = copies.get(mount.parent);
    if (parent === undefined) continue;
    const child = newMount(
      kernel,
      superOf(kernel, mount),
      kernel.dentries.get(mount.root)!,
      { mount: parent, dentry: mount.mountpoint },
      mount.flags,
      mount.source,
    );
    copies.set(mount.id, child.id);
  }
  return copy;
}

/** mount --move. EINVAL for the root, ELOOP into itself. */
export function moveMount(kernel: Kernel, mount: Mount, at: PathRef): 0 | 'EINVAL' | 'ELOOP' {
  if (mount.parent === mount.id) return 'EINVAL';
  for (let up = kernel.mounts.get(at.mount)!; ; up = kernel.mounts.get(up.parent)!) {
    if (up === mount) return 'ELOOP';
    if (up.parent === up.id) break;
  }
  const to = topMount(kernel, at);
  const oldParent = kernel.mounts.get(mount.parent)!;
  const oldPoint = kernel.dentries.get(mount.mountpoint)!;
  attach(kernel, mount, to);
  oldPoint.mounts--;
  dentryPut(kernel, oldPoint);
  oldParent.refs--;
  return 0;
}

/** umount2: EBUSY while something uses it, unless `detach` (MNT_DETACH), which only takes it out of the tree. */
export function unmount(kernel: Kernel, mount: Mount, detach: boolean): 0 | 'EINVAL' | 'EBUSY' {
  if (mount.parent === mount.id) return detach ? 'EINVAL' : 'EBUSY';
  // One reference is the tree's own.
  if (!detach && mount.refs > 1) return 'EBUSY';
  for (const child of mountsBelow(kernel, mount.id).reverse()) detachMount(kernel, child);
  detachMount(kernel, mount);
  return 0;
}

/**
 * pivot_root(2): the mount at `newRoot` becomes the root of the tree, and the old one is seen at `putOld`. Processes that had the old
 * root as root or working directory get the new one.
 */
export function pivotRoot(kernel: Kernel, root: PathRef, newRoot: PathRef, putOld: PathRef): 0 | 'EINVAL' | 'EBUSY' {
  const oldMount = kernel.mounts.get(root.mount)!;
  const newMount = kernel.mounts.get(newRoot.mount)!;
  if (newMount === oldMount || putOld.mount === oldMount.id) return 'EBUSY';
  if (newMount.root !== newRoot.dentry || oldMount.root !== root.dentry) return 'EINVAL';
  if (newMount.parent === newMount.id || oldMount.parent !== oldMount.id) return 'EINVAL';
  if (!isPlaceBelow(kernel, putOld, newRoot)) return 'EINVAL';
  const point = kernel.dentries.get(newMount.mountpoint)!;
  const parent = kernel.mounts.get(newMount.parent)!;
  newMount.parent = newMount.id;
  newMount.mountpoint = newMount.root;
  point.mounts--;
  dentryPut(kernel, point);
  parent.refs--;
  attach(kernel, oldMount, putOld);
  const isOldRoot = (ref: PathRef): boolean => ref.mount === root.mount && ref.dentry === root.dentry;
  const moved = { mount: newRoot.mount, dentry: newRoot.dentry };
  for (const context of kernel.fsContexts.values()) {
    for (const key of ['root', 'cwd'] as const) {
      const old = context[key];
      if (!isOldRoot(old)) continue;
      context[key] = pathGet(kernel, moved);
      pathPut(kernel, old);
    }
  }
  if (kernel.rootPath !== null && isOldRoot(kernel.rootPath)) {
    const old = kernel.rootPath;
    kernel.rootPath = pathGet(kernel, moved);
    pathPut(kernel, old);
  }
  return 0;
}

/** Whether a place is `top` or below it, through mounts. */
function isPlaceBelow(kernel: Kernel, place: PathRef, top: PathRef): boolean {
  let mount = kernel.mounts.get(place.mount)!;
  let dentry = kernel.dentries.get(place.dentry)!;
  for (;;) {
    if (mount.id === top.mount && dentry.id === top.dentry) return true;
    if (dentry.id === mount.root) {
      if (mount.parent === mount.id) return false;
      dentry = kernel.dentries.get(mount.mountpoint)!;
      mount = kernel.mounts.get(mount.parent)!;
    } else dentry = kernel.dentries.get(dentry.parent)!;
  }
}

/** The mount whose mountpoint is `dentry` in `parent`; undefined: none. */
export function mountOn(kernel: Kernel, parent: MountId, dentry: DentryId): Mount | undefined {
  for (const mount of kernel.mounts.values()) {
    if (mount.parent === parent && mount.mountpoint === dentry && mount.id !== parent) return mount;
  }
  return undefined;
}

/** Follows what is mounted at a place to the uppermost root. */
export function topMount(kernel: Kernel, at: PathRef): PathRef {
  let place = at;
  while (kernel.dentries.get(place.dentry)!.mounts > 0) {
    const mount = mountOn(kernel, place.mount, place.dentry);
    if (mount === undefined) break;
    place = { mount: mount.id, dentry: mount.root };
  }
  return place;
}

/** Mounts under `root` in the tree, parents before children; without itself. */
export function mountsBelow(kernel: Kernel, root: MountId): Mount[] {
  const found: Mount[] = [];
  for (const mount of kernel.mounts.values()) {
    if (mount.parent !== root || mount.id === root) continue;
    found.push(mount, ...mountsBelow(kernel, mount.id));
  }
  return found;
}

/** Takes references on a place, so that it may be kept. */
export function pathGet(kernel: Kernel, ref: PathRef): PathRef {
  kernel.mounts.get(ref.mount)!.refs++;
  kernel.dentries.get(ref.dentry)!.refs++;
  return ref;
}

export function pathPut(kernel: Kernel, ref: PathRef): void {
  dentryPut(kernel, kernel.dentries.get(ref.dentry)!);
  mountPut(kernel, kernel.mounts.get(ref.mount)!);
}

export function inodeAt(kernel: Kernel, ref: PathRef): Inode {
  return dentryInode(kernel, kernel.dentries.get(ref.dentry)!);
}

/** Drops a reference. A detached mount whose last one goes is gone, and its super block with its last mount. */
function mountPut(kernel: Kernel, mount: Mount): void {
  mount.refs--;
  if (mount.refs > 0) return;
  kernel.mounts.delete(mount.id);
  dentryPut(kernel, kernel.dentries.get(mount.root)!);
  for (const other of kernel.mounts.values()) if (other.sb === mount.sb) return;
  const sb = kernel.superBlocks.get(mount.sb)!;
  destroySuperBlock(kernel, sb);
}

function newMount(
  kernel: Kernel,
  sb: SuperBlock,
  root: Dentry,
  at: PathRef | null,
  flags: number,
  source: ByteString,
): Mount {
  const id = nextId(kernel);
  const mount: Mount = {
    id,
    parent: id,
    mountpoint: root.id,
    root: dentryGet(root).id,
    sb: sb.id,
    flags,
    source,
    expiring: false,
    refs: 1,
  };
  kernel.mounts.set(id, mount);
  if (at !== null) attach(kernel, mount, at);
  return mount;
}

function attach(kernel: Kernel, mount: Mount, at: PathRef): void {
  const point = dentryGet(kernel.dentries.get(at.dentry)!);
  point.mounts++;
  mount.parent = at.mount;
  mount.mountpoint = point.id;
  kernel.mounts.get(at.mount)!.refs++;
}

/** Takes a mount out of the tree; it stays in the table, its own root, until nobody uses it. */
function detachMount(kernel: Kernel, mount: Mount): void {
  const point = kernel.dentries.get(mount.mountpoint)!;
  const parent = kernel.mounts.get(mount.parent)!;
  mount.parent = mount.id;
  mount.mountpoint = mount.root;
  mountPut(kernel, mount);
  point.mounts--;
  dentryPut(kernel, point);
  mountPut(kernel, parent);
}

/** Whether `mount`, a descendant of `origin`, sits below `root` in it. */
function isBelow(kernel: Kernel, mount: Mount, origin: Mount, root: Dentry): boolean {
  let top = mount;
  while (top.parent !== origin.id) top = kernel.mounts.get(top.parent)!;
  for (let dentry = kernel.dentries.get(top.mountpoint)!; ; dentry = kernel.dentries.get(dentry.parent)!) {
    if (dentry === root) return true;
    if (dentry.parent === dentry.id) return false;
  }
}

function superOf(kernel: Kernel, mount: Mount): SuperBlock {
  return kernel.superBlocks.get(mount.sb)!;
}
