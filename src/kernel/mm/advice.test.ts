import { describe, expect, it } from 'vitest';
import { MADVISE, MMAP, MREMAP } from '../../abi/flags/memory.ts';
import type { Kernel } from '../kernel.ts';
import { userCred } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { inodeOf } from '../vfs/inode.ts';
import { memoryCalls } from '../syscalls/memory.ts';
import { committedPages } from './limits.ts';
import { madviseRegion } from './madvise.ts';
import { lockAll, lockRegion, residentPages, syncRegion, unlockAll, unlockRegion } from './mlock.ts';
import { createMm, forkMm, putMm } from './mm.ts';
import { mmapRegion } from './mmap.ts';
import { mremapRegion } from './mremap.ts';
import { testFile, testKernel, testTask, userLoad, userStore, writtenPages } from './testing.ts';
import type { Mm } from './types.ts';
import { nameAnonymous } from './change-vmas.ts';

const { MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_POPULATE, MAP_LOCKED } = MMAP.values;
const M = MADVISE.values;
const { MREMAP_MAYMOVE, MREMAP_DONTUNMAP } = MREMAP.values;
const ANON = MAP_PRIVATE | MAP_ANONYMOUS;

function start(): { kernel: Kernel; mm: Mm; task: Task } {
  const kernel = testKernel(1024);
  const mm = createMm(kernel) as Mm;
  return { kernel, mm, task: testTask(kernel, mm) };
}

function map(kernel: Kernel, mm: Mm, pages: number, more: Partial<Parameters<typeof mmapRegion>[2]> = {}): number {
  const request = { address: 0, length: pages * 4096, prot: 3, flags: ANON, file: null, offset: 0, ...more };
  return mmapRegion(kernel, mm, request) as number;
}

describe('madvise', () => {
  it('drops, keeps out of children, wipes in children', () => {
    const { kernel, mm, task } = start();
    const at = map(kernel, mm, 4);
    for (let i = 0; i < 4; i++) userStore(kernel, task, at + i * 4096, 7);
    expect(madviseRegion(kernel, mm, at, 4096, M.MADV_DONTNEED)).toBe(0);
    expect(userLoad(kernel, task, at)).toBe(0);
    expect(madviseRegion(kernel, mm, at + 4096, 4096, M.MADV_DONTFORK)).toBe(0);
    expect(madviseRegion(kernel, mm, at + 2 * 4096, 4096, M.MADV_WIPEONFORK)).toBe(0);
    expect(mm.vmas.length).toBe(4);
    const child = testTask(kernel, forkMm(kernel, mm) as Mm);
    expect(userLoad(kernel, child, at + 4096)).toBe('SIGSEGV 1');
    expect(userLoad(kernel, child, at + 2 * 4096)).toBe(0);
    expect(userLoad(kernel, child, at + 3 * 4096)).toBe(7);
    expect(madviseRegion(kernel, mm, at, 4 * 4096, M.MADV_DOFORK)).toBe(0);
    expect(madviseRegion(kernel, mm, at, 4 * 4096, M.MADV_KEEPONFORK)).toBe(0);
    expect(mm.vmas.length).toBe(1);
    expect(madviseRegion(kernel, mm, at, 5 * 4096, M.MADV_NORMAL)).toBe('ENOMEM');
    expect(madviseRegion(kernel, mm, at, 4096, 999)).toBe('EINVAL');
    expect(madviseRegion(kernel, mm, at + 1, 4096, M.MADV_NORMAL)).toBe('EINVAL');
  });

  it('punches holes in shared memory and populates', () => {
    const { kernel, mm, task } = start();
    const at = map(kernel, mm, 2, { flags: MAP_SHARED | MAP_ANONYMOUS });
    userStore(kernel, task, at, 1);
    expect(madviseRegion(kernel, mm, at, 4096, M.MADV_REMOVE)).toBe(0);
    expect(userLoad(kernel, task, at)).toBe(0);
    const own = map(kernel, mm, 8, { prot: 1 });
    expect(madviseRegion(kernel, mm, own, 8 * 4096, M.MADV_REMOVE)).toBe('EINVAL');
    expect(madviseRegion(kernel, mm, own, 8 * 4096, M.MADV_POPULATE_READ)).toBe(0);
    expect(madviseRegion(kernel, mm, own, 8 * 4096, M.MADV_POPULATE_WRITE)).toBe('EINVAL');
  });
});

