/**
 * ReadonlyTree: what the kernel's image file system needs of a read-only root file system, whatever stores it.
 * Types only; src/image/rfi-reader.ts is the usual implementation.
 *
 * Interface: ReadonlyTree, TreeEntry, TreeAttributes, TreeXattr.
 * Invariants:
 * - Inodes are numbered 0 … inodeCount - 1; ROOT, the root directory, is 0. Numbers never change while a tree is open.
 * - A hard link is a second entry with the same inode number.
 * - Names, link targets and xattr names are 'binary strings': JS strings with one char code 0 … 255 for each byte, as
 *   Linux has them, in no particular encoding. No name is empty, '.', '..' or holds '/' or NUL.
 * - Every call is synchronous and gives the same answer every time. An inode number out of range, or of the wrong type
 *   (children of a file, readLink of a directory), is a caller's error: the result is empty, never an exception.
 * See inode(7), stat(2).
 */
export interface ReadonlyTree {
  readonly inodeCount: number;

  /** The inode that `name` has in directory `dir`, or -1 where there is none. Does not know '.' and '..'. */
  lookup(dir: number, name: string): number;

  /** Entries of a directory without '.' and '..', sorted by name bytes: the index is a stable getdents64 position. */
  children(dir: number): readonly TreeEntry[];

  /** The directory that holds directory `dir`; the root's is the root. */
  parent(dir: number): number;

  attributes(ino: number): TreeAttributes;

  /** Target of a symbolic link; '' for any other type. */
  readLink(ino: number): string;

  xattrs(ino: number): readonly TreeXattr[];

  /**
   * Copies bytes of a regular file from `fileOffset` into all of `into`. Returns how many: fewer than asked only at the
   * end of the file. A host that cannot give the bytes (a truncated image) throws.
   */
  read(ino: number, fileOffset: number, into: Uint8Array): number;
}

export interface TreeEntry {
  readonly name: string;
  readonly ino: number;
}

export interface TreeAttributes {
  /** st_mode: type bits (S_IFMT) and permissions, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** Bytes of a file, or of a symbolic link's target; 0 otherwise. */
  readonly size: number;
  /** Seconds since 1970, may be negative; and 0 … 999,999,999. */
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  /** Device numbers of S_IFCHR and S_IFBLK; 0 otherwise. */
  readonly rdevMajor: number;
  readonly rdevMinor: number;
}

export interface TreeXattr {
  /** With its namespace: 'security.capability', 'user.comment'. */
  readonly name: string;
  readonly value: Uint8Array;
}
