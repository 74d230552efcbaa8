/**
 * hostfs: a directory of the host, as the caller of boot passed it in. Read-only unless both sides allow writing.
 *
 * Interface: hostfs, createHostfs, HostfsOptions. Inodes are in hostfs/inode.ts, paths and handles in hostfs/types.ts.
 * Names are components that hold no '/' and are never '.' or '..'; symbolic links are data that only the guest resolves, inside the
 * guest; the port follows none. The host may change files at any time: names are looked up at every walk, and pages are dropped when a
 * file turns out to have changed. Devices, FIFOs and sockets can neither be made nor opened. Owners other than the host user, and set-id
 * and sticky bits, are remembered for the life of the system only.
 */
import { isDirectory, isRegular, S_IFMT, S_IFREG, S_IFDIR } from '../../abi/file-mode.ts';
import type { Errno } from '../../abi/errno.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { InodeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { writeBack } from '../mm/page-cache.ts';
import { failed, type Outcome } from '../result.ts';
import type { Cred } from '../task/types.ts';
import { initOwner } from '../vfs/attributes.ts';
import { inodeOf, inodePut } from '../vfs/inode.ts';
import { createSuperBlock, setSuperRoot } from '../vfs/super.ts';
import type { DirSink, FileSystemType, Inode, SetAttr, SuperBlock } from '../vfs/types.ts';
import { evictHost, GUEST_BITS, hostInode, lookAgain, override, place } from './hostfs/inode.ts';
import { childPath, dataOf, filesOf, handleOf, keepHandle, pathOf, superData } from './hostfs/types.ts';
import type { HostSuper, Owner } from './hostfs/types.ts';

/** 'rfh1' as bytes. */
const HOSTFS_MAGIC = 0x31686672;
const PAGE_SIZE = 4096;
const FIRST_POS = 2;
const O_ACCMODE = OPEN.mask;

export interface HostfsOptions {
  readonly readOnly: boolean;
  /** To whom all files belong to the guest; absent: the numbers of the host. */
  readonly owner?: Owner;
}

export const hostfs: FileSystemType = {
  name: 'hostfs',
  needsDevice: false,
  cacheNames: false,
  // Only boot decides what of the host is seen.
  mount: () => 'EPERM',
  lookup(kernel, dir, name) {
    const stat = filesOf(kernel, dir).stat(childPath(kernel, dir, name));
    if (typeof stat === 'string') return stat;
    return hostInode(kernel, kernel.superBlocks.get(dir.sb)!, dir, name, stat).id;
  },
  readdir,
  create,
  symlink(kernel, dir, name, target, cred) {
    const made = filesOf(kernel, dir).symlink(target, childPath(kernel, dir, name));
    return made === 0 ? adopt(kernel, dir, name, S_IFMT, cred) : made;
  },
  tmpfile,
  link(kernel, dir, name, target) {
    if (dataOf(target).unlinked) return 'ENOENT';
    const linked = filesOf(kernel, dir).link(pathOf(kernel, target), childPath(kernel, dir, name));
    if (linked !== 0) return linked;
    target.nlink++;
    forgetCheck(dir, target);
    return 0;
  },
  unlink(kernel, dir, name, target) {
    keepOpen(kernel, target);
    const removed = filesOf(kernel, dir).unlink(childPath(kernel, dir, name));
    if (removed !== 0) return removed;
    loseName(dir, name, target);
    return 0;
  },
  rmdir(kernel, dir, name, target) {
    const removed = filesOf(kernel, dir).rmdir(childPath(kernel, dir, name));
    if (removed !== 0) return removed;
    target.nlink = 0;
    dataOf(target).unlinked = true;
    forgetCheck(dir);
    return 0;
  },
  rename,
  readlink(kernel, inode) {
    return filesOf(kernel, inode).readlink(pathOf(kernel, inode));
  },
  open(kernel, inode, flags) {
    if (isDirectory(inode.mode)) return null;
    if (!isRegular(inode.mode)) return 'ENXIO';
    const handle = handleOf(kernel, inode, (flags & O_ACCMODE) !== 0);
    return typeof handle === 'string' ? handle : null;
  },
  setattr,
  refresh(kernel, inode) {
    lookAgain(kernel, inode);
    return 0;
  },
  readPage(kernel, inode, index, frame) {
    const handle = handleOf(kernel, inode, false);
    if (typeof handle === 'string') return handle;
    const count = filesOf(kernel, inode).read(handle, index * PAGE_SIZE, frame);
    if (typeof count === 'string') return count;
    // A file that grew on the host shows no more than its size here.
    frame.fill(0, Math.max(0, Math.min(count, inode.size - index * PAGE_SIZE)));
    return 0;
  },
  writePage(kernel, inode, index, frame) {
    const start = index * PAGE_SIZE;
    const length = Math.min(PAGE_SIZE, inode.size - start);
    if (length <= 0) return 0;
    const handle = handleOf(kernel, inode, true);
    if (typeof handle === 'string') return handle;
    dataOf(inode).wrote = true;
    const files = filesOf(kernel, inode);
    for (let done = 0; done < length;) {
      const count = files.write(handle, start + done, frame.subarray(done, length));
      if (typeof count === 'string') return count;
      if (count === 0) return 'EIO';
      done += count;
    }
    return 0;
  },
  isWritable: (_kernel, sb) => superData(sb).writable,
  evict: evictHost,
  statfs(kernel, sb) {
    const space = kernel.ports.directories[superData(sb).port]!.space?.();
    return {
      blockSize: PAGE_SIZE,
      blocks: Math.floor((space?.totalBytes ?? 0) / PAGE_SIZE),
      blocksFree: Math.floor((space?.freeBytes ?? 0) / PAGE_SIZE),
      files: 0,
      filesFree: 0,
      nameMax: 255,
    };
  },
};

