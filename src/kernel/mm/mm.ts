/**
 * Address spaces: made, copied by fork, switched to, torn down.
 *
 * Interface: createMm, forkMm, getMm, putMm, activateMm, mmOf, initKernelMappings, kernelVirtual, STACK_TOP, setMmapBase.
 * Invariant: the root table's upper half is the kernel's, the same in all.
 */
import {
  buildDirectMap,
  copyKernelHalf,
  DIRECT_MAP,
  flushAddressSpace,
  freeTables,
  setAddressSpace,
  TASK_SIZE,
} from '../arch/riscv64/page-table.ts';
import type { Errno } from '../../abi/errno.ts';
import { RAM_BASE } from '../../machine/machine.ts';
import { nextId } from '../id.ts';
import type { Kernel } from '../kernel.ts';
import { softLimit } from '../task/rlimit.ts';
import type { Task } from '../task/types.ts';
import { inodeAt, pathGet, pathPut } from '../vfs/mount.ts';
import { STACK_GUARD_PAGES } from './fault.ts';
import { allocFrame, PAGE_SIZE } from './frames.ts';
import { copyPages } from './page-range.ts';
import type { Mm, Vma } from './types.ts';
import { reclaimPages, reservePages } from './user-frames.ts';
import { countVma, dropVma, holdVma } from './vma.ts';

/** The top of stacks that the kernel makes. */
export const STACK_TOP = 0xffff_f000;

const MIB = 1 << 20;
/** Anonymous memory, ELF headers and huge pages. See core(5). */
const DEFAULT_CORE_DUMP_FILTER = 0x33;
/** Room that is kept for the stack whatever its limit is (Linux: MIN_GAP, MAX_GAP). */
const MIN_STACK_ROOM = 128 * MIB;
const MAX_STACK_ROOM = 1024 * MIB;

/** Highest asid: satp has 16 bits for it. */
const MAX_ASID = 0xffff;

/** An empty address space with one user. */
export function createMm(kernel: Kernel): Mm | Errno {
  if (kernel.frames.kernelRoot === 0) initKernelMappings(kernel);
  makeSomeRoom(kernel);
  const root = allocFrame(kernel);
  if (root === 'ENOMEM') return root;
  kernel.frames.tablePages++;
  copyKernelHalf(kernel, root);
  const current = kernel.tasks.get(kernel.current);
  const mm: Mm = {
    id: nextId(kernel),
    users: 1,
    root,
    asid: takeAsid(kernel),
    vmas: [],
    taskSize: TASK_SIZE,
    mmapBase: 0,
    brkStart: 0,
    brk: 0,
    startCode: 0,
    endCode: 0,
    startData: 0,
    endData: 0,
    startStack: 0,
    argStart: 0,
    argEnd: 0,
    envStart: 0,
    envEnd: 0,
    auxv: new Uint8Array(0),
    exe: null,
    vdso: 0,
    rssAnon: 0,
    rssFile: 0,
    rssShmem: 0,
    pageTablePages: 1,
    lockedPages: 0,
    lockFuture: false,
    lockOnFault: false,
    totalPages: 0,
    dataPages: 0,
    peakRss: 0,
    oomReaped: false,
    membarrier: 0,
    dumpable: 1,
    coreDumpFilter: kernel.mms.get(current?.mm ?? 0)?.coreDumpFilter ?? DEFAULT_CORE_DUMP_FILTER,
    thpDisabled: kernel.mms.get(current?.mm ?? 0)?.thpDisabled ?? false,
  };
  const group = kernel.groups.get(current?.tgid ?? 0);
  setMmapBase(mm, group === undefined ? 0 : softLimit(group, 'RLIMIT_STACK'));
  kernel.mms.set(mm.id, mm);
  return mm;
}

/** Leaves room below STACK_TOP for a stack of `stackLimit` bytes; mappings go below it. */
export function setMmapBase(mm: Mm, stackLimit: number): void {
  const room = Math.min(Math.max(stackLimit, MIN_STACK_ROOM), MAX_STACK_ROOM) + STACK_GUARD_PAGES * PAGE_SIZE;
  mm.mmapBase = STACK_TOP - Math.ceil(room / PAGE_SIZE) * PAGE_SIZE;
}