describe('mremap', () => {
  it('grows in place, moves when it must, and leaves the old range if told to', () => {
    const { kernel, mm, task } = start();
    const at = map(kernel, mm, 4);
    userStore(kernel, task, at + 4096, 5);
    expect(mremapRegion(kernel, mm, at, 4 * 4096, 2 * 4096, 0, 0)).toBe(at);
    expect(mremapRegion(kernel, mm, at, 2 * 4096, 4 * 4096, 0, 0)).toBe(at);
    expect(userLoad(kernel, task, at + 4096)).toBe(5);
    map(kernel, mm, 1, { address: at + 4 * 4096, flags: ANON | 0x10 });
    expect(mremapRegion(kernel, mm, at, 4 * 4096, 8 * 4096, 0, 0)).toBe('ENOMEM');
    const moved = mremapRegion(kernel, mm, at, 4 * 4096, 300 * 4096, MREMAP_MAYMOVE, 0) as number;
    expect(userLoad(kernel, task, moved + 4096)).toBe(5);
    expect(userLoad(kernel, task, at + 4096)).toBe('SIGSEGV 1');
    const again = mremapRegion(kernel, mm, moved, 4096 * 2, 4096 * 2, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0) as number;
    expect(userLoad(kernel, task, again + 4096)).toBe(5);
    expect(userLoad(kernel, task, moved + 4096)).toBe(0);
    expect(mremapRegion(kernel, mm, 0x1000, 4096, 4096, 0, 0)).toBe('EFAULT');
    expect(mremapRegion(kernel, mm, again, 0, 4096, MREMAP_MAYMOVE, 0)).toBe('EINVAL');
    const shared = map(kernel, mm, 2, { flags: MAP_SHARED | MAP_ANONYMOUS });
    const second = mremapRegion(kernel, mm, shared, 0, 8192, MREMAP_MAYMOVE, 0) as number;
    userStore(kernel, task, second, 9);
    expect(userLoad(kernel, task, shared)).toBe(9);
  });
});

describe('locking', () => {
  it('counts pages against RLIMIT_MEMLOCK', () => {
    const { kernel, mm, task } = start();
    const at = map(kernel, mm, 8);
    expect(lockRegion(kernel, mm, at, 4 * 4096, false)).toBe(0);
    expect([mm.lockedPages, mm.rssAnon]).toEqual([4, 4]);
    expect(madviseRegion(kernel, mm, at, 4096, M.MADV_DONTNEED)).toBe('EINVAL');
    expect(unlockRegion(kernel, mm, at, 2 * 4096)).toBe(0);
    expect(mm.lockedPages).toBe(2);
    task.cred = userCred(1000, 1000);
    kernel.groups.get(task.tgid)!.rlimits[8] = { soft: 4 * 4096, hard: 4 * 4096 };
    expect(lockRegion(kernel, mm, at, 8 * 4096, false)).toBe('ENOMEM');
    expect(lockRegion(kernel, mm, at, 4 * 4096, false)).toBe(0);
    expect(lockAll(kernel, mm, 1)).toBe('ENOMEM');
    expect(lockAll(kernel, mm, 8)).toBe('EINVAL');
    expect(lockAll(kernel, mm, 2)).toBe(0);
    expect(map(kernel, mm, 1)).toBe('EAGAIN');
    expect(unlockAll(kernel, mm)).toBe(0);
    expect([mm.lockedPages, mm.vmas.length]).toEqual([0, 1]);
    kernel.groups.get(task.tgid)!.rlimits[8] = { soft: 0, hard: 0 };
    expect(map(kernel, mm, 1, { flags: ANON | MAP_LOCKED })).toBe('EPERM');
  });
});

