import { describe, expect, it } from 'vitest';
import { MMAP } from '../../abi/flags/memory.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { inodeOf } from '../vfs/inode.ts';
import { createMm, forkMm, putMm } from './mm.ts';
import { mmapRegion } from './mmap.ts';
import { cachedPage, readAhead } from './page-cache.ts';
import { patternByte, testFile, testKernel, testTask, userLoad, userStore } from './testing.ts';
import type { Mm } from './types.ts';

const { MAP_PRIVATE, MAP_SHARED, MAP_ANONYMOUS } = MMAP.values;

function hog(kernel: Kernel, pages: number): { mm: Mm; task: Task; at: number } {
  const mm = createMm(kernel) as Mm;
  const task = testTask(kernel, mm);
  const request = {
    address: 0,
    length: pages * 4096,
    prot: 3,
    flags: MAP_PRIVATE | MAP_ANONYMOUS,
    file: null,
    offset: 0,
  };
  return { mm, task, at: mmapRegion(kernel, mm, request) as number };
}

/** Writes to pages until one kills or fails; gives how many could be written. */
function fill(kernel: Kernel, task: Task, at: number, pages: number): number {
  kernel.current = task.tid;
  for (let i = 0; i < pages; i++) if (userStore(kernel, task, at + i * 4096, 1) !== 0) return i;
  return pages;
}

function isKilled(task: Task): boolean {
  return task.signalPending && task.pending.queue.some((info) => info.signo === 9);
}

describe('out of memory', () => {
  it('kills the process that uses most, and the others go on', () => {
    const kernel = testKernel(1024);
    const small = hog(kernel, 400);
    expect(fill(kernel, small.task, small.at, 200)).toBe(200);
    const large = hog(kernel, 1000);
    const filled = fill(kernel, large.task, large.at, 1000);
    expect(filled).toBeGreaterThan(700);
    expect(filled).toBeLessThan(1000);
    expect(isKilled(large.task)).toBe(true);
    expect(isKilled(small.task)).toBe(false);
    expect(kernel.stats.oomKills).toBe(1);
    expect(kernel.log.at(-1)!.text).toMatch(
      /^Out of memory: Killed process 2 \(task2\) total-vm:4000kB, anon-rss:\d+kB, /,
    );
    expect(fill(kernel, small.task, small.at, 400)).toBe(400);
    putMm(kernel, large.mm);
    putMm(kernel, small.mm);
    expect(kernel.frames.pages - kernel.frames.freePages).toBe(1 + kernel.frames.tablePages);
  });

  it('kills another when that uses more than the one that asks', () => {
    const kernel = testKernel(1024);
    const large = hog(kernel, 1000);
    fill(kernel, large.task, large.at, 900);
    const small = hog(kernel, 200);
    expect(fill(kernel, small.task, small.at, 200)).toBe(200);
    expect(isKilled(large.task)).toBe(true);
    expect(isKilled(small.task)).toBe(false);
  });

  it('heeds oom_score_adj', () => {
    const kernel = testKernel(1024);
    const large = hog(kernel, 1000);
    large.task.oomScoreAdj = -1000;
    fill(kernel, large.task, large.at, 900);
    const small = hog(kernel, 200);
    expect(fill(kernel, small.task, small.at, 200)).toBeLessThan(200);
    expect(isKilled(large.task)).toBe(false);
    expect(isKilled(small.task)).toBe(true);
  });

  it('takes clean file pages before it kills, even mapped ones', () => {
    const kernel = testKernel(1024);
    const file = testFile(kernel, 900 * 4096);
    const inode = inodeOf(kernel, file.inode);
    readAhead(kernel, inode, 0, 900);
    expect(inode.pages.size).toBe(900);
    const { mm, task, at } = hog(kernel, 900);
    const length = 100 * 4096;
    const mapped = mmapRegion(kernel, mm, {
      address: 0,
      length,
      prot: 1,
      flags: MAP_SHARED,
      file,
      offset: 0,
    }) as number;
    expect(userLoad(kernel, task, mapped)).toBe(patternByte(inode.ino, 0));
    expect(fill(kernel, task, at, 900)).toBe(900);
    expect(kernel.stats.oomKills).toBe(0);
    for (let i = 0; i < 100; i++)
      expect(userLoad(kernel, task, mapped + i * 4096)).toBe(patternByte(inode.ino, i * 4096));
    expect(kernel.stats.oomKills).toBe(0);
  });

  it('keeps dirty pages that cannot be read again', () => {
    const kernel = testKernel(1024);
    const file = testFile(kernel, 500 * 4096);
    const inode = inodeOf(kernel, file.inode);
    for (let i = 0; i < 500; i++) {
      expect(typeof cachedPage(kernel, inode, i)).toBe('number');
      inode.dirty.add(i);
    }
    const { task, at } = hog(kernel, 900);
    expect(fill(kernel, task, at, 900)).toBeLessThan(520);
    expect(isKilled(task)).toBe(true);
    expect(inode.pages.size).toBe(500);
  });

  it('fails fork, not the kernel, when there is no memory for tables', () => {
    const kernel = testKernel(256);
    const { mm, task, at } = hog(kernel, 200);
    fill(kernel, task, at, 200);
    const copies: Mm[] = [];
    for (;;) {
      const copy = forkMm(kernel, mm);
      if (typeof copy === 'string') {
        expect(copy).toBe('ENOMEM');
        break;
      }
      copies.push(copy);
    }
    expect(copies.length).toBeGreaterThan(3);
    for (const copy of copies) putMm(kernel, copy);
    putMm(kernel, mm);
    expect(kernel.frames.pages - kernel.frames.freePages).toBe(1 + kernel.frames.tablePages);
  });
});
