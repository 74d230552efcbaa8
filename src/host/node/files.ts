/**
 * HostFiles over a directory of this machine, with node:fs.
 *
 * Interface: openDirectory.
 * Nothing leaves the directory: every component is checked, and no symbolic link is followed.
 * - On Linux each step is taken from a descriptor of the directory before it (/proc/self/fd/N/name with O_NOFOLLOW), and files are opened
 *   through a descriptor whose type was looked at (O_PATH). A component that is exchanged for a link meanwhile, by whomever, is refused.
 * - Elsewhere each component is looked at with lstat before the path is used. Whoever can write the directory on the host at the same
 *   moment could win that race there.
 * Names are binary strings: one char for each byte.
 */
import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import { isErr, errnoNumber, type Errno } from '../../abi/errno.ts';
import type { HostFiles, HostStat } from '../../kernel/ports.ts';

type Path = readonly string[];
interface Time {
  readonly sec: number;
  readonly nsec: number;
}

/** linux/fcntl.h; the same on all architectures that Node runs on. */
const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOCTTY, O_NONBLOCK } = fs.constants;
const NS = 1_000_000_000n;
const MAX_NAME_BYTES = 255;

/** Where an operation happens: a path whose last component alone is still to be resolved. Given back with `leave`. */
interface Place {
  readonly path: Buffer;
  leave(): void;
}

