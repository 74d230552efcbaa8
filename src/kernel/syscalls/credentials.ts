/**
 * User and group ids and capabilities of the calling thread. See credentials(7), setuid(2), setresuid(2), capget(2).
 *
 * Interface: credentialCalls.
 */
import { CAP_VERSION, CAPABILITY } from '../../abi/flags/capability.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, getUserI32, putUser32 } from '../mm/uaccess.ts';
import { countTasksOf } from '../task/clone.ts';
import { ALL_CAPABILITIES, capable, fixCapabilities, fixFsCapabilities } from '../task/cred.ts';
import { softLimit } from '../task/rlimit.ts';
import { groupOf, taskOf } from '../task/task.ts';
import type { Cred, Task } from '../task/types.ts';
import type { Handlers } from './handlers.ts';

const { CAP_SETUID, CAP_SETGID, CAP_SETPCAP } = CAPABILITY.values;
const VERSIONS = CAP_VERSION.values;
/** -1 as the unsigned number that it arrives as: leave the id as it is. */
const KEEP = 0xffff_ffff;
const NGROUPS_MAX = 65536;
const CAP_DATA_BYTES = 12;

export const credentialCalls = {
  getuid: (_kernel, task) => task.cred.uid,
  geteuid: (_kernel, task) => task.cred.euid,
  getgid: (_kernel, task) => task.cred.gid,
  getegid: (_kernel, task) => task.cred.egid,

  setuid(kernel, task, uid) {
    const old = task.cred;
    if (uid === KEEP) return 'EINVAL';
    if (capable(old, CAP_SETUID)) return changeUids(kernel, task, { uid, euid: uid, suid: uid });
    if (uid !== old.uid && uid !== old.suid) return 'EPERM';
    return changeUids(kernel, task, { euid: uid });
  },

  setreuid(kernel, task, ruid, euid) {
    const old = task.cred;
    const privileged = capable(old, CAP_SETUID);
    if (ruid !== KEEP && !privileged && ruid !== old.uid && ruid !== old.euid) return 'EPERM';
    if (euid !== KEEP && !privileged && ![old.uid, old.euid, old.suid].includes(euid)) return 'EPERM';
    const newEuid = euid === KEEP ? old.euid : euid;
    const setsSaved = ruid !== KEEP || (euid !== KEEP && euid !== old.uid);
    const uid = ruid === KEEP ? old.uid : ruid;
    return changeUids(kernel, task, { uid, euid: newEuid, suid: setsSaved ? newEuid : old.suid });
  },

  setresuid(kernel, task, ruid, euid, suid) {
    const old = task.cred;
    const own = [old.uid, old.euid, old.suid, KEEP];
    if (!capable(old, CAP_SETUID) && ![ruid, euid, suid].every((id) => own.includes(id))) return 'EPERM';
    return changeUids(kernel, task, {
      uid: ruid === KEEP ? old.uid : ruid,
      euid: euid === KEEP ? old.euid : euid,
      suid: suid === KEEP ? old.suid : suid,
    });
  },

  getresuid: (kernel, task, ruid, euid, suid) =>
    putThree(kernel, task, [ruid, euid, suid], [task.cred.uid, task.cred.euid, task.cred.suid]),

  setgid(kernel, task, gid) {
    const old = task.cred;
    if (gid === KEEP) return 'EINVAL';
    if (capable(old, CAP_SETGID)) return commit(kernel, task, { ...old, gid, egid: gid, sgid: gid, fsgid: gid });
    if (gid !== old.gid && gid !== old.sgid) return 'EPERM';
    return commit(kernel, task, { ...old, egid: gid, fsgid: gid });
  },

  setregid(kernel, task, rgid, egid) {
    const old = task.cred;
    const privileged = capable(old, CAP_SETGID);
    if (rgid !== KEEP && !privileged && rgid !== old.gid && rgid !== old.egid) return 'EPERM';
    if (egid !== KEEP && !privileged && ![old.gid, old.egid, old.sgid].includes(egid)) return 'EPERM';
    const newEgid = egid === KEEP ? old.egid : egid;
    const setsSaved = rgid !== KEEP || (egid !== KEEP && egid !== old.gid);
    return commit(kernel, task, {
      ...old,
      gid: rgid === KEEP ? old.gid : rgid,
      egid: newEgid,
      sgid: setsSaved ? newEgid : old.sgid,
      fsgid: newEgid,
    });
  },

  setresgid(kernel, task, rgid, egid, sgid) {
    const old = task.cred;
    const own = [old.gid, old.egid, old.sgid, KEEP];
    if (!capable(old, CAP_SETGID) && ![rgid, egid, sgid].every((id) => own.includes(id))) return 'EPERM';
    const newEgid = egid === KEEP ? old.egid : egid;
    return commit(kernel, task, {
      ...old,
      gid: rgid === KEEP ? old.gid : rgid,
      egid: newEgid,
      sgid: sgid === KEEP ? old.sgid : sgid,
      fsgid: newEgid,
    });
  },

  getresgid: (kernel, task, rgid, egid, sgid) =>
    putThree(kernel, task, [rgid, egid, sgid], [task.cred.gid, task.cred.egid, task.cred.sgid]),

  // Linux: these two give the old id and never an error.
  setfsuid(kernel, task, uid) {
    const old = task.cred;
    const allowed = [old.uid, old.euid, old.suid, old.fsuid].includes(uid) || capable(old, CAP_SETUID);
    if (uid !== KEEP && uid !== old.fsuid && allowed)
      commit(kernel, task, fixFsCapabilities(old, { ...old, fsuid: uid }));
    return old.fsuid;
  },

  setfsgid(kernel, task, gid) {
    const old = task.cred;
    const allowed = [old.gid, old.egid, old.sgid, old.fsgid].includes(gid) || capable(old, CAP_SETGID);
    if (gid !== KEEP && gid !== old.fsgid && allowed) commit(kernel, task, { ...old, fsgid: gid });
    return old.fsgid;
  },

  getgroups(kernel, task, size, address) {
    const { groups } = task.cred;
    if (size < 0) return 'EINVAL';
    if (size === 0) return groups.length;
    if (groups.length > size) return 'EINVAL';
    for (let i = 0; i < groups.length; i++)
      if (putUser32(kernel, task, address + 4 * i, groups[i]!) !== 0) return 'EFAULT';
    return groups.length;
  },

  setgroups(kernel, task, size, address) {
    if (!capable(task.cred, CAP_SETGID)) return 'EPERM';
    if (size < 0 || size > NGROUPS_MAX) return 'EINVAL';
    const groups: number[] = [];
    for (let i = 0; i < size; i++) {
      const gid = getUser32(kernel, task, address + 4 * i);
      if (typeof gid === 'string') return gid;
      if (gid === KEEP) return 'EINVAL';
      groups.push(gid);
    }
    groups.sort((a, b) => a - b);
    task.cred = { ...task.cred, groups };
    return 0;
  },

  capget(kernel, task, header, data) {
    const words = checkCapHeader(kernel, task, header);
    if (data === 0 && (words === 'EINVAL' || typeof words === 'number')) return 0;
    if (typeof words === 'string') return words;
    const pid = getUserI32(kernel, task, header + 4);
    if (typeof pid === 'string') return pid;
    if (pid < 0) return 'EINVAL';
    const target = pid === 0 ? task : taskOf(kernel, pid);
    if (target === undefined) return 'ESRCH';
    const { capEffective, capPermitted, capInheritable } = target.cred;
    for (let word = 0; word < words; word++) {
      const at = data + word * CAP_DATA_BYTES;
      const part = (set: bigint) => Number((set >> BigInt(32 * word)) & 0xffff_ffffn);
      if (putThree(kernel, task, [at, at + 4, at + 8], [capEffective, capPermitted, capInheritable].map(part)) !== 0)
        return 'EFAULT';
    }
    return 0;
  },

  capset(kernel, task, header, data) {
    const words = checkCapHeader(kernel, task, header);
    if (typeof words === 'string') return words;
    const pid = getUserI32(kernel, task, header + 4);
    if (typeof pid === 'string') return pid;
    if (pid !== 0 && pid !== task.tid) return 'EPERM';
    const sets = [0n, 0n, 0n];
    for (let i = 0; i < 3 * words; i++) {
      const value = getUser32(kernel, task, data + 4 * i);
      if (typeof value === 'string') return value;
      sets[i % 3]! |= BigInt(value) << BigInt(32 * Math.floor(i / 3));
    }
    const [effective, permitted, inheritable] = sets.map((set) => set & ALL_CAPABILITIES) as [bigint, bigint, bigint];
    const old = task.cred;
    const isCapped = !capable(old, CAP_SETPCAP);
    if (isCapped && !isSubset(inheritable, old.capInheritable | old.capPermitted)) return 'EPERM';
    if (!isSubset(inheritable, old.capInheritable | old.capBounding)) return 'EPERM';
    if (!isSubset(permitted, old.capPermitted) || !isSubset(effective, permitted)) return 'EPERM';
    return commit(kernel, task, {
      ...old,
      capEffective: effective,
      capPermitted: permitted,
      capInheritable: inheritable,
      capAmbient: old.capAmbient & permitted & inheritable,
    });
  },
} satisfies Handlers;

