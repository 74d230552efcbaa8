/**
 * Who may look into a process, and who owns its files. See ptrace(2) ("Ptrace access mode checking"), proc(5).
 *
 * Interface: mayInspect, inspectable, dumpOwner.
 */
import { CAPABILITY } from '../../../abi/flags/capability.ts';
import type { Kernel } from '../../kernel.ts';
import { capable } from '../../task/cred.ts';
import type { Task } from '../../task/types.ts';
import type { Target } from './node.ts';

const { CAP_SYS_PTRACE } = CAPABILITY.values;
const SUID_DUMP_USER = 1;
/** Directories with this mode belong to the effective user even when the process is not dumpable. */
const OPEN_DIRECTORY = 0o040555;

/** PTRACE_MODE_READ_FSCREDS: the same user throughout with no more rights, and dumpable; or CAP_SYS_PTRACE. */
export function mayInspect(kernel: Kernel, reader: Task, target: Task): boolean {
  if (reader.tgid === target.tgid) return true;
  const { cred } = reader;
  if (capable(cred, CAP_SYS_PTRACE)) return true;
  const other = target.cred;
  const sameUser = [other.uid, other.euid, other.suid].every((uid) => uid === cred.fsuid);
  const sameGroup = [other.gid, other.egid, other.sgid].every((gid) => gid === cred.fsgid);
  if (!sameUser || !sameGroup || (other.capPermitted & ~cred.capEffective) !== 0n) return false;
  const mm = kernel.mms.get(target.mm);
  return mm === undefined || mm.dumpable === SUID_DUMP_USER;
}

/** For files that only those may open who may inspect the process. */
export function inspectable(kernel: Kernel, { task }: Target, opener: Task): 0 | 'EACCES' {
  return mayInspect(kernel, opener, task) ? 0 : 'EACCES';
}

/** The owner of a process's files: its effective ids; root for one that must not be dumped or has no memory any more. */
export function dumpOwner(kernel: Kernel, task: Task, mode: number): { uid: number; gid: number } {
  const mm = kernel.mms.get(task.mm);
  const isRoots = mode !== OPEN_DIRECTORY && mm?.dumpable !== SUID_DUMP_USER;
  return isRoots ? { uid: 0, gid: 0 } : { uid: task.cred.euid, gid: task.cred.egid };
}
