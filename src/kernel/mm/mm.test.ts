import { describe, expect, it } from 'vitest';
import { MMAP } from '../../abi/flags/memory.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { putFile } from '../vfs/file.ts';
import { inodeOf } from '../vfs/inode.ts';
import { createMm, forkMm, putMm } from './mm.ts';
import { mmapRegion, mprotectRegion, munmapRegion, setBrk } from './mmap.ts';
import { dropPages, truncatePages, writeBack } from './page-cache.ts';
import { patternByte, testFile, testKernel, testTask, userLoad, userStore, writtenPages } from './testing.ts';
import type { Mm } from './types.ts';
import { copyFromUser, copyToUser, getUser64, putUser64, strncpyFromUser } from './uaccess.ts';

const { MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_FIXED_NOREPLACE } = MMAP.values;
const ANON = MAP_PRIVATE | MAP_ANONYMOUS;
const RW = 3;

function newProcess(kernel: Kernel): { mm: Mm; task: Task } {
  const mm = createMm(kernel);
  if (typeof mm === 'string') throw new Error(mm);
  return { mm, task: testTask(kernel, mm) };
}

function map(kernel: Kernel, mm: Mm, pages: number, more: Partial<Parameters<typeof mmapRegion>[2]> = {}): number {
  const request = { address: 0, length: pages * 4096, prot: RW, flags: ANON, file: null, offset: 0, ...more };
  const address = mmapRegion(kernel, mm, request);
  if (typeof address === 'string') throw new Error(address);
  return address;
}