/** The directory at `root`, which may be reached through links. Throws if it is not there. */
export function openDirectory(root: string, options: { readonly writable: boolean }): HostFiles & { dispose(): void } {
  const { writable } = options;
  const walker = canWalkByDescriptor() ? descriptorWalker(root) : pathWalker(root);
  const handles = new Map<number, number>();
  let nextHandle = 1;

  /** Runs `action` on the place of `path`. */
  function at<T>(path: Path, action: (place: Buffer) => T): T | Errno {
    return guarded(() => {
      const place = walker.find(path);
      if (typeof place === 'string') return place;
      try {
        return action(place.path);
      } finally {
        place.leave();
      }
    });
  }

  function change(path: Path, action: (place: Buffer) => void): 0 | Errno {
    if (!writable) return 'EROFS';
    if (path.length === 0) return 'EBUSY';
    return at(path, (place) => {
      action(place);
      return 0 as const;
    });
  }

  function changeTwo(from: Path, to: Path, action: (from: Buffer, to: Buffer) => void): 0 | Errno {
    return change(from, (first) => {
      const result = change(to, (second) => action(first, second));
      if (result !== 0) throw Object.assign(new Error(result), { code: result });
    });
  }

  function onHandle<T>(handle: number, action: (fd: number) => T): T | Errno {
    const fd = handles.get(handle);
    return fd === undefined ? 'EBADF' : guarded(() => action(fd));
  }

  return {
    writable,
    stat: (path) => at(path, (place) => hostStat(fs.lstatSync(place, { bigint: true }))),
    readdir: (path) =>
      at(path, (place) => {
        // A link in the last place must not be listed.
        const info = fs.lstatSync(place);
        if (!info.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
        const directory = walker.enter(place);
        try {
          return listDirectory(directory.path);
        } finally {
          directory.leave();
        }
      }),
    readlink: (path) =>
      at(path, (place) => ({ target: fs.readlinkSync(place, { encoding: 'buffer' }).toString('latin1') })),
    open(path, how) {
      const wants = how.write || how.create || how.truncate;
      if (wants && !writable) return 'EROFS';
      const fd = at(path, (place) => {
        if (how.create) {
          const flags = (how.write ? O_RDWR : O_RDONLY) | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY;
          try {
            return fs.openSync(place, flags, how.mode);
          } catch (error) {
            if (how.exclusive || codeOf(error) !== 'EEXIST') throw error;
          }
        }
        return walker.openFile(place, how.write || how.truncate ? O_RDWR : O_RDONLY);
      });
      if (typeof fd === 'string') return fd;
      if (how.truncate) {
        const cut = guarded(() => fs.ftruncateSync(fd, 0));
        if (isErr(cut)) {
          fs.closeSync(fd);
          return cut;
        }
      }
      handles.set(nextHandle, fd);
      return nextHandle++;
    },
    close(handle) {
      onHandle(handle, (fd) => fs.closeSync(fd));
      handles.delete(handle);
    },
    read: (handle, offset, into) =>
      onHandle(handle, (fd) => {
        for (let done = 0; ;) {
          const count = done < into.length ? fs.readSync(fd, into, done, into.length - done, offset + done) : 0;
          if (count === 0) return done;
          done += count;
        }
      }),
    write: (handle, offset, bytes) => onHandle(handle, (fd) => fs.writeSync(fd, bytes, 0, bytes.length, offset)),
    fsync: (handle) => toZero(onHandle(handle, (fd) => fs.fsyncSync(fd))),
    truncate: (handle, size) => toZero(onHandle(handle, (fd) => fs.ftruncateSync(fd, size))),
    mkdir: (path, mode) => change(path, (place) => fs.mkdirSync(place, { mode })),
    rmdir: (path) => change(path, (place) => fs.rmdirSync(place)),
    unlink: (path) => change(path, (place) => fs.unlinkSync(place)),
    rename: (from, to) => changeTwo(from, to, (first, second) => fs.renameSync(first, second)),
    link: (from, to) =>
      changeTwo(from, to, (first, second) => {
        // macOS would follow a link; a link to a link is not wanted anywhere.
        if (fs.lstatSync(first).isSymbolicLink()) throw Object.assign(new Error('link'), { code: 'EPERM' });
        fs.linkSync(first, second);
      }),
    symlink: (target, path) => change(path, (place) => fs.symlinkSync(Buffer.from(target, 'latin1'), place)),
    chmod: (path, mode) => (writable ? at(path, (place) => walker.chmod(place, mode & 0o777)) : 'EROFS'),
    utimes: (path, atime, mtime) =>
      writable ? at(path, (place) => (fs.lutimesSync(place, seconds(atime), seconds(mtime)), 0)) : 'EROFS',
    space() {
      const { bsize, blocks, bavail } = fs.statfsSync(root);
      return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
    },
    dispose() {
      for (const fd of handles.values()) fs.closeSync(fd);
      handles.clear();
      walker.dispose();
    },
  };
}

/** How paths are walked on this kind of host. Methods throw Node's errors; `find` gives EINVAL for components that are none. */
interface Walker {
  find(path: Path): Place | Errno;
  /** The directory itself at a place. */
  enter(place: Buffer): Place;
  openFile(place: Buffer, flags: number): number;
  chmod(place: Buffer, mode: number): 0;
  dispose(): void;
}

function descriptorWalker(root: string): Walker {
  const rootFd = fs.openSync(root, O_PATH | O_DIRECTORY);

  function step(fd: number, name: string): number {
    return fs.openSync(below(fd, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  }

  /** Looks at what is there without opening it, then acts on that very file. */
  function withInode<T>(place: Buffer, action: (self: Buffer, info: fs.Stats) => T): T {
    const fd = fs.openSync(place, O_PATH | O_NOFOLLOW);
    try {
      return action(Buffer.from(`/proc/self/fd/${fd}`), fs.fstatSync(fd));
    } finally {
      fs.closeSync(fd);
    }
  }

  return {
    find(path) {
      if (!path.every(isComponent)) return 'EINVAL';
      if (path.length === 0) return { path: below(rootFd, '.'), leave: () => undefined };
      let fd = rootFd;
      const leave = () => {
        if (fd !== rootFd) fs.closeSync(fd);
      };
      try {
        for (const name of path.slice(0, -1)) {
          const next = step(fd, name);
          leave();
          fd = next;
        }
      } catch (error) {
        leave();
        throw error;
      }
      return { path: below(fd, path.at(-1)!), leave };
    },
    enter(place) {
      const fd = fs.openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      return { path: below(fd, '.'), leave: () => fs.closeSync(fd) };
    },
    openFile: (place, flags) =>
      withInode(place, (self, info) => {
        refuseSpecial(info);
        return fs.openSync(self, flags | O_NOCTTY | O_NONBLOCK);
      }),
    chmod: (place, mode) =>
      withInode(place, (self, info) => {
        if (info.isSymbolicLink()) throw Object.assign(new Error('link'), { code: 'EOPNOTSUPP' });
        fs.chmodSync(self, mode);
        return 0;
      }),
    dispose: () => fs.closeSync(rootFd),
  };
}

function pathWalker(root: string): Walker {
  const top = Buffer.from(fs.realpathSync(root));
  return {
    find(path) {
      if (!path.every((name) => isComponent(name) && !/[\\:]/.test(name))) return 'EINVAL';
      let at = top;
      for (const [index, name] of path.entries()) {
        at = Buffer.concat([at, Buffer.from(`/${name}`, 'latin1')]);
        if (index === path.length - 1) break;
        const info = fs.lstatSync(at);
        if (info.isSymbolicLink()) return 'ELOOP';
        if (!info.isDirectory()) return 'ENOTDIR';
      }
      return { path: at, leave: () => undefined };
    },
    enter: (place) => ({ path: place, leave: () => undefined }),
    openFile(place, flags) {
      refuseSpecial(fs.lstatSync(place));
      // O_NOFOLLOW is missing on Windows.
      return fs.openSync(place, flags | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0));
    },
    chmod(place, mode) {
      if (fs.lstatSync(place).isSymbolicLink()) throw Object.assign(new Error('link'), { code: 'EOPNOTSUPP' });
      fs.chmodSync(place, mode);
      return 0;
    },
    dispose: () => undefined,
  };
}

function canWalkByDescriptor(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return fs.lstatSync('/proc/self/fd').isDirectory();
  } catch {
    return false;
  }
}

/** Only regular files are opened: devices act when they are, FIFOs wait, and links lead elsewhere. */
function refuseSpecial(info: fs.Stats): void {
  if (info.isFile()) return;
  const code = info.isSymbolicLink() ? 'ELOOP' : info.isDirectory() ? 'EISDIR' : info.isSocket() ? 'ENXIO' : 'EACCES';
  throw Object.assign(new Error('not a regular file'), { code });
}

function isComponent(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.length <= MAX_NAME_BYTES && !/[/\u0000]/.test(name);
}

function below(fd: number, name: string): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), Buffer.from(name, 'latin1')]);
}

