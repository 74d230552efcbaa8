/**
 * A kernel without hardware for tests of memory management: RAM in an ArrayBuffer, and a hart that is nothing but a translation cache.
 * The cache keeps what it has seen until it is told otherwise, so that a missing sfence.vma shows as a wrong access.
 *
 * Interface: testKernel, testTask, testFile, userLoad, userStore, PATTERN_FS.
 */
import { frameWords, PTE, pteSlot } from '../arch/riscv64/page-table.ts';
import { S_IFREG } from '../../abi/file-mode.ts';
import { RAM_BASE, type Machine } from '../../machine/machine.ts';
import type { Kernel } from '../kernel.ts';
import { isWait } from '../result.ts';
import { ROOT_CRED } from '../task/cred.ts';
import { createSighand } from '../signal/sighand.ts';
import { defaultLimits } from '../task/rlimit.ts';
import type { Task, ThreadGroup } from '../task/types.ts';
import { createFile } from '../vfs/file.ts';
import { createInode } from '../vfs/inode.ts';
import { FILE_OPS, FILE_SYSTEMS } from '../vfs/registry.ts';
import { anonFs, createSuperBlock } from '../vfs/super.ts';
import type { FileSystemType, Inode, OpenFile } from '../vfs/types.ts';
import { handleUserFault } from './fault.ts';
import { createFrameTable } from './frames.ts';
import { initKernelMappings } from './mm.ts';
import type { Mm } from './types.ts';
import { newSyscallState } from '../task/syscall-state.ts';

interface Translation {
  /** Offset of the frame in RAM. */
  readonly offset: number;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly readable: boolean;
}

/** The cached translations of each kernel's hart, by asid, then by page. */
const tlbs = new WeakMap<Machine, Map<number, Map<number, Translation>>>();
const codeDrops = new WeakMap<Machine, number[]>();

/** Not at 0, as in the real machine. */
const RAM_OFFSET = 65536;

export function testMachine(ramPages: number): Machine {
  const bytes = ramPages * 4096;
  const buffer = new ArrayBuffer(RAM_OFFSET + bytes);
  const tlb = new Map<number, Map<number, Translation>>();
  const dropped: number[] = [];
  let satpLo = 0;
  let satpHi = 0;
  let ticks = 0;
  const machine = {
    ram: {
      bytes,
      u8: new Uint8Array(buffer),
      i32: new Int32Array(buffer),
      u32: new Uint32Array(buffer),
      view: new DataView(buffer),
      offsetOf: (pa: number) => pa - RAM_BASE + RAM_OFFSET,
      contains: (pa: number, length: number) => pa >= RAM_BASE && pa + length <= RAM_BASE + bytes,
    },
    hart: {
      csrLo: () => satpLo,
      csrHi: () => satpHi,
      setCsrHalves: (_name: string, lo: number, hi: number) => {
        satpLo = lo;
        satpHi = hi;
      },
      sfenceVma: (va: number | undefined, asid: number) => {
        if (va === undefined) tlb.delete(asid);
        else tlb.get(asid)?.delete(va / 4096);
      },
    },
    timer: { nowNs: () => (ticks += 100) },
    invalidateCode: (pfn: number) => dropped.push(pfn),
  } as unknown as Machine;
  tlbs.set(machine, tlb);
  codeDrops.set(machine, dropped);
  return machine;
}

/** A kernel with `ramPages` frames (or on a machine of the test's), the anonymous file system and PATTERN_FS. */
export function testKernel(ramPages: number, machine: Machine = testMachine(ramPages)): Kernel {
  FILE_SYSTEMS[anonFs.name] ??= anonFs;
  FILE_SYSTEMS[PATTERN_FS.name] ??= PATTERN_FS;
  FILE_OPS.regular ??= { seekable: true, mmap: (_kernel, file) => file.inode };
  const lines: string[] = [];
  const kernel = {
    machine,
    ports: { log: (line: string) => lines.push(line), lines },
    log: [],
    tasks: new Map(),
    groups: new Map(),
    mms: new Map(),
    sighands: new Map(),
    files: new Map(),
    inodes: new Map(),
    dentries: new Map(),
    mounts: new Map(),
    superBlocks: new Map(),
    waitQueues: new Map(),
    sysctl: new Map(),
    limitHits: new Map(),
    hostProcesses: new Map(),
    runQueue: { realtime: Array.from({ length: 100 }, () => []), realtimeTasks: 0, fair: [], minVruntime: 0 },
    frames: createFrameTable(machine),
    nextId: 1,
    nextPid: 1,
    nextDev: 1,
    current: 0,
    bootTime: { realtimeSec: 0, realtimeNsec: 0, portMonotonicNs: 0 },
    vdso: null,
    stats: { pageFaults: 0, majorFaults: 0, oomKills: 0 },
  } as unknown as Kernel;
  initKernelMappings(kernel);
  return kernel;
}

/** A process of one thread with this address space; it becomes the current one. */
export function testTask(kernel: Kernel, mm: Mm): Task {
  const tid = kernel.nextPid++;
  const task = {
    tid,
    tgid: tid,
    comm: `task${tid}`,
    state: 'running',
    mm: mm.id,
    cred: ROOT_CRED,
    usage: { minorFaults: 0, majorFaults: 0 },
    oomScoreAdj: 0,
    sighand: createSighand(kernel).id,
    signalPending: false,
    syscall: newSyscallState(),
    sigwait: 0n,
    blocked: 0n,
    pending: { set: 0n, queue: [] },
    wait: null,
  } as unknown as Task;
  const group = {
    tgid: tid,
    leader: tid,
    threads: [tid],
    rlimits: defaultLimits(1000),
    pending: { set: 0n, queue: [] },
    unkillable: false,
    groupExit: null,
    signalfds: [],
    stopSignal: 0,
  } as unknown as ThreadGroup;
  kernel.tasks.set(tid, task);
  kernel.groups.set(tid, group);
  kernel.current = tid;
  return task;
}

