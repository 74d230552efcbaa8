/**
 * The only doors from a guest to its host. The caller of boot passes them in; what is not passed in cannot be reached.
 *
 * Interface: HostPorts, HostFiles. All calls are synchronous; input comes in as events (kernel/host-events.ts).
 */
import type { Errno } from '../abi/errno.ts';
import type { ReadonlyTree } from './fs/readonly-tree.ts';

export interface HostPorts {
  /** Monotonic nanoseconds (any origin) and wall-clock time. */
  readonly clock: { monotonicNs(): number; realtime(): { sec: number; nsec: number } };
  /** Fills with unpredictable bytes (or seeded ones in deterministic mode). */
  readonly entropy: { fill(bytes: Uint8Array): void };
  /** Read-only trees (images), by the index that a mount names. */
  readonly trees: readonly ReadonlyTree[];
  /** Host directories, by the index that a mount names. */
  readonly directories: readonly HostFiles[];
  /** Kernel log lines, one without newline each. */
  log(line: string): void;
}

/** Attributes of a host file. Times in nanoseconds split in two. */
export interface HostStat {
  /** The host's device, so that equal `ino` on two of them are told apart. */
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly size: number;
  readonly rdev: number;
  readonly blocks: number;
  readonly atime: { sec: number; nsec: number };
  readonly mtime: { sec: number; nsec: number };
  readonly ctime: { sec: number; nsec: number };
}

/**
 * One host directory tree that nothing escapes. Paths are lists of components below its root, each without '/', '.', '..' or NUL;
 * the adapter never follows symbolic links. Handles are small numbers.
 */
export interface HostFiles {
  readonly writable: boolean;
  stat(path: readonly string[]): HostStat | Errno;
  readdir(path: readonly string[]): { name: string; ino: number; type: number }[] | Errno;
  readlink(path: readonly string[]): { target: string } | Errno;
  open(
    path: readonly string[],
    how: { write: boolean; create: boolean; exclusive: boolean; truncate: boolean; mode: number },
  ): number | Errno;
  close(handle: number): void;
  read(handle: number, offset: number, into: Uint8Array): number | Errno;
  write(handle: number, offset: number, bytes: Uint8Array): number | Errno;
  fsync(handle: number): 0 | Errno;
  truncate(handle: number, size: number): 0 | Errno;
  mkdir(path: readonly string[], mode: number): 0 | Errno;
  rmdir(path: readonly string[]): 0 | Errno;
  unlink(path: readonly string[]): 0 | Errno;
  rename(from: readonly string[], to: readonly string[]): 0 | Errno;
  link(from: readonly string[], to: readonly string[]): 0 | Errno;
  symlink(target: string, path: readonly string[]): 0 | Errno;
  chmod(path: readonly string[], mode: number): 0 | Errno;
  utimes(
    path: readonly string[],
    atime: { sec: number; nsec: number },
    mtime: { sec: number; nsec: number },
  ): 0 | Errno;
  /** Room on the disk, for statfs(2). Absent: not known. */
  space?(): { totalBytes: number; freeBytes: number };
}