/** The host directory with that index in the ports as a file system. */
export function createHostfs(kernel: Kernel, index: number, options: HostfsOptions): SuperBlock | Errno {
  const files = kernel.ports.directories[index];
  if (files === undefined) return 'ENODEV';
  const stat = files.stat([]);
  if (typeof stat === 'string') return stat;
  if ((stat.mode & S_IFMT) !== S_IFDIR) return 'ENOTDIR';
  const data: HostSuper = {
    port: index,
    owner: options.owner ?? null,
    devices: [stat.dev],
    inodes: new Map(),
    overrides: new Map(),
    open: [],
    writable: files.writable && !options.readOnly,
  };
  const sb = createSuperBlock(kernel, hostfs.name, HOSTFS_MAGIC, {
    readOnly: !data.writable,
    data,
  });
  setSuperRoot(kernel, sb, hostInode(kernel, sb, null, '', stat));
  return sb;
}

function readdir(kernel: Kernel, dir: Inode, pos: number, sink: DirSink): Outcome<0> {
  const data = dataOf(dir);
  if (pos <= FIRST_POS || data.listing === null) {
    const entries = filesOf(kernel, dir).readdir(pathOf(kernel, dir));
    if (typeof entries === 'string') return entries;
    data.listing = entries;
  }
  const { listing } = data;
  for (let index = pos - FIRST_POS; index < listing.length; index++) {
    const { name, ino, type } = listing[index]!;
    if (!sink(name, ino, type, index + FIRST_POS + 1)) return 0;
  }
  data.listing = null;
  return 0;
}

function create(
  kernel: Kernel,
  dir: Inode,
  name: ByteString,
  mode: number,
  _rdev: number,
  cred: Cred,
): Outcome<InodeId> {
  const files = filesOf(kernel, dir);
  const path = childPath(kernel, dir, name);
  const type = mode & S_IFMT;
  if (type === S_IFDIR) {
    const made = files.mkdir(path, mode & 0o777);
    return made === 0 ? adopt(kernel, dir, name, mode, cred) : made;
  }
  if (type !== S_IFREG) return 'EPERM';
  const how = { write: true, create: true, exclusive: true, truncate: false, mode: mode & 0o777 };
  const handle = files.open(path, how);
  if (typeof handle === 'string') return handle;
  const made = adopt(kernel, dir, name, mode, cred);
  if (failed(made)) files.close(handle);
  else keepHandle(kernel, inodeOf(kernel, made), handle, true);
  return made;
}

/** A file that has just been made on the host becomes an inode, with the mode and owner that it was to have. */
function adopt(kernel: Kernel, dir: Inode, name: ByteString, mode: number, cred: Cred): Outcome<InodeId> {
  const files = filesOf(kernel, dir);
  const path = childPath(kernel, dir, name);
  let stat = files.stat(path);
  if (typeof stat === 'string') return stat;
  const wanted = mode & 0o777;
  // The host's umask may have taken bits away.
  if (mode !== S_IFMT && (stat.mode & 0o777) !== wanted && files.chmod(path, wanted) === 0)
    stat = { ...stat, mode: (stat.mode & ~0o777) | wanted };
  const inode = hostInode(kernel, kernel.superBlocks.get(dir.sb)!, dir, name, stat);
  const owner = initOwner(dir, mode, cred);
  const bits = mode === S_IFMT ? 0 : owner.mode & GUEST_BITS;
  if (owner.uid !== inode.uid || owner.gid !== inode.gid || bits !== 0) {
    override(kernel, inode, owner.uid, owner.gid, bits);
    inode.uid = owner.uid;
    inode.gid = owner.gid;
    inode.mode |= bits;
  }
  forgetCheck(dir);
  return inode.id;
}

