/**
 * Root, working directory and umask of processes. See chroot(2), chdir(2), umask(2), clone(2) (CLONE_FS).
 *
 * Interface: createFsContext, forkFsContext, putFsContext, unshareFsContext, fsContextOf, setCwd, setRoot.
 */
import { nextId } from '../id.ts';
import type { FsContextId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { FsContext, Task } from '../task/types.ts';
import { pathGet, pathPut } from './mount.ts';
import type { PathRef } from './types.ts';

/** A context with one user; takes references of its own. */
export function createFsContext(kernel: Kernel, root: PathRef, cwd: PathRef, umask = 0o022): FsContext {
  const context: FsContext = {
    id: nextId(kernel),
    users: 1,
    root: pathGet(kernel, root),
    cwd: pathGet(kernel, cwd),
    umask,
  };
  kernel.fsContexts.set(context.id, context);
  return context;
}

export function forkFsContext(kernel: Kernel, id: FsContextId): FsContext {
  const { root, cwd, umask } = kernel.fsContexts.get(id)!;
  return createFsContext(kernel, root, cwd, umask);
}

/** A task leaves its context. */
export function putFsContext(kernel: Kernel, task: Task): void {
  const context = kernel.fsContexts.get(task.fs);
  if (context === undefined) return;
  task.fs = 0;
  context.users--;
  if (context.users > 0) return;
  kernel.fsContexts.delete(context.id);
  pathPut(kernel, context.root);
  pathPut(kernel, context.cwd);
}

export function unshareFsContext(kernel: Kernel, task: Task): void {
  const context = fsContextOf(kernel, task);
  if (context.users === 1) return;
  context.users--;
  task.fs = forkFsContext(kernel, context.id).id;
}

export function fsContextOf(kernel: Kernel, task: Task): FsContext {
  return kernel.fsContexts.get(task.fs)!;
}

/** Takes over the caller's reference. */
export function setCwd(kernel: Kernel, context: FsContext, cwd: PathRef): void {
  const old = context.cwd;
  context.cwd = cwd;
  pathPut(kernel, old);
}

/** Takes over the caller's reference. */
export function setRoot(kernel: Kernel, context: FsContext, root: PathRef): void {
  const old = context.root;
  context.root = root;
  pathPut(kernel, old);
}
