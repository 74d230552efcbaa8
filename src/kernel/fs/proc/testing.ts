/**
 * For tests: a kernel without hardware that has a root directory, /proc and /sys, and processes that do not run.
 *
 * Interface: procKernel, addProcess, addThread, readText, writeText, list, target, openFd.
 */
import { AT_FD } from '../../../abi/flags/at.ts';
import { S_IFDIR } from '../../../abi/file-mode.ts';
import { byteStringOf, bytesOf, type ByteString } from '../../../util/byte-string.ts';
import type { Kernel } from '../../kernel.ts';
import { newVma, insertVma } from '../../mm/vma.ts';
import { createMm } from '../../mm/mm.ts';
import { testKernel } from '../../mm/testing.ts';
import { copyToUserMm } from '../../mm/uaccess.ts';
import { failed, type Outcome } from '../../result.ts';
import { newLoad } from '../../sched/load.ts';
import { createSighand } from '../../signal/sighand.ts';
import { ROOT_CRED } from '../../task/cred.ts';
import { defaultLimits } from '../../task/rlimit.ts';
import { newGroup, newTask } from '../../task/task.ts';
import type { Cred, Task } from '../../task/types.ts';
import { directoryOps } from '../../vfs/directory.ts';
import { createFdTable } from '../../vfs/fd-table.ts';
import { putFile } from '../../vfs/file.ts';
import { createFsContext } from '../../vfs/fs-context.ts';
import { inodeOf } from '../../vfs/inode.ts';
import { bytesIo } from '../../vfs/io.ts';
import { mountAt, mountRoot } from '../../vfs/mount.ts';
import { openAt } from '../../vfs/open.ts';
import { inodeAt, NO_FOLLOW, pathPut, walk } from '../../vfs/path.ts';
import { FILE_OPS, FILE_SYSTEMS, fsOf, opsOf } from '../../vfs/registry.ts';
import { regularOps } from '../../vfs/regular.ts';
import { nsfs } from '../nsfs.ts';
import { sysfs } from '../sysfs.ts';
import { createTmpfs, tmpfs } from '../tmpfs.ts';
import { procOps } from './proc-file.ts';
import { proc } from './proc.ts';

const { AT_FDCWD } = AT_FD.values;
const STACK = 0x7fff_0000;

/** The kernel, with process 1. */
export function procKernel(): { kernel: Kernel; init: Task } {
  for (const fs of [tmpfs, proc, sysfs, nsfs]) FILE_SYSTEMS[fs.name] = fs;
  Object.assign(FILE_OPS, {
    regular: regularOps,
    directory: directoryOps,
    proc: procOps,
    path: { seekable: false },
  });
  const kernel = testKernel(2048);
  Object.assign(kernel, {
    fdTables: new Map(),
    fsContexts: new Map(),
    ttys: new Map(),
    timers: { heap: [], live: new Set() },
    load: newLoad(),
    limits: { instructions: Infinity, wallNs: Infinity, processes: 4096, openFiles: 65536, outputBytes: Infinity },
    hostname: 'ringfence',
    domainname: '(none)',
  });
  Object.assign(kernel.stats, { contextSwitches: 5, processesCreated: 2, interrupts: 7, userNs: 2e7, systemNs: 1e7 });
  Object.assign(kernel.ports, { entropy: { fill: (bytes: Uint8Array) => bytes.fill(0x5a) } });
  Object.assign(kernel.machine, {
    interrupts: { counts: () => [{ source: 10, name: 'ttyS0', count: 3 }] },
    stats: { traps: Array.from({ length: 128 }, (_, i) => (i === 69 ? 42 : 0)) },
  });
  const root = mountRoot(kernel, createTmpfs(kernel, { mode: 0o755 }), 0, 'rootfs');
  const dir = inodeOf(kernel, kernel.dentries.get(root.root)!.inode);
  for (const name of ['proc', 'sys']) tmpfs.create!(kernel, dir, name, S_IFDIR | 0o755, 0, ROOT_CRED);
  const init = addProcess(kernel, { comm: 'init' });
  mountOn(kernel, init, '/proc', proc.name);
  mountOn(kernel, init, '/sys', sysfs.name);
  return { kernel, init };
}

function mountOn(kernel: Kernel, task: Task, path: ByteString, type: string): void {
  const sb = FILE_SYSTEMS[type]!.mount(kernel, type, 0, '');
  const at = walk(kernel, task, AT_FDCWD, path, NO_FOLLOW);
  if (typeof sb !== 'number' || failed(at)) throw new Error(`cannot mount ${type}`);
  mountAt(kernel, kernel.superBlocks.get(sb)!, at, 0, type);
  pathPut(kernel, at);
}

export interface ProcessFields {
  readonly comm?: ByteString;
  readonly cred?: Cred;
  readonly argv?: readonly ByteString[];
  readonly env?: readonly ByteString[];
}

