/**
 * Inodes of hostfs, and keeping them up to date with the host.
 *
 * Interface: hostInode, lookAgain, evictHost, override, place, GUEST_BITS.
 */
import { S_IALLUGO, S_IFMT } from '../../../abi/file-mode.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';
import { dropPages, truncatePages } from '../../mm/page-cache.ts';
import type { HostStat } from '../../ports.ts';
import { createInode, inodeGet, inodeOf, inodePut } from '../../vfs/inode.ts';
import type { Inode, SuperBlock } from '../../vfs/types.ts';
import { closeHandle, dataOf, filesOf, pathOf, superData, type HostInode, type HostSuper } from './types.ts';

/** Inode numbers of other devices of the host than the root directory's start at multiples of this. */
const DEVICE_SPACE = 2 ** 44;
/** Bits that are kept from the host: a set-user-id program of the guest must not become one of the host user's. */
export const GUEST_BITS = S_IALLUGO & ~0o777;

/** The inode of what `stat` describes, seen as `name` in `parent`, with a reference for the caller. */
export function hostInode(
  kernel: Kernel,
  sb: SuperBlock,
  parent: Inode | null,
  name: ByteString,
  stat: HostStat,
): Inode {
  const shared = superData(sb);
  const key = `${stat.dev}:${stat.ino}`;
  const known = kernel.inodes.get(shared.inodes.get(key) ?? 0);
  if (known !== undefined && (known.mode & S_IFMT) === (stat.mode & S_IFMT)) {
    inodeGet(known);
    place(kernel, known, parent, name);
    update(kernel, known, stat);
    return known;
  }
  const data: HostInode = {
    key,
    parent: 0,
    name,
    handle: -1,
    handleWrites: false,
    unlinked: false,
    seenSize: stat.size,
    seenSec: stat.mtime.sec,
    seenNsec: stat.mtime.nsec,
    wrote: false,
    checkedAt: kernel.stats.syscalls,
    listing: null,
  };
  const inode = createInode(kernel, sb, { ino: inoOf(shared, stat), mode: stat.mode, rdev: stat.rdev, data });
  inode.btime = stat.ctime;
  shared.inodes.set(key, inode.id);
  place(kernel, inode, parent, name);
  takeContents(inode, stat);
  takeAttributes(shared, inode, stat);
  return inode;
}

/** Asks the host again, unless that was done in this system call. What cannot be found any more stays as it was. */
export function lookAgain(kernel: Kernel, inode: Inode): void {
  const data = dataOf(inode);
  if (data.unlinked || data.checkedAt === kernel.stats.syscalls) return;
  const stat = filesOf(kernel, inode).stat(pathOf(kernel, inode));
  if (typeof stat === 'string' || `${stat.dev}:${stat.ino}` !== data.key) return;
  if ((stat.mode & S_IFMT) === (inode.mode & S_IFMT)) update(kernel, inode, stat);
}

/** Notes what the host is not told: owner, set-id and sticky bits. */
export function override(kernel: Kernel, inode: Inode, uid: number, gid: number, mode: number): void {
  const { overrides } = superData(kernel.superBlocks.get(inode.sb)!);
  overrides.set(dataOf(inode).key, { uid, gid, bits: mode & GUEST_BITS });
}

export function evictHost(kernel: Kernel, inode: Inode): void {
  const shared = superData(kernel.superBlocks.get(inode.sb)!);
  const { key, parent } = dataOf(inode);
  closeHandle(kernel, inode);
  if (shared.inodes.get(key) === inode.id) shared.inodes.delete(key);
  if (inode.nlink <= 0) shared.overrides.delete(key);
  const above = kernel.inodes.get(parent);
  if (above !== undefined) inodePut(kernel, above);
}

/** Notes where the inode is. */
export function place(kernel: Kernel, inode: Inode, parent: Inode | null, name: ByteString): void {
  const data = dataOf(inode);
  data.name = name;
  data.unlinked = false;
  const id = parent?.id ?? 0;
  if (data.parent === id) return;
  const old = data.parent;
  data.parent = id;
  if (parent !== null) inodeGet(parent);
  if (old !== 0) inodePut(kernel, inodeOf(kernel, old));
}

function update(kernel: Kernel, inode: Inode, stat: HostStat): void {
  const data = dataOf(inode);
  data.checkedAt = kernel.stats.syscalls;
  takeAttributes(superData(kernel.superBlocks.get(inode.sb)!), inode, stat);
  // What the guest has not yet written back counts for more than what is there.
  if (inode.dirty.size > 0) return;
  const changed = stat.size !== data.seenSize || stat.mtime.sec !== data.seenSec || stat.mtime.nsec !== data.seenNsec;
  if (changed && !data.wrote && inode.pages.size > 0) {
    if (stat.size < inode.size) truncatePages(kernel, inode, stat.size);
    dropPages(kernel, inode);
  }
  data.wrote = false;
  data.seenSize = stat.size;
  data.seenSec = stat.mtime.sec;
  data.seenNsec = stat.mtime.nsec;
  takeContents(inode, stat);
}

function takeContents(inode: Inode, stat: HostStat): void {
  inode.size = stat.size;
  inode.mtime = stat.mtime;
  inode.blocks = stat.blocks;
}

function takeAttributes(shared: HostSuper, inode: Inode, stat: HostStat): void {
  const set = shared.overrides.get(dataOf(inode).key);
  const bits = set === undefined && shared.owner === null ? stat.mode & GUEST_BITS : (set?.bits ?? 0);
  inode.mode = (stat.mode & ~GUEST_BITS) | bits;
  inode.uid = set?.uid ?? shared.owner?.uid ?? stat.uid;
  inode.gid = set?.gid ?? shared.owner?.gid ?? stat.gid;
  inode.nlink = stat.nlink;
  inode.atime = stat.atime;
  inode.ctime = stat.ctime;
}

function inoOf(shared: HostSuper, { dev, ino }: HostStat): number {
  let at = shared.devices.indexOf(dev);
  if (at < 0) at = shared.devices.push(dev) - 1;
  return ino + at * DEVICE_SPACE;
}