/** Sets user ids; the file-system id follows the effective one. */
function changeUids(kernel: Kernel, task: Task, ids: { uid?: number; euid: number; suid?: number }): 0 {
  const old = task.cred;
  const cred = fixCapabilities(old, { ...old, ...ids, fsuid: ids.euid });
  if (cred.uid !== old.uid && cred.uid !== 0) {
    // Linux: the call succeeds, and the next execve fails with EAGAIN if it is still so.
    const group = groupOf(kernel, task);
    group.overProcessLimit = countTasksOf(kernel, cred.uid) >= softLimit(group, 'RLIMIT_NPROC');
  }
  return commit(kernel, task, cred);
}

/** A process whose rights changed may not be inspected by those who could before. */
function commit(kernel: Kernel, task: Task, cred: Cred): 0 {
  const old = task.cred;
  const sameIds =
    cred.euid === old.euid && cred.egid === old.egid && cred.fsuid === old.fsuid && cred.fsgid === old.fsgid;
  if (!sameIds || !isSubset(cred.capPermitted, old.capPermitted)) {
    const mm = kernel.mms.get(task.mm);
    if (mm !== undefined) mm.dumpable = 0;
    task.dumpable = 0;
    task.parentDeathSignal = 0;
  }
  task.cred = cred;
  return 0;
}

function isSubset(set: bigint, of: bigint): boolean {
  return (set & ~of) === 0n;
}

/** How many words the version has. An unknown one is answered with the one that is preferred. */
function checkCapHeader(kernel: Kernel, task: Task, header: number): number | 'EFAULT' | 'EINVAL' {
  const version = getUser32(kernel, task, header);
  if (typeof version === 'string') return version;
  if (version === VERSIONS._LINUX_CAPABILITY_VERSION_1) return 1;
  if (version === VERSIONS._LINUX_CAPABILITY_VERSION_2 || version === VERSIONS._LINUX_CAPABILITY_VERSION_3) return 2;
  return putUser32(kernel, task, header, VERSIONS._LINUX_CAPABILITY_VERSION_3) === 0 ? 'EINVAL' : 'EFAULT';
}

function putThree(kernel: Kernel, task: Task, addresses: readonly number[], values: readonly number[]): 0 | 'EFAULT' {
  for (let i = 0; i < 3; i++) if (putUser32(kernel, task, addresses[i]!, values[i]!) !== 0) return 'EFAULT';
  return 0;
}
