import { describe, expect, it } from 'vitest';
import { FCNTL, LOCK_TYPE } from '../../abi/flags/fcntl.ts';
import { FLOCK } from '../../abi/flags/file-io.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { createTmpfs } from '../fs/tmpfs.ts';
import type { Kernel } from '../kernel.ts';
import { failed } from '../result.ts';
import { putFdTable } from './fd-table.ts';
import { putFsContext } from './fs-context.ts';
import { allowWrite, denyWrite, inodeOf } from './inode.ts';
import { bindAt, mountAt, moveMount, unmount } from './mount.ts';
import { pathName } from './path-name.ts';
import { inodeAt, pathPut, walk } from './path.ts';
import { fileKernel, fileTask, newCaller, wrongReferences, type Caller } from './testing.ts';
import type { Mount } from './types.ts';

const AT_FDCWD = -100;
const { O_CREAT, O_RDWR, O_RDONLY, O_WRONLY, O_TRUNC, O_DIRECTORY } = OPEN.values;
const { F_SETLK, F_SETLKW } = FCNTL.values;
const { F_RDLCK, F_WRLCK, F_UNLCK } = LOCK_TYPE.values;
const { LOCK_EX, LOCK_SH, LOCK_UN } = FLOCK.values;

function mountTmpfs({ kernel, task }: Caller, path: string, flags = 0): Mount {
  const at = walk(kernel, task, AT_FDCWD, path, { follow: true });
  if (failed(at)) throw new Error(String(at));
  const mount = mountAt(kernel, createTmpfs(kernel), at, flags, 'none');
  pathPut(kernel, at);
  return mount;
}

function create({ call }: Caller, path: string, content = ''): void {
  const fd = call('openat', AT_FDCWD, path, O_CREAT | O_RDWR, 0o644) as number;
  call('write', fd, content, content.length);
  call('close', fd);
}

function lock(type: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, type, true);
  view.setBigInt64(8, BigInt(start), true);
  view.setBigInt64(16, BigInt(length), true);
  return bytes;
}

function exists({ call }: Caller, path: string): boolean {
  return call('faccessat2', AT_FDCWD, path, 0, 0) === 0;
}

