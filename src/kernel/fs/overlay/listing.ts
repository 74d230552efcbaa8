/**
 * Reading overlay directories. A directory that is in the upper layer only is read from there; all others have a merged list of names
 * that is made at the first read and kept up to date, so that positions stay good while entries come and go.
 *
 * Interface: readOverlay, noteAdded, noteRemoved, isEmptyDirectory.
 */
import type { ByteString } from '../../../util/byte-string.ts';
import { direntType } from '../../../abi/file-mode.ts';
import type { Kernel } from '../../kernel.ts';
import { failed, type Outcome } from '../../result.ts';
import { inodeOf } from '../../vfs/inode.ts';
import { fsOf } from '../../vfs/registry.ts';
import type { DirSink, Inode } from '../../vfs/types.ts';
import { isMark, listLayer } from './layers.ts';
import { dataOf, superData, type OverlayEntry, type OverlaySuper } from './types.ts';

export function readOverlay(kernel: Kernel, dir: Inode, pos: number, sink: DirSink): Outcome<0> {
  const { upper, lowers } = dataOf(dir);
  const shared = superData(kernel, dir);
  if (lowers.length === 0) {
    const real = inodeOf(kernel, upper);
    const base = shared.inoBase.get(real.sb) ?? 0;
    return (
      fsOf(kernel, real).readdir?.(
        kernel,
        real,
        pos,
        (name, ino, type, next) =>
          isMark(kernel, real, name) || sink(name, shownIno(kernel, shared, ino + base), type, next),
      ) ?? 0
    );
  }
  const listing = listingOf(kernel, dir);
  if (failed(listing)) return listing;
  for (const [name, entry] of listing) {
    if (entry.pos < pos) continue;
    if (!sink(name, entry.ino, entry.type, entry.pos + 1)) break;
  }
  return 0;
}

/** A name came into `dir`. */
export function noteAdded(dir: Inode, name: ByteString, inode: Inode): void {
  const data = dataOf(dir);
  data.listing?.delete(name);
  data.listing?.set(name, { ino: inode.ino, type: direntType(inode.mode), pos: data.nextPos++ });
}

export function noteRemoved(dir: Inode, name: ByteString): void {
  dataOf(dir).listing?.delete(name);
}

export function isEmptyDirectory(kernel: Kernel, dir: Inode): Outcome<boolean> {
  let empty = true;
  const read = readOverlay(kernel, dir, 2, () => (empty = false));
  return failed(read) ? read : empty;
}

function listingOf(kernel: Kernel, dir: Inode): Outcome<Map<ByteString, OverlayEntry>> {
  const data = dataOf(dir);
  if (data.listing !== null) return data.listing;
  const shared = superData(kernel, dir);
  const listing = new Map<ByteString, OverlayEntry>();
  const hidden = new Set<ByteString>();
  for (const id of data.upper === 0 ? data.lowers : [data.upper, ...data.lowers]) {
    const real = inodeOf(kernel, id);
    const base = shared.inoBase.get(real.sb) ?? 0;
    const whiteouts: ByteString[] = [];
    const listed = listLayer(kernel, real, (name, ino, type, isHidden) => {
      if (isHidden) whiteouts.push(name);
      else if (!hidden.has(name) && !listing.has(name))
        listing.set(name, { ino: shownIno(kernel, shared, ino + base), type, pos: data.nextPos++ });
    });
    if (failed(listed)) return listed;
    for (const name of whiteouts) hidden.add(name);
  }
  return (data.listing = listing);
}

/** A copied file shows the number that it had below. */
function shownIno(kernel: Kernel, shared: OverlaySuper, number: number): number {
  const known = shared.inodes.get(number);
  return known === undefined ? number : (kernel.inodes.get(known)?.ino ?? number);
}
