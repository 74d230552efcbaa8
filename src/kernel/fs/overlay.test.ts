import { describe, expect, it } from 'vitest';
import { S_IFCHR, S_IFLNK, S_IFREG } from '../../abi/file-mode.ts';
import { MMAP } from '../../abi/flags/memory.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { STAT } from '../../abi/structs/file.ts';
import { decodeStruct, layoutOf } from '../../abi/struct.ts';
import { bytesOf, byteStringOf } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { dropPages } from '../mm/page-cache.ts';
import { mmapRegion } from '../mm/mmap.ts';
import { copyFromUser, copyToUser, userPageOffset } from '../mm/uaccess.ts';
import { fileOf } from '../vfs/fd-table.ts';
import { inodeOf } from '../vfs/inode.ts';
import { dataInode } from '../vfs/registry.ts';
import { fileTask, newCaller, wrongReferences, type Caller } from '../vfs/testing.ts';
import { memoryTree, rootedKernel, type TreeSpec } from './testing.ts';

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = OPEN.values;
const { MAP_SHARED, MAP_PRIVATE } = MMAP.values;
const CWD = -100;

const IMAGE: TreeSpec = {
  bin: { sh: { $mode: S_IFREG | 0o755, text: 'ELF'.repeat(4000) }, 'sh-link': { $mode: 0, hardlink: '/bin/sh' } },
  etc: { passwd: 'root:x:0:0\n', alias: { $mode: S_IFLNK | 0o777, text: 'passwd' } },
  null: { $mode: S_IFCHR | 0o666 },
  big: 'x'.repeat(20000),
  cap: { $mode: S_IFREG | 0o755, text: 'c', xattrs: [{ name: 'security.capability', value: bytesOf('abc') }] },
  tmp: {},
};

function boot(image: TreeSpec = IMAGE, ramPages = 2048) {
  const tree = memoryTree(image);
  const kernel = rootedKernel({ trees: [tree] }, {}, ramPages);
  // devpts holds an inode that nothing here knows of.
  return { kernel, tree, caller: newCaller(kernel), atBoot: wrongReferences(kernel) };
}

function statOf({ call }: Caller, path: string) {
  const bytes = new Uint8Array(128);
  const result = call('newfstatat', CWD, path, bytes, 0x100);
  if (result !== 0) throw new Error(`${path}: ${String(result)}`);
  return decodeStruct(layoutOf(STAT, 'riscv64'), bytes);
}

function readAll({ call }: Caller, path: string): string {
  const fd = call('openat', CWD, path, O_RDONLY, 0);
  if (typeof fd !== 'number') return String(fd);
  const bytes = new Uint8Array(64);
  const count = call('read', fd, bytes, bytes.length) as number;
  call('close', fd);
  return byteStringOf(bytes, 0, count);
}

function writeAll({ call }: Caller, path: string, flags: number, text: string): number | string {
  const fd = call('openat', CWD, path, flags, 0o644);
  if (typeof fd !== 'number') return String(fd);
  const count = call('write', fd, bytesOf(text), text.length) as number;
  call('close', fd);
  return count;
}

function mapped(kernel: Kernel, caller: Caller, path: string, flags: number, shared: number, prot: number): number {
  const fd = caller.call('openat', CWD, path, flags, 0) as number;
  const file = fileOf(kernel, caller.task, fd);
  if (typeof file === 'string') throw new Error(file);
  const mm = kernel.mms.get(caller.task.mm)!;
  const at = mmapRegion(kernel, mm, { address: 0, length: 4096, prot, flags: shared, file, offset: 0 });
  caller.call('close', fd);
  return at as number;
}

