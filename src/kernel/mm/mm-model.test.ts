/** Random operations on several address spaces against a model that keeps one record for each page. */
import { describe, expect, it } from 'vitest';
import { MADVISE, MMAP, MREMAP } from '../../abi/flags/memory.ts';
import { PTE, pteSlot } from '../arch/riscv64/page-table.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { putFile } from '../vfs/file.ts';
import { inodeOf } from '../vfs/inode.ts';
import type { OpenFile } from '../vfs/types.ts';
import { madviseRegion } from './madvise.ts';
import { createMm, forkMm, putMm } from './mm.ts';
import { mmapRegion, mprotectRegion, munmapRegion } from './mmap.ts';
import { mremapRegion } from './mremap.ts';
import { dropPages, writeBack } from './page-cache.ts';
import { patternByte, testFile, testKernel, testTask, userLoad, userStore } from './testing.ts';
import type { Mm } from './types.ts';
import { getUser8, putUser8 } from './uaccess.ts';
import { reclaimPages } from './user-frames.ts';

const { MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS } = MMAP.values;
const { MADV_DONTNEED } = MADVISE.values;
const { MREMAP_MAYMOVE, MREMAP_FIXED } = MREMAP.values;

/** The arena lies across the border of two leaf tables. */
const PAGES = 96;
const BASE = 0x4020_0000 - 40 * 4096;
const FILE_PAGES = 24;

/** What several pages may show: a page of a file or of shared memory. */
interface Shown {
  value: number;
}

interface Page {
  prot: number;
  shared: boolean;
  /** Null: anonymous. */
  base: Shown | null;
  /** A private page's own contents, once written. */
  own: number | null;
}

interface Process {
  readonly mm: Mm;
  readonly task: Task;
  readonly pages: Map<number, Page>;
}

function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function valueOf(page: Page): number {
  return page.shared ? page.base!.value : (page.own ?? page.base?.value ?? 0);
}

class Model {
  readonly kernel: Kernel;
  readonly pick: (below: number) => number;
  readonly file: OpenFile;
  readonly filePages: Shown[] = [];
  readonly processes: Process[] = [];

  constructor(seed: number) {
    this.kernel = testKernel(2048);
    this.pick = random(seed);
    this.file = testFile(this.kernel, FILE_PAGES * 4096);
    const { ino } = inodeOf(this.kernel, this.file.inode);
    for (let i = 0; i < FILE_PAGES; i++) this.filePages.push({ value: patternByte(ino, i * 4096) });
    this.add(createMm(this.kernel) as Mm, new Map());
  }

  add(mm: Mm, pages: Map<number, Page>): void {
    this.processes.push({ mm, task: testTask(this.kernel, mm), pages });
  }

  step(): void {
    const process = this.processes[this.pick(this.processes.length)]!;
    this.kernel.current = process.task.tid;
    const start = this.pick(PAGES);
    const count = 1 + this.pick(Math.min(20, PAGES - start));
    const operation = this.pick(100);
    if (operation < 14) this.map(process, start, count);
    else if (operation < 24) this.unmap(process, start, count);
    else if (operation < 36) this.protect(process, start, count);
    else if (operation < 40) this.discard(process, start, count);
    else if (operation < 46) this.move(process, start, count);
    else if (operation < 49) this.fork(process);
    else if (operation < 51) this.exit(process);
    else if (operation < 53) expect(writeBack(this.kernel, inodeOf(this.kernel, this.file.inode))).toBe(0);
    else if (operation < 55) reclaimPages(this.kernel, 5);
    else for (let i = 0; i < 8; i++) this.access(process, this.pick(PAGES));
  }

  map({ mm, pages }: Process, start: number, count: number): void {
    const { kernel } = this;
    const prot = this.pick(8);
    const kind = this.pick(4);
    const offset = this.pick(FILE_PAGES - 1);
    const length = kind < 2 ? count : Math.min(count, FILE_PAGES - offset);
    const shared = (kind & 1) === 1;
    const flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (kind < 2 ? MAP_ANONYMOUS : 0);
    const address = BASE + start * 4096;
    const file = kind < 2 ? null : this.file;
    const request = { address, length: length * 4096, prot, flags, file, offset: kind < 2 ? 0 : offset * 4096 };
    expect(mmapRegion(kernel, mm, request)).toBe(address);
    for (let i = 0; i < length; i++) {
      const base = kind >= 2 ? this.filePages[offset + i]! : shared ? { value: 0 } : null;
      pages.set(start + i, { prot, shared, base, own: null });
    }
  }

  unmap({ mm, pages }: Process, start: number, count: number): void {
    expect(munmapRegion(this.kernel, mm, BASE + start * 4096, count * 4096)).toBe(0);
    for (let i = start; i < start + count; i++) pages.delete(i);
  }

  protect({ mm, pages }: Process, start: number, count: number): void {
    const prot = this.pick(8);
    let whole = true;
    for (let i = start; i < start + count && whole; i++) {
      const page = pages.get(i);
      if (page === undefined) whole = false;
      else page.prot = prot;
    }
    expect(mprotectRegion(this.kernel, mm, BASE + start * 4096, count * 4096, prot)).toBe(whole ? 0 : 'ENOMEM');
  }

  discard({ mm, pages }: Process, start: number, count: number): void {
    let whole = true;
    for (let i = start; i < start + count; i++) {
      const page = pages.get(i);
      if (page === undefined) whole = false;
      else page.own = null;
    }
    const result = madviseRegion(this.kernel, mm, BASE + start * 4096, count * 4096, MADV_DONTNEED);
    expect(result).toBe(whole ? 0 : 'ENOMEM');
  }

