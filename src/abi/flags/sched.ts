/**
 * Scheduling policies and flags, resource limits, priorities and I/O priorities.
 *
 * Interface: SCHED_POLICY, SCHED_FLAGS, RLIMIT, RUSAGE_WHO, PRIORITY_WHICH, IOPRIO_WHO. Values: linux/sched.h, linux/resource.h, linux/ioprio.h.
 */

import { flagSet } from '../flag-set.ts';

export const SCHED_POLICY = flagSet(
  'sched-policy',
  {
    SCHED_NORMAL: 0,
    SCHED_FIFO: 1,
    SCHED_RR: 2,
    SCHED_BATCH: 3,
    SCHED_IDLE: 5,
    SCHED_DEADLINE: 6,
    SCHED_EXT: 7,
    SCHED_RESET_ON_FORK: 1073741824,
  },
  { kind: 'enum', mask: 0xff, unsupported: ['SCHED_DEADLINE', 'SCHED_EXT'] },
);

export const SCHED_FLAGS = flagSet(
  'sched-flags',
  {
    SCHED_FLAG_RESET_ON_FORK: 1,
    SCHED_FLAG_RECLAIM: 2,
    SCHED_FLAG_DL_OVERRUN: 4,
    SCHED_FLAG_KEEP_POLICY: 0x8,
    SCHED_FLAG_KEEP_PARAMS: 0x10,
    SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
    SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
  },
  {
    unsupported: ['SCHED_FLAG_UTIL_CLAMP_MIN', 'SCHED_FLAG_UTIL_CLAMP_MAX'],
    noEffect: ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN'],
  },
);

export const RLIMIT = flagSet(
  'rlimit',
  {
    RLIMIT_CPU: 0,
    RLIMIT_FSIZE: 1,
    RLIMIT_DATA: 2,
    RLIMIT_STACK: 3,
    RLIMIT_CORE: 4,
    RLIMIT_RSS: 5,
    RLIMIT_NPROC: 6,
    RLIMIT_NOFILE: 7,
    RLIMIT_MEMLOCK: 8,
    RLIMIT_AS: 9,
    RLIMIT_LOCKS: 10,
    RLIMIT_SIGPENDING: 11,
    RLIMIT_MSGQUEUE: 12,
    RLIMIT_NICE: 13,
    RLIMIT_RTPRIO: 14,
    RLIMIT_RTTIME: 15,
  },
  { kind: 'enum', noEffect: ['RLIMIT_CORE', 'RLIMIT_RSS', 'RLIMIT_LOCKS', 'RLIMIT_MSGQUEUE', 'RLIMIT_RTTIME'] },
);

export const RUSAGE_WHO = flagSet(
  'rusage-who',
  {
    RUSAGE_SELF: 0,
    RUSAGE_CHILDREN: -1,
    RUSAGE_THREAD: 1,
  },
  { kind: 'enum', unsupported: [] },
);

export const PRIORITY_WHICH = flagSet(
  'priority-which',
  {
    PRIO_PROCESS: 0,
    PRIO_PGRP: 1,
    PRIO_USER: 2,
  },
  { kind: 'enum', unsupported: [] },
);

export const IOPRIO_WHO = flagSet(
  'ioprio-who',
  {
    IOPRIO_WHO_PROCESS: 1,
    IOPRIO_WHO_PGRP: 2,
    IOPRIO_WHO_USER: 3,
  },
  { kind: 'enum', unsupported: [] },
);