/** A copy with one user: the same frames, private ones copied when one side writes. */
export function forkMm(kernel: Kernel, mm: Mm): Mm | Errno {
  const child = createMm(kernel);
  if (typeof child === 'string') return child;
  child.mmapBase = mm.mmapBase;
  child.brkStart = mm.brkStart;
  child.brk = mm.brk;
  child.startCode = mm.startCode;
  child.endCode = mm.endCode;
  child.startData = mm.startData;
  child.endData = mm.endData;
  child.startStack = mm.startStack;
  child.argStart = mm.argStart;
  child.argEnd = mm.argEnd;
  child.envStart = mm.envStart;
  child.envEnd = mm.envEnd;
  child.auxv = mm.auxv;
  child.vdso = mm.vdso;
  child.membarrier = mm.membarrier;
  child.dumpable = mm.dumpable;
  if (mm.exe !== null) {
    pathGet(kernel, mm.exe);
    child.exe = mm.exe;
    // Nobody writes a program that runs: see vfs/inode.ts, denyWrite.
    inodeAt(kernel, mm.exe).writers--;
  }
  for (const vma of mm.vmas) {
    if (vma.dontFork) continue;
    const copy: Vma = { ...vma, locked: false };
    holdVma(kernel, copy);
    child.vmas.push(copy);
    countVma(child, copy, 1);
    if (!vma.wipeOnFork && !copyPages(kernel, mm, child, vma)) {
      putMm(kernel, child);
      return 'ENOMEM';
    }
  }
  return child;
}

export function getMm(_kernel: Kernel, mm: Mm): Mm {
  mm.users++;
  return mm;
}

/** Gives a use back; the last one tears the address space down. */
export function putMm(kernel: Kernel, mm: Mm): void {
  if (--mm.users > 0) return;
  // The hart may still be in it: then it goes on with the kernel's half only.
  if (kernel.machine.hart.csrLo('satp') === mm.root) setAddressSpace(kernel, kernel.frames.kernelRoot, 0);
  flushAddressSpace(kernel, mm.asid);
  freeTables(kernel, mm.root);
  if (mm.asid !== MAX_ASID) kernel.frames.freeAsids.push(mm.asid);
  kernel.mms.delete(mm.id);
  for (const vma of mm.vmas) dropVma(kernel, vma);
  mm.vmas = [];
  if (mm.exe !== null) {
    inodeAt(kernel, mm.exe).writers++;
    pathPut(kernel, mm.exe);
  }
  mm.exe = null;
}

/** Makes it the address space of the hart. */
export function activateMm(kernel: Kernel, mm: Mm): void {
  setAddressSpace(kernel, mm.root, mm.asid);
}

/** The task's address space; the task must have one. */
export function mmOf(kernel: Kernel, task: Task): Mm {
  return kernel.mms.get(task.mm)!;
}

/** Builds the kernel's half, which every address space shares: all of RAM at DIRECT_MAP, not for users. */
export function initKernelMappings(kernel: Kernel): void {
  const root = allocFrame(kernel);
  if (root === 'ENOMEM') return;
  kernel.frames.tablePages++;
  kernel.frames.kernelRoot = root;
  buildDirectMap(kernel, root);
  setAddressSpace(kernel, root, 0);
}

/** Where the kernel sees guest-physical address `pa`. Exact for multiples of 2048. */
export function kernelVirtual(pa: number): number {
  return DIRECT_MAP + (pa - RAM_BASE);
}

function takeAsid(kernel: Kernel): number {
  const free = kernel.frames.freeAsids.pop();
  if (free !== undefined) return free;
  // More address spaces than ids: the last id is shared, and told apart by satp's root.
  if (kernel.frames.nextAsid >= MAX_ASID) return MAX_ASID;
  return kernel.frames.nextAsid++;
}

/** Page tables come from the kernel's reserve, which reclaim fills up. */
function makeSomeRoom(kernel: Kernel): void {
  const reserve = reservePages(kernel);
  if (kernel.frames.freePages < reserve) reclaimPages(kernel, reserve);
}