/** A regular file of `size` bytes on PATTERN_FS, opened for reading and writing. The byte at `i` is that of patternByte(ino, i). */
export function testFile(kernel: Kernel, size: number): OpenFile {
  const sb =
    [...kernel.superBlocks.values()].find((candidate) => candidate.type === PATTERN_FS.name) ??
    createSuperBlock(kernel, PATTERN_FS.name, 1);
  const inode = createInode(kernel, sb, {
    mode: S_IFREG | 0o644,
    size,
    nlink: 1,
    data: { written: [], stored: new Map() },
  });
  return createFile(kernel, {
    kind: 'regular',
    inode,
    path: null,
    name: 'test',
    flags: 2,
    data: null,
    cred: ROOT_CRED,
  });
}

export function patternByte(ino: number, offset: number): number {
  return (ino * 31 + Math.floor(offset / 4096) * 7 + (offset % 4096)) & 255;
}

/** A file system whose contents are a pattern; it records which pages are written back. */
export const PATTERN_FS: FileSystemType = {
  name: 'patternfs',
  needsDevice: false,
  cacheNames: true,
  mount: () => 'EINVAL',
  lookup: () => 'ENOENT',
  readPage: (_kernel, inode, index, frame) => {
    const stored = storeOf(inode).stored.get(index);
    if (stored !== undefined) {
      frame.set(stored);
      return 0;
    }
    frame.fill(0);
    const end = Math.min(4096, inode.size - index * 4096);
    for (let i = 0; i < end; i++) frame[i] = patternByte(inode.ino, index * 4096 + i);
    return 0;
  },
  writePage: (_kernel, inode, index, frame) => {
    storeOf(inode).written.push(index);
    storeOf(inode).stored.set(index, frame.slice());
    return 0;
  },
  statfs: () => ({ blockSize: 4096, blocks: 0, blocksFree: 0, files: 0, filesFree: 0, nameMax: 255 }),
};

export function writtenPages(inode: Inode): number[] {
  return storeOf(inode).written;
}

function storeOf(inode: Inode): { written: number[]; stored: Map<number, Uint8Array> } {
  return inode.data as { written: number[]; stored: Map<number, Uint8Array> };
}

/** What was told to machine.invalidateCode. */
export function droppedCode(kernel: Kernel): number[] {
  return codeDrops.get(kernel.machine)!;
}

/** A load or a fetch by user code: the byte, or the signal that it gives. */
export function userLoad(
  kernel: Kernel,
  task: Task,
  address: number,
  access: 'read' | 'exec' = 'read',
): number | string {
  const offset = userAccess(kernel, task, address, access);
  return typeof offset === 'string' ? offset : kernel.machine.ram.u8[offset]!;
}

/** A store by user code. */
export function userStore(kernel: Kernel, task: Task, address: number, value: number): 0 | string {
  const offset = userAccess(kernel, task, address, 'write');
  if (typeof offset === 'string') return offset;
  kernel.machine.ram.u8[offset] = value;
  return 0;
}

function userAccess(kernel: Kernel, task: Task, address: number, access: 'read' | 'write' | 'exec'): number | string {
  const mm = kernel.mms.get(task.mm)!;
  for (let attempt = 0; attempt < 3; attempt++) {
    const offset = translate(kernel, mm, address, access);
    if (offset >= 0) return offset;
    const fault = handleUserFault(kernel, task, mm, address, access);
    if (isWait(fault)) return 'wait';
    if (fault !== 0) return `${fault.signal} ${fault.code}`;
    if (mm.oomReaped) return 'killed';
  }
  return 'loops';
}

/** As the hart: from the cache, or by a walk that sets A and D and fills the cache. -1: page fault. */
function translate(kernel: Kernel, mm: Mm, address: number, access: 'read' | 'write' | 'exec'): number {
  if (address >= mm.taskSize) return -1;
  const vpn = Math.floor(address / 4096);
  const tlb = tlbs.get(kernel.machine)!;
  const cached = tlb.get(mm.asid)?.get(vpn);
  const allowed = access === 'read' ? cached?.readable : access === 'write' ? cached?.writable : cached?.executable;
  if (cached !== undefined && allowed === true) return cached.offset + (address % 4096);
  const slot = pteSlot(kernel, mm.root, vpn);
  const entry = slot < 0 ? 0 : kernel.machine.ram.i32[slot]!;
  const bit = access === 'read' ? PTE.R : access === 'write' ? PTE.W : PTE.X;
  if ((entry & PTE.V) === 0 || (entry & PTE.U) === 0 || (entry & bit) === 0) return -1;
  const set = entry | PTE.A | (access === 'write' ? PTE.D : 0);
  kernel.machine.ram.i32[slot] = set;
  const offset = (frameWords(kernel) + (entry & PTE.FRAME)) * 4;
  if (!tlb.has(mm.asid)) tlb.set(mm.asid, new Map());
  tlb.get(mm.asid)!.set(vpn, {
    offset,
    readable: (set & PTE.R) !== 0,
    // Stores are cached only once D is set.
    writable: (set & (PTE.W | PTE.D)) === (PTE.W | PTE.D),
    executable: (set & PTE.X) !== 0,
  });
  return offset + (address % 4096);
}
