import { describe, expect, it } from 'vitest';
import { MOUNT, UMOUNT } from '../../abi/flags/mount.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { bytesOf, byteStringOf } from '../../util/byte-string.ts';
import { memoryTree, rootedKernel } from '../fs/testing.ts';
import { ROOT_CRED } from '../task/cred.ts';
import { newCaller, wrongReferences } from '../vfs/testing.ts';

const { MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_MOVE, MS_PRIVATE, MS_SHARED, MS_NODEV } = MOUNT.values;
const { MNT_DETACH, MNT_EXPIRE, MNT_FORCE } = UMOUNT.values;
const { O_CREAT, O_WRONLY, O_RDONLY } = OPEN.values;
const CWD = -100;

function boot() {
  const kernel = rootedKernel({ trees: [memoryTree({ a: { f: 'text' }, b: {}, c: {}, file: '' })] });
  const caller = newCaller(kernel);
  const write = (path: string) => {
    const fd = caller.call('openat', CWD, path, O_CREAT | O_WRONLY, 0o600);
    if (typeof fd === 'number') caller.call('close', fd);
    return typeof fd === 'number' ? 0 : fd;
  };
  const read = (path: string) => {
    const fd = caller.call('openat', CWD, path, O_RDONLY, 0);
    if (typeof fd !== 'number') return fd;
    const bytes = new Uint8Array(20);
    const count = caller.call('read', fd, bytes, 20) as number;
    caller.call('close', fd);
    return byteStringOf(bytes, 0, count);
  };
  return { ...caller, write, read, atBoot: wrongReferences(kernel) };
}

describe('mount', () => {
  it('mounts file systems by name and takes them away', () => {
    const { kernel, call, write, atBoot } = boot();
    const supers = kernel.superBlocks.size;
    expect(call('mount', 'none', '/b', 'tmpfs', MS_NODEV, 'size=64k,mode=700')).toBe(0);
    expect(write('/b/x')).toBe(0);
    expect(call('mknodat', CWD, '/b/null', 0o20666, 0x103)).toBe(0);
    expect(call('openat', CWD, '/b/null', O_RDONLY, 0)).toBe('EACCES');
    expect(call('umount2', '/b', 0)).toBe(0);
    expect(call('faccessat2', CWD, '/b/x', 0, 0)).toBe('ENOENT');
    expect(kernel.superBlocks.size).toBe(supers);
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });

  it('refuses what Linux refuses', () => {
    const { call, task } = boot();
    expect(call('mount', 'none', '/b', 'nonsense', 0, 0)).toBe('ENODEV');
    expect(call('mount', 'none', '/b', 0, 0, 0)).toBe('EINVAL');
    expect(call('mount', 'none', '/nowhere', 'tmpfs', 0, 0)).toBe('ENOENT');
    expect(call('mount', 'none', '/file', 'tmpfs', 0, 0)).toBe('ENOTDIR');
    expect(call('mount', 'none', '/b', 'tmpfs', 0, 'bogus=1')).toBe('EINVAL');
    expect(call('mount', 'none', '/b', 'hostfs', 0, 0)).toBe('EPERM');
    expect(call('mount', 'none', '/b', 0, MS_REMOUNT, 0)).toBe('EINVAL');
    expect(call('mount', '/a', '/file', 0, MS_BIND, 0)).toBe('ENOTDIR');
    expect(call('mount', '/a', '/b', 0, MS_MOVE, 0)).toBe('EINVAL');
    expect(call('mount', 0, '/', 0, MS_PRIVATE | MS_SHARED, 0)).toBe('EINVAL');
    expect(call('mount', 0, '/', 0, MS_PRIVATE | MS_REC, 0)).toBe(0);
    expect(call('mount', 0, '/a', 0, MS_PRIVATE, 0)).toBe('EINVAL');
    expect(call('umount2', '/a', 0)).toBe('EINVAL');
    expect(call('umount2', '/proc', 0x40)).toBe('EINVAL');
    task.cred = { ...ROOT_CRED, capEffective: 0n };
    expect(call('mount', 'none', '/b', 'tmpfs', 0, 0)).toBe('EPERM');
    expect(call('umount2', '/proc', 0)).toBe('EPERM');
  });

  it('binds, remounts and moves', () => {
    const { kernel, call, read, write, atBoot } = boot();
    expect(call('mount', '/a', '/b', 0, MS_BIND, 0)).toBe(0);
    expect(read('/b/f')).toBe('text');
    expect(call('mount', 0, '/b', 0, MS_REMOUNT | MS_BIND | MS_RDONLY, 0)).toBe(0);
    expect(write('/b/new')).toBe('EROFS');
    expect(write('/a/new')).toBe(0);
    expect(call('mount', '/b', '/c', 0, MS_MOVE, 0)).toBe(0);
    expect(read('/b/f')).toBe('ENOENT');
    expect(read('/c/f')).toBe('text');
    expect(call('umount2', '/c', 0)).toBe(0);
    expect(wrongReferences(kernel)).toEqual(atBoot);
  });

  it('binds trees with what is mounted in them', () => {
    const { call, write, read } = boot();
    call('mount', 'none', '/b', 'tmpfs', 0, 0);
    write('/b/x');
    call('mkdirat', CWD, '/view', 0o755);
    expect(call('mount', '/', '/view', 0, MS_BIND | MS_REC, 0)).toBe(0);
    expect(read('/view/b/x')).toBe('');
    expect(read('/view/a/f')).toBe('text');
    expect(call('umount2', '/view', 0)).toBe('EBUSY');
    expect(call('umount2', '/view', MNT_DETACH)).toBe(0);
    expect(read('/b/x')).toBe('');
  });

  it('keeps what is in use', () => {
    const { call } = boot();
    call('mount', 'none', '/b', 'tmpfs', 0, 0);
    const fd = call('openat', CWD, '/b/f', O_CREAT | O_WRONLY, 0o600) as number;
    expect(call('umount2', '/b', 0)).toBe('EBUSY');
    expect(call('mount', 0, '/b', 0, MS_REMOUNT | MS_RDONLY, 0)).toBe('EBUSY');
    expect(call('umount2', '/b', MNT_EXPIRE)).toBe('EBUSY');
    expect(call('umount2', '/b', MNT_DETACH)).toBe(0);
    expect(call('write', fd, bytesOf('still'), 5)).toBe(5);
    call('close', fd);
    call('mount', 'none', '/b', 'tmpfs', 0, 0);
    expect(call('umount2', '/b', MNT_EXPIRE | MNT_FORCE)).toBe('EINVAL');
    expect(call('umount2', '/b', MNT_EXPIRE)).toBe('EAGAIN');
    expect(call('umount2', '/b', MNT_EXPIRE)).toBe(0);
  });
});
