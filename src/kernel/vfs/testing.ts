/**
 * A kernel with a tmpfs root and a process in it, for tests of the file calls: each call is made as the process would, with its
 * arguments in user memory.
 *
 * Interface: fileKernel, fileTask, Caller, newCaller, wrongReferences.
 */
import type { Width } from '../../abi/args.ts';
import { SYSCALLS, type SyscallName } from '../../abi/syscalls.ts';
import { MMAP } from '../../abi/flags/memory.ts';
import { createTmpfs } from '../fs/tmpfs.ts';
import type { Kernel } from '../kernel.ts';
import { createMm } from '../mm/mm.ts';
import { mmapRegion } from '../mm/mmap.ts';
import { testKernel, testTask } from '../mm/testing.ts';
import { copyFromUser, copyToUser } from '../mm/uaccess.ts';
import { isWait } from '../result.ts';
import { createSighand } from '../signal/sighand.ts';
import type { AnyHandler } from '../syscalls/handlers.ts';
import { HANDLERS } from '../syscalls/table.ts';
import { noUsage } from '../task/usage.ts';
import type { Task } from '../task/types.ts';
import { registerFileOps } from './file-ops.ts';
import { registerFileSystems } from './file-systems.ts';
import { createFdTable } from './fd-table.ts';
import { createFsContext } from './fs-context.ts';
import { mountRoot } from './mount.ts';

const CALLS = HANDLERS as unknown as Readonly<Record<string, AnyHandler>>;

const ARENA_PAGES = 64;

/** A kernel with `ramPages` of memory, whose root is an empty tmpfs. */
export function fileKernel(ramPages = 2048): Kernel {
  registerFileOps();
  registerFileSystems();
  const kernel = testKernel(ramPages);
  Object.assign(kernel, {
    arch: 'riscv64',
    fdTables: new Map(),
    fsContexts: new Map(),
    pipes: new Map(),
    epolls: new Map(),
    timers: { heap: [], live: new Set() },
    limits: { openFiles: 1000 },
    observers: {},
  });
  mountRoot(kernel, createTmpfs(kernel, { mode: 0o755 }));
  return kernel;
}

/** A process at the root directory, as root. */
export function fileTask(kernel: Kernel): Task {
  const mm = createMm(kernel);
  if (typeof mm === 'string') throw new Error(mm);
  const task = testTask(kernel, mm);
  task.files = createFdTable(kernel).id;
  task.fs = createFsContext(kernel, kernel.rootPath!, kernel.rootPath!).id;
  task.sighand = createSighand(kernel).id;
  task.usage = noUsage();
  task.signalPending = false;
  return task;
}

/** What the dispatcher makes of a register. */
function convert(value: number, width: Width | undefined): number {
  if (width === 'int') return value | 0;
  if (width === 'uint') return value >>> 0;
  return width === 'ulong' && value < 0 ? value + 2 ** 64 : value;
}

/** What inodes of tmpfs, overlay and hostfs hold references on. */
interface Holder {
  readonly entries?: Map<string, { inode: number }> | null;
  readonly parent?: number;
  readonly upper?: number;
  readonly lowers?: readonly number[];
  readonly pinned?: boolean;
}

/** Inodes and dentries whose count of references is not the number of those who hold one. */
export function wrongReferences(kernel: Kernel): string[] {
  const inodes = new Map<number, number>();
  const dentries = new Map<number, number>();
  const hold = (table: Map<number, number>, id: number) => table.set(id, (table.get(id) ?? 0) + 1);
  for (const { id, parent, inode } of kernel.dentries.values()) {
    if (inode !== 0) hold(inodes, inode);
    if (parent !== id) hold(dentries, parent);
  }
  for (const { inode, path, anonPlace } of kernel.files.values()) {
    hold(inodes, inode);
    for (const place of [path, anonPlace]) if (place !== null) hold(dentries, place.dentry);
  }
  for (const { root, cwd } of kernel.fsContexts.values()) for (const place of [root, cwd]) hold(dentries, place.dentry);
  for (const { root, mountpoint, parent, id } of kernel.mounts.values()) {
    hold(dentries, root);
    if (parent !== id) hold(dentries, mountpoint);
  }
  for (const { root } of kernel.superBlocks.values()) if (root !== 0) hold(dentries, root);
  if (kernel.rootPath !== null) hold(dentries, kernel.rootPath.dentry);
  for (const { id, data } of kernel.inodes.values()) {
    if (typeof data !== 'object') continue;
    const held = data as Holder | null;
    for (const { inode } of held?.entries?.values() ?? []) hold(inodes, inode);
    for (const inode of [held?.parent, held?.upper, ...(held?.lowers ?? [])])
      if (inode !== undefined && inode !== 0) hold(inodes, inode);
    if (held?.pinned === true) hold(inodes, id);
  }
  const wrong: string[] = [];
  for (const { id, refs, mode } of kernel.inodes.values())
    if (refs !== (inodes.get(id) ?? 0)) wrong.push(`inode ${id} (${mode.toString(8)}): ${refs} not ${inodes.get(id)}`);
  for (const { id, refs, name } of kernel.dentries.values())
    if (refs !== (dentries.get(id) ?? 0)) wrong.push(`dentry ${name}: ${refs} not ${dentries.get(id)}`);
  return wrong;
}

export interface Caller {
  readonly kernel: Kernel;
  readonly task: Task;
  /** Makes a call. Strings become pointers to NUL-terminated text, byte arrays to copies of them that are read back afterwards. */
  call(name: string, ...args: (number | string | Uint8Array)[]): number | string | object;
}

export function newCaller(kernel: Kernel, task: Task = fileTask(kernel)): Caller {
  const mm = kernel.mms.get(task.mm)!;
  const arena = mmapRegion(kernel, mm, {
    address: 0,
    length: ARENA_PAGES * 4096,
    prot: 3,
    flags: MMAP.values.MAP_PRIVATE | MMAP.values.MAP_ANONYMOUS,
    file: null,
    offset: 0,
  });
  if (typeof arena === 'string') throw new Error(arena);
  const call: Caller['call'] = (name, ...args) => {
    const handler = CALLS[name];
    if (handler === undefined) throw new Error(`no call ${name}`);
    let next = arena;
    const outs: { at: number; bytes: Uint8Array }[] = [];
    const widths = SYSCALLS[name as SyscallName].args.map((arg: { width: Width }) => arg.width);
    const values = args.map((arg, index) => {
      if (typeof arg === 'number') return convert(arg, widths[index]);
      const bytes = typeof arg === 'string' ? Uint8Array.from(`${arg}\0`, (char) => char.charCodeAt(0)) : arg;
      const at = next;
      if (copyToUser(kernel, task, at, bytes) !== 0) throw new Error('arena is full');
      next += Math.ceil((bytes.length + 1) / 8) * 8;
      if (arg instanceof Uint8Array) outs.push({ at, bytes: arg });
      return at;
    });
    kernel.current = task.tid;
    Object.assign(task.syscall, {
      isActive: true,
      number: 0,
      args: values,
      progress: { deadlineNs: NaN, done: 0, phase: 0, extra: null },
    });
    const result = handler(kernel, task, ...values);
    for (const { at, bytes } of outs) copyFromUser(kernel, task, at, bytes);
    return isWait(result) ? { wait: true } : result;
  };
  return { kernel, task, call };
}
