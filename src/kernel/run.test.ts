/** The main loop with a program of a few instructions on a real machine. */
import { describe, expect, it } from 'vitest';
import { S_IFREG } from '../abi/file-mode.ts';
import { nodeWasm } from '../host/node/wasm.ts';
import { assemble } from '../isa/riscv/assemble.ts';
import { createMachine } from '../machine/machine.ts';
import { createKernel } from './boot.ts';
import { createTmpfs } from './fs/tmpfs.ts';
import type { WaitQueueId } from './ids.ts';
import type { Kernel } from './kernel.ts';
import { insertVma, newVma } from './mm/vma.ts';
import { waitOn } from './result.ts';
import { runKernel } from './run.ts';
import { newWaitQueue, wakeAll } from './sched/wait-queue.ts';
import { forceSignal, kernelInfo } from './signal/send.ts';
import { ensureInit } from './task/init.ts';
import { putProgram, smallElf, spawn } from './task/testing.ts';
import { groupOf } from './task/task.ts';
import type { Task, ThreadGroup } from './task/types.ts';
import { createInode } from './vfs/inode.ts';
import { mountRoot } from './vfs/mount.ts';
import { FILE_SYSTEMS } from './vfs/registry.ts';
import { createSuperBlock } from './vfs/super.ts';
import type { FileSystemType, Inode } from './vfs/types.ts';

const MAPPED_AT = 0x5000_0000;
const SLICE_NS = 50_000_000;

/** Reads a byte of the mapped file and exits with it. */
const PROGRAM = `
  lui   a1, ${MAPPED_AT / 4096}
  lbu   a0, 7(a1)
  addi  a7, zero, 94
  ecall
`;

interface SlowFile {
  readonly queue: WaitQueueId;
  reads: number;
  isThere: boolean;
}

/** A file system whose pages come from elsewhere. */
const SLOW_FS: FileSystemType = {
  name: 'slowfs',
  needsDevice: false,
  cacheNames: true,
  mount: () => 'EINVAL',
  lookup: () => 'ENOENT',
  readPage: (_kernel, inode, _index, frame) => {
    const file = inode.data as SlowFile;
    file.reads++;
    if (!file.isThere) return waitOn([file.queue], 'killable');
    frame.fill(42);
    return 0;
  },
  statfs: () => ({ blockSize: 4096, blocks: 0, blocksFree: 0, files: 0, filesFree: 0, nameMax: 255 }),
};

function bootKernel(): Kernel {
  FILE_SYSTEMS[SLOW_FS.name] ??= SLOW_FS;
  const machine = createMachine({
    wasm: nodeWasm,
    ramBytes: 16 << 20,
    clock: { nowNs: () => performance.now() * 1e6 },
  });
  const kernel = createKernel(machine, {
    clock: { monotonicNs: () => 0, realtime: () => ({ sec: 0, nsec: 0 }) },
    entropy: { fill: (bytes) => bytes.fill(7) },
    trees: [],
    directories: [],
    log: () => {},
  });
  mountRoot(kernel, createTmpfs(kernel, { mode: 0o755 }));
  ensureInit(kernel);
  return kernel;
}

/** Starts PROGRAM with a slow file mapped. */
function startReader(kernel: Kernel): { task: Task; group: ThreadGroup; file: SlowFile } {
  const elf = smallElf();
  elf.set(new Uint8Array(Int32Array.from(assemble(PROGRAM, 0).words).buffer), 0x100);
  putProgram(kernel, '/reader', elf);
  const pid = spawn(kernel, '/reader');
  const task = kernel.tasks.get(pid as number)!;
  const file: SlowFile = { queue: newWaitQueue(kernel), reads: 0, isThere: false };
  const sb = createSuperBlock(kernel, SLOW_FS.name, 1);
  const inode: Inode = createInode(kernel, sb, { mode: S_IFREG | 0o644, size: 4096, nlink: 1, data: file });
  insertVma(kernel, kernel.mms.get(task.mm)!, newVma(MAPPED_AT, MAPPED_AT + 4096, 1, { inode: inode.id }));
  return { task, group: groupOf(kernel, task), file };
}

describe('a page fault that must wait', () => {
  it('puts the task to sleep, and the access is made again when the page is there', () => {
    const kernel = bootKernel();
    const { task, group, file } = startReader(kernel);
    expect(runKernel(kernel, SLICE_NS).kind).toBe('idle');
    expect([task.state, file.reads]).toEqual(['disk-sleep', 1]);
    // Woken too early, it sleeps again.
    wakeAll(kernel, file.queue);
    expect(runKernel(kernel, SLICE_NS).kind).toBe('idle');
    expect([task.state, file.reads]).toEqual(['disk-sleep', 2]);
    file.isThere = true;
    wakeAll(kernel, file.queue);
    runKernel(kernel, SLICE_NS);
    expect(group.groupExit).toBe(42 << 8);
  });

  it('ends with a signal that kills', () => {
    const kernel = bootKernel();
    const { task, group, file } = startReader(kernel);
    runKernel(kernel, SLICE_NS);
    forceSignal(kernel, task, kernelInfo(9));
    wakeAll(kernel, file.queue);
    runKernel(kernel, SLICE_NS);
    expect([group.groupExit, file.reads]).toEqual([9, 1]);
  });
});
