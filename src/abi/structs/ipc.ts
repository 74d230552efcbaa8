/**
 * Structs of System V IPC. See shmctl(2), semctl(2), msgctl(2).
 *
 * Source: asm-generic/ipcbuf.h, shmbuf.h, sembuf.h, msgbuf.h and x86's asm/sembuf.h; linux/ipc.h, sem.h, shm.h, msg.h.
 */

import { array, defineStruct, i16, i32, long, nested, structByArch, u16, u32, ulong } from '../struct.ts';

/** ipc64_perm. The mode is 16 bits and padding on i386. */
export const IPC64_PERM = structByArch('ipc64_perm', {
  riscv64: { key: i32, uid: u32, gid: u32, cuid: u32, cgid: u32, mode: u32, _pad1: ulong, _unused1: array(ulong, 2) },
  x86_64: { key: i32, uid: u32, gid: u32, cuid: u32, cgid: u32, mode: u32, _pad1: ulong, _unused1: array(ulong, 2) },
  i386: { key: i32, uid: u32, gid: u32, cuid: u32, cgid: u32, mode: u32, _pad1: ulong, _unused1: array(ulong, 2) },
});

const SHM_REST = { shm_cpid: i32, shm_lpid: i32, shm_nattch: ulong, _unused4: ulong, _unused5: ulong };
const SHM_64 = {
  shm_perm: nested(IPC64_PERM),
  shm_segsz: ulong,
  shm_atime: long,
  shm_dtime: long,
  shm_ctime: long,
  ...SHM_REST,
};
export const SHMID64_DS = structByArch('shmid64_ds', {
  riscv64: SHM_64,
  x86_64: SHM_64,
  i386: {
    shm_perm: nested(IPC64_PERM),
    shm_segsz: ulong,
    shm_atime: ulong,
    shm_atime_high: ulong,
    shm_dtime: ulong,
    shm_dtime_high: ulong,
    shm_ctime: ulong,
    shm_ctime_high: ulong,
    ...SHM_REST,
  },
});
export const SEMID64_DS = structByArch('semid64_ds', {
  riscv64: {
    sem_perm: nested(IPC64_PERM),
    sem_otime: long,
    sem_ctime: long,
    sem_nsems: ulong,
    _unused3: ulong,
    _unused4: ulong,
  },
  x86_64: {
    sem_perm: nested(IPC64_PERM),
    sem_otime: long,
    _unused1: ulong,
    sem_ctime: long,
    _unused2: ulong,
    sem_nsems: ulong,
    _unused3: ulong,
    _unused4: ulong,
  },
  i386: {
    sem_perm: nested(IPC64_PERM),
    sem_otime: ulong,
    sem_otime_high: ulong,
    sem_ctime: ulong,
    sem_ctime_high: ulong,
    sem_nsems: ulong,
    _unused3: ulong,
    _unused4: ulong,
  },
});
const MSG_REST = {
  msg_cbytes: ulong,
  msg_qnum: ulong,
  msg_qbytes: ulong,
  msg_lspid: i32,
  msg_lrpid: i32,
  _unused4: ulong,
  _unused5: ulong,
};
const MSG_64 = { msg_perm: nested(IPC64_PERM), msg_stime: long, msg_rtime: long, msg_ctime: long, ...MSG_REST };
export const MSQID64_DS = structByArch('msqid64_ds', {
  riscv64: MSG_64,
  x86_64: MSG_64,
  i386: {
    msg_perm: nested(IPC64_PERM),
    msg_stime: ulong,
    msg_stime_high: ulong,
    msg_rtime: ulong,
    msg_rtime_high: ulong,
    msg_ctime: ulong,
    msg_ctime_high: ulong,
    ...MSG_REST,
  },
});
export const SEMBUF = defineStruct('sembuf', { sem_num: u16, sem_op: i16, sem_flg: i16 });
/** A message's type; the text follows. */
export const MSGBUF = defineStruct('msgbuf', { mtype: long });
export const SHMINFO64 = defineStruct('shminfo64', {
  shmmax: ulong,
  shmmin: ulong,
  shmmni: ulong,
  shmseg: ulong,
  shmall: ulong,
  _unused: array(ulong, 4),
});
export const SHM_INFO = defineStruct('shm_info', {
  used_ids: i32,
  shm_tot: ulong,
  shm_rss: ulong,
  shm_swp: ulong,
  swap_attempts: ulong,
  swap_successes: ulong,
});
export const SEMINFO = defineStruct('seminfo', {
  semmap: i32,
  semmni: i32,
  semmns: i32,
  semmnu: i32,
  semmsl: i32,
  semopm: i32,
  semume: i32,
  semusz: i32,
  semvmx: i32,
  semaem: i32,
});
export const MSGINFO = defineStruct('msginfo', {
  msgpool: i32,
  msgmap: i32,
  msgmax: i32,
  msgmnb: i32,
  msgmni: i32,
  msgssz: i32,
  msgtql: i32,
  msgseg: u16,
});
