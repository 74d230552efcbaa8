/**
 * Renaming in an overlay. As with Linux's redirect_dir=off, a directory that a lower layer has cannot be moved: EXDEV, and mv copies.
 *
 * Interface: renameNode.
 */
import { isDirectory } from '../../../abi/file-mode.ts';
import { RENAME } from '../../../abi/flags/at.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';
import { failed, type Outcome } from '../../result.ts';
import { inodePut, touchChanged } from '../../vfs/inode.ts';
import { fsOf } from '../../vfs/registry.ts';
import type { Inode } from '../../vfs/types.ts';
import { addToUpper, ensureUpperName, loseName, noteChange } from './change.ts';
import { copyUp } from './copy-up.ts';
import { hasLowerName, overlayInode, place, resolveName } from './inode.ts';
import { clearWhiteouts, makeWhiteout, setOpaque } from './layers.ts';
import { isEmptyDirectory, noteAdded, noteRemoved } from './listing.ts';
import { dataOf, superData, upperOf } from './types.ts';

const { RENAME_EXCHANGE } = RENAME.values;

export function renameNode(
  kernel: Kernel,
  fromDir: Inode,
  from: ByteString,
  toDir: Inode,
  to: ByteString,
  flags: number,
): Outcome<0> {
  const source = find(kernel, fromDir, from);
  if (failed(source)) return source;
  if (source === null) return 'ENOENT';
  const target = find(kernel, toDir, to);
  if (failed(target)) {
    inodePut(kernel, source);
    return target;
  }
  const result =
    (flags & RENAME_EXCHANGE) !== 0
      ? exchange(kernel, fromDir, from, source, toDir, to, target)
      : move(kernel, fromDir, from, source, toDir, to, target);
  inodePut(kernel, source);
  if (target !== null) inodePut(kernel, target);
  return result;
}

function move(
  kernel: Kernel,
  fromDir: Inode,
  from: ByteString,
  source: Inode,
  toDir: Inode,
  to: ByteString,
  target: Inode | null,
): Outcome<0> {
  if (!mayMove(source)) return 'EXDEV';
  const ready = readyToMove(kernel, fromDir, from, source, toDir, target);
  if (failed(ready)) return ready;
  const upperFrom = upperOf(kernel, fromDir);
  const hides = hasLowerName(kernel, toDir, to);
  if (failed(hides)) return hides;
  const renamed = addToUpper(
    kernel,
    toDir,
    to,
    (upperTo) => fsOf(kernel, upperFrom).rename?.(kernel, upperFrom, from, upperTo, to, 0) ?? 'EROFS',
  );
  if (failed(renamed)) return renamed;
  if (isDirectory(source.mode) && (renamed.wasHidden || hides)) setOpaque(kernel, upperOf(kernel, source));
  const uncovered = hasLowerName(kernel, fromDir, from);
  if (failed(uncovered)) return uncovered;
  if (uncovered) {
    const whiteout = makeWhiteout(kernel, upperFrom, from);
    if (failed(whiteout)) return whiteout;
  }
  if (target !== null) {
    target.nlink = isDirectory(target.mode) ? 0 : target.nlink - 1;
    touchChanged(kernel, target);
    loseName(kernel, toDir, to, target);
  }
  touchChanged(kernel, source);
  place(kernel, source, toDir, to);
  noteRemoved(fromDir, from);
  noteAdded(toDir, to, source);
  noteChange(kernel, fromDir, from);
  noteChange(kernel, toDir, to);
  return 0;
}

function readyToMove(
  kernel: Kernel,
  fromDir: Inode,
  from: ByteString,
  source: Inode,
  toDir: Inode,
  target: Inode | null,
): Outcome<0> {
  if (target !== null && isDirectory(target.mode)) {
    const empty = isEmptyDirectory(kernel, target);
    if (failed(empty)) return empty;
    if (!empty) return 'ENOTEMPTY';
  }
  const named = ensureUpperName(kernel, fromDir, from, source);
  if (failed(named)) return named;
  const raised = copyUp(kernel, toDir);
  if (failed(raised)) return raised;
  if (target === null || !isDirectory(target.mode) || dataOf(target).upper === 0) return 0;
  return clearWhiteouts(kernel, upperOf(kernel, target));
}

function exchange(
  kernel: Kernel,
  oneDir: Inode,
  oneName: ByteString,
  one: Inode,
  otherDir: Inode,
  otherName: ByteString,
  other: Inode | null,
): Outcome<0> {
  if (other === null) return 'ENOENT';
  if (!mayMove(one) || !mayMove(other)) return 'EXDEV';
  // Without an upper layer, what comes next refuses.
  const upperRoot = kernel.inodes.get(superData(kernel, oneDir).upper);
  if (upperRoot !== undefined && ((fsOf(kernel, upperRoot).renameFlags ?? 0) & RENAME_EXCHANGE) === 0) return 'EINVAL';
  const named = ensureUpperName(kernel, oneDir, oneName, one);
  if (failed(named)) return named;
  const otherNamed = ensureUpperName(kernel, otherDir, otherName, other);
  if (failed(otherNamed)) return otherNamed;
  const upperOne = upperOf(kernel, oneDir);
  const upperOther = upperOf(kernel, otherDir);
  const swapped =
    fsOf(kernel, upperOne).rename?.(kernel, upperOne, oneName, upperOther, otherName, RENAME_EXCHANGE) ?? 'EROFS';
  if (failed(swapped)) return swapped;
  settle(kernel, otherDir, otherName, one);
  settle(kernel, oneDir, oneName, other);
  return 0;
}

/** After an exchange: `inode` is at its new place. */
function settle(kernel: Kernel, dir: Inode, name: ByteString, inode: Inode): void {
  if (isDirectory(inode.mode) && hasLowerName(kernel, dir, name) === true) setOpaque(kernel, upperOf(kernel, inode));
  touchChanged(kernel, inode);
  place(kernel, inode, dir, name);
  noteRemoved(dir, name);
  noteAdded(dir, name, inode);
  noteChange(kernel, dir, name);
}

/** A directory that a lower layer has keeps its path. */
function mayMove(inode: Inode): boolean {
  return !isDirectory(inode.mode) || dataOf(inode).lowers.length === 0;
}

function find(kernel: Kernel, dir: Inode, name: ByteString): Outcome<Inode | null> {
  const layers = resolveName(kernel, dir, name);
  if (failed(layers)) return layers;
  if (layers.upper === 0 && layers.lowers.length === 0) return null;
  return overlayInode(kernel, kernel.superBlocks.get(dir.sb)!, dir, name, layers);
}