describe('a root over an image', () => {
  it('shows the image, with its links, devices and attributes', () => {
    const { caller } = boot();
    expect(readAll(caller, '/etc/alias')).toBe('root:x:0:0\n');
    expect(statOf(caller, '/bin/sh')).toMatchObject({ st_nlink: 2, st_size: 12000, st_mtime: 1000, st_mtime_nsec: 5 });
    expect(statOf(caller, '/bin/sh').st_ino).toBe(statOf(caller, '/bin/sh-link').st_ino);
    expect(statOf(caller, '/null')).toMatchObject({ st_mode: S_IFCHR | 0o666, st_rdev: 0x103 });
    const value = new Uint8Array(10);
    expect(caller.call('getxattr', '/cap', 'security.capability', value, 10)).toBe(3);
  });

  it('is read-only without a place for changes', () => {
    const kernel = rootedKernel({ trees: [memoryTree(IMAGE)] }, { writable: 'none' });
    const caller = newCaller(kernel);
    expect(readAll(caller, '/etc/passwd')).toBe('root:x:0:0\n');
    expect(writeAll(caller, '/etc/passwd', O_WRONLY, 'x')).toBe('EROFS');
    expect(caller.call('mkdirat', CWD, '/new', 0o755)).toBe('EROFS');
    expect(caller.call('mount', 'none', '/', 0, 0x20, 0)).toBe('EROFS');
  });

  it('keeps inode numbers when files are copied up, evicted and looked up again', () => {
    const { kernel, caller, atBoot } = boot();
    const names = ['/etc/passwd', '/etc', '/big', '/etc/alias'];
    const before = names.map((name) => statOf(caller, name).st_ino);
    writeAll(caller, '/etc/passwd', O_WRONLY | O_APPEND, 'me\n');
    caller.call('fchmodat', CWD, '/big', 0o600);
    caller.call('fchownat', CWD, '/etc/alias', 1, 1, 0x100);
    expect(names.map((name) => statOf(caller, name).st_ino)).toEqual(before);
    expect(readAll(caller, '/etc/passwd')).toBe('root:x:0:0\nme\n');
    expect(statOf(caller, '/big')).toMatchObject({ st_mode: S_IFREG | 0o600, st_size: 20000 });
    expect(wrongReferences(kernel)).toEqual(atBoot);
    for (const name of names) expect(new Set(before).size, name).toBe(names.length);
  });

  it('keeps hard links of the image together', () => {
    const { kernel, caller, atBoot } = boot();
    expect(writeAll(caller, '/bin/sh-link', O_WRONLY | O_TRUNC, 'new shell')).toBe(9);
    expect(readAll(caller, '/bin/sh')).toBe('new shell');
    expect(statOf(caller, '/bin/sh')).toMatchObject({ st_nlink: 2, st_size: 9 });
    caller.call('unlinkat', CWD, '/bin/sh-link', 0);
    expect(statOf(caller, '/bin/sh')).toMatchObject({ st_nlink: 1, st_size: 9 });
    expect(caller.call('renameat2', CWD, '/bin/sh', CWD, '/shell', 0)).toBe(0);
    expect(readAll(caller, '/shell')).toBe('new shell');
    expect(readAll(caller, '/bin/sh')).toBe('ENOENT');
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });

  it('does not read what is cut off at once', () => {
    const { tree, caller } = boot();
    writeAll(caller, '/big', O_WRONLY | O_TRUNC, 'short');
    expect(tree.reads).toBe(0);
    expect(readAll(caller, '/big')).toBe('short');
  });
});

