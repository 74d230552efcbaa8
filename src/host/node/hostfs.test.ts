/** The kernel's hostfs over a real directory of this machine. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MMAP } from '../../abi/flags/memory.ts';
import { RENAME } from '../../abi/flags/at.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { STAT } from '../../abi/structs/file.ts';
import { decodeStruct, layoutOf } from '../../abi/struct.ts';
import { memoryTree, rootedKernel } from '../../kernel/fs/testing.ts';
import { mmapRegion } from '../../kernel/mm/mmap.ts';
import { copyToUser } from '../../kernel/mm/uaccess.ts';
import type { RootSpec } from '../../kernel/root.ts';
import { fileOf } from '../../kernel/vfs/fd-table.ts';
import { newCaller, wrongReferences, type Caller } from '../../kernel/vfs/testing.ts';
import { bytesOf, byteStringOf } from '../../util/byte-string.ts';
import { openDirectory } from './files.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TMPFILE, O_APPEND } = OPEN.values;
const { RENAME_NOREPLACE, RENAME_EXCHANGE } = RENAME.values;
const CWD = -100;

describe('hostfs', () => {
  let top: string;
  let host: string;
  let port: ReturnType<typeof openDirectory>;

  beforeEach(() => {
    top = fs.mkdtempSync(join(tmpdir(), 'ringfence-hostfs-'));
    host = join(top, 'shared');
    fs.mkdirSync(join(host, 'dir'), { recursive: true });
    fs.writeFileSync(join(top, 'secret'), 'secret');
    fs.writeFileSync(join(host, 'dir', 'file'), 'contents');
    port = openDirectory(host, { writable: true });
  });

  afterEach(() => {
    port.dispose();
    fs.rmSync(top, { recursive: true });
  });

  function boot(spec: Partial<RootSpec> = { volumes: [{ index: 0, target: '/mnt/host', readOnly: false }] }) {
    const tree = memoryTree({ etc: { passwd: 'guest' }, secret: 'the guest has this', tmp: {} });
    const kernel = rootedKernel({ trees: [tree], directories: [port] }, spec);
    const caller = newCaller(kernel);
    // Each call is one system call: what the host was asked is not remembered beyond it.
    const call: Caller['call'] = (name, ...args) => {
      kernel.stats.syscalls++;
      return caller.call(name, ...args);
    };
    const read = (path: string) => {
      const fd = call('openat', CWD, path, O_RDONLY, 0);
      if (typeof fd !== 'number') return fd;
      const bytes = new Uint8Array(64);
      const count = call('read', fd, bytes, bytes.length) as number;
      call('close', fd);
      return byteStringOf(bytes, 0, count);
    };
    const write = (path: string, flags: number, text: string) => {
      const fd = call('openat', CWD, path, flags, 0o644);
      if (typeof fd !== 'number') return fd;
      const count = call('write', fd, bytesOf(text), text.length);
      call('close', fd);
      return count;
    };
    const stat = (path: string) => {
      const bytes = new Uint8Array(128);
      const result = call('newfstatat', CWD, path, bytes, 0x100);
      return result === 0 ? decodeStruct(layoutOf(STAT, 'riscv64'), bytes) : result;
    };
    return { kernel, task: caller.task, call, read, write, stat, atBoot: wrongReferences(kernel) };
  }

  it('reads, and sees what the host changes', () => {
    const { read, stat } = boot();
    expect(read('/mnt/host/dir/file')).toBe('contents');
    expect(stat('/mnt/host/dir/file')).toMatchObject({ st_size: 8, st_uid: 0, st_gid: 0 });
    fs.writeFileSync(join(host, 'dir', 'file'), 'changed on the host');
    expect(read('/mnt/host/dir/file')).toBe('changed on the host');
    fs.rmSync(join(host, 'dir', 'file'));
    expect(read('/mnt/host/dir/file')).toBe('ENOENT');
    fs.writeFileSync(join(host, 'fresh'), 'x');
    expect(read('/mnt/host/fresh')).toBe('x');
  });

  it('tells the writer that the disk of the host is full', () => {
    const { write } = port;
    const room = 10_000;
    port.write = (handle, offset, bytes) => (offset + bytes.length > room ? 'ENOSPC' : write(handle, offset, bytes));
    const { call, stat } = boot();
    const fd = call('openat', CWD, '/mnt/host/new', O_CREAT | O_RDWR, 0o644) as number;
    expect(call('write', fd, new Uint8Array(16_384).fill(1), 16_384)).toBe(8192);
    expect(call('write', fd, new Uint8Array(8192).fill(1), 8192)).toBe('ENOSPC');
    expect(call('fsync', fd)).toBe(0);
    expect(stat('/mnt/host/new')).toMatchObject({ st_size: 8192 });
    expect(call('write', fd, bytesOf('more'), 4)).toBe(4);
    expect(call('close', fd)).toBe(0);
    expect(fs.statSync(join(host, 'new')).size).toBe(8196);
    expect(call('truncate', '/mnt/host/new', 0)).toBe(0);
  });

  it('writes at once, at fsync and truncation', () => {
    const { kernel, call, write, read, stat, atBoot } = boot();
    expect(write('/mnt/host/new', O_CREAT | O_EXCL | O_WRONLY, 'made')).toBe(4);
    expect(fs.readFileSync(join(host, 'new'), 'utf8')).toBe('made');
    expect(write('/mnt/host/new', O_WRONLY | O_APPEND, ' more')).toBe(5);
    expect(fs.readFileSync(join(host, 'new'), 'utf8')).toBe('made more');
    const fd = call('openat', CWD, '/mnt/host/new', O_RDWR, 0) as number;
    call('write', fd, bytesOf('MADE'), 4);
    expect(fs.readFileSync(join(host, 'new'), 'utf8')).toBe('MADE more');
    expect(call('fsync', fd)).toBe(0);
    expect(call('ftruncate', fd, 6)).toBe(0);
    expect(fs.readFileSync(join(host, 'new'), 'utf8')).toBe('MADE m');
    call('close', fd);
    expect(read('/mnt/host/new')).toBe('MADE m');
    expect(stat('/mnt/host/new')).toMatchObject({ st_size: 6 });
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });

  it('writes back what a shared mapping changed', () => {
    const { kernel, task, call } = boot();
    const fd = call('openat', CWD, '/mnt/host/dir/file', O_RDWR, 0) as number;
    const file = fileOf(kernel, task, fd);
    if (typeof file === 'string') throw new Error(file);
    const mm = kernel.mms.get(task.mm)!;
    const flags = MMAP.values.MAP_SHARED;
    const at = mmapRegion(kernel, mm, { address: 0, length: 4096, prot: 3, flags, file, offset: 0 }) as number;
    expect(copyToUser(kernel, task, at, bytesOf('MAPPED'))).toBe(0);
    expect(call('fsync', fd)).toBe(0);
    expect(fs.readFileSync(join(host, 'dir', 'file'), 'utf8')).toBe('MAPPEDts');
  });

  it('makes, renames and removes names; open files live on', () => {
    const { kernel, call, read, stat, atBoot } = boot();
    expect(call('mkdirat', CWD, '/mnt/host/d', 0o750)).toBe(0);
    expect(fs.statSync(join(host, 'd')).mode & 0o777).toBe(0o750);
    expect(call('renameat2', CWD, '/mnt/host/dir/file', CWD, '/mnt/host/d/f', RENAME_NOREPLACE)).toBe(0);
    expect(call('renameat2', CWD, '/mnt/host/d', CWD, '/mnt/host/dir', RENAME_NOREPLACE)).toBe('EEXIST');
    expect(call('renameat2', CWD, '/mnt/host/d', CWD, '/mnt/host/dir', RENAME_EXCHANGE)).toBe('EINVAL');
    expect(read('/mnt/host/d/f')).toBe('contents');
    expect(call('linkat', CWD, '/mnt/host/d/f', CWD, '/mnt/host/hard', 0)).toBe(0);
    expect(stat('/mnt/host/hard')).toMatchObject({ st_nlink: 2 });
    expect(call('symlinkat', '/secret', CWD, '/mnt/host/link')).toBe(0);
    const fd = call('openat', CWD, '/mnt/host/d/f', O_RDWR, 0) as number;
    expect(call('unlinkat', CWD, '/mnt/host/d/f', 0)).toBe(0);
    expect(call('unlinkat', CWD, '/mnt/host/hard', 0)).toBe(0);
    expect(fs.readdirSync(join(host, 'd'))).toEqual([]);
    const bytes = new Uint8Array(8);
    expect(call('read', fd, bytes, 8)).toBe(8);
    expect(byteStringOf(bytes)).toBe('contents');
    expect(call('write', fd, bytesOf('!'), 1)).toBe(1);
    expect(call('fsync', fd)).toBe(0);
    expect(call('close', fd)).toBe(0);
    expect(call('unlinkat', CWD, '/mnt/host/d', 0x200)).toBe(0);
    expect(call('renameat2', CWD, '/mnt/host/dir', CWD, '/tmp/dir', 0)).toBe('EXDEV');
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });

  it('has unnamed files, and remembers owners and set-id bits for the guest only', () => {
    const { call, stat } = boot();
    const fd = call('openat', CWD, '/mnt/host', O_TMPFILE | O_RDWR, 0o600) as number;
    expect(call('write', fd, bytesOf('x'), 1)).toBe(1);
    expect(fs.readdirSync(host)).toEqual(['dir']);
    expect(call('fchownat', CWD, '/mnt/host/dir/file', 7, 8, 0)).toBe(0);
    expect(call('fchmodat', CWD, '/mnt/host/dir/file', 0o4755)).toBe(0);
    expect(stat('/mnt/host/dir/file')).toMatchObject({ st_uid: 7, st_gid: 8, st_mode: 0o104755 });
    expect(fs.statSync(join(host, 'dir', 'file')).mode & 0o7777).toBe(0o755);
    expect(call('mknodat', CWD, '/mnt/host/null', 0o20666, 0x103)).toBe('EPERM');
  });

  it('resolves links inside the guest', () => {
    fs.symlinkSync('../secret', join(host, 'up'));
    fs.symlinkSync('/secret', join(host, 'absolute'));
    fs.symlinkSync('../../../../../../../../..' + join(top, 'secret'), join(host, 'far'));
    const { read, call } = boot();
    expect(read('/mnt/host/up')).toBe('ENOENT');
    expect(read('/mnt/host/absolute')).toBe('the guest has this');
    expect(read('/mnt/host/far')).toBe('ENOENT');
    expect(read('/mnt/host/../host/../../etc/passwd')).toBe('guest');
    expect(call('openat', CWD, `/mnt/host/..${top}/secret`, O_RDONLY, 0)).toBe('ENOENT');
  });

  it('is not written to when it is mounted read-only', () => {
    const { write, call } = boot({ volumes: [{ index: 0, target: '/mnt/host', readOnly: true }] });
    expect(write('/mnt/host/dir/file', O_WRONLY, 'x')).toBe('EROFS');
    expect(call('unlinkat', CWD, '/mnt/host/dir/file', 0)).toBe('EROFS');
    expect(call('mount', 0, '/mnt/host', 0, 0x20, 0)).toBe('EROFS');
    expect(call('mount', '/mnt/host', '/tmp', 0, 0x1000, 0)).toBe(0);
    expect(write('/tmp/dir/file', O_WRONLY, 'x')).toBe('EROFS');
    expect(fs.readFileSync(join(host, 'dir', 'file'), 'utf8')).toBe('contents');
  });

  it('can be the root, with changes in memory', () => {
    const { kernel, read, write, call, atBoot } = boot({ lower: { kind: 'host', index: 0 }, volumes: [] });
    expect(read('/dir/file')).toBe('contents');
    expect(write('/dir/file', O_WRONLY, 'C')).toBe(1);
    expect(read('/dir/file')).toBe('Contents');
    expect(call('unlinkat', CWD, '/dir/file', 0)).toBe(0);
    expect(read('/dir/file')).toBe('ENOENT');
    expect(fs.readFileSync(join(host, 'dir', 'file'), 'utf8')).toBe('contents');
    expect(fs.readdirSync(host)).toEqual(['dir']);
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });

  it('can take the changes of a root, and give them back to another system', () => {
    const spec: Partial<RootSpec> = { writable: { kind: 'host', index: 0 }, volumes: [] };
    fs.rmSync(join(host, 'dir'), { recursive: true });
    const first = boot(spec);
    expect(first.write('/etc/passwd', O_WRONLY, 'HOST')).toBe(4);
    expect(first.call('renameat2', CWD, '/secret', CWD, '/etc/passwd', RENAME_EXCHANGE)).toBe('EINVAL');
    expect(first.call('unlinkat', CWD, '/secret', 0)).toBe(0);
    expect(first.write('/etc/new', O_CREAT | O_WRONLY, 'n')).toBe(1);
    expect(fs.readFileSync(join(host, 'etc', 'passwd'), 'utf8')).toBe('HOSTt');
    expect(fs.readdirSync(host)).toContain('.wh.secret');
    const second = boot(spec);
    expect(second.read('/etc/passwd')).toBe('HOSTt');
    expect(second.read('/secret')).toBe('ENOENT');
    expect(second.read('/etc/new')).toBe('n');
    expect(second.call('unlinkat', CWD, '/etc/new', 0)).toBe(0);
    expect(second.call('unlinkat', CWD, '/etc/passwd', 0)).toBe(0);
    expect(second.call('unlinkat', CWD, '/etc', 0x200)).toBe(0);
    expect(second.call('mkdirat', CWD, '/etc', 0o755)).toBe(0);
    expect(boot(spec).read('/etc/passwd')).toBe('ENOENT');
  });
});