describe('mounts', () => {
  it('are entered and left by the walk, and refuse to be moved over, renamed or removed', () => {
    const caller = newCaller(fileKernel());
    const { kernel, call } = caller;
    call('mkdirat', AT_FDCWD, 'mnt', 0o755);
    create(caller, 'mnt/under');
    const mount = mountTmpfs(caller, 'mnt');
    expect(exists(caller, 'mnt/under')).toBe(false);
    create(caller, 'mnt/on top');
    expect(call('renameat2', AT_FDCWD, 'mnt/on top', AT_FDCWD, 'x', 0)).toBe('EXDEV');
    expect(call('linkat', AT_FDCWD, 'mnt/on top', AT_FDCWD, 'x', 0)).toBe('EXDEV');
    expect(call('unlinkat', AT_FDCWD, 'mnt', 0x200)).toBe('EBUSY');
    expect(call('renameat2', AT_FDCWD, 'mnt', AT_FDCWD, 'other', 0)).toBe('EBUSY');
    expect(call('chdir', 'mnt')).toBe(0);
    expect(exists(caller, '../mnt/on top')).toBe(true);
    expect(exists(caller, '../mnt/../mnt/./on top')).toBe(true);
    expect(unmount(kernel, mount, false)).toBe('EBUSY');
    call('chdir', '..');
    expect(wrongReferences(kernel)).toEqual([]);
    expect(unmount(kernel, mount, false)).toBe(0);
    expect(exists(caller, 'mnt/under')).toBe(true);
    expect(kernel.superBlocks.size).toBe(1);
    expect(wrongReferences(kernel)).toEqual([]);
  });

  it('stack on one directory, and come off in turn', () => {
    const caller = newCaller(fileKernel());
    caller.call('mkdirat', AT_FDCWD, 'mnt', 0o755);
    const first = mountTmpfs(caller, 'mnt');
    create(caller, 'mnt/first');
    const second = mountTmpfs(caller, 'mnt');
    expect(second.parent).toBe(first.id);
    expect(exists(caller, 'mnt/first')).toBe(false);
    expect(unmount(caller.kernel, first, false)).toBe('EBUSY');
    expect(unmount(caller.kernel, second, false)).toBe(0);
    expect(exists(caller, 'mnt/first')).toBe(true);
  });

  it('are read-only where the flag says so', () => {
    const caller = newCaller(fileKernel());
    const { call } = caller;
    call('mkdirat', AT_FDCWD, 'mnt', 0o755);
    const mount = mountTmpfs(caller, 'mnt');
    create(caller, 'mnt/file');
    call('mkdirat', AT_FDCWD, 'mnt/dir', 0o755);
    mount.flags |= MOUNT.values.MS_RDONLY;
    expect(call('openat', AT_FDCWD, 'mnt/file', O_WRONLY, 0)).toBe('EROFS');
    expect(call('openat', AT_FDCWD, 'mnt/file', O_RDONLY | O_TRUNC, 0)).toBe('EROFS');
    expect(call('openat', AT_FDCWD, 'mnt/new', O_CREAT | O_RDWR, 0)).toBe('EROFS');
    expect(call('openat', AT_FDCWD, 'mnt/file', O_CREAT | O_RDONLY, 0)).toBeTypeOf('number');
    expect(call('mkdirat', AT_FDCWD, 'mnt/dir', 0o755)).toBe('EEXIST');
    expect(call('mkdirat', AT_FDCWD, 'mnt/dir2', 0o755)).toBe('EROFS');
    expect(call('unlinkat', AT_FDCWD, 'mnt/file', 0)).toBe('EROFS');
    expect(call('fchmodat', AT_FDCWD, 'mnt/file', 0)).toBe('EROFS');
    expect(call('truncate', 'mnt/file', 0)).toBe('EROFS');
    expect(call('faccessat', AT_FDCWD, 'mnt/file', 2)).toBe('EROFS');
  });

  it('can be bound, moved and detached', () => {
    const caller = newCaller(fileKernel());
    const { kernel, task, call } = caller;
    for (const dir of ['a', 'a/sub', 'b', 'c']) call('mkdirat', AT_FDCWD, dir, 0o755);
    mountTmpfs(caller, 'a/sub');
    create(caller, 'a/sub/deep');
    const [a, b, c] = ['a', 'b', 'c'].map((path) => {
      const ref = walk(kernel, task, AT_FDCWD, path, { follow: true });
      if (failed(ref)) throw new Error();
      return ref;
    });
    const bound = bindAt(kernel, a!, b!, true);
    expect(exists(caller, 'b/sub/deep')).toBe(true);
    expect(moveMount(kernel, bound, c!)).toBe(0);
    expect(exists(caller, 'b/sub')).toBe(false);
    expect(exists(caller, 'c/sub/deep')).toBe(true);
    expect(moveMount(kernel, bound, { mount: bound.id, dentry: bound.root })).toBe('ELOOP');
    const fd = call('openat', AT_FDCWD, 'c/sub', O_RDONLY | O_DIRECTORY, 0) as number;
    expect(unmount(kernel, bound, true)).toBe(0);
    expect(exists(caller, 'c/sub')).toBe(false);
    expect(call('faccessat', fd, 'deep', 0)).toBe(0);
    call('close', fd);
    for (const ref of [a, b, c]) pathPut(kernel, ref!);
    expect(kernel.mounts.size).toBe(2);
    expect(wrongReferences(kernel)).toEqual([]);
  });
});

describe('pivot_root', () => {
  it('swaps the root for a mount', () => {
    const caller = newCaller(fileKernel());
    const { kernel, call } = caller;
    create(caller, 'old');
    call('mkdirat', AT_FDCWD, 'new', 0o755);
    expect(call('pivot_root', 'new', 'new')).toBe('EBUSY');
    mountTmpfs(caller, 'new');
    call('mkdirat', AT_FDCWD, 'new/was', 0o755);
    expect(call('pivot_root', 'new', '.')).toBe('EBUSY');
    expect(call('pivot_root', 'new/was', 'new/was')).toBe('EINVAL');
    expect(call('pivot_root', 'new', 'new/was')).toBe(0);
    expect(exists(caller, '/was/old')).toBe(true);
    expect(exists(caller, '/old')).toBe(false);
    expect(exists(caller, '/was/../was/new/../old')).toBe(true);
    expect(wrongReferences(kernel)).toEqual([]);
  });
});

describe('tee', () => {
  it('copies what stays', () => {
    const { call } = newCaller(fileKernel());
    const [one, two] = [new Uint8Array(8), new Uint8Array(8)];
    call('pipe2', one, 0);
    call('pipe2', two, 0);
    const [from, into, to, out] = [one[0]!, one[4]!, two[4]!, two[0]!];
    expect(call('tee', from, to, 10, 0)).toEqual({ wait: true });
    call('write', into, 'hello', 5);
    expect(call('tee', from, to, 3, 0)).toBe(3);
    const [a, b] = [new Uint8Array(9), new Uint8Array(9)];
    expect(call('read', out, a, 9)).toBe(3);
    expect(call('read', from, b, 9)).toBe(5);
    expect([String.fromCharCode(...a.subarray(0, 3)), String.fromCharCode(...b.subarray(0, 5))]).toEqual([
      'hel',
      'hello',
    ]);
  });
});