describe('memory of files on an overlay', () => {
  it('is shared by all who map a file of the image', () => {
    const { kernel, caller } = boot();
    const other = newCaller(kernel, fileTask(kernel));
    const one = mapped(kernel, caller, '/bin/sh', O_RDONLY, MAP_PRIVATE, 5);
    const two = mapped(kernel, other, '/bin/sh', O_RDONLY, MAP_PRIVATE, 5);
    const frame = userPageOffset(kernel, kernel.mms.get(caller.task.mm)!, one, false);
    expect(frame).toBeGreaterThan(0);
    expect(userPageOffset(kernel, kernel.mms.get(other.task.mm)!, two, false)).toBe(frame);
  });

  it('of a shared mapping is what read and write see', () => {
    const { kernel, caller } = boot();
    const at = mapped(kernel, caller, '/etc/passwd', O_RDWR, MAP_SHARED, 3);
    kernel.current = caller.task.tid;
    expect(copyToUser(kernel, caller.task, at, bytesOf('ROOT'))).toBe(0);
    expect(readAll(caller, '/etc/passwd')).toBe('ROOT:x:0:0\n');
    writeAll(caller, '/etc/passwd', O_WRONLY, 'r');
    const seen = new Uint8Array(4);
    copyFromUser(kernel, caller.task, at, seen);
    expect(byteStringOf(seen)).toBe('rOOT');
  });

  it('of a mapping made before a file is copied up stays that of the lower file', () => {
    const { kernel, caller } = boot();
    const at = mapped(kernel, caller, '/etc/passwd', O_RDONLY, MAP_SHARED, 1);
    writeAll(caller, '/etc/passwd', O_WRONLY, 'ROOT');
    const seen = new Uint8Array(4);
    kernel.current = caller.task.tid;
    expect(copyFromUser(kernel, caller.task, at, seen)).toBe(0);
    expect(byteStringOf(seen)).toBe('root');
  });

  it('can be reclaimed and read again', () => {
    const { kernel, tree, caller } = boot();
    readAll(caller, '/etc/passwd');
    const fd = caller.call('openat', CWD, '/etc/passwd', O_RDONLY, 0) as number;
    const file = fileOf(kernel, caller.task, fd);
    if (typeof file === 'string') throw new Error(file);
    const before = tree.reads;
    dropPages(kernel, dataInode(kernel, inodeOf(kernel, file.inode)));
    expect(readAll(caller, '/etc/passwd')).toBe('root:x:0:0\n');
    expect(tree.reads).toBe(before + 1);
  });
});

describe('directories of an overlay', () => {
  it('can be emptied while they are read', () => {
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`file-${String(i).padStart(2, '0')}`, '']));
    const { kernel, caller, atBoot } = boot({ many: files, tmp: {} });
    const fd = caller.call('openat', CWD, '/many', O_RDONLY, 0) as number;
    const seen: string[] = [];
    for (;;) {
      const bytes = new Uint8Array(200);
      const count = caller.call('getdents64', fd, bytes, bytes.length) as number;
      if (count === 0) break;
      for (let at = 0; at < count; at += bytes[at + 16]!) {
        const name = byteStringOf(bytes, at + 19, bytes.indexOf(0, at + 19));
        if (name.startsWith('.')) continue;
        seen.push(name);
        expect(caller.call('unlinkat', CWD, `/many/${name}`, 0)).toBe(0);
      }
    }
    expect(seen).toEqual(Object.keys(files));
    caller.call('close', fd);
    expect(caller.call('unlinkat', CWD, '/many', 0x200)).toBe(0);
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });

  it('give the same inode numbers as stat', () => {
    const { caller } = boot();
    writeAll(caller, '/etc/new', O_CREAT | O_WRONLY, 'x');
    caller.call('renameat2', CWD, '/etc/passwd', CWD, '/tmp/passwd', 0);
    caller.call('mkdirat', CWD, '/fresh', 0o755);
    caller.call('renameat2', CWD, '/big', CWD, '/fresh/big', 0);
    for (const dir of ['/etc', '/tmp', '/fresh']) {
      const fd = caller.call('openat', CWD, dir, O_RDONLY, 0) as number;
      const bytes = new Uint8Array(1000);
      const count = caller.call('getdents64', fd, bytes, bytes.length) as number;
      for (let at = 0; at < count; at += bytes[at + 16]!) {
        const name = byteStringOf(bytes, at + 19, bytes.indexOf(0, at + 19));
        if (name === '..') continue;
        expect(Number(new DataView(bytes.buffer).getBigUint64(at, true)), name).toBe(
          statOf(caller, `${dir}/${name}`).st_ino,
        );
      }
    }
  });

  it('fill up: what cannot be copied up is unharmed', () => {
    const { kernel, caller, atBoot } = boot({ ...IMAGE, huge: 'h'.repeat(3_000_000) }, 1024);
    expect(writeAll(caller, '/huge', O_WRONLY, 'x')).toBe('ENOSPC');
    expect(readAll(caller, '/huge').slice(0, 3)).toBe('hhh');
    expect(statOf(caller, '/huge').st_size).toBe(3_000_000);
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });
});