describe('address spaces', () => {
  it('gives every frame back at teardown', () => {
    const kernel = testKernel(4096);
    const free = kernel.frames.freePages;
    const { mm, task } = newProcess(kernel);
    const at = map(kernel, mm, 100);
    for (let i = 0; i < 100; i++) expect(userStore(kernel, task, at + i * 4096, i)).toBe(0);
    const child = forkMm(kernel, mm) as Mm;
    expect(mm.rssAnon).toBe(100);
    expect(child.rssAnon).toBe(100);
    putMm(kernel, mm);
    putMm(kernel, child);
    expect(kernel.frames.freePages).toBe(free);
    expect(kernel.frames.tablePages).toBe(2);
  });

  it('copies on write after fork, in both directions', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    const at = map(kernel, mm, 4);
    userStore(kernel, task, at, 1);
    userStore(kernel, task, at + 4096, 2);
    const child = testTask(kernel, forkMm(kernel, mm) as Mm);
    userStore(kernel, task, at, 11);
    userStore(kernel, child, at + 4096, 22);
    expect([userLoad(kernel, task, at), userLoad(kernel, task, at + 4096)]).toEqual([11, 2]);
    expect([userLoad(kernel, child, at), userLoad(kernel, child, at + 4096)]).toEqual([1, 22]);
  });

  it('shares anonymous memory through fork', () => {
    const kernel = testKernel(1024);
    const free = kernel.frames.freePages;
    const { mm, task } = newProcess(kernel);
    const at = map(kernel, mm, 2, { flags: MAP_SHARED | MAP_ANONYMOUS });
    const childMm = forkMm(kernel, mm) as Mm;
    const child = testTask(kernel, childMm);
    userStore(kernel, child, at, 5);
    expect(userLoad(kernel, task, at)).toBe(5);
    expect(mm.rssShmem).toBe(1);
    putMm(kernel, mm);
    putMm(kernel, childMm);
    expect(kernel.frames.freePages).toBe(free);
    expect(kernel.inodes.size).toBe(0);
  });

  it('tells missing mappings from missing permission', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    const at = map(kernel, mm, 1, { prot: 1 });
    expect(userStore(kernel, task, at, 1)).toBe('SIGSEGV 2');
    expect(userLoad(kernel, task, at, 'exec')).toBe('SIGSEGV 2');
    expect(userLoad(kernel, task, at + 4096)).toBe('SIGSEGV 1');
    expect(userLoad(kernel, task, 0xffff_ffd6_0000_0000)).toBe('SIGSEGV 1');
    const code = map(kernel, mm, 1, { prot: 4 });
    expect(userLoad(kernel, task, code)).toBe('SIGSEGV 2');
    expect(userLoad(kernel, task, code, 'exec')).toBe(0);
    expect(getUser64(kernel, task, code)).toBe('EFAULT');
  });

  it('reads untouched memory from the page of zeros', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    const at = map(kernel, mm, 64);
    const free = kernel.frames.freePages;
    for (let i = 0; i < 64; i++) expect(userLoad(kernel, task, at + i * 4096)).toBe(0);
    expect(kernel.frames.freePages).toBeGreaterThan(free - 4);
    expect(mm.rssAnon).toBe(0);
    userStore(kernel, task, at, 9);
    expect(userLoad(kernel, task, at)).toBe(9);
    expect(userLoad(kernel, task, at + 4096)).toBe(0);
    expect(mm.rssAnon).toBe(1);
  });

  it('changes protection and keeps contents', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    const at = map(kernel, mm, 3);
    for (let i = 0; i < 3; i++) userStore(kernel, task, at + i * 4096, i + 1);
    expect(mprotectRegion(kernel, mm, at + 4096, 4096, 0)).toBe(0);
    expect(mm.vmas.length).toBe(3);
    expect(userLoad(kernel, task, at + 4096)).toBe('SIGSEGV 2');
    expect(mprotectRegion(kernel, mm, at, 3 * 4096, 1)).toBe(0);
    expect(mm.vmas.length).toBe(1);
    expect(userLoad(kernel, task, at + 4096)).toBe(2);
    expect(userStore(kernel, task, at, 1)).toBe('SIGSEGV 2');
    expect(mprotectRegion(kernel, mm, at, 4 * 4096, RW)).toBe('ENOMEM');
    expect(userStore(kernel, task, at, 7)).toBe(0);
  });

  it('grows stacks down to the limit, not into the guard gap', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    const top = 0xffff_f000;
    map(kernel, mm, 1, { address: top - 4096, flags: ANON | MAP_FIXED | MAP_GROWSDOWN });
    expect(userStore(kernel, task, top - 100 * 4096, 1)).toBe(0);
    expect(mm.totalPages).toBe(100);
    expect(userStore(kernel, task, top - (8 << 20) - 4096, 1)).toBe('SIGSEGV 1');
    map(kernel, mm, 1, { address: top - 1000 * 4096, flags: ANON | MAP_FIXED });
    expect(userStore(kernel, task, top - 700 * 4096, 1)).toBe(0);
    expect(userStore(kernel, task, top - 750 * 4096, 1)).toBe('SIGSEGV 1');
  });

  it('moves the heap end', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    mm.brkStart = mm.brk = 0x20000;
    expect(setBrk(kernel, mm, 0x20010)).toBe(0x20010);
    expect(userStore(kernel, task, 0x20800, 1)).toBe(0);
    expect(setBrk(kernel, mm, 0x40000)).toBe(0x40000);
    expect(mm.vmas.length).toBe(1);
    expect(setBrk(kernel, mm, 0x10000)).toBe(0x40000);
    map(kernel, mm, 1, { address: 0x50000, flags: ANON | MAP_FIXED });
    expect(setBrk(kernel, mm, 0x50000)).toBe(0x40000);
    expect(setBrk(kernel, mm, 0x20000)).toBe(0x20000);
    expect(userLoad(kernel, task, 0x20800)).toBe('SIGSEGV 1');
  });

  it('refuses what Linux refuses', () => {
    const kernel = testKernel(1024);
    const { mm } = newProcess(kernel);
    const base = { address: 0, length: 4096, prot: RW, flags: ANON, file: null, offset: 0 };
    expect(mmapRegion(kernel, mm, { ...base, length: 0 })).toBe('EINVAL');
    expect(mmapRegion(kernel, mm, { ...base, flags: MAP_ANONYMOUS })).toBe('EINVAL');
    expect(mmapRegion(kernel, mm, { ...base, address: 123, flags: ANON | MAP_FIXED })).toBe('EINVAL');
    expect(mmapRegion(kernel, mm, { ...base, address: 2 ** 38, flags: ANON | MAP_FIXED })).toBe('ENOMEM');
    expect(mmapRegion(kernel, mm, { ...base, length: 2 ** 50 })).toBe('ENOMEM');
    expect(mmapRegion(kernel, mm, { ...base, length: 1025 * 4096 })).toBe('ENOMEM');
    const at = map(kernel, mm, 1);
    expect(mmapRegion(kernel, mm, { ...base, address: at, flags: ANON | MAP_FIXED_NOREPLACE })).toBe('EEXIST');
    expect(munmapRegion(kernel, mm, 1, 4096)).toBe('EINVAL');
    expect(munmapRegion(kernel, mm, 4096, 0)).toBe('EINVAL');
    expect(munmapRegion(kernel, mm, 4096, -1)).toBe('EINVAL');
    expect(munmapRegion(kernel, mm, 4096, NaN)).toBe('EINVAL');
  });
});

