/**
 * Who may look into another process. See ptrace(2), "Ptrace access mode checking".
 *
 * Interface: mayInspect.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from './cred.ts';
import type { Task } from './types.ts';

const SUID_DUMP_USER = 1;

/**
 * The same user throughout with no more rights, and dumpable; or CAP_SYS_PTRACE. `as`: the ids that count are those for files
 * (PTRACE_MODE_FSCREDS, for /proc) or the real ones (PTRACE_MODE_REALCREDS, for system calls).
 */
export function mayInspect(kernel: Kernel, reader: Task, target: Task, as: 'files' | 'real'): boolean {
  if (reader.tgid === target.tgid) return true;
  const { cred } = reader;
  if (capable(cred, CAPABILITY.values.CAP_SYS_PTRACE)) return true;
  const [uid, gid, rights] =
    as === 'files' ? [cred.fsuid, cred.fsgid, cred.capEffective] : [cred.uid, cred.gid, cred.capPermitted];
  const other = target.cred;
  const sameUser = other.uid === uid && other.euid === uid && other.suid === uid;
  const sameGroup = other.gid === gid && other.egid === gid && other.sgid === gid;
  if (!sameUser || !sameGroup || (other.capPermitted & ~rights) !== 0n) return false;
  const mm = kernel.mms.get(target.mm);
  return mm === undefined || mm.dumpable === SUID_DUMP_USER;
}
