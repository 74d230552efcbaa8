/**
 * Mounting an overlay with mount(2): lowerdir=A:B,upperdir=U,workdir=W.
 *
 * Interface: mountOverlay.
 * Commas and colons in paths are escaped by a backslash, as Linux has it.
 */
import { AT_FD } from '../../../abi/flags/at.ts';
import type { ByteString } from '../../../util/byte-string.ts';
import type { SuperBlockId } from '../../ids.ts';
import type { Kernel } from '../../kernel.ts';
import { failed, type Outcome } from '../../result.ts';
import { inodeAt, pathPut } from '../../vfs/mount.ts';
import { walk } from '../../vfs/path.ts';
import { wantWrite } from '../../vfs/permission.ts';
import type { Inode, PathRef, SuperBlock } from '../../vfs/types.ts';

const MAX_LAYERS = 500;
/** Options of Linux that only choose how it stores things, or ask for what is done anyway. */
const IGNORED =
  /^(redirect_dir=(off|nofollow)|index=(on|off)|xino=(on|off|auto)|metacopy=off|volatile|uuid=.*|userxattr|default_permissions|verity=off)$/;

interface Directories {
  lowers: ByteString[];
  upper: ByteString;
  work: ByteString;
}

interface Creator {
  (
    kernel: Kernel,
    options: {
      readonly upper: Inode | null;
      readonly lowers: readonly Inode[];
      readonly places: readonly PathRef[];
      readonly options: ByteString;
    },
  ): SuperBlock;
}

export function mountOverlay(kernel: Kernel, text: ByteString, create: Creator): Outcome<SuperBlockId> {
  const wanted = parse(text);
  if (typeof wanted === 'string') return wanted;
  const { lowers, upper, work } = wanted;
  const places: PathRef[] = [];
  for (const path of upper === '' ? lowers : [...lowers, upper, work]) {
    const place = directoryAt(kernel, path);
    if (failed(place)) {
      giveBack(kernel, places);
      return place;
    }
    places.push(place);
  }
  const inodes = places.map((place) => inodeAt(kernel, place));
  const upperPlace = places[lowers.length];
  const refused = upperPlace === undefined ? 0 : checkUpper(kernel, upperPlace, places.at(-1)!);
  if (refused !== 0) {
    giveBack(kernel, places);
    return refused;
  }
  return create(kernel, {
    lowers: inodes.slice(0, lowers.length),
    upper: inodes[lowers.length] ?? null,
    places,
    options: text,
  }).id;
}

function parse(text: ByteString): Directories | 'EINVAL' {
  const wanted: Directories = { lowers: [], upper: '', work: '' };
  for (const item of splitAt(text, ',')) {
    const equals = item.indexOf('=');
    const value = item.slice(equals + 1);
    const key = equals < 0 ? item : item.slice(0, equals);
    if (key === 'lowerdir') wanted.lowers = splitAt(value, ':').map(unescape);
    else if (key === 'lowerdir+') wanted.lowers.push(unescape(value));
    else if (key === 'upperdir') wanted.upper = unescape(value);
    else if (key === 'workdir') wanted.work = unescape(value);
    else if (item !== '' && !IGNORED.test(item)) return 'EINVAL';
  }
  if (wanted.lowers.length === 0 || wanted.lowers.length > MAX_LAYERS || wanted.lowers.includes('')) return 'EINVAL';
  // Linux: an upper layer needs a work directory; without one, a single lower layer makes no overlay.
  if (wanted.upper !== '' && wanted.work === '') return 'EINVAL';
  return wanted.upper === '' && wanted.lowers.length === 1 ? 'EINVAL' : wanted;
}

/** Parts between separators that no backslash stands before; backslashes are kept. */
function splitAt(text: ByteString, separator: string): ByteString[] {
  const parts: ByteString[] = [];
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '\\') i++;
    else if (i === text.length || text[i] === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return parts;
}

function unescape(text: ByteString): ByteString {
  return text.replace(/\\(.)/gs, '$1');
}

function directoryAt(kernel: Kernel, path: ByteString): Outcome<PathRef> {
  const task = kernel.tasks.get(kernel.current);
  if (task === undefined) return 'EINVAL';
  return walk(kernel, task, AT_FD.values.AT_FDCWD, path, { follow: true, directory: true });
}

function checkUpper(kernel: Kernel, upper: PathRef, work: PathRef): 0 | 'EINVAL' | 'EROFS' {
  if (upper.mount !== work.mount || upper.dentry === work.dentry) return 'EINVAL';
  const mount = kernel.mounts.get(upper.mount)!;
  // Linux: overlayfs and what cannot keep whiteouts do not serve as upper layers.
  const { type } = kernel.superBlocks.get(mount.sb)!;
  if (type !== 'tmpfs' && type !== 'ramfs' && type !== 'hostfs') return 'EINVAL';
  return wantWrite(kernel, mount);
}

function giveBack(kernel: Kernel, places: readonly PathRef[]): void {
  for (const place of places) pathPut(kernel, place);
}
