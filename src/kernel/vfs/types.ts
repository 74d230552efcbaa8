/**
 * Records of the virtual file system and the tables of operations that file systems and file kinds fill in.
 *
 * Interface: Inode, Dentry, Mount, PathRef, SuperBlock, OpenFile, InodeOps, FileOps, Io, Timespec.
 * Records are plain; operations are constant tables chosen by `SuperBlock.type` and `OpenFile.kind`.
 */
import type { ByteString } from '../../util/byte-string.ts';
import type { Errno } from '../../abi/errno.ts';
import type { DentryId, EpollId, FileId, InodeId, MmId, MountId, Pfn, SuperBlockId, WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Outcome } from '../result.ts';
import type { Cred, Task } from '../task/types.ts';

export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** A file, whatever its names. */
export interface Inode {
  readonly id: InodeId;
  readonly sb: SuperBlockId;
  /** st_ino. */
  readonly ino: number;
  /** S_IF* and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Bytes. */
  size: number;
  /** Device number for chr and blk: makedev(major, minor). */
  rdev: number;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  btime: Timespec;
  /** 512-byte units in use. */
  blocks: number;
  xattrs: Map<ByteString, Uint8Array> | null;
  /** Page cache: index in the file -> frame. The cache holds one reference on each frame. */
  pages: Map<number, Pfn>;
  /** Indices of pages that differ from the backing store. */
  dirty: Set<number>;
  /** The inode of another file system that holds the contents, whose pages are used (overlay); 0: itself. See dataInode. */
  backing: InodeId;
  /** Dentries, open files, mappings and file-system pins. At 0 references and 0 links it is evicted. */
  refs: number;
  /** Shared by advisory locks (fcntl, flock). */
  locks: FileLock[];
  /** Tasks that wait for a lock on it; 0 until one does. */
  lockQueue: WaitQueueId;
  /** For FIFOs: the pipe while it is open, else 0. For others what the file system likes. */
  pipe: number;
  /** memfd seals. */
  seals: number;
  /** Made by O_TMPFILE without O_EXCL: linkat may give it a name although it has no links. */
  linkable: boolean;
  /** Open for writing (positive) or executing (negative: ETXTBSY). */
  writers: number;
  /** What the file system keeps. Plain data; its shape belongs to SuperBlock.type. */
  data: unknown;
}

export interface FileLock {
  kind: 'posix' | 'flock' | 'ofd';
  exclusive: boolean;
  start: number;
  /** Exclusive end; Infinity to end of file. */
  end: number;
  /** Thread group for posix; open file for flock and ofd. */
  owner: number;
  pid: number;
}

export interface Dentry {
  readonly id: DentryId;
  parent: DentryId;
  name: ByteString;
  /** 0: negative entry (known to be absent). */
  inode: InodeId;
  readonly sb: SuperBlockId;
  children: Map<ByteString, DentryId>;
  /** References from open files, cwd, root, mounts and children. */
  refs: number;
  /** How many mounts sit on it. */
  mounts: number;
  unlinked: boolean;
  /** Used since the cache was last trimmed. */
  touched: boolean;
}

export interface Mount {
  readonly id: MountId;
  /** Itself for the root mount. */
  parent: MountId;
  mountpoint: DentryId;
  root: DentryId;
  sb: SuperBlockId;
  /** MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_RELATIME … */
  flags: number;
  /** First column of /proc/mounts. */
  source: ByteString;
  /** Marked by umount2(MNT_EXPIRE). */
  expiring: boolean;
  refs: number;
}

/** A place: a dentry seen through a mount. Whoever keeps one holds references on both (pathGet, pathPut). */
export interface PathRef {
  readonly mount: MountId;
  readonly dentry: DentryId;
}

export interface SuperBlock {
  readonly id: SuperBlockId;
  /** Key of FILE_SYSTEMS: 'tmpfs', 'proc', 'overlay', … */
  readonly type: string;
  /** st_dev. */
  readonly dev: number;
  readonly magic: number;
  root: DentryId;
  readOnly: boolean;
  options: ByteString;
  nextIno: number;
  /** Plain data of the file system (limits, layers, port ids). */
  data: unknown;
}

