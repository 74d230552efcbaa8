/**
 * One layer of an overlay: what its directories hold, and the marks that hide what is below.
 *
 * Interface: findInLayer, ABSENT, WHITEOUT, listLayer, isOpaque, setOpaque, makeWhiteout, clearWhiteout, clearWhiteouts, isMark.
 * Marks are those of Linux's overlayfs (character device 0/0; trusted.overlay.opaque), or on host directories, where such files cannot
 * be made, those of OCI image layers (an empty file '.wh.NAME'; '.wh..wh..opq').
 */
import { S_IFCHR, S_IFMT, S_IFREG, direntType } from '../../../abi/file-mode.ts';
import { bytesOf, type ByteString } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';
import { failed, type Outcome } from '../../result.ts';
import { ROOT_CRED } from '../../task/cred.ts';
import { inodeOf, inodePut } from '../../vfs/inode.ts';
import { fsOf } from '../../vfs/registry.ts';
import type { FileSystemType, Inode } from '../../vfs/types.ts';

export const ABSENT = 0;
export const WHITEOUT = -1;

export const PRIVATE_XATTRS = 'trusted.overlay.';
const OPAQUE_XATTR = 'trusted.overlay.opaque';
const MARK_PREFIX = '.wh.';
const OPAQUE_MARK = '.wh..wh..opq';
const DT_CHR = direntType(S_IFCHR);

/** The inode of `name` in a layer's directory with a reference for the caller, ABSENT, or WHITEOUT. */
export function findInLayer(kernel: Kernel, dir: Inode, name: ByteString): Outcome<number> {
  const fs = fsOf(kernel, dir);
  const byName = marksByName(fs);
  if (byName && name.startsWith(MARK_PREFIX)) return ABSENT;
  const found = fs.lookup(kernel, dir, name);
  if (found === 'ENOENT') return byName && hasName(kernel, dir, MARK_PREFIX + name) ? WHITEOUT : ABSENT;
  if (failed(found)) return found;
  const inode = inodeOf(kernel, found);
  if (!isWhiteout(inode)) return found;
  inodePut(kernel, inode);
  return WHITEOUT;
}

/** Calls `visit` for each name in a layer's directory; whiteouts come with `hidden`. */
export function listLayer(
  kernel: Kernel,
  dir: Inode,
  visit: (name: ByteString, ino: number, type: number, hidden: boolean) => void,
): Outcome<0> {
  const fs = fsOf(kernel, dir);
  const byName = marksByName(fs);
  const devices: { name: ByteString; ino: number }[] = [];
  const listed =
    fs.readdir?.(kernel, dir, 2, (name, ino, type) => {
      if (byName && name.startsWith(MARK_PREFIX)) {
        if (name !== OPAQUE_MARK) visit(name.slice(MARK_PREFIX.length), 0, 0, true);
      } else if (type === DT_CHR) devices.push({ name, ino });
      else visit(name, ino, type, false);
      return true;
    }) ?? 0;
  if (failed(listed)) return listed;
  for (const { name, ino } of devices) {
    const found = findInLayer(kernel, dir, name);
    if (failed(found)) return found;
    if (found === ABSENT) continue;
    visit(name, ino, DT_CHR, found === WHITEOUT);
    if (found > 0) inodePut(kernel, inodeOf(kernel, found));
  }
  return 0;
}

/** Whether a name in a layer's directory is a mark and no file. */
export function isMark(kernel: Kernel, dir: Inode, name: ByteString): boolean {
  return name.startsWith(MARK_PREFIX) && marksByName(fsOf(kernel, dir));
}

/** Whether a directory hides those of the same name in the layers below. */
export function isOpaque(kernel: Kernel, dir: Inode): boolean {
  if (marksByName(fsOf(kernel, dir))) return hasName(kernel, dir, OPAQUE_MARK);
  // 'y'; 'x' says only that there are whiteouts stored as attributes.
  return dir.xattrs?.get(OPAQUE_XATTR)?.[0] === 0x79;
}

export function setOpaque(kernel: Kernel, dir: Inode): Outcome<0> {
  if (marksByName(fsOf(kernel, dir))) return makeMark(kernel, dir, OPAQUE_MARK, S_IFREG | 0o600);
  dir.xattrs ??= new Map();
  dir.xattrs.set(OPAQUE_XATTR, bytesOf('y'));
  return 0;
}

/** Hides `name`, which is free in `dir`. */
export function makeWhiteout(kernel: Kernel, dir: Inode, name: ByteString): Outcome<0> {
  return marksByName(fsOf(kernel, dir))
    ? makeMark(kernel, dir, MARK_PREFIX + name, S_IFREG | 0o600)
    : makeMark(kernel, dir, name, S_IFCHR);
}

/** Removes the whiteout of `name`. `true` if there was one. */
export function clearWhiteout(kernel: Kernel, dir: Inode, name: ByteString): Outcome<boolean> {
  const fs = fsOf(kernel, dir);
  const mark = marksByName(fs) ? MARK_PREFIX + name : name;
  const found = fs.lookup(kernel, dir, mark);
  if (found === 'ENOENT') return false;
  if (failed(found)) return found;
  const inode = inodeOf(kernel, found);
  const marks = marksByName(fs) || isWhiteout(inode);
  const removed = marks ? (fs.unlink?.(kernel, dir, mark, inode) ?? 'EPERM') : 0;
  inodePut(kernel, inode);
  return failed(removed) ? removed : marks;
}

/** Removes all marks in a directory that is about to go. */
export function clearWhiteouts(kernel: Kernel, dir: Inode): Outcome<0> {
  const names: ByteString[] = [];
  const listed = listLayer(kernel, dir, (name, _ino, _type, hidden) => hidden && names.push(name));
  if (failed(listed)) return listed;
  for (const name of names) {
    const cleared = clearWhiteout(kernel, dir, name);
    if (failed(cleared)) return cleared;
  }
  const fs = fsOf(kernel, dir);
  if (!marksByName(fs)) return 0;
  const opaque = fs.lookup(kernel, dir, OPAQUE_MARK);
  if (failed(opaque)) return opaque === 'ENOENT' ? 0 : opaque;
  const inode = inodeOf(kernel, opaque);
  const removed = fs.unlink?.(kernel, dir, OPAQUE_MARK, inode) ?? 'EPERM';
  inodePut(kernel, inode);
  return removed;
}

function makeMark(kernel: Kernel, dir: Inode, name: ByteString, mode: number): Outcome<0> {
  const made = fsOf(kernel, dir).create?.(kernel, dir, name, mode, 0, ROOT_CRED) ?? 'EROFS';
  if (made === 'EEXIST') return 0;
  if (failed(made)) return made;
  inodePut(kernel, inodeOf(kernel, made));
  return 0;
}

function hasName(kernel: Kernel, dir: Inode, name: ByteString): boolean {
  const found = fsOf(kernel, dir).lookup(kernel, dir, name);
  if (failed(found)) return false;
  inodePut(kernel, inodeOf(kernel, found));
  return true;
}

function isWhiteout(inode: Inode): boolean {
  return (inode.mode & S_IFMT) === S_IFCHR && inode.rdev === 0;
}

function marksByName(fs: FileSystemType): boolean {
  return fs.name === 'hostfs';
}
