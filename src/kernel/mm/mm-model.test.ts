/** Random operations on several address spaces against a model that keeps one record for each page. */
import { describe, expect, it } from 'vitest';
import { MADVISE, MMAP, MREMAP } from '../../abi/flags/memory.ts';
import { nodeWasm } from '../../host/node/wasm.ts';
import { createMachine } from '../../machine/machine.ts';
import { PTE, pteSlot } from '../arch/riscv64/page-table.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { putFile } from '../vfs/file.ts';
import { inodeOf } from '../vfs/inode.ts';
import type { OpenFile } from '../vfs/types.ts';
import { madviseRegion } from './madvise.ts';
import { handleUserFault } from './fault.ts';
import { frameOffset } from './frames.ts';
import { activateMm, createMm, forkMm, putMm } from './mm.ts';
import { mmapRegion, mprotectRegion, munmapRegion } from './mmap.ts';
import { mremapRegion } from './mremap.ts';
import { dropPages, writeBack } from './page-cache.ts';
import { patternByte, testFile, testKernel, testTask, userLoad, userStore } from './testing.ts';
import type { Mm } from './types.ts';
import { getUser8, putUser32, putUser8 } from './uaccess.ts';
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

/** How user code reaches memory: through the model of a hart in testing.ts, or by instructions on a real one. */
interface UserCode {
  newKernel(): Kernel;
  /** Pages that it needs in the first address space. */
  prepare(model: Model, process: Process): void;
  load(kernel: Kernel, task: Task, address: number, access?: 'read' | 'exec'): number | string;
  store(kernel: Kernel, task: Task, address: number, value: number): number | string;
}

const MODELLED: UserCode = { newKernel: () => testKernel(2048), prepare: () => {}, load: userLoad, store: userStore };

class Model {
  readonly code: UserCode;
  readonly kernel: Kernel;
  readonly pick: (below: number) => number;
  readonly file: OpenFile;
  readonly filePages: Shown[] = [];
  readonly processes: Process[] = [];

