/**
 * File modes, and the types that getdents64 gives. See inode(7).
 *
 * Interface: S_* constants, isDirectory and its kin, direntType, makedev, major, minor. Values: linux/stat.h, linux/fs.h.
 */

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;
export const S_IXGRP = 0o010;
/** Execute for anyone. */
export const S_IXUGO = 0o111;
/** All but the type. */
export const S_IALLUGO = 0o7777;

export function isDirectory(mode: number): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

export function isRegular(mode: number): boolean {
  return (mode & S_IFMT) === S_IFREG;
}

export function isSymlink(mode: number): boolean {
  return (mode & S_IFMT) === S_IFLNK;
}

export function isFifo(mode: number): boolean {
  return (mode & S_IFMT) === S_IFIFO;
}

/** Character or block device. */
export function isDevice(mode: number): boolean {
  const type = mode & S_IFMT;
  return type === S_IFCHR || type === S_IFBLK;
}

/** DT_* of a directory entry: the type bits of the mode, shifted. */
export function direntType(mode: number): number {
  return (mode & S_IFMT) >> 12;
}

/** dev_t as the kernel and stat(2) encode it in 32 bits (new_encode_dev). */
export function makedev(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

export function major(dev: number): number {
  return (dev >>> 8) & 0xfff;
}

export function minor(dev: number): number {
  return (dev & 0xff) | ((dev >>> 12) & 0xfff00);
}
