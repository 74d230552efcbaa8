/**
 * What execve does to credentials: set-user-ID files, file capabilities, root, no_new_privs.
 * See capabilities(7), "Transformation of capabilities during execve()"; Linux security/commoncap.c.
 *
 * Interface: credentialsForExec.
 */
import { S_ISGID, S_ISUID } from '../../abi/file-mode.ts';
import { MOUNT } from '../../abi/flags/mount.ts';
import type { Kernel } from '../kernel.ts';
import type { Inode, PathRef } from '../vfs/types.ts';
import { SECUREBIT } from './cred.ts';
import type { Cred, Task } from './types.ts';

const { MS_NOSUID } = MOUNT.values;
const S_IXGRP = 0o010;
const CAPS_XATTR = 'security.capability';
const VFS_CAP_EFFECTIVE = 1;
const VFS_CAP_REVISION_2 = 0x02000000;
const VFS_CAP_REVISION_3 = 0x03000000;

interface FileCaps {
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly effective: boolean;
}

/** The new credentials, and whether the program must run in secure mode (AT_SECURE). EPERM where file capabilities cannot be given. */
export function credentialsForExec(
  kernel: Kernel,
  task: Task,
  path: PathRef,
  inode: Inode,
): { cred: Cred; secure: boolean } | 'EPERM' {
  const old = task.cred;
  const maySetId = !task.noNewPrivs && ((kernel.mounts.get(path.mount)?.flags ?? 0) & MS_NOSUID) === 0;
  const euid = maySetId && (inode.mode & S_ISUID) !== 0 ? inode.uid : old.euid;
  const isSgid = maySetId && (inode.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP);
  const egid = isSgid ? inode.gid : old.egid;
  const caps = maySetId ? fileCaps(inode) : null;

  let permitted = 0n;
  let effective = false;
  if (caps !== null) {
    permitted = (old.capBounding & caps.permitted) | (old.capInheritable & caps.inheritable);
    effective = caps.effective;
    if (effective && (caps.permitted & ~permitted) !== 0n) return 'EPERM';
  }
  const isRootPrivileged = (old.securebits & SECUREBIT.noRoot) === 0;
  const suidRootWithCaps = caps !== null && old.uid !== 0 && euid === 0;
  if (isRootPrivileged && !suidRootWithCaps) {
    if (euid === 0 || old.uid === 0) permitted = old.capBounding | old.capInheritable;
    if (euid === 0) effective = true;
  }
  const isSetId = euid !== old.uid || egid !== old.gid;
  if (task.noNewPrivs && (isSetId || (permitted & ~old.capPermitted) !== 0n)) permitted &= old.capPermitted;
  const ambient = caps !== null || isSetId ? 0n : old.capAmbient;
  permitted |= ambient;
  const cred: Cred = {
    ...old,
    euid,
    suid: euid,
    fsuid: euid,
    egid,
    sgid: egid,
    fsgid: egid,
    capPermitted: permitted,
    capEffective: effective ? permitted : ambient,
    capAmbient: ambient,
    securebits: old.securebits & ~SECUREBIT.keepCaps,
  };
  const secure = isSetId || (old.uid !== 0 && (effective || (permitted & ~ambient) !== 0n));
  return { cred: isSame(old, cred) ? old : cred, secure };
}

/** struct vfs_ns_cap_data: magic and flags, then two pairs of permitted and inheritable words. Malformed ones count as none. */
function fileCaps(inode: Inode): FileCaps | null {
  const value = inode.xattrs?.get(CAPS_XATTR);
  if (value === undefined || value.length < 20) return null;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const magic = view.getUint32(0, true);
  const revision = magic & 0xff000000;
  const isRevision2 = revision === VFS_CAP_REVISION_2 && value.length === 20;
  const isRevision3 = revision === VFS_CAP_REVISION_3 && value.length === 24 && view.getUint32(20, true) === 0;
  if (!isRevision2 && !isRevision3) return null;
  const word = (at: number) => BigInt(view.getUint32(at, true)) | (BigInt(view.getUint32(at + 8, true)) << 32n);
  return { permitted: word(4), inheritable: word(8), effective: (magic & VFS_CAP_EFFECTIVE) !== 0 };
}

function isSame(a: Cred, b: Cred): boolean {
  return (Object.keys(a) as (keyof Cred)[]).every((key) => a[key] === b[key]);
}
