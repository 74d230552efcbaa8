/**
 * Process 1. It is part of the kernel and never runs user code: it adopts orphans, and since it ignores SIGCHLD they are reaped as
 * they die. What the host starts are its children, so that any number of programs can run in one system, and none of them has
 * the duties of a real init.
 *
 * Interface: ensureInit.
 */
import { SIG_IGN } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import { createSighand } from '../signal/sighand.ts';
import { createFdTable } from '../vfs/fd-table.ts';
import { createFsContext } from '../vfs/fs-context.ts';
import { ROOT_CRED } from './cred.ts';
import { defaultLimits } from './rlimit.ts';
import { blankTask, groupById, INIT_TID, newGroup } from './task.ts';
import type { ThreadGroup } from './types.ts';

/** Frames that Linux counts for a thread when it computes how many there may be at most. */
const FRAMES_PER_THREAD = 32;

/** The group of process 1, made at the first call. The root file system must be mounted. */
export function ensureInit(kernel: Kernel): ThreadGroup {
  const existing = groupById(kernel, INIT_TID);
  if (existing !== undefined) return existing;
  const threads = Math.max(Math.floor(kernel.frames.pages / FRAMES_PER_THREAD), 20);
  const group = newGroup(kernel, INIT_TID, defaultLimits(threads));
  const task = blankTask(kernel, INIT_TID, INIT_TID, ROOT_CRED);
  const sighand = createSighand(kernel);
  sighand.actions = sighand.actions.map((action) => ({ ...action, handler: SIG_IGN }));
  task.comm = 'init';
  task.state = 'sleeping';
  task.sighand = sighand.id;
  task.files = createFdTable(kernel).id;
  task.fs = createFsContext(kernel, kernel.rootPath!, kernel.rootPath!).id;
  group.threads.push(INIT_TID);
  group.unkillable = true;
  kernel.tasks.set(INIT_TID, task);
  kernel.groups.set(INIT_TID, group);
  kernel.nextPid = Math.max(kernel.nextPid, INIT_TID + 1);
  return group;
}