/** A file that has a name for a moment only. It cannot be given one later. */
function tmpfile(kernel: Kernel, dir: Inode, mode: number, cred: Cred): Outcome<InodeId> {
  const name = `.ringfence-tmp-${kernel.nextId++}`;
  const made = create(kernel, dir, name, mode, 0, cred);
  if (failed(made)) return made;
  const inode = inodeOf(kernel, made);
  const removed = filesOf(kernel, dir).unlink(childPath(kernel, dir, name));
  if (removed !== 0) {
    inodePut(kernel, inode);
    return removed;
  }
  loseName(dir, name, inode);
  return made;
}

function rename(kernel: Kernel, fromDir: Inode, from: ByteString, toDir: Inode, to: ByteString): Outcome<0> {
  const source = hostfs.lookup(kernel, fromDir, from);
  if (failed(source)) return source;
  const found = hostfs.lookup(kernel, toDir, to);
  const replaced = failed(found) ? null : inodeOf(kernel, found);
  if (replaced !== null) keepOpen(kernel, replaced);
  const renamed = filesOf(kernel, fromDir).rename(childPath(kernel, fromDir, from), childPath(kernel, toDir, to));
  if (renamed === 0) {
    if (replaced !== null && isDirectory(replaced.mode)) dataOf(replaced).unlinked = true;
    else if (replaced !== null) loseName(toDir, to, replaced);
    place(kernel, inodeOf(kernel, source), toDir, to);
    forgetCheck(fromDir, toDir);
  }
  if (replaced !== null) inodePut(kernel, replaced);
  inodePut(kernel, inodeOf(kernel, source));
  return renamed;
}

function setattr(kernel: Kernel, inode: Inode, attr: SetAttr): Outcome<0> {
  const data = dataOf(inode);
  const files = filesOf(kernel, inode);
  data.wrote = true;
  if (attr.size !== undefined) {
    const handle = handleOf(kernel, inode, true);
    if (typeof handle === 'string') return handle;
    const cut = files.truncate(handle, attr.size);
    if (cut !== 0) return cut;
  }
  if (data.unlinked) return 0;
  const path = pathOf(kernel, inode);
  if (attr.mode !== undefined && (attr.mode & 0o777) !== (inode.mode & 0o777)) {
    const changed = files.chmod(path, attr.mode & 0o777);
    if (changed !== 0) return changed;
  }
  const { uid = inode.uid, gid = inode.gid, mode = inode.mode } = attr;
  if (uid !== inode.uid || gid !== inode.gid || (mode & GUEST_BITS) !== (inode.mode & GUEST_BITS))
    override(kernel, inode, uid, gid, mode);
  if (attr.atime === undefined && attr.mtime === undefined) return 0;
  // Written later, they would set the time of the file again.
  const written = writeBack(kernel, inode);
  if (failed(written)) return written;
  return files.utimes(path, attr.atime ?? inode.atime, attr.mtime ?? inode.mtime);
}

/** Before the last name of a file goes: whoever has it open goes on with the handle. */
function keepOpen(kernel: Kernel, inode: Inode): void {
  if (!isRegular(inode.mode) || inode.refs <= 1) return;
  const writable = filesOf(kernel, inode).writable;
  if (typeof handleOf(kernel, inode, writable) === 'string') handleOf(kernel, inode, false);
}

function loseName(dir: Inode, name: ByteString, inode: Inode): void {
  const data = dataOf(inode);
  inode.nlink = Math.max(0, inode.nlink - 1);
  // Under another name it is found again by the next look-up.
  if (inode.nlink === 0 || (data.parent === dir.id && data.name === name)) data.unlinked = true;
  forgetCheck(dir);
}

/** Something was changed within this system call: attributes must be asked for anew. */
function forgetCheck(...inodes: Inode[]): void {
  for (const inode of inodes) dataOf(inode).checkedAt = -1;
}