/** A process of one thread with a stack that holds its arguments. */
export function addProcess(kernel: Kernel, fields: ProcessFields = {}): Task {
  const { comm = 'task', cred = ROOT_CRED, argv = [comm], env = ['PATH=/bin'] } = fields;
  const pid = kernel.nextPid++;
  const task = newTask(kernel, pid, pid, cred);
  const mm = createMm(kernel);
  if (typeof task === 'string' || typeof mm === 'string') throw new Error('no memory');
  kernel.tasks.set(pid, task);
  const group = newGroup(kernel, pid, defaultLimits(1000));
  group.threads = [pid];
  group.parent = pid === 1 ? 0 : 1;
  kernel.groups.set(pid, group);
  Object.assign(task, { comm, state: 'sleeping', didExec: true, exitSignal: 17, mm: mm.id });
  task.files = createFdTable(kernel).id;
  task.fs = createFsContext(kernel, kernel.rootPath!, kernel.rootPath!).id;
  task.sighand = createSighand(kernel).id;
  insertVma(kernel, mm, newVma(0x10000, 0x12000, 5));
  insertVma(kernel, mm, newVma(0x20000, 0x24000, 3));
  insertVma(kernel, mm, newVma(STACK - 0x8000, STACK, 3, { growsDown: true, name: '[stack]' }));
  const args = argv.map((arg) => `${arg}\0`).join('');
  const environment = env.map((item) => `${item}\0`).join('');
  mm.argStart = STACK - 0x1000;
  mm.argEnd = mm.envStart = mm.argStart + args.length;
  mm.envEnd = mm.envStart + environment.length;
  mm.startStack = mm.argStart - 16;
  mm.startCode = 0x10000;
  mm.endCode = 0x11800;
  mm.brkStart = 0x20000;
  mm.brk = 0x24000;
  copyToUserMm(kernel, mm, mm.argStart, bytesOf(args + environment));
  kernel.current = pid;
  return task;
}

export function addThread(kernel: Kernel, leader: Task): Task {
  const tid = kernel.nextPid++;
  const task = newTask(kernel, tid, leader.tgid, leader.cred);
  if (typeof task === 'string') throw new Error('no memory');
  const { comm, mm, files, fs, sighand } = leader;
  Object.assign(task, { comm, mm, files, fs, sighand, state: 'sleeping' });
  kernel.tasks.set(tid, task);
  kernel.groups.get(leader.tgid)!.threads.push(tid);
  return task;
}

/** All that a file holds, read in pieces of `step` bytes; a record, as strings are errors. */
export function readText(kernel: Kernel, task: Task, path: ByteString, step = 4096): Outcome<{ text: ByteString }> {
  kernel.current = task.tid;
  const file = openAt(kernel, task, AT_FDCWD, path, 0, 0);
  if (failed(file)) return file;
  const bytes = new Uint8Array(step);
  let text = '';
  for (;;) {
    const count = opsOf(file).read!(kernel, task, file, bytesIo(bytes), text.length);
    if (typeof count !== 'number') {
      putFile(kernel, file);
      return count;
    }
    if (count === 0) break;
    text += byteStringOf(bytes, 0, count);
  }
  putFile(kernel, file);
  return { text };
}

export function writeText(kernel: Kernel, task: Task, path: ByteString, text: ByteString): Outcome<number> {
  kernel.current = task.tid;
  const file = openAt(kernel, task, AT_FDCWD, path, 0o1001, 0);
  if (failed(file)) return file;
  const count = opsOf(file).write!(kernel, task, file, bytesIo(bytesOf(text)), 0);
  putFile(kernel, file);
  return count;
}

/** Names in a directory, without '.' and '..'. */
export function list(kernel: Kernel, task: Task, path: ByteString): Outcome<ByteString[]> {
  kernel.current = task.tid;
  const file = openAt(kernel, task, AT_FDCWD, path, 0, 0);
  if (failed(file)) return file;
  const names: ByteString[] = [];
  const result = opsOf(file).readdir?.(kernel, task, file, (name) => names.push(name) > 0) ?? 'ENOTDIR';
  putFile(kernel, file);
  return failed(result) ? result : names.filter((name) => name !== '.' && name !== '..');
}

/** Where a link points. */
export function target(kernel: Kernel, task: Task, path: ByteString): Outcome<{ target: ByteString }> {
  kernel.current = task.tid;
  const ref = walk(kernel, task, AT_FDCWD, path, NO_FOLLOW);
  if (failed(ref)) return ref;
  const inode = inodeAt(kernel, ref);
  const link = fsOf(kernel, inode).readlink?.(kernel, inode, task) ?? 'EINVAL';
  pathPut(kernel, ref);
  return link;
}

/** Opens a file of the root file system as a descriptor. */
export function openFd(kernel: Kernel, task: Task, path: ByteString, flags: number): number {
  const file = openAt(kernel, task, AT_FDCWD, path, flags, 0o644);
  if (failed(file)) throw new Error(`cannot open ${path}`);
  const { fds } = kernel.fdTables.get(task.files)!;
  return fds.push({ file: file.id, closeOnExec: false }) - 1;
}