describe('what is in memory', () => {
  it('tells resident pages and writes dirty ones back', () => {
    const { kernel, mm, task } = start();
    const file = testFile(kernel, 40 * 4096);
    const inode = inodeOf(kernel, file.inode);
    const at = map(kernel, mm, 40, { flags: MAP_SHARED, file });
    userStore(kernel, task, at, 1);
    expect([...(residentPages(kernel, mm, at, at + 40 * 4096) as Uint8Array)].filter((page) => page === 1).length).toBe(
      16,
    );
    expect(syncRegion(kernel, mm, at, 4096, 1)).toBe(0);
    expect(writtenPages(inode)).toEqual([]);
    expect(syncRegion(kernel, mm, at, 4096, 4)).toBe(0);
    expect(writtenPages(inode)).toEqual([0]);
    expect(syncRegion(kernel, mm, at, 4096, 5)).toBe('EINVAL');
    expect(syncRegion(kernel, mm, at, 41 * 4096, 4)).toBe('ENOMEM');
    const populated = map(kernel, mm, 4, { flags: ANON | MAP_POPULATE });
    expect(residentPages(kernel, mm, populated, populated + 4 * 4096)).toEqual(Uint8Array.from([1, 1, 1, 1]));
    expect(committedPages(kernel)).toBe(4);
  });

  it('bounds the address space', () => {
    const { kernel, mm, task } = start();
    const { rlimits } = kernel.groups.get(task.tgid)!;
    rlimits[9] = { soft: 20 * 4096, hard: 20 * 4096 };
    expect(map(kernel, mm, 16)).toBeGreaterThan(0);
    expect(map(kernel, mm, 5)).toBe('ENOMEM');
    rlimits[2] = { soft: 18 * 4096, hard: 18 * 4096 };
    expect(map(kernel, mm, 3)).toBe('ENOMEM');
    expect(map(kernel, mm, 3, { prot: 1 })).toBeGreaterThan(0);
  });
});

describe('any argument', () => {
  it('gives a value or an error, never an exception', () => {
    const { kernel, mm, task } = start();
    const odd = [
      0,
      1,
      2,
      3,
      7,
      16,
      34,
      4095,
      4096,
      4097,
      0x10000,
      0x22,
      0x32,
      0x8022,
      -1,
      -4096,
      2 ** 31,
      2 ** 32 - 4096,
      2 ** 38,
      2 ** 52,
    ];
    const values = [...odd, 2 ** 38 - 4096, 2 ** 63, 2 ** 64 - 4096, 0xffff_ffd6_0000_0000, 0xffff_f000 - 4096];
    let state = 1;
    const pick = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const vmas = mm.vmas;
      if (vmas.length > 0 && state % 3 === 0) return vmas[(state >>> 8) % vmas.length]!.start;
      return values[(state >>> 8) % values.length]!;
    };
    const { mmap, process_vm_readv, process_vm_writev, ...calls } = memoryCalls;
    const others = Object.values(calls) as ((...args: unknown[]) => unknown)[];
    for (let i = 0; i < 20000; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const call = others[(state >>> 8) % others.length]!;
      const result = call(kernel, task, pick(), pick(), pick(), pick(), pick(), pick());
      expect(['number', 'string']).toContain(typeof result);
      const length = Math.min(pick(), 2 ** 20);
      const mapped = mmap(kernel, task, pick(), length, pick(), pick() | 0x22, -1, 0);
      expect(['number', 'string']).toContain(typeof mapped);
      if (i % 7 === 0) nameAnonymous(kernel, mm, pick(), pick(), '[anon:x]');
      if (mm.vmas.length > 200) calls.munmap(kernel, task, 0, 2 ** 37);
    }
    expect(process_vm_readv(kernel, task, 99, 0, 0, 0, 0, 0)).toBe(0);
    expect(process_vm_writev(kernel, task, 99, 0, -1, 0, 0, 0)).toBe('EINVAL');
    calls.munmap(kernel, task, 0, 2 ** 38);
    expect(mm.vmas.length).toBe(0);
    expect([mm.totalPages, mm.dataPages, mm.lockedPages]).toEqual([0, 0, 0]);
    expect([mm.rssAnon, mm.rssFile, mm.rssShmem]).toEqual([0, 0, 0]);
    putMm(kernel, mm);
    expect(kernel.inodes.size).toBe(0);
    expect(kernel.frames.pages - kernel.frames.freePages).toBe(1 + kernel.frames.tablePages);
  });
});
