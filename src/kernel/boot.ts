/**
 * Boot, in the order of the lectures: trap table, memory, timer, then the first task.
 *
 * Interface: createKernel, KernelOptions, KERNEL_ENTRY.
 */
import type { Machine } from '../machine/machine.ts';
import { type Kernel, type Limits, noObservers } from './kernel.ts';
import { logLine } from './log.ts';
import { createFrameTable } from './mm/frames.ts';
import { initKernelMappings } from './mm/mm.ts';
import type { HostPorts } from './ports.ts';
import { newLoad } from './sched/load.ts';
import { initConsole } from './tty/console.ts';
import { LINUX_VERSION } from './version.ts';
import { registerFileOps } from './vfs/file-ops.ts';
import { registerFileSystems } from './vfs/file-systems.ts';

export interface KernelOptions {
  readonly hostname?: string;
  readonly limits?: Partial<Limits>;
}

/** Where stvec points: in the kernel's half, a page that no user address reaches. */
export const KERNEL_ENTRY = 0xffff_ffff_8000_0000;

const SIE_SOFTWARE = 1 << 1;
const SIE_TIMER = 1 << 5;
const SIE_EXTERNAL = 1 << 9;

/** Boots a kernel on `machine`. It has no file systems and no user process yet. */
export function createKernel(machine: Machine, ports: HostPorts, options: KernelOptions = {}): Kernel {
  registerFileOps();
  registerFileSystems();
  const kernel = emptyKernel(machine, ports, options);
  logLine(kernel, 5, LINUX_VERSION.banner);
  // Trap table: from now on every trap comes to us.
  machine.bootSupervisor(KERNEL_ENTRY);
  machine.hart.setCsr('stvec', KERNEL_ENTRY);
  machine.setNativeVector(KERNEL_ENTRY);
  logLine(kernel, 6, `trap: vector at 0x${KERNEL_ENTRY.toString(16)}`);
  initKernelMappings(kernel);
  logLine(kernel, 6, `Memory: ${kernel.frames.freePages * 4}K/${kernel.frames.pages * 4}K available`);
  machine.hart.setCsr('sie', SIE_SOFTWARE | SIE_TIMER | SIE_EXTERNAL);
  machine.hart.setCsr('scounteren', 7);
  logLine(kernel, 6, `timer: ${machine.timer.frequencyHz} Hz`);
  initConsole(kernel);
  return kernel;
}

function emptyKernel(machine: Machine, ports: HostPorts, options: KernelOptions): Kernel {
  const { sec, nsec } = ports.clock.realtime();
  const now = machine.timer.nowNs();
  const bootNsec = nsec - (now % 1e9);
  return {
    arch: 'riscv64',
    tasks: new Map(),
    groups: new Map(),
    mms: new Map(),
    fdTables: new Map(),
    fsContexts: new Map(),
    sighands: new Map(),
    inodes: new Map(),
    dentries: new Map(),
    mounts: new Map(),
    superBlocks: new Map(),
    files: new Map(),
    pipes: new Map(),
    epolls: new Map(),
    ttys: new Map(),
    waitQueues: new Map(),
    futexes: { waiters: new Map() },
    timers: { heap: [], live: new Set() },
    frames: createFrameTable(machine),
    runQueue: { realtime: Array.from({ length: 100 }, () => []), realtimeTasks: 0, fair: [], minVruntime: 0 },
    load: newLoad(),
    nextId: 1,
    nextPid: 1,
    nextDev: 1,
    current: 0,
    fpOwner: 0,
    xOwner: 0,
    timerProgrammedNs: Infinity,
    needResched: false,
    rootPath: null,
    bootTime: {
      realtimeSec: sec - Math.floor(now / 1e9) - (bootNsec < 0 ? 1 : 0),
      realtimeNsec: bootNsec < 0 ? bootNsec + 1e9 : bootNsec,
      portMonotonicNs: 0,
    },
    vdso: null,
    limits: {
      instructions: Infinity,
      wallNs: Infinity,
      processes: 4096,
      openFiles: 65536,
      outputBytes: Infinity,
      ...options.limits,
    },
    hostname: options.hostname ?? 'ringfence',
    domainname: '(none)',
    stats: {
      contextSwitches: 0,
      processesCreated: 0,
      interrupts: 0,
      syscalls: 0,
      pageFaults: 0,
      majorFaults: 0,
      oomKills: 0,
      outputBytes: 0,
      userNs: 0,
      systemNs: 0,
      idleNs: 0,
    },
    missingCalls: new Map(),
    log: [],
    sysctl: new Map(),
    hostProcesses: new Map(),
    limitHits: new Map(),
    halted: null,
    machine,
    ports,
    observers: noObservers(),
  };
}
