/**
 * System calls that make, end and identify processes and threads. See clone(2), exit(2), credentials(7), pidfd_open(2).
 *
 * Interface: processCalls.
 */
import { CLONE, PIDFD_OPEN, PIDFD_SIGNAL, UNSHARE } from '../../abi/flags/process.ts';
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { decodeStruct, layoutOf } from '../../abi/struct.ts';
import { CLONE_ARGS } from '../../abi/structs/process.ts';
import type { WaitQueueId, Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { accessOk, copyFromUser, getUserI32 } from '../mm/uaccess.ts';
import { mmOf } from '../mm/mm.ts';
import { failed, waitOn } from '../result.ts';
import { mayKill, sendToGroup, sendToPgrp, sendToThread, userInfo } from '../signal/send.ts';
import { decodeSigInfo, SIGINFO_BYTES } from '../signal/siginfo.ts';
import { isFileLimitReached, getFile, putFile } from '../vfs/file.ts';
import { fileOf, installFd, rawFileOf, unshareFdTable } from '../vfs/fd-table.ts';
import { unshareFsContext } from '../vfs/fs-context.ts';
import { mayInspect } from '../task/access.ts';
import { capable } from '../task/cred.ts';
import { type CloneArgs, cloneTask, isVforkOver } from '../task/clone.ts';
import { exitGroup, exitThread } from '../task/exit.ts';
import { groupsInPgrp } from '../task/job-control.ts';
import { openPidfd, pidfdTarget } from '../task/pidfd.ts';
import { groupOf, taskOf } from '../task/task.ts';
import type { Task } from '../task/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const { CLONE_VFORK, CLONE_PIDFD, CLONE_PARENT_SETTID, CLONE_DETACHED, CLONE_THREAD, CLONE_PARENT } = CLONE.values;
const { CLONE_SIGHAND, CLONE_VM } = CLONE.values;
const CSIGNAL = 0xff;
const SIGCHLD = 17;
const LAST_SIGNAL = 64;
const PAGE_BYTES = 4096;

const CLONE_ARGS_LAYOUT = layoutOf(CLONE_ARGS, 'riscv64');
/** Sizes of clone_args in the first and the latest version. */
const CLONE_ARGS_V0 = 64;
const CLONE_ARGS_LATEST = 88;
const LEGACY_FLAGS = 0xffffffffn;
const BIG_CLEAR_SIGHAND = 0x100000000n;
const BIG_INTO_CGROUP = 0x200000000n;
const CLONE_NEWTIME = 0x80;
/** MAX_PID_NS_LEVEL */
const MOST_SET_TIDS = 32;

export const processCalls = {
  clone(kernel, task, flags, stack, parentTid, tls, childTid) {
    const low = (flags % 0x1_0000_0000) | 0;
    // CLONE_PARENT_SETTID and CLONE_PIDFD both use `parentTid`.
    if ((low & CLONE_PIDFD) !== 0 && (low & (CLONE_PARENT_SETTID | CLONE_DETACHED)) !== 0) return 'EINVAL';
    return cloneAndWait(kernel, task, {
      flags: low & ~CSIGNAL,
      clearSighand: false,
      exitSignal: low & CSIGNAL,
      stack,
      tls,
      parentTid,
      childTid,
      pidfd: parentTid,
      setTid: [],
    });
  },

  clone3(kernel, task, address, size) {
    const args = task.syscall.progress.phase === 1 ? NO_ARGS : readCloneArgs(kernel, task, address, size);
    return typeof args === 'string' ? args : cloneAndWait(kernel, task, args);
  },

  fork: (kernel, task) => cloneAndWait(kernel, task, { ...NO_ARGS, exitSignal: SIGCHLD }),

  vfork: (kernel, task) =>
    cloneAndWait(kernel, task, { ...NO_ARGS, flags: CLONE_VFORK | CLONE_VM, exitSignal: SIGCHLD }),

  exit(kernel, task, code) {
    exitThread(kernel, task, (code & 0xff) << 8);
    return 0;
  },

  exit_group(kernel, task, code) {
    exitGroup(kernel, task, (code & 0xff) << 8);
    return 0;
  },

  getpid: (_kernel, task) => task.tgid,
  gettid: (_kernel, task) => task.tid,
  getppid: (kernel, task) => groupOf(kernel, task).parent,

  set_tid_address(_kernel, task, address) {
    task.clearChildTid = address;
    return task.tid;
  },

  getpgid(kernel, task, pid) {
    const target = pid === 0 ? task : taskOf(kernel, pid);
    return target === undefined ? 'ESRCH' : groupOf(kernel, target).pgrp;
  },

  getpgrp: (kernel, task) => groupOf(kernel, task).pgrp,

  getsid(kernel, task, pid) {
    const target = pid === 0 ? task : taskOf(kernel, pid);
    return target === undefined ? 'ESRCH' : groupOf(kernel, target).session;
  },

  setpgid(kernel, task, pid, pgid) {
    const own = groupOf(kernel, task);
    const tgid = pid === 0 ? own.tgid : pid;
    const pgrp = pgid === 0 ? tgid : pgid;
    if (pgrp < 0) return 'EINVAL';
    const target = taskOf(kernel, tgid);
    if (target === undefined) return 'ESRCH';
    const group = groupOf(kernel, target);
    if (target.tid !== group.leader) return 'EINVAL';
    if (group.parent === own.tgid) {
      if (group.session !== own.session) return 'EPERM';
      if (group.didExec) return 'EACCES';
    } else if (group !== own) return 'ESRCH';
    if (group.session === group.tgid) return 'EPERM';
    if (pgrp !== tgid && !groupsInPgrp(kernel, pgrp).some((member) => member.session === own.session)) return 'EPERM';
    group.pgrp = pgrp;
    return 0;
  },

  setsid(kernel, task) {
    const group = groupOf(kernel, task);
    if (group.session === group.tgid || groupsInPgrp(kernel, group.tgid).length > 0) return 'EPERM';
    group.session = group.tgid;
    group.pgrp = group.tgid;
    group.tty = 0;
    return group.tgid;
  },

  unshare(kernel, task, flags) {
    const { CLONE_FS, CLONE_FILES, CLONE_SYSVSEM, CLONE_NEWUSER, ...rest } = UNSHARE.values;
    const known = Object.values(rest).reduce(
      (bits, bit) => bits | bit,
      CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_NEWUSER,
    );
    const low = (flags % 0x1_0000_0000) | 0;
    if (flags >= 0x1_0000_0000 || (low & ~known) !== 0) return 'EINVAL';
    const group = groupOf(kernel, task);
    if ((low & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) !== 0 && group.threads.length > 1) return 'EINVAL';
    const namespaces = low & ~(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM);
    if (namespaces !== 0)
      return capable(task.cred, CAPABILITY.values.CAP_SYS_ADMIN) || (namespaces & CLONE_NEWUSER) !== 0
        ? 'EINVAL'
        : 'EPERM';
    if ((low & CLONE_FS) !== 0) unshareFsContext(kernel, task);
    if ((low & CLONE_FILES) !== 0) unshareFdTable(kernel, task);
    return 0;
  },

  pidfd_open(kernel, task, pid, flags) {
    const { PIDFD_NONBLOCK, PIDFD_THREAD } = PIDFD_OPEN.values;
    if ((flags & ~(PIDFD_NONBLOCK | PIDFD_THREAD)) !== 0 || pid <= 0) return 'EINVAL';
    const target = taskOf(kernel, pid);
    if (target === undefined) return 'ESRCH';
    const isThread = (flags & PIDFD_THREAD) !== 0;
    if (!isThread && target.tid !== target.tgid) return 'ENOENT';
    if (isFileLimitReached(kernel)) return 'ENFILE';
    const file = openPidfd(kernel, task, pid, isThread, flags & PIDFD_NONBLOCK);
    const fd = installFd(kernel, task, file, true);
    if (typeof fd === 'string') putFile(kernel, file);
    return fd;
  },

  pidfd_send_signal(kernel, task, pidfd, signo, infoAddress, flags) {
    const { PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP } = PIDFD_SIGNAL.values;
    const all = PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_THREAD_GROUP | PIDFD_SIGNAL_PROCESS_GROUP;
    if ((flags & ~all) !== 0 || (flags & (flags - 1)) !== 0) return 'EINVAL';
    const file = fileOf(kernel, task, pidfd);
    if (typeof file === 'string' || file.kind !== 'pidfd') return 'EBADF';
    const target = pidfdTarget(kernel, file);
    let info = userInfo(task, signo);
    if (infoAddress !== 0) {
      const bytes = new Uint8Array(SIGINFO_BYTES);
      if (copyFromUser(kernel, task, infoAddress, bytes) !== 0) return 'EFAULT';
      info = decodeSigInfo(bytes, signo);
      if (new DataView(bytes.buffer).getInt32(0, true) !== signo) return 'EINVAL';
      const isSelf = target?.group.tgid === task.tgid;
      // Only the kernel may say that it is the kernel, or kill(2).
      if (!isSelf && (info.code >= 0 || info.code === SI_TKILL)) return 'EPERM';
    }
    if (target === undefined) return 'ESRCH';
    if (!mayKill(task.cred, target.task.cred)) return 'EPERM';
    if (signo < 0 || signo > LAST_SIGNAL) return 'EINVAL';
    if (signo === 0) return 0;
    const toThread = flags === PIDFD_SIGNAL_THREAD || (flags === 0 && target.isThread);
    if (flags === PIDFD_SIGNAL_PROCESS_GROUP) sendToPgrp(kernel, target.group.pgrp, info);
    else if (toThread) sendToThread(kernel, target.task, info);
    else sendToGroup(kernel, target.group, info);
    return 0;
  },

  pidfd_getfd(kernel, task, pidfd, targetFd, flags) {
    if (flags !== 0) return 'EINVAL';
    const file = fileOf(kernel, task, pidfd);
    if (typeof file === 'string' || file.kind !== 'pidfd') return 'EBADF';
    const target = pidfdTarget(kernel, file);
    if (target === undefined || target.task.files === 0) return 'ESRCH';
    if (!mayInspect(kernel, task, target.task, 'real')) return 'EPERM';
    const wanted = rawFileOf(kernel, target.task, targetFd);
    if (typeof wanted === 'string') return wanted;
    const fd = installFd(kernel, task, getFile(kernel, wanted), true);
    if (typeof fd === 'string') putFile(kernel, wanted);
    return fd;
  },
} satisfies Handlers;

const SI_TKILL = -6;

const NO_ARGS: CloneArgs = {
  flags: 0,
  clearSighand: false,
  exitSignal: 0,
  stack: 0,
  tls: 0,
  parentTid: 0,
  childTid: 0,
  pidfd: 0,
  setTid: [],
};

/** Makes the child once; with CLONE_VFORK then waits until it has run a program or ended. */
function cloneAndWait(kernel: Kernel, task: Task, args: CloneArgs): SyscallResult {
  const progress = task.syscall.progress;
  if (progress.phase === 0) {
    const tid = cloneTask(kernel, task, args);
    if (failed(tid) || (args.flags & CLONE_VFORK) === 0) return tid;
    progress.phase = 1;
    progress.extra = { tid, queue: taskOf(kernel, tid)!.vforkDone } satisfies VforkWait;
  }
  const { tid, queue } = progress.extra as VforkWait;
  return isVforkOver(kernel, tid, queue) ? tid : waitOn([queue], 'killable');
}

interface VforkWait {
  tid: Tid;
  queue: WaitQueueId;
}

function readCloneArgs(kernel: Kernel, task: Task, address: number, size: number): CloneArgs | ErrnoOf {
  if (size > PAGE_BYTES) return 'E2BIG';
  if (size < CLONE_ARGS_V0) return 'EINVAL';
  const bytes = new Uint8Array(Math.max(size, CLONE_ARGS_LATEST));
  if (copyFromUser(kernel, task, address, bytes.subarray(0, size)) !== 0) return 'EFAULT';
  if (bytes.subarray(CLONE_ARGS_LATEST).some((byte) => byte !== 0)) return 'E2BIG';
  const raw = decodeStruct(CLONE_ARGS_LAYOUT, bytes.subarray(0, CLONE_ARGS_LATEST));
  if (raw.set_tid_size > MOST_SET_TIDS || (raw.set_tid === 0) !== (raw.set_tid_size === 0)) return 'EINVAL';
  if (raw.exit_signal > LAST_SIGNAL) return 'EINVAL';
  const { flags } = raw;
  if ((flags & BIG_INTO_CGROUP) !== 0n && (raw.cgroup > 0x7fffffff || size < CLONE_ARGS_LATEST)) return 'EINVAL';
  const setTid: number[] = [];
  for (let i = 0; i < raw.set_tid_size; i++) {
    const tid = getUserI32(kernel, task, raw.set_tid + 4 * i);
    if (typeof tid === 'string') return tid;
    setTid.push(tid);
  }
  const low = Number(flags & LEGACY_FLAGS) | 0;
  if ((flags & ~(LEGACY_FLAGS | BIG_CLEAR_SIGHAND | BIG_INTO_CGROUP)) !== 0n) return 'EINVAL';
  if ((low & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME))) !== 0) return 'EINVAL';
  if ((low & CLONE_SIGHAND) !== 0 && (flags & BIG_CLEAR_SIGHAND) !== 0n) return 'EINVAL';
  if ((low & (CLONE_THREAD | CLONE_PARENT)) !== 0 && raw.exit_signal !== 0) return 'EINVAL';
  if ((raw.stack === 0) !== (raw.stack_size === 0)) return 'EINVAL';
  if (raw.stack !== 0 && !accessOk(mmOf(kernel, task), raw.stack, raw.stack_size)) return 'EINVAL';
  // There are no control groups, so no descriptor is one.
  if ((flags & BIG_INTO_CGROUP) !== 0n) return 'EBADF';
  return {
    flags: low,
    clearSighand: (flags & BIG_CLEAR_SIGHAND) !== 0n,
    exitSignal: raw.exit_signal,
    stack: raw.stack + raw.stack_size,
    tls: Number(raw.tls),
    parentTid: raw.parent_tid,
    childTid: raw.child_tid,
    pidfd: raw.pidfd,
    setTid,
  };
}

type ErrnoOf = 'E2BIG' | 'EINVAL' | 'EFAULT' | 'EBADF';