export interface OpenFile {
  readonly id: FileId;
  /** Key of FILE_OPS. */
  readonly kind: FileKind;
  readonly inode: InodeId;
  /** Null for anonymous files (pipes, eventfd …): then `name` shows in /proc/PID/fd. */
  readonly path: PathRef | null;
  /** The place that /proc/PID/fd jumps to for an anonymous file; null until asked for (filePlace). */
  anonPlace: PathRef | null;
  readonly name: ByteString;
  /** O_* flags as F_GETFL gives them. */
  flags: number;
  /** May read, may write (from O_ACCMODE; O_PATH neither). */
  readonly readable: boolean;
  readonly writable: boolean;
  pos: number;
  /** Descriptors, mappings and the kernel. At 0 it is released. */
  refs: number;
  /** Credentials at open. */
  readonly cred: Cred;
  /** Epoll items of interest in it, which go with it; null: none so far. */
  watchedBy: { readonly epoll: EpollId; readonly item: number }[] | null;
  /** F_SETOWN, F_SETSIG. */
  owner: number;
  signal: number;
  /** What its kind keeps: plain data. */
  data: unknown;
}

export type FileKind =
  | 'regular'
  | 'directory'
  | 'path'
  | 'null'
  | 'zero'
  | 'full'
  | 'random'
  | 'kmsg'
  | 'pipe'
  | 'tty'
  | 'ptmx'
  | 'eventfd'
  | 'epoll'
  | 'timerfd'
  | 'signalfd'
  | 'pidfd'
  | 'proc'
  | 'socket'
  | 'inotify';

/**
 * A cursor over where bytes go to or come from: user memory (an iovec, copied in) or kernel bytes. Made by `userIo` and `bytesIo`
 * (kernel/vfs/io.ts), moved by `copyToIo` and `copyFromIo`.
 */
export interface Io {
  /** 0 when it is over kernel bytes. */
  readonly mm: MmId;
  readonly bytes: Uint8Array | null;
  readonly segments: readonly { readonly address: number; readonly length: number }[];
  segment: number;
  offset: number;
  /** Bytes left. */
  remaining: number;
}

/** One directory entry given to a readdir sink. Return false when the buffer is full. */
export type DirSink = (name: ByteString, ino: number, type: number, nextPos: number) => boolean;

/** Attributes to set (chmod, chown, utimensat, truncate). Missing fields stay. */
export interface SetAttr {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: number;
  atime?: Timespec;
  mtime?: Timespec;
}