function listDirectory(directory: Buffer): { name: string; ino: number; type: number }[] {
  const names = fs.readdirSync(directory, { encoding: 'buffer' });
  const entries: { name: string; ino: number; type: number }[] = [];
  for (const name of names) {
    const info = guarded(() => fs.lstatSync(Buffer.concat([directory, Buffer.from('/'), name])));
    // It went meanwhile.
    if (isErr(info)) continue;
    entries.push({ name: name.toString('latin1'), ino: info.ino, type: (info.mode & 0o170000) >> 12 });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function hostStat(info: fs.BigIntStats): HostStat {
  return {
    dev: Number(info.dev),
    ino: Number(info.ino & 0xfff_ffff_ffffn),
    mode: Number(info.mode),
    uid: Number(info.uid),
    gid: Number(info.gid),
    nlink: Number(info.nlink),
    size: Number(info.size),
    rdev: Number(info.rdev),
    blocks: Number(info.blocks),
    atime: time(info.atimeNs),
    mtime: time(info.mtimeNs),
    ctime: time(info.ctimeNs),
  };
}

function time(ns: bigint): Time {
  const nsec = ((ns % NS) + NS) % NS;
  return { sec: Number((ns - nsec) / NS), nsec: Number(nsec) };
}

function seconds({ sec, nsec }: Time): number {
  return sec + nsec / 1e9;
}

function guarded<T>(action: () => T): T | Errno {
  try {
    return action();
  } catch (error) {
    return errnoOf(error);
  }
}

/** The guest's error for one of Node's. What has no name in Linux is EIO. */
function errnoOf(error: unknown): Errno {
  const code = codeOf(error);
  return code !== undefined && errnoNumber(code as Errno) > 0 ? (code as Errno) : 'EIO';
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code;
}

function toZero(result: void | Errno): 0 | Errno {
  return isErr(result) ? result : 0;
}
