/**
 * Processes that the host starts: the CLI's command, and `system.spawn` of the library.
 *
 * Interface: spawnProcess, SpawnOptions. The host learns of the end through takeEndedProcesses (task/host-process.ts).
 * Each is a child of process 1 and leads a session of its own; with a terminal, that is its controlling one.
 */
import { AT_FD } from '../../abi/flags/at.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import type { Errno } from '../../abi/errno.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { noteLimit } from '../limit-hits.ts';
import { failed, isWait, type Outcome } from '../result.ts';
import { enqueueTask } from '../sched/scheduler.ts';
import { createSighand, putSighand } from '../signal/sighand.ts';
import type { Tty } from '../tty/types.ts';
import { createFdTable, installFd, putFdTable } from '../vfs/fd-table.ts';
import { getFile } from '../vfs/file.ts';
import { createFsContext, fsContextOf, putFsContext, setCwd } from '../vfs/fs-context.ts';
import { walk } from '../vfs/path.ts';
import type { OpenFile } from '../vfs/types.ts';
import { capable } from './cred.ts';
import { execFile } from './exec.ts';
import { setComm } from './exec-commit.ts';
import { registerHostProcess } from './host-process.ts';
import { ensureInit } from './init.ts';
import { allocatePid, forgetTask, INIT_TID, newGroup, newTask } from './task.ts';
import type { Cred, Task, ThreadGroup } from './types.ts';

export interface SpawnOptions {
  /** argv[0] is the program: a path, or a name that is looked up in PATH. */
  readonly argv: readonly ByteString[];
  /** NAME=value. */
  readonly env: readonly ByteString[];
  readonly cwd: ByteString;
  readonly cred: Cred;
  /** Descriptors 0, 1, 2 …; each gets a reference of its own. */
  readonly stdio: readonly OpenFile[];
  /** Controlling terminal; null for none. */
  readonly tty: Tty | null;
  /** The end of this process halts the system. */
  readonly haltOnExit?: boolean;
}

const { AT_FDCWD } = AT_FD.values;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts a process. Gives its pid, or why its program cannot be run; nothing is left then. */
export function spawnProcess(kernel: Kernel, options: SpawnOptions): Tid | Errno {
  const init = ensureInit(kernel);
  // Process 1 does not count.
  if (kernel.tasks.size - 1 >= kernel.limits.processes) {
    noteLimit(kernel, 'processes');
    return 'EAGAIN';
  }
  const task = makeTask(kernel, init, options);
  if (typeof task === 'string') return task;
  registerHostProcess(kernel, task.tgid, options.haltOnExit === true);
  const error =
    enterDirectory(kernel, task, options.cwd) ??
    installStdio(kernel, task, options.stdio) ??
    run(kernel, task, options);
  if (error !== null) {
    kernel.hostProcesses.delete(task.tgid);
    discard(kernel, task);
    return error;
  }
  kernel.stats.processesCreated++;
  // A program that is broken enough kills the process at once.
  if (task.state !== 'new') return task.tid;
  if (options.tty !== null) takeTerminal(kernel, task, options.tty);
  enqueueTask(kernel, task);
  return task.tid;
}

function makeTask(kernel: Kernel, init: ThreadGroup, options: SpawnOptions): Task | Errno {
  const tid = allocatePid(kernel);
  if (typeof tid === 'string') return tid;
  const task = newTask(kernel, tid, tid, options.cred);
  if (typeof task === 'string') return task;
  const group = newGroup(
    kernel,
    tid,
    init.rlimits.map((limit) => ({ ...limit })),
  );
  const name = options.argv[0] ?? '';
  setComm(task, name.slice(name.lastIndexOf('/') + 1));
  task.exitSignal = SIGNALS.SIGCHLD;
  task.sighand = createSighand(kernel).id;
  task.files = createFdTable(kernel).id;
  task.fs = createFsContext(kernel, kernel.rootPath!, kernel.rootPath!).id;
  group.threads.push(tid);
  group.parent = INIT_TID;
  group.parentThread = INIT_TID;
  init.children.push(tid);
  kernel.tasks.set(tid, task);
  kernel.groups.set(tid, group);
  return task;
}

function enterDirectory(kernel: Kernel, task: Task, cwd: ByteString): Errno | null {
  const path = walk(kernel, task, AT_FDCWD, cwd === '' ? '/' : cwd, { follow: true, directory: true });
  if (failed(path)) return asErrno(path);
  setCwd(kernel, fsContextOf(kernel, task), path);
  return null;
}

function installStdio(kernel: Kernel, task: Task, stdio: readonly OpenFile[]): Errno | null {
  for (const file of stdio) {
    const fd = installFd(kernel, task, getFile(kernel, file), false);
    if (typeof fd === 'string') return fd;
  }
  return null;
}

/** As execvp(3): a name without a slash is looked for in the directories of PATH. */
function run(kernel: Kernel, task: Task, options: SpawnOptions): Errno | null {
  const name = options.argv[0] ?? '';
  if (name === '') return 'ENOENT';
  const source = { argv: options.argv, env: options.env };
  const candidates = name.includes('/') ? [name] : searchPath(options.env).map((directory) => `${directory}/${name}`);
  let error: Errno = 'ENOENT';
  for (const path of candidates) {
    const result = execFile(kernel, task, AT_FDCWD, path, 0, source);
    if (!failed(result) || task.state !== 'new') return null;
    const refusal = asErrno(result);
    if (refusal === 'EACCES') error = 'EACCES';
    else if (refusal !== 'ENOENT' && refusal !== 'ENOTDIR') return refusal;
  }
  return error;
}

function searchPath(env: readonly ByteString[]): ByteString[] {
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  return path.split(':').map((directory) => (directory === '' ? '.' : directory));
}

function takeTerminal(kernel: Kernel, task: Task, tty: Tty): void {
  const stolen = tty.session !== 0 && tty.session !== task.tgid;
  if (stolen && !capable(task.cred, CAPABILITY.values.CAP_SYS_ADMIN)) return;
  kernel.groups.get(task.tgid)!.tty = tty.id;
  tty.session = task.tgid;
  tty.foregroundPgrp = task.tgid;
}

function discard(kernel: Kernel, task: Task): void {
  putFdTable(kernel, task);
  putFsContext(kernel, task);
  putSighand(kernel, task.sighand);
  forgetTask(kernel, task);
}

/** The host cannot wait here, and nothing on the way to a program waits as long as the ports are synchronous. */
function asErrno(failure: Outcome<never>): Errno {
  return isWait(failure) || failure.startsWith('ERESTART') ? 'EAGAIN' : (failure as Errno);
}
