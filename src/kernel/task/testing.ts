/**
 * A kernel with a tmpfs root and process 1 for tests of processes; it runs no instructions.
 *
 * Interface: processKernel, putProgram, smallElf, spawn, enter, checkConsistency.
 */
import { type Kernel, noObservers } from '../kernel.ts';
import type { Tid } from '../ids.ts';
import { fileKernel } from '../vfs/testing.ts';
import { bytesIo } from '../vfs/io.ts';
import { openAt } from '../vfs/open.ts';
import { putFile } from '../vfs/file.ts';
import { opsOf } from '../vfs/registry.ts';
import { ROOT_CRED } from './cred.ts';
import { ensureInit } from './init.ts';
import { spawnProcess } from './spawn.ts';
import type { Task } from './types.ts';
import { SYSCALLS } from '../../abi/syscalls.ts';

const AT_FDCWD = -100;
const O_WRONLY_CREAT_TRUNC = 0o1101;
const PAGE_BYTES = 4096;

export function processKernel(ramPages = 4096): Kernel {
  const kernel = fileKernel(ramPages);
  Object.assign(kernel, {
    hostProcesses: new Map(),
    limitHits: new Map(),
    futexes: { waiters: new Map() },
    fpOwner: 0,
    xOwner: 0,
    halted: null,
    limits: { instructions: Infinity, wallNs: Infinity, processes: 64, openFiles: 4096, outputBytes: Infinity },
    observers: noObservers(),
    ports: { ...kernel.ports, entropy: { fill: (bytes: Uint8Array) => bytes.fill(7) } },
  });
  kernel.stats.processesCreated = 0;
  ensureInit(kernel);
  return kernel;
}

/** Writes an executable file. */
export function putProgram(kernel: Kernel, path: string, bytes: Uint8Array): void {
  const init = kernel.tasks.get(1)!;
  const file = openAt(kernel, init, AT_FDCWD, path, O_WRONLY_CREAT_TRUNC, 0o755);
  if (typeof file === 'string' || 'wait' in file) throw new Error(`${path}: ${JSON.stringify(file)}`);
  const io = bytesIo(bytes);
  for (let at = 0; io.remaining > 0;) {
    const count = opsOf(file).write!(kernel, init, file, io, at);
    if (typeof count !== 'number') throw new Error(String(count));
    at += count;
  }
  putFile(kernel, file);
}

/** A static program of two segments: code at 0x10000, data with bss at 0x12000. */
export function smallElf(): Uint8Array {
  const bytes = new Uint8Array(2 * PAGE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, 0x10100, true);
  view.setUint32(32, 64, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  const segment = (
    at: number,
    flags: number,
    offset: number,
    address: number,
    fileSize: number,
    memorySize: number,
  ) => {
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, flags, true);
    for (const [field, value] of [offset, address, address, fileSize, memorySize, PAGE_BYTES].entries())
      view.setUint32(at + 8 + 8 * field, value, true);
  };
  segment(64, 5, 0, 0x10000, PAGE_BYTES, PAGE_BYTES);
  segment(120, 6, PAGE_BYTES, 0x12000, 100, 3 * PAGE_BYTES);
  bytes.fill(0xaa, PAGE_BYTES);
  return bytes;
}

/** Starts a program as the host does. */
export function spawn(kernel: Kernel, path: string, argv: readonly string[] = [path]): Tid | string {
  return spawnProcess(kernel, {
    argv: [path, ...argv.slice(1)],
    env: ['A=1'],
    cwd: '/',
    cred: ROOT_CRED,
    stdio: [],
    tty: null,
  });
}

/** Puts a task into a system call of this name, so that handlers can keep progress. */
export function enter(kernel: Kernel, task: Task, name: 'clone' | 'wait4'): void {
  kernel.current = task.tid;
  task.state = 'running';
  Object.assign(task.syscall, {
    isActive: true,
    number: SYSCALLS[name].nr.riscv64,
    progress: { deadlineNs: NaN, done: 0, phase: 0, extra: null },
  });
}

/** Every reference between processes holds both ways. Gives what does not. */
export function checkConsistency(kernel: Kernel): string[] {
  const faults: string[] = [];
  for (const group of kernel.groups.values()) {
    for (const tid of group.threads) {
      if (kernel.tasks.get(tid)?.tgid !== group.tgid) faults.push(`thread ${tid} is not of process ${group.tgid}`);
    }
    for (const tgid of group.children) {
      if (kernel.groups.get(tgid)?.parent !== group.tgid) faults.push(`${tgid} is not a child of ${group.tgid}`);
    }
    const parent = kernel.groups.get(group.parent);
    if (group.parent !== 0 && parent?.children.includes(group.tgid) !== true)
      faults.push(`${group.parent} lost ${group.tgid}`);
    if (!kernel.tasks.has(group.leader)) faults.push(`process ${group.tgid} has no leader`);
  }
  for (const task of kernel.tasks.values()) {
    if (kernel.groups.get(task.tgid)?.threads.includes(task.tid) !== true)
      faults.push(`task ${task.tid} is in no process`);
  }
  return faults;
}
