/**
 * Random calls on an overlay over an image, and the same on a tmpfs with the same files: results and contents must not differ, however
 * often names and inodes are forgotten in between.
 */
import { describe, expect, it } from 'vitest';
import { OPEN } from '../../abi/flags/open.ts';
import { STAT } from '../../abi/structs/file.ts';
import { decodeStruct, layoutOf } from '../../abi/struct.ts';
import { bytesOf, byteStringOf } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { unhash } from '../vfs/dentry.ts';
import { forgetInode } from '../vfs/inode.ts';
import { fileKernel, newCaller, wrongReferences, type Caller } from '../vfs/testing.ts';
import { memoryTree, rootedKernel, type TreeSpec } from './testing.ts';

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_TMPFILE } = OPEN.values;
const CWD = -100;
const RUNS = 8;
const STEPS = 400;

const IMAGE: TreeSpec = {
  w: {
    a: { x: 'in a/x', y: 'y'.repeat(5000), d: { z: 'deep' } },
    b: { x: 'in b/x', l: { $mode: 0, hardlink: '/w/a/x' } },
    x: 'top x',
    y: { $mode: 0, hardlink: '/w/a/y' },
    d: {},
  },
};

const NAMES = ['a', 'b', 'd', 'x', 'y', 'z', 'l'];

describe('an overlay', () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    it(`behaves as a tmpfs with the same files (seed ${seed})`, () => {
      const overlayKernel = rootedKernel({ trees: [memoryTree(IMAGE)] });
      const tmpfsKernel = fileKernel();
      const one = newCaller(overlayKernel);
      const other = newCaller(tmpfsKernel);
      populate(other, IMAGE, '');
      other.call('linkat', CWD, '/w/a/x', CWD, '/w/b/l', 0);
      other.call('linkat', CWD, '/w/a/y', CWD, '/w/y', 0);
      const atBoot = wrongReferences(overlayKernel);
      const random = newRandom(seed);
      const open: [number, number][] = [];
      for (let step = 0; step < STEPS; step++) {
        const operation = choose(random, open);
        const result = run(one, operation, 0);
        // A directory of the image cannot be renamed; the other is not asked.
        if (result === 'EXDEV') continue;
        const expected = run(other, operation, 1);
        if (operation.name === 'open' && typeof result === 'number' && typeof expected === 'number')
          open.push([result, expected]);
        else expect(result, `step ${step}: ${JSON.stringify(operation)}`).toEqual(expected);
        if (step % 20 === 0) forgetAll(overlayKernel);
        if (step % 10 === 0) expect(snapshot(one, '/w'), `step ${step}`).toEqual(snapshot(other, '/w'));
      }
      for (const [first, second] of open) {
        one.call('close', first);
        other.call('close', second);
      }
      forgetAll(overlayKernel);
      expect(snapshot(one, '/w')).toEqual(snapshot(other, '/w'));
      expect(wrongReferences(overlayKernel)).toEqual(atBoot);
    });
  }
});

interface Operation {
  readonly name: string;
  readonly path: string;
  readonly to: string;
  readonly fds: [number, number];
  readonly number: number;
  readonly text: string;
}

function choose(random: (below: number) => number, open: [number, number][]): Operation {
  const path = () => '/w' + Array.from({ length: 1 + random(3) }, () => `/${NAMES[random(NAMES.length)]}`).join('');
  const kinds = [
    'open',
    'open',
    'create',
    'append',
    'cut',
    'unlink',
    'unlink',
    'rmdir',
    'mkdir',
    'mkdir',
    'rename',
    'rename',
  ];
  kinds.push('exchange', 'link', 'chmod', 'truncate', 'symlink', 'stat', 'stat', 'pipe');
  if (open.length > 0) kinds.push('close', 'close', 'fread', 'fread', 'fwrite', 'fstat', 'fchmod');
  const name = kinds[random(kinds.length)]!;
  const uses = ['close', 'fread', 'fwrite', 'fstat', 'fchmod'].includes(name);
  const index = random(Math.max(1, open.length));
  const fds = uses ? open[index]! : ([0, 0] as [number, number]);
  if (name === 'close') open.splice(index, 1);
  return { name, path: path(), to: path(), fds, number: random(6000), text: `text-${random(1000)}` };
}