/** What a file system does. Permissions, existence and mount checks were made by the VFS before it calls. Names are single components. */
export interface FileSystemType {
  readonly name: string;
  /** False for 'nodev' in /proc/filesystems. */
  readonly needsDevice: boolean;
  /** Makes a super block with its root dentry for mount(2). `data` is mount's option string. */
  mount(kernel: Kernel, source: ByteString, flags: number, data: ByteString): Outcome<SuperBlockId>;
  /** The inode of `name` in `dir` with a reference held by the caller, or ENOENT. */
  lookup(kernel: Kernel, dir: Inode, name: ByteString): Outcome<InodeId>;
  /** Calls `sink` for entries from `pos` on ('.' and '..' are made by the VFS at positions 0 and 1). */
  readdir?(kernel: Kernel, dir: Inode, pos: number, sink: DirSink): Outcome<0>;
  create?(kernel: Kernel, dir: Inode, name: ByteString, mode: number, rdev: number, cred: Cred): Outcome<InodeId>;
  symlink?(kernel: Kernel, dir: Inode, name: ByteString, target: ByteString, cred: Cred): Outcome<InodeId>;
  /** An unnamed file in `dir` (O_TMPFILE). */
  tmpfile?(kernel: Kernel, dir: Inode, mode: number, cred: Cred): Outcome<InodeId>;
  link?(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): Outcome<0>;
  unlink?(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): Outcome<0>;
  rmdir?(kernel: Kernel, dir: Inode, name: ByteString, target: Inode): Outcome<0>;
  /** `flags`: of `renameFlags`. */
  rename?(kernel: Kernel, fromDir: Inode, from: ByteString, toDir: Inode, to: ByteString, flags: number): Outcome<0>;
  /** Which of RENAME_EXCHANGE and RENAME_WHITEOUT `rename` can do; absent: neither. RENAME_NOREPLACE is the VFS's. */
  readonly renameFlags?: number;
  /** Target as a record, because strings are errors. `jump` goes straight to a place (proc's magic links); its reference is borrowed. */
  readlink?(kernel: Kernel, inode: Inode, task: Task): Outcome<{ target: ByteString; jump?: PathRef }>;
  /** Passes a change on, or refuses it. The VFS then sets the inode's fields and drops pages itself. */
  setattr?(kernel: Kernel, inode: Inode, attr: SetAttr): Outcome<0>;
  /** Stores an extended attribute, or with null removes it, where inode.xattrs is not the only place for them. */
  setxattr?(kernel: Kernel, inode: Inode, name: ByteString, value: Uint8Array | null): Outcome<0>;
  /** Brings size, times and the like up to date before stat (proc, hostfs). */
  refresh?(kernel: Kernel, inode: Inode): Outcome<0>;
  /** Fills the frame with page `index`; bytes past the end of file are zero. Regular files only. */
  readPage?(kernel: Kernel, inode: Inode, index: number, frame: Uint8Array): Outcome<0>;
  /** Writes page `index` back (hostfs). Called by fsync, msync, eviction and close. */
  writePage?(kernel: Kernel, inode: Inode, index: number, frame: Uint8Array): Outcome<0>;
  /** Which kind of file opening gives, and its data; absent or null: by the inode's mode. May refuse. */
  open?(kernel: Kernel, inode: Inode, flags: number, task: Task): Outcome<{ kind: FileKind; data: unknown } | null>;
  /** How many of the bytes [start, end) may be written: fewer or ENOSPC when the file system is full. Absent: all. */
  reserve?(kernel: Kernel, inode: Inode, start: number, end: number): number | Errno;
  /** For overlay: called before a first write, truncation or attribute change, so that it can copy up. */
  prepareWrite?(kernel: Kernel, inode: Inode): Outcome<0>;
  /** No references are left, and either no links or the memory is wanted: forgets the inode. Its storage goes only if nlink is 0. */
  evict?(kernel: Kernel, inode: Inode): void;
  /** False: a remount cannot make it writable. Absent: it can. */
  isWritable?(kernel: Kernel, sb: SuperBlock): boolean;
  /** The last mount of it went, and all inodes: gives back what the super block holds. */
  shutDown?(kernel: Kernel, sb: SuperBlock): void;
  statfs(kernel: Kernel, sb: SuperBlock): StatFs;
  /** Names may be cached as dentries without asking again. False: `lookup` at each walk (proc, hostfs). */
  readonly cacheNames: boolean;
}

export interface StatFs {
  blockSize: number;
  blocks: number;
  blocksFree: number;
  files: number;
  filesFree: number;
  nameMax: number;
}

/** What an open file does, by kind. All are optional: absent read or write is EINVAL, absent ioctl ENOTTY, absent poll always ready. */
export interface FileOps {
  /** Bytes moved. `pos` is the offset for kinds that seek; the caller advances file.pos. */
  read?(kernel: Kernel, task: Task, file: OpenFile, io: Io, pos: number): Outcome<number>;
  write?(kernel: Kernel, task: Task, file: OpenFile, io: Io, pos: number): Outcome<number>;
  /** True: lseek, pread and pwrite work. */
  readonly seekable: boolean;
  seek?(kernel: Kernel, file: OpenFile, offset: number, whence: number): Outcome<number>;
  readdir?(kernel: Kernel, task: Task, file: OpenFile, sink: DirSink): Outcome<0>;
  ioctl?(kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): Outcome<number>;
  /** Ready events as a POLL* mask. */
  poll?(kernel: Kernel, file: OpenFile): number;
  /** Queues that are woken when poll's answer may have changed. */
  pollQueues?(kernel: Kernel, file: OpenFile): readonly WaitQueueId[];
  /** Refuses or allows mmap; default: regular files allow, others ENODEV. Gives the inode whose pages are mapped; 0: private zero pages (/dev/zero). */
  mmap?(kernel: Kernel, file: OpenFile, shared: boolean): InodeId | Errno;
  fsync?(kernel: Kernel, file: OpenFile): Outcome<0>;
  /** A descriptor that names it was closed (posix locks, flush). */
  flush?(kernel: Kernel, task: Task, file: OpenFile): void;
  /** The last reference went. */
  release?(kernel: Kernel, file: OpenFile): void;
  /** Lines for /proc/PID/fdinfo/N. */
  fdinfo?(kernel: Kernel, file: OpenFile): ByteString[];
}
