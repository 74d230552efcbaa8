/**
 * Dentries: names that were looked up, and the cache of them.
 *
 * Interface: newDentry, dentryGet, dentryPut, lookupChild, instantiate, unhash, moveDentry, exchangeDentries, trimDentries, isNegative, dentryInode.
 * Invariants: a dentry holds one reference on its inode and one on its parent. `parent.children` lists it until it is unhashed
 * (unlinked). With no references it stays as a cache entry until trimmed; an unhashed one goes at once. Negative entries
 * (inode 0) exist only for file systems with `cacheNames`.
 */
import type { ByteString } from '../../util/byte-string.ts';
import { nextId } from '../id.ts';
import type { DentryId, InodeId, SuperBlockId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { failed, type Outcome } from '../result.ts';
import { inodeOf, inodePut, trimInodes } from './inode.ts';
import { fsOf } from './registry.ts';
import type { Dentry, Inode } from './types.ts';

const MAX_CACHED_DENTRIES = 8192;
/** About as many names lead to an open file. */
const PINNED_PER_FILE = 4;
const NAME_MAX = 255;

/** A new dentry with no references. Takes over the caller's reference on the inode; 0 makes a negative entry. */
export function newDentry(
  kernel: Kernel,
  sb: SuperBlockId,
  parent: Dentry | null,
  name: ByteString,
  inode: InodeId,
): Dentry {
  const id = nextId(kernel);
  const dentry = dentryRecord(id, sb, parent === null ? id : parent.id, name, inode);
  kernel.dentries.set(id, dentry);
  if (parent !== null) {
    parent.refs++;
    parent.children.set(name, id);
  }
  return dentry;
}

export function dentryGet(dentry: Dentry): Dentry {
  dentry.refs++;
  return dentry;
}

export function dentryPut(kernel: Kernel, dentry: Dentry): void {
  dentry.refs--;
  if (dentry.refs <= 0 && dentry.unlinked) freeDentry(kernel, dentry);
}

export function isNegative(dentry: Dentry): boolean {
  return dentry.inode === 0;
}

export function dentryInode(kernel: Kernel, dentry: Dentry): Inode {
  return inodeOf(kernel, dentry.inode);
}

/**
 * The dentry of `name` in a directory, perhaps negative. No reference is taken: it stays valid until the next call that may
 * trim the cache (getUserPath), or remove names.
 */
export function lookupChild(kernel: Kernel, parent: Dentry, name: ByteString): Outcome<Dentry> {
  if (name.length > NAME_MAX) return 'ENAMETOOLONG';
  const dir = dentryInode(kernel, parent);
  const fs = fsOf(kernel, dir);
  const cachedId = parent.children.get(name);
  const cached = cachedId === undefined ? undefined : kernel.dentries.get(cachedId);
  if (cached !== undefined && (fs.cacheNames || cached.mounts > 0)) {
    cached.touched = true;
    return cached;
  }
  // Names in a directory that was removed are gone, and none may come back.
  if (parent.unlinked && dir.nlink === 0) return strayNegative(parent, name);
  const found = fs.lookup(kernel, dir, name);
  if (found === 'ENOENT') {
    if (cached !== undefined && cached.inode !== 0) unhash(kernel, cached);
    else if (cached !== undefined) return cached;
    return newNegative(kernel, parent, name);
  }
  if (failed(found)) return found;
  if (cached !== undefined) {
    if (cached.inode === found) {
      inodePut(kernel, inodeOf(kernel, found));
      return cached;
    }
    unhash(kernel, cached);
  }
  return newDentry(kernel, parent.sb, parent, name, found);
}

/** Makes a negative entry positive. Takes over the caller's reference on the inode. */
export function instantiate(dentry: Dentry, inode: InodeId): void {
  dentry.inode = inode;
}

/** Takes the name out of the tree: it was removed. Whoever holds the dentry keeps the file. */
export function unhash(kernel: Kernel, dentry: Dentry): void {
  if (dentry.unlinked) return;
  const parent = kernel.dentries.get(dentry.parent);
  if (parent !== undefined && parent.children.get(dentry.name) === dentry.id) parent.children.delete(dentry.name);
  dentry.unlinked = true;
  dentry.refs++;
  // Cache entries below it would keep it alive.
  for (const id of dentry.children.values()) {
    const child = kernel.dentries.get(id)!;
    if (child.refs <= 0) unhash(kernel, child);
  }
  dentryPut(kernel, dentry);
}

/** Gives a dentry another parent and name, where no other entry is listed. */
export function moveDentry(kernel: Kernel, dentry: Dentry, parent: Dentry, name: ByteString): void {
  const oldParent = kernel.dentries.get(dentry.parent)!;
  if (oldParent.children.get(dentry.name) === dentry.id) oldParent.children.delete(dentry.name);
  parent.refs++;
  dentry.parent = parent.id;
  dentry.name = name;
  parent.children.set(name, dentry.id);
  dentryPut(kernel, oldParent);
}

/** RENAME_EXCHANGE: each gets the other's parent and name. */
export function exchangeDentries(one: Dentry, oneParent: Dentry, other: Dentry, otherParent: Dentry): void {
  const { name } = one;
  one.name = other.name;
  other.name = name;
  // Each parent loses a child and gains one: the references on them stay as many.
  one.parent = otherParent.id;
  other.parent = oneParent.id;
  otherParent.children.set(one.name, one.id);
  oneParent.children.set(other.name, other.id);
}

/** Drops entries that were not used lately, when the cache has grown beyond its bound. Unreferenced leaves only. */
export function trimDentries(kernel: Kernel): void {
  // What open files hold cannot be dropped and does not count.
  const bound = MAX_CACHED_DENTRIES + kernel.files.size * PINNED_PER_FILE;
  if (kernel.dentries.size <= bound) return;
  for (let pass = 0; pass < 2; pass++) {
    for (const dentry of kernel.dentries.values()) {
      if (dentry.refs > 0) continue;
      if (dentry.touched) dentry.touched = false;
      else unhash(kernel, dentry);
    }
    if (kernel.dentries.size <= (bound * 3) / 4) break;
  }
  trimInodes(kernel);
}

/** A negative entry that nothing lists. */
function strayNegative(parent: Dentry, name: ByteString): Dentry {
  return { ...dentryRecord(0, parent.sb, parent.id, name, 0), unlinked: true };
}

function dentryRecord(id: DentryId, sb: SuperBlockId, parent: DentryId, name: ByteString, inode: InodeId): Dentry {
  return { id, parent, name, inode, sb, children: new Map(), refs: 0, mounts: 0, unlinked: false, touched: true };
}

function newNegative(kernel: Kernel, parent: Dentry, name: ByteString): Dentry {
  return newDentry(kernel, parent.sb, parent, name, 0);
}

function freeDentry(kernel: Kernel, dentry: Dentry): void {
  if (!kernel.dentries.delete(dentry.id)) return;
  if (dentry.inode !== 0) inodePut(kernel, inodeOf(kernel, dentry.inode));
  const parent = kernel.dentries.get(dentry.parent);
  if (parent !== undefined && parent !== dentry) dentryPut(kernel, parent);
}
