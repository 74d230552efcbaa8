/**
 * Which files of a process only some may open, and who owns them. See ptrace(2) ("Ptrace access mode checking"), proc(5).
 *
 * Interface: inspectable, dumpOwner. Who may look is told by task/access.ts.
 */
import type { Kernel } from '../../kernel.ts';
import { mayInspect } from '../../task/access.ts';
import type { Task } from '../../task/types.ts';
import type { Target } from './node.ts';

const SUID_DUMP_USER = 1;
/** Directories with this mode belong to the effective user even when the process is not dumpable. */
const OPEN_DIRECTORY = 0o040555;

/** For files that only those may open who may inspect the process. */
export function inspectable(kernel: Kernel, { task }: Target, opener: Task): 0 | 'EACCES' {
  return mayInspect(kernel, opener, task, 'files') ? 0 : 'EACCES';
}

/** The owner of a process's files: its effective ids; root for one that must not be dumped or has no memory any more. */
export function dumpOwner(kernel: Kernel, task: Task, mode: number): { uid: number; gid: number } {
  const mm = kernel.mms.get(task.mm);
  const isRoots = mode !== OPEN_DIRECTORY && mm?.dumpable !== SUID_DUMP_USER;
  return isRoots ? { uid: 0, gid: 0 } : { uid: task.cred.euid, gid: task.cred.egid };
}