function run({ call }: Caller, { name, path, to, fds, number, text }: Operation, side: 0 | 1): unknown {
  const fd = fds[side];
  const writeTo = (flags: number) => {
    const made = call('openat', CWD, path, flags, 0o644);
    if (typeof made !== 'number') return made;
    const count = call('write', made, bytesOf(text), text.length);
    call('close', made);
    return count;
  };
  switch (name) {
    case 'open':
      return call('openat', CWD, path, [O_RDONLY, O_RDWR, O_CREAT | O_RDWR, O_TMPFILE | O_RDWR][number % 4]!, 0o600);
    case 'create':
      return writeTo(O_CREAT | O_EXCL | O_WRONLY);
    case 'append':
      return writeTo(O_WRONLY | O_APPEND);
    case 'cut':
      return writeTo(O_WRONLY | O_TRUNC);
    case 'unlink':
      return call('unlinkat', CWD, path, 0);
    case 'rmdir':
      return call('unlinkat', CWD, path, 0x200);
    case 'mkdir':
      return call('mkdirat', CWD, path, 0o755);
    case 'rename':
      return call('renameat2', CWD, path, CWD, to, 0);
    case 'exchange':
      return call('renameat2', CWD, path, CWD, to, 2);
    case 'link':
      return call('linkat', CWD, path, CWD, to, 0);
    case 'chmod':
      return call('fchmodat', CWD, path, number & 0o777);
    case 'truncate':
      return call('truncate', path, number);
    case 'symlink':
      return call('symlinkat', text, CWD, path);
    case 'pipe':
      return call('mknodat', CWD, path, 0o10600, 0);
    case 'close':
      return call('close', fd);
    case 'fread': {
      const bytes = new Uint8Array(50);
      const count = call('pread64', fd, bytes, 50, number % 100);
      return [count, byteStringOf(bytes)];
    }
    case 'fwrite':
      return call('write', fd, bytesOf(text), text.length);
    case 'fchmod':
      return call('fchmod', fd, number & 0o777);
    case 'fstat':
      return describeStat(call, 'fstat', fd);
    default:
      return describeStat(call, 'lstat', path);
  }
}

function describeStat(call: Caller['call'], how: 'fstat' | 'lstat', what: number | string): unknown {
  const bytes = new Uint8Array(128);
  const result = how === 'fstat' ? call('fstat', what, bytes) : call('newfstatat', CWD, what, bytes, 0x100);
  if (result !== 0) return result;
  const { st_mode: mode, st_nlink: nlink, st_size: size, st_uid: uid } = decodeStruct(layoutOf(STAT, 'riscv64'), bytes);
  // Directories of several layers have their own ways of counting.
  return (mode & 0o170000) === 0o40000 ? { mode, uid } : { mode, nlink, size, uid };
}

/** All names below `dir` with what they are. */
function snapshot(caller: Caller, dir: string): Record<string, unknown> {
  const { call } = caller;
  const all: Record<string, unknown> = {};
  const fd = call('openat', CWD, dir, O_RDONLY, 0) as number;
  const names: string[] = [];
  for (;;) {
    const bytes = new Uint8Array(100);
    const count = call('getdents64', fd, bytes, bytes.length) as number;
    if (count === 0) break;
    for (let at = 0; at < count; at += bytes[at + 16]!)
      names.push(byteStringOf(bytes, at + 19, bytes.indexOf(0, at + 19)));
  }
  call('close', fd);
  for (const name of names.sort()) {
    if (name === '.' || name === '..') continue;
    const path = `${dir}/${name}`;
    const stat = describeStat(call, 'lstat', path) as { mode: number };
    if ((stat.mode & 0o170000) === 0o40000) Object.assign(all, snapshot(caller, path));
    const file = (stat.mode & 0o170000) === 0o100000 ? (call('openat', CWD, path, O_RDONLY, 0) as number) : -1;
    const bytes = new Uint8Array(file < 0 ? 0 : 6200);
    if (file >= 0) call('read', file, bytes, bytes.length);
    if (file >= 0) call('close', file);
    all[path] = [stat, byteStringOf(bytes)];
  }
  return all;
}

function populate(caller: Caller, spec: TreeSpec, path: string): void {
  for (const [name, what] of Object.entries(spec)) {
    const own = `${path}/${name}`;
    if (typeof what === 'string') {
      const fd = caller.call('openat', CWD, own, O_CREAT | O_WRONLY, 0o644) as number;
      caller.call('write', fd, bytesOf(what), what.length);
      caller.call('close', fd);
    } else if (!('$mode' in what)) {
      caller.call('mkdirat', CWD, own, 0o755);
      populate(caller, what as TreeSpec, own);
    }
  }
}

/** As if the caches had been trimmed: what nobody holds is forgotten. */
function forgetAll(kernel: Kernel): void {
  for (const dentry of [...kernel.dentries.values()].reverse())
    if (dentry.refs <= 0 && kernel.dentries.has(dentry.id)) unhash(kernel, dentry);
  for (let before = -1; before !== kernel.inodes.size;) {
    before = kernel.inodes.size;
    for (const inode of kernel.inodes.values()) if (inode.refs <= 0) forgetInode(kernel, inode);
  }
}

function newRandom(seed: number): (below: number) => number {
  let state = seed * 2654435761;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