  constructor(seed: number, code: UserCode) {
    this.code = code;
    this.kernel = code.newKernel();
    this.pick = random(seed);
    this.file = testFile(this.kernel, FILE_PAGES * 4096);
    const { ino } = inodeOf(this.kernel, this.file.inode);
    for (let i = 0; i < FILE_PAGES; i++) this.filePages.push({ value: patternByte(ino, i * 4096) });
    this.add(createMm(this.kernel) as Mm, new Map());
    code.prepare(this, this.processes[0]!);
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
    if (how === 0)
      expect(this.code.load(kernel, task, address)).toBe(expected((prot & 3) !== 0, page ? valueOf(page) : 0));
    else if (how === 1) {
      expect(this.code.load(kernel, task, address, 'exec')).toBe(expected((prot & 4) !== 0, page ? valueOf(page) : 0));
    } else if (how === 2) {
      const readable = page !== undefined && (prot & 3) !== 0;
      expect(getUser8(kernel, task, address)).toBe(readable ? valueOf(page) : 'EFAULT');
    } else {
      const value = this.pick(256);
      const writable = (prot & 2) !== 0;
      if (how === 3) expect(this.code.store(kernel, task, address, value)).toBe(expected(writable, 0));
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

function run(seed: number, steps: number, code: UserCode): void {
  const model = new Model(seed, code);
  const { kernel } = model;
  for (let i = 0; i < steps; i++) {
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
  // The page of zeros: the table's own reference, and still zeros.
  expect(kernel.frames.refs[0]).toBe(1);
  const zeros = kernel.machine.ram.offsetOf(0x8000_0000);
  expect(kernel.machine.ram.u8.subarray(zeros, zeros + 4096).every((byte) => byte === 0)).toBe(true);
}

const VECTOR = 0xffff_ffff_8000_0000;
const CODE = 0x10000;
const [A0, A1] = [10, 11] as const;
/** lbu a0, 0(a1); ecall; sb a0, 0(a1); ecall; jr a1 */
const PROGRAM = [0x0005_c503, 0x73, 0x00a5_8023, 0x73, 0x0005_8067];
const JUMP = 4;
const CAUSE = { illegal: 2, ecall: 8, fetch: 12, load: 13, store: 15 } as const;

/** Runs PROGRAM from word `entry` until it traps, with page faults served. */
function onHart(kernel: Kernel, task: Task, entry: number, address: number, value: number): number | string {
  const { hart } = kernel.machine;
  const mm = kernel.mms.get(task.mm)!;
  activateMm(kernel, mm);
  for (let attempt = 0; attempt < 4; attempt++) {
    hart.mode = 'S';
    hart.setX(A0, value);
    hart.setX(A1, address);
    hart.setCsr('sepc', CODE + entry * 4);
    hart.setCsr('sstatus', 0);
    hart.sret();
    if (hart.run(entry === JUMP ? 2 : 100) === 'budget') return 0;
    const cause = hart.csr('scause');
    if (cause === CAUSE.illegal && entry === JUMP) return 0;
    if (cause === CAUSE.ecall) return hart.x(A0);
    const where = hart.csr('stval');
    const access =
      cause === CAUSE.fetch ? 'exec' : cause === CAUSE.load ? 'read' : cause === CAUSE.store ? 'write' : '';
    if (access === '') return `cause ${cause}`;
    const fault = handleUserFault(kernel, task, mm, where, access);
    if (fault !== 0) return typeof fault === 'object' && 'signal' in fault ? `${fault.signal} ${fault.code}` : 'wait';
  }
  return 'loops';
}

/** Jumps into the page, to something harmless: an illegal zero, or the part of the pattern that reads `addi tp, tp, 0` or `slli t1, t1, 0`. */
function fetchOnHart(kernel: Kernel, task: Task, address: number): number | string {
  const mm = kernel.mms.get(task.mm)!;
  const vma = mm.vmas.find((candidate) => candidate.start <= address && candidate.end > address);
  let offset = 256;
  if (vma !== undefined && vma.file !== 0) {
    const first = patternByte(inodeOf(kernel, vma.inode).ino, address - vma.start + vma.offset);
    offset += ((first % 2 === 1 ? 1 : 2) - first) & 255;
  }
  const result = onHart(kernel, task, JUMP, address + offset, 0);
  if (typeof result === 'string') return result;
  const entry = kernel.machine.ram.i32[pteSlot(kernel, mm.root, address / 4096)]!;
  return kernel.machine.ram.u8[frameOffset(kernel, entry >>> 10)]!;
}

const REAL: UserCode = {
  newKernel() {
    const machine = createMachine({
      wasm: nodeWasm,
      ramBytes: 8 << 20,
      clock: { nowNs: () => 0 },
      deterministic: true,
    });
    machine.bootSupervisor(VECTOR);
    machine.hart.setCsr('stvec', VECTOR);
    machine.setNativeVector(VECTOR);
    return testKernel(2048, machine);
  },
  prepare({ kernel }, { mm, task, pages }) {
    const flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
    mmapRegion(kernel, mm, { address: CODE, length: 4096, prot: 3, flags, file: null, offset: 0 });
    PROGRAM.forEach((word, index) => putUser32(kernel, task, CODE + index * 4, word));
    mprotectRegion(kernel, mm, CODE, 4096, 5);
    pages.set((CODE - BASE) / 4096, { prot: 5, shared: false, base: null, own: PROGRAM[0]! & 255 });
  },
  load: (kernel, task, address, access) =>
    access === 'exec' ? fetchOnHart(kernel, task, address) : onHart(kernel, task, 0, address, 0),
  store(kernel, task, address, value) {
    const result = onHart(kernel, task, 2, address, value);
    return typeof result === 'string' ? result : 0;
  },
};

describe('random operations', () => {
  it.each([1, 2, 3, 4, 5, 6])('agree with the model (seed %i)', (seed) => run(seed, 1500, MODELLED));
  it.each([7, 8])('agree with the model on a real hart (seed %i)', (seed) => run(seed, 600, REAL));
});