  /** Moves what is one mapping to somewhere that does not overlap it. */
  move({ mm, pages }: Process, start: number, count: number): void {
    const vma = mm.vmas.find(
      (candidate) => candidate.start <= BASE + start * 4096 && candidate.end > BASE + start * 4096,
    );
    if (vma === undefined) return;
    const length = Math.min(count, vma.end / 4096 - BASE / 4096 - start);
    const target = this.pick(PAGES - length);
    const from = BASE + start * 4096;
    const result = mremapRegion(
      this.kernel,
      mm,
      from,
      length * 4096,
      length * 4096,
      MREMAP_MAYMOVE | MREMAP_FIXED,
      BASE + target * 4096,
    );
    if (start + length > target && target + length > start) {
      expect(result).toBe('EINVAL');
      return;
    }
    expect(result).toBe(BASE + target * 4096);
    for (let i = 0; i < length; i++) {
      pages.set(target + i, pages.get(start + i)!);
      pages.delete(start + i);
    }
  }

  fork({ mm, pages }: Process): void {
    if (this.processes.length >= 5) return;
    const copy = new Map<number, Page>();
    for (const [index, page] of pages) copy.set(index, { ...page });
    this.add(forkMm(this.kernel, mm) as Mm, copy);
  }

  exit(process: Process): void {
    if (this.processes.length === 1) return;
    this.processes.splice(this.processes.indexOf(process), 1);
    this.end(process);
  }

  end({ mm, task }: Process): void {
    putMm(this.kernel, mm);
    this.kernel.tasks.delete(task.tid);
    this.kernel.groups.delete(task.tgid);
  }

  access({ task, pages }: Process, index: number): void {
    const { kernel } = this;
    const page = pages.get(index);
    const address = BASE + index * 4096;
    const how = this.pick(5);
    const expected = (allowed: boolean, value: number) =>
      page === undefined ? 'SIGSEGV 1' : allowed ? value : 'SIGSEGV 2';
    const prot = page?.prot ?? 0;
    if (how === 0) expect(userLoad(kernel, task, address)).toBe(expected((prot & 3) !== 0, page ? valueOf(page) : 0));
    else if (how === 1) {
      expect(userLoad(kernel, task, address, 'exec')).toBe(expected((prot & 4) !== 0, page ? valueOf(page) : 0));
    } else if (how === 2) {
      const readable = page !== undefined && (prot & 3) !== 0;
      expect(getUser8(kernel, task, address)).toBe(readable ? valueOf(page) : 'EFAULT');
    } else {
      const value = this.pick(256);
      const writable = (prot & 2) !== 0;
      if (how === 3) expect(userStore(kernel, task, address, value)).toBe(expected(writable, 0));
      else expect(putUser8(kernel, task, address, value)).toBe(writable ? 0 : 'EFAULT');
      if (!writable || page === undefined) return;
      if (page.shared) page.base!.value = value;
      else page.own = value;
    }
  }

  /** The list of mappings says what the model says, and the counters agree with the page tables. */
  check(): void {
    for (const { mm, pages } of this.processes) {
      let total = 0;
      let previous = 0;
      for (const vma of mm.vmas) {
        expect(vma.start).toBeGreaterThanOrEqual(previous);
        expect(vma.end).toBeGreaterThan(vma.start);
        previous = vma.end;
        total += (vma.end - vma.start) / 4096;
        for (let at = vma.start; at < vma.end; at += 4096) {
          const page = pages.get((at - BASE) / 4096)!;
          expect([page.prot, page.shared]).toEqual([vma.prot, vma.shared]);
        }
      }
      expect(total).toBe(pages.size);
      expect(mm.totalPages).toBe(total);
      expect([mm.rssAnon, mm.rssFile, mm.rssShmem]).toEqual(this.countPages(mm));
    }
  }

  countPages(mm: Mm): number[] {
    const counts = [0, 0, 0];
    const words = this.kernel.machine.ram.i32;
    for (const vma of mm.vmas) {
      for (let at = vma.start; at < vma.end; at += 4096) {
        const slot = pteSlot(this.kernel, mm.root, at / 4096);
        const entry = slot < 0 ? 0 : words[slot]!;
        if (entry === 0 || entry >>> 10 === this.kernel.frames.zeroPage) continue;
        counts[(entry & PTE.ANON) !== 0 ? 0 : vma.file !== 0 ? 1 : 2]!++;
      }
    }
    return counts;
  }
}

describe('random operations', () => {
  it.each(Array.from({ length: 6 }, (_, seed) => seed + 1))('agree with the model (seed %i)', (seed) => {
    const model = new Model(seed);
    const { kernel } = model;
    for (let i = 0; i < 1500; i++) {
      model.step();
      if (i % 50 === 0) model.check();
    }
    for (const process of model.processes) for (let i = 0; i < PAGES; i++) model.access(process, i);
    model.check();
    for (const process of model.processes) model.end(process);
    const inode = inodeOf(kernel, model.file.inode);
    putFile(kernel, model.file);
    dropPages(kernel, inode);
    // What is left: the page of zeros and the kernel's tables. All shared memory has gone.
    expect(kernel.frames.pages - kernel.frames.freePages).toBe(1 + kernel.frames.tablePages);
    expect(kernel.frames.tablePages).toBe(2);
    expect(kernel.frames.cachePages).toBe(0);
    expect(kernel.files.size).toBe(0);
    expect([...kernel.inodes.keys()]).toEqual([inode.id]);
    // The page of zeros: the table's own reference.
    expect(kernel.frames.refs[0]).toBe(1);
    for (let i = 0; i < PAGES; i++) expect(kernel.machine.ram.u8[65536 + i]).toBe(0);
  });
});
