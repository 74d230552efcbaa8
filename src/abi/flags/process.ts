/**
 * Flags of clone(2), wait4(2), waitid(2), pidfds, execveat(2), unshare(2), personality(2) and namespaces.
 *
 * Interface: CLONE, UNSHARE, WAIT, WAIT_ID, EXECVEAT, PIDFD_OPEN, PIDFD_SIGNAL, PERSONALITY. Values: linux/sched.h, linux/wait.h, linux/personality.h, linux/fcntl.h.
 */

import { flagSet } from '../flag-set.ts';

export const CLONE = flagSet(
  'clone',
  {
    CLONE_VM: 0x100,
    CLONE_FS: 0x200,
    CLONE_FILES: 0x400,
    CLONE_SIGHAND: 0x800,
    CLONE_PIDFD: 0x1000,
    CLONE_PTRACE: 0x2000,
    CLONE_VFORK: 0x4000,
    CLONE_PARENT: 0x8000,
    CLONE_THREAD: 0x10000,
    CLONE_NEWNS: 0x20000,
    CLONE_SYSVSEM: 0x40000,
    CLONE_SETTLS: 0x80000,
    CLONE_PARENT_SETTID: 0x100000,
    CLONE_CHILD_CLEARTID: 0x200000,
    CLONE_DETACHED: 0x400000,
    CLONE_UNTRACED: 0x800000,
    CLONE_CHILD_SETTID: 0x1000000,
    CLONE_NEWCGROUP: 0x2000000,
    CLONE_NEWUTS: 0x4000000,
    CLONE_NEWIPC: 0x8000000,
    CLONE_NEWUSER: 0x10000000,
    CLONE_NEWPID: 0x20000000,
    CLONE_NEWNET: 0x40000000,
    CLONE_IO: 0x80000000,
    CLONE_CLEAR_SIGHAND: 0x100000000,
    CLONE_INTO_CGROUP: 0x200000000,
  },
  {
    mask: 0xff,
    unsupported: [
      'CLONE_NEWNS',
      'CLONE_NEWCGROUP',
      'CLONE_NEWUTS',
      'CLONE_NEWIPC',
      'CLONE_NEWUSER',
      'CLONE_NEWPID',
      'CLONE_NEWNET',
      'CLONE_INTO_CGROUP',
    ],
    noEffect: ['CLONE_PTRACE', 'CLONE_SYSVSEM', 'CLONE_DETACHED', 'CLONE_UNTRACED', 'CLONE_IO'],
  },
);

export const UNSHARE = flagSet(
  'unshare',
  {
    CLONE_VM: 0x100,
    CLONE_FS: 0x200,
    CLONE_FILES: 0x400,
    CLONE_SIGHAND: 0x800,
    CLONE_THREAD: 0x10000,
    CLONE_NEWNS: 0x20000,
    CLONE_SYSVSEM: 0x40000,
    CLONE_NEWTIME: 0x80,
    CLONE_NEWCGROUP: 0x2000000,
    CLONE_NEWUTS: 0x4000000,
    CLONE_NEWIPC: 0x8000000,
    CLONE_NEWUSER: 0x10000000,
    CLONE_NEWPID: 0x20000000,
    CLONE_NEWNET: 0x40000000,
  },
  {
    unsupported: [
      'CLONE_NEWTIME',
      'CLONE_NEWNS',
      'CLONE_NEWCGROUP',
      'CLONE_NEWUTS',
      'CLONE_NEWIPC',
      'CLONE_NEWUSER',
      'CLONE_NEWPID',
      'CLONE_NEWNET',
    ],
    noEffect: ['CLONE_SYSVSEM'],
  },
);

export const WAIT = flagSet(
  'wait',
  {
    WNOHANG: 1,
    WUNTRACED: 2,
    WEXITED: 4,
    WCONTINUED: 0x8,
    WNOWAIT: 0x1000000,
    __WNOTHREAD: 0x20000000,
    __WALL: 0x40000000,
    __WCLONE: 0x80000000,
  },
  { unsupported: [] },
);

export const WAIT_ID = flagSet(
  'wait-id',
  {
    P_ALL: 0,
    P_PID: 1,
    P_PGID: 2,
    P_PIDFD: 3,
  },
  { kind: 'enum', unsupported: [] },
);

export const EXECVEAT = flagSet(
  'execveat',
  {
    AT_EMPTY_PATH: 0x1000,
    AT_SYMLINK_NOFOLLOW: 0x100,
    AT_EXECVE_CHECK: 0x10000,
  },
  { unsupported: ['AT_EXECVE_CHECK'] },
);

export const PIDFD_OPEN = flagSet(
  'pidfd-open',
  {
    PIDFD_NONBLOCK: 0x800,
    PIDFD_THREAD: 0x80,
  },
  { unsupported: [] },
);

export const PIDFD_SIGNAL = flagSet(
  'pidfd-signal',
  {
    PIDFD_SIGNAL_THREAD: 1,
    PIDFD_SIGNAL_THREAD_GROUP: 2,
    PIDFD_SIGNAL_PROCESS_GROUP: 4,
  },
  { unsupported: [] },
);

export const PERSONALITY = flagSet(
  'personality',
  {
    PER_LINUX: 0,
    UNAME26: 0x20000,
    ADDR_NO_RANDOMIZE: 0x40000,
    FDPIC_FUNCPTRS: 0x80000,
    MMAP_PAGE_ZERO: 0x100000,
    ADDR_COMPAT_LAYOUT: 0x200000,
    READ_IMPLIES_EXEC: 0x400000,
    ADDR_LIMIT_32BIT: 0x800000,
    SHORT_INODE: 0x1000000,
    WHOLE_SECONDS: 0x2000000,
    STICKY_TIMEOUTS: 0x4000000,
    ADDR_LIMIT_3GB: 0x8000000,
  },
  {
    mask: 0xff,
    noEffect: [
      'ADDR_NO_RANDOMIZE',
      'FDPIC_FUNCPTRS',
      'MMAP_PAGE_ZERO',
      'ADDR_COMPAT_LAYOUT',
      'ADDR_LIMIT_32BIT',
      'SHORT_INODE',
      'WHOLE_SECONDS',
      'STICKY_TIMEOUTS',
      'ADDR_LIMIT_3GB',
    ],
  },
);
