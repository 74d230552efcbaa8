/**
 * Credentials: who a task is and what it may do. See credentials(7), capabilities(7).
 *
 * Interface: ROOT_CRED, userCred, capable, inGroup, ALL_CAPABILITIES, capabilityBit, SECUREBIT, fixCapabilities,
 * fixFsCapabilities.
 * Invariant: a Cred is never changed in place; two tasks may share one.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import type { Cred } from './types.ts';

export const CAP_LAST_CAP = CAPABILITY.values.CAP_CHECKPOINT_RESTORE;

export const ALL_CAPABILITIES = (1n << BigInt(CAP_LAST_CAP + 1)) - 1n;

/** linux/securebits.h. Each has a lock one bit above it. */
export const SECUREBIT = {
  noRoot: 1,
  noSetuidFixup: 4,
  keepCaps: 16,
  noCapAmbientRaise: 64,
} as const;

const BITS: readonly bigint[] = Array.from({ length: 64 }, (_, i) => 1n << BigInt(i));

/** The capabilities that apply to files, which follow fsuid rather than euid. */
export const FS_CAPABILITIES =
  bits('CAP_CHOWN', 'CAP_MKNOD', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID') |
  bits('CAP_LINUX_IMMUTABLE', 'CAP_MAC_OVERRIDE');

export const ROOT_CRED: Cred = {
  ...identity(0, 0, []),
  capEffective: ALL_CAPABILITIES,
  capPermitted: ALL_CAPABILITIES,
  capInheritable: 0n,
  capBounding: ALL_CAPABILITIES,
  capAmbient: 0n,
  securebits: 0,
};

/** Credentials of a plain user (all capabilities for uid 0), as after a login. */
export function userCred(uid: number, gid: number, groups: readonly number[] = []): Cred {
  const caps = uid === 0 ? ALL_CAPABILITIES : 0n;
  return { ...ROOT_CRED, ...identity(uid, gid, groups), capEffective: caps, capPermitted: caps };
}

export function capabilityBit(cap: number): bigint {
  return BITS[cap]!;
}

/** Whether `cred` has capability number `cap` (CAPABILITY.values) in effect. */
export function capable(cred: Cred, cap: number): boolean {
  return (cred.capEffective & BITS[cap]!) !== 0n;
}

/** Whether `gid` is the file-system group or a supplementary one. */
export function inGroup(cred: Cred, gid: number): boolean {
  return cred.fsgid === gid || cred.groups.includes(gid);
}

/**
 * What becomes of capabilities when user ids change (Linux: cap_emulate_setxuid). `uid`, `euid`, `suid` of `after` are already new.
 */
export function fixCapabilities(before: Cred, after: Cred): Cred {
  if ((before.securebits & SECUREBIT.noSetuidFixup) !== 0) return after;
  let { capEffective, capPermitted, capAmbient } = after;
  const hadRoot = before.uid === 0 || before.euid === 0 || before.suid === 0;
  const hasRoot = after.uid === 0 || after.euid === 0 || after.suid === 0;
  if (hadRoot && !hasRoot) {
    if ((before.securebits & SECUREBIT.keepCaps) === 0) {
      capPermitted = 0n;
      capEffective = 0n;
    }
    capAmbient = 0n;
  }
  if (before.euid === 0 && after.euid !== 0) capEffective = 0n;
  if (before.euid !== 0 && after.euid === 0) capEffective = capPermitted;
  return { ...after, capEffective, capPermitted, capAmbient };
}

/** As setfsuid does to the capabilities that concern files. */
export function fixFsCapabilities(before: Cred, after: Cred): Cred {
  if ((before.securebits & SECUREBIT.noSetuidFixup) !== 0) return after;
  if (before.fsuid === 0 && after.fsuid !== 0) return { ...after, capEffective: after.capEffective & ~FS_CAPABILITIES };
  if (before.fsuid !== 0 && after.fsuid === 0)
    return { ...after, capEffective: after.capEffective | (after.capPermitted & FS_CAPABILITIES) };
  return after;
}

function identity(uid: number, gid: number, groups: readonly number[]) {
  return { uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid, groups };
}

function bits(...names: (keyof typeof CAPABILITY.values)[]): bigint {
  return names.reduce((set, name) => set | (1n << BigInt(CAPABILITY.values[name])), 0n);
}
