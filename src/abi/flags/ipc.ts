/**
 * Flags and commands of System V IPC, and the sub-calls of ipc(2).
 *
 * Interface: IPC_GET, IPC_CTL, SHM_GET, SHM_AT, SHM_CTL, SEM_CTL, SEM_OP, MSG_CTL, MSG_FLAGS, IPC_CALL. Values: linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h.
 */

import { flagSet } from '../flag-set.ts';

export const IPC_GET = flagSet(
  'ipc-get',
  {
    IPC_CREAT: 0o1000,
    IPC_EXCL: 0o2000,
    IPC_NOWAIT: 0o4000,
  },
  { unsupported: [] },
);

export const IPC_CTL = flagSet(
  'ipc-ctl',
  {
    IPC_RMID: 0,
    IPC_SET: 1,
    IPC_STAT: 2,
    IPC_INFO: 3,
  },
  { kind: 'enum', unsupported: [] },
);

export const SHM_GET = flagSet(
  'shm-get',
  {
    IPC_CREAT: 0o1000,
    IPC_EXCL: 0o2000,
    SHM_HUGETLB: 0o4000,
    SHM_NORESERVE: 0o10000,
  },
  { unsupported: [] },
);

export const SHM_AT = flagSet(
  'shm-at',
  {
    SHM_RDONLY: 0o10000,
    SHM_RND: 0o20000,
    SHM_REMAP: 0o40000,
    SHM_EXEC: 0o100000,
  },
  { unsupported: [] },
);

export const SHM_CTL = flagSet(
  'shm-ctl',
  {
    IPC_RMID: 0,
    IPC_SET: 1,
    IPC_STAT: 2,
    IPC_INFO: 3,
    SHM_LOCK: 11,
    SHM_UNLOCK: 12,
    SHM_STAT: 13,
    SHM_INFO: 14,
    SHM_STAT_ANY: 15,
  },
  { kind: 'enum', unsupported: [] },
);

export const SEM_CTL = flagSet(
  'sem-ctl',
  {
    IPC_RMID: 0,
    IPC_SET: 1,
    IPC_STAT: 2,
    IPC_INFO: 3,
    GETPID: 11,
    GETVAL: 12,
    GETALL: 13,
    GETNCNT: 14,
    GETZCNT: 15,
    SETVAL: 16,
    SETALL: 17,
    SEM_STAT: 18,
    SEM_INFO: 19,
    SEM_STAT_ANY: 20,
  },
  { kind: 'enum', unsupported: [] },
);

export const SEM_OP = flagSet(
  'sem-op',
  {
    SEM_UNDO: 0o10000,
    IPC_NOWAIT: 0o4000,
  },
  { unsupported: [] },
);

export const MSG_CTL = flagSet(
  'msg-ctl',
  {
    IPC_RMID: 0,
    IPC_SET: 1,
    IPC_STAT: 2,
    IPC_INFO: 3,
    MSG_STAT: 11,
    MSG_INFO: 12,
    MSG_STAT_ANY: 13,
  },
  { kind: 'enum', unsupported: [] },
);

export const MSG_FLAGS = flagSet(
  'msg-flags',
  {
    IPC_NOWAIT: 0o4000,
    MSG_NOERROR: 0o10000,
    MSG_EXCEPT: 0o20000,
    MSG_COPY: 0o40000,
  },
  { unsupported: [] },
);

export const IPC_CALL = flagSet(
  'ipc-call',
  {
    SEMOP: 1,
    SEMGET: 2,
    SEMCTL: 3,
    SEMTIMEDOP: 4,
    MSGSND: 11,
    MSGRCV: 12,
    MSGGET: 13,
    MSGCTL: 14,
    SHMAT: 21,
    SHMDT: 22,
    SHMGET: 23,
    SHMCTL: 24,
  },
  { kind: 'enum', unsupported: [] },
);