describe('chroot', () => {
  it('is a wall for .. and for absolute links', () => {
    const caller = newCaller(fileKernel());
    const { kernel, task, call } = caller;
    call('mkdirat', AT_FDCWD, 'jail', 0o755);
    call('mkdirat', AT_FDCWD, 'jail/in', 0o755);
    create(caller, 'secret');
    call('symlinkat', '/secret', AT_FDCWD, 'jail/link');
    const outside = call('openat', AT_FDCWD, '.', O_RDONLY, 0) as number;
    expect(call('chroot', 'jail')).toBe(0);
    expect(call('chdir', '/in')).toBe(0);
    expect(exists(caller, '../../../secret')).toBe(false);
    expect(exists(caller, '/link')).toBe(false);
    expect(exists(caller, '/in')).toBe(true);
    const buffer = new Uint8Array(64);
    expect(call('getcwd', buffer, 64)).toBe(4);
    // A descriptor from outside still leads there.
    expect(call('fchdir', outside)).toBe(0);
    expect(exists(caller, 'secret')).toBe(true);
    expect(call('getcwd', buffer, 64)).toBe('(unreachable)/'.length + 1);
    expect(pathName(kernel, task, kernel.fsContexts.get(task.fs)!.cwd).path).toBe('/');
  });
});

describe('locks', () => {
  it('let one process wait for another, and see a circle', () => {
    const kernel = fileKernel();
    const one = newCaller(kernel);
    const two = newCaller(kernel, fileTask(kernel));
    create(one, 'f', 'content');
    const open = (caller: Caller) => caller.call('openat', AT_FDCWD, 'f', O_RDWR, 0) as number;
    const [fd1, fd2] = [open(one), open(two)];
    expect(one.call('fcntl', fd1, F_SETLK, lock(F_WRLCK, 0, 10))).toBe(0);
    expect(two.call('fcntl', fd2, F_SETLK, lock(F_WRLCK, 20, 10))).toBe(0);
    expect(two.call('fcntl', fd2, F_SETLK, lock(F_RDLCK, 5, 1))).toBe('EAGAIN');
    expect(two.call('fcntl', fd2, F_SETLKW, lock(F_RDLCK, 5, 1))).toEqual({ wait: true });
    two.task.state = 'sleeping';
    expect(one.call('fcntl', fd1, F_SETLKW, lock(F_RDLCK, 25, 1))).toBe('EDEADLK');
    expect(one.call('fcntl', fd1, F_SETLK, lock(F_UNLCK, 4, 3))).toBe(0);
    expect(two.call('fcntl', fd2, F_SETLKW, lock(F_RDLCK, 5, 1))).toBe(0);
    const inode = inodeOf(kernel, kernel.files.values().next().value!.inode);
    expect(inode.locks.map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [5, 6],
      [7, 10],
      [20, 30],
    ]);
    // Closing any descriptor of the file drops the process's locks.
    const again = open(one);
    one.call('close', again);
    expect(inode.locks.map(({ start }) => start)).toEqual([5, 20]);
    putFdTable(kernel, two.task);
    expect(inode.locks).toEqual([]);
  });

  it('of flock belong to the open file and pass through dup', () => {
    const kernel = fileKernel();
    const caller = newCaller(kernel);
    const { call } = caller;
    create(caller, 'f');
    const first = call('openat', AT_FDCWD, 'f', O_RDWR, 0) as number;
    const second = call('openat', AT_FDCWD, 'f', O_RDWR, 0) as number;
    const copy = call('dup', first) as number;
    expect(call('flock', first, LOCK_EX)).toBe(0);
    expect(call('flock', copy, LOCK_EX)).toBe(0);
    expect(call('flock', second, LOCK_SH)).toEqual({ wait: true });
    call('close', first);
    expect(call('flock', second, LOCK_SH)).toEqual({ wait: true });
    call('flock', copy, LOCK_UN);
    expect(call('flock', second, LOCK_SH)).toBe(0);
  });
});