describe('file mappings', () => {
  it('share the page cache, and copy when private', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    const file = testFile(kernel, 3 * 4096 + 10);
    const inode = inodeOf(kernel, file.inode);
    const shared = map(kernel, mm, 4, { flags: MAP_SHARED, file });
    const own = map(kernel, mm, 4, { flags: MAP_PRIVATE, file });
    expect(userLoad(kernel, task, shared + 4096)).toBe(patternByte(inode.ino, 4096));
    // The pages around were mapped with it.
    expect(mm.rssFile).toBe(4);
    userStore(kernel, task, own + 4096, 200);
    expect(userLoad(kernel, task, shared + 4096)).toBe(patternByte(inode.ino, 4096));
    userStore(kernel, task, shared + 4096, 100);
    expect(userLoad(kernel, task, own + 4096)).toBe(200);
    expect([...inode.dirty]).toEqual([1]);
    expect(writeBack(kernel, inode)).toBe(0);
    expect(writtenPages(inode)).toEqual([1]);
    expect(inode.dirty.size).toBe(0);
    userStore(kernel, task, shared + 4096, 101);
    expect([...inode.dirty]).toEqual([1]);
    // Beyond the last page.
    expect(userLoad(kernel, task, shared + 3 * 4096 + 20)).toBe(0);
    inode.size = 4096;
    truncatePages(kernel, inode, 4096);
    expect(userLoad(kernel, task, shared + 4096)).toBe('SIGBUS 2');
    expect(userLoad(kernel, task, own + 4096)).toBe('SIGBUS 2');
    expect(userLoad(kernel, task, shared + 1)).toBe(patternByte(inode.ino, 1));
  });

  it('leave nothing behind', () => {
    const kernel = testKernel(1024);
    const free = kernel.frames.freePages;
    const { mm, task } = newProcess(kernel);
    const file = testFile(kernel, 40 * 4096);
    const inode = inodeOf(kernel, file.inode);
    const at = map(kernel, mm, 40, { flags: MAP_PRIVATE, file });
    putFile(kernel, file);
    for (let i = 0; i < 40; i += 3) userStore(kernel, task, at + i * 4096, 1);
    for (let i = 0; i < 40; i++) userLoad(kernel, task, at + i * 4096);
    expect(mm.rssAnon).toBe(14);
    expect(mm.rssFile).toBe(26);
    munmapRegion(kernel, mm, at + 4096, 4096 * 10);
    expect(mm.rssAnon + mm.rssFile).toBe(30);
    munmapRegion(kernel, mm, at, 4096 * 40);
    expect([mm.rssAnon, mm.rssFile, mm.totalPages, mm.dataPages]).toEqual([0, 0, 0, 0]);
    expect(kernel.files.size).toBe(0);
    putMm(kernel, mm);
    dropPages(kernel, inode);
    expect(kernel.frames.freePages).toBe(free);
    expect(kernel.frames.cachePages).toBe(0);
  });
});

describe('user access', () => {
  it('crosses pages, and stops at what is not mapped', () => {
    const kernel = testKernel(1024);
    const { mm, task } = newProcess(kernel);
    const at = map(kernel, mm, 3);
    const bytes = Uint8Array.from({ length: 9000 }, (_, i) => i & 255);
    expect(copyToUser(kernel, task, at + 100, bytes)).toBe(0);
    const back = new Uint8Array(9000);
    expect(copyFromUser(kernel, task, at + 100, back)).toBe(0);
    expect(back).toEqual(bytes);
    expect(copyToUser(kernel, task, at + 2 * 4096 + 4000, bytes.subarray(0, 97))).toBe('EFAULT');
    expect(copyFromUser(kernel, task, 2 ** 63, back)).toBe('EFAULT');
    expect(copyFromUser(kernel, task, -8, back)).toBe('EFAULT');
    expect(copyFromUser(kernel, task, NaN, back)).toBe('EFAULT');
    expect(putUser64(kernel, task, at + 4092, 0x1234_5678_9abc)).toBe(0);
    expect(getUser64(kernel, task, at + 4092)).toBe(0x1234_5678_9abc);
    expect(putUser64(kernel, task, at + 8, -2)).toBe(0);
    expect(getUser64(kernel, task, at + 8)).toBe(2 ** 64 - 2);
    copyToUser(kernel, task, at + 4090, Uint8Array.from([104, 101, 108, 108, 111, 33, 33, 0]));
    expect(strncpyFromUser(kernel, task, at + 4090, 100)).toEqual({ bytes: 'hello!!' });
    expect(strncpyFromUser(kernel, task, at + 4090, 5)).toBe('ENAMETOOLONG');
  });
});