describe('memory', () => {
  it('of removed files is given back when the last descriptor goes', () => {
    const kernel = fileKernel();
    const caller = newCaller(kernel);
    const { call } = caller;
    create(caller, 'warm', 'x');
    const free = () => kernel.frames.freePages;
    const before = free();
    const inodes = kernel.inodes.size;
    const fd = call('openat', AT_FDCWD, 'big', O_CREAT | O_RDWR, 0o644) as number;
    expect(call('fallocate', fd, 0, 0, 100 * 4096)).toBe(0);
    expect(free()).toBe(before - 100);
    call('unlinkat', AT_FDCWD, 'big', 0);
    expect(free()).toBe(before - 100);
    call('close', fd);
    expect(free()).toBe(before);
    expect(kernel.inodes.size).toBe(inodes);
  });

  it('of a tmpfs is bounded by its size', () => {
    const kernel = fileKernel();
    const caller = newCaller(kernel);
    const { task, call } = caller;
    call('mkdirat', AT_FDCWD, 'small', 0o755);
    const at = walk(kernel, task, AT_FDCWD, 'small', { follow: true });
    if (failed(at)) throw new Error();
    mountAt(kernel, createTmpfs(kernel, { size: 3 * 4096, inodes: 3 }), at, 0, 'none');
    pathPut(kernel, at);
    const fd = call('openat', AT_FDCWD, 'small/f', O_CREAT | O_RDWR, 0o644) as number;
    expect(call('write', fd, new Uint8Array(16384), 16384)).toBe(12288);
    expect(call('write', fd, 'x', 1)).toBe('ENOSPC');
    expect(call('pwrite64', fd, 'x', 1, 5)).toBe(1);
    expect(call('ftruncate', fd, 4096)).toBe(0);
    expect(call('pwrite64', fd, 'x', 1, 8192)).toBe(1);
    expect(call('mkdirat', AT_FDCWD, 'small/d', 0o755)).toBe(0);
    expect(call('mkdirat', AT_FDCWD, 'small/e', 0o755)).toBe('ENOSPC');
    expect(call('unlinkat', AT_FDCWD, 'small/d', 0x200)).toBe(0);
    expect(call('mkdirat', AT_FDCWD, 'small/e', 0o755)).toBe(0);
  });

  it('of the name cache is bounded', () => {
    const kernel = fileKernel();
    const caller = newCaller(kernel);
    for (let i = 0; i < 20000; i++) exists(caller, `nothing${i}`);
    expect(kernel.dentries.size).toBeLessThan(9000);
    create(caller, 'nothing7');
    expect(exists(caller, 'nothing7')).toBe(true);
    expect(wrongReferences(kernel)).toEqual([]);
  });

  it('is clean after a process goes', () => {
    const kernel: Kernel = fileKernel();
    const caller = newCaller(kernel);
    const { task, call } = caller;
    create(caller, 'f');
    call('mkdirat', AT_FDCWD, 'd', 0o755);
    call('chdir', 'd');
    call('openat', AT_FDCWD, '.', O_RDONLY, 0);
    call('pipe2', new Uint8Array(8), 0);
    call('memfd_create', 'm', 0);
    putFdTable(kernel, task);
    putFsContext(kernel, task);
    expect(kernel.files.size).toBe(0);
    expect(kernel.fdTables.size).toBe(0);
    expect(kernel.fsContexts.size).toBe(0);
    expect(kernel.pipes.size).toBe(0);
    expect(wrongReferences(kernel)).toEqual([]);
  });
});

describe('directories', () => {
  it('are listed once each while entries come and go', () => {
    const kernel = fileKernel();
    const caller = newCaller(kernel);
    const { call } = caller;
    call('mkdirat', AT_FDCWD, 'd', 0o755);
    for (let i = 0; i < 200; i++) create(caller, `d/f${i}`);
    const fd = call('openat', AT_FDCWD, 'd', O_RDONLY, 0) as number;
    const seen: string[] = [];
    for (;;) {
      const bytes = new Uint8Array(256);
      const count = call('getdents64', fd, bytes, bytes.length) as number;
      if (count === 0) break;
      for (let at = 0; at < count; at += bytes[at + 16]!) {
        const name = String.fromCharCode(...bytes.subarray(at + 19, bytes.indexOf(0, at + 19)));
        seen.push(name);
        if (name.startsWith('f')) call('unlinkat', AT_FDCWD, `d/${name}`, 0);
      }
    }
    expect(new Set(seen).size).toBe(202);
    expect(seen.length).toBe(202);
    expect(call('unlinkat', AT_FDCWD, 'd', 0x200)).toBe(0);
  });
});

describe('programs that run', () => {
  it('cannot be written, and files that are written cannot be run', () => {
    const kernel = fileKernel();
    const caller = newCaller(kernel);
    const { task, call } = caller;
    create(caller, 'prog');
    const ref = walk(kernel, task, AT_FDCWD, 'prog', { follow: true });
    if (failed(ref)) throw new Error();
    const inode = inodeAt(kernel, ref);
    expect(denyWrite(inode)).toBe(0);
    expect(call('openat', AT_FDCWD, 'prog', O_RDWR, 0)).toBe('ETXTBSY');
    expect(call('truncate', 'prog', 0)).toBe('ETXTBSY');
    expect(call('openat', AT_FDCWD, 'prog', O_RDONLY, 0)).toBeTypeOf('number');
    allowWrite(inode);
    call('openat', AT_FDCWD, 'prog', O_RDWR, 0);
    expect(denyWrite(inode)).toBe('ETXTBSY');
  });
});
