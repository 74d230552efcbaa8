/**
 * Structs of signals. See sigaction(2), sigaltstack(2), signalfd(2), timer_create(2).
 *
 * A sigset_t of the kernel is 64 bits: bit n-1 stands for signal n. Source: asm/signal.h, asm/siginfo.h, linux/signalfd.h.
 */

import {
  array,
  bigU64,
  bytes,
  defineStruct,
  i32,
  long,
  nested,
  pointer,
  register,
  structByArch,
  u16,
  u32,
  u64,
  ulong,
  union,
} from '../struct.ts';

/** What rt_sigaction takes. riscv64 has no restorer: its signal return code is in the vDSO. */
export const SIGACTION_STRUCT = structByArch('sigaction', {
  riscv64: { sa_handler: pointer, sa_flags: ulong, sa_mask: bigU64 },
  x86_64: { sa_handler: pointer, sa_flags: ulong, sa_restorer: pointer, sa_mask: bigU64 },
  i386: { sa_handler: pointer, sa_flags: ulong, sa_restorer: pointer, sa_mask: bigU64 },
});
/** i386's sigaction(2) of 32 signals. */
export const OLD_SIGACTION = defineStruct('old_sigaction', {
  sa_handler: pointer,
  sa_mask: ulong,
  sa_flags: ulong,
  sa_restorer: pointer,
});

/** The mask and its size, as pselect6 takes them in its sixth argument. */
export const SIGSET_ARGPACK = defineStruct('sigset_argpack', { p: pointer, size: ulong });
export const STACK_T = defineStruct('stack_t', { ss_sp: pointer, ss_flags: i32, ss_size: ulong });

/** sigval_t: a number or a pointer, so that all bits count. */
export const SIGVAL = union('sigval', { sival_int: i32, sival_ptr: register });

const SI_KILL = defineStruct('si_kill', { si_pid: i32, si_uid: u32 });
const SI_TIMER = defineStruct('si_timer', {
  si_tid: i32,
  si_overrun: i32,
  si_sigval: nested(SIGVAL),
  si_sys_private: i32,
});
const SI_RT = defineStruct('si_rt', { si_pid: i32, si_uid: u32, si_sigval: nested(SIGVAL) });
const SI_CHLD = defineStruct('si_chld', { si_pid: i32, si_uid: u32, si_status: i32, si_utime: long, si_stime: long });
const SI_BOUNDS = defineStruct('si_bounds', { _dummy: pointer, si_lower: pointer, si_upper: pointer });
const SI_PKEY = defineStruct('si_pkey', { _dummy: pointer, si_pkey: u32 });
const SI_PERF = defineStruct('si_perf', { si_perf_data: ulong, si_perf_type: u32, si_perf_flags: u32 });
const SI_FAULT_MORE = union('si_fault_more', {
  si_trapno: i32,
  si_addr_lsb: u16,
  addr_bnd: nested(SI_BOUNDS),
  addr_pkey: nested(SI_PKEY),
  perf: nested(SI_PERF),
});
const SI_FAULT = defineStruct('si_fault', { si_addr: register, more: nested(SI_FAULT_MORE) });
const SI_POLL = defineStruct('si_poll', { si_band: long, si_fd: i32 });
const SI_SYS = defineStruct('si_sys', { si_call_addr: pointer, si_syscall: i32, si_arch: u32 });

/** The part of siginfo_t that depends on the signal. */
const SI_FIELDS = union('sifields', {
  _pad: array(i32, { bits32: 29, bits64: 28 }),
  kill: nested(SI_KILL),
  timer: nested(SI_TIMER),
  rt: nested(SI_RT),
  sigchld: nested(SI_CHLD),
  sigfault: nested(SI_FAULT),
  sigpoll: nested(SI_POLL),
  sigsys: nested(SI_SYS),
});

/** 128 bytes. */
export const SIGINFO = defineStruct('siginfo', {
  si_signo: i32,
  si_errno: i32,
  si_code: i32,
  fields: nested(SI_FIELDS),
});

/** 64 bytes. sigev_notify_thread_id overlays the rest. */
export const SIGEVENT = defineStruct('sigevent', {
  sigev_value: nested(SIGVAL),
  sigev_signo: i32,
  sigev_notify: i32,
  sigev_notify_thread_id: i32,
  _pad: array(i32, { bits32: 12, bits64: 11 }),
});

export const SIGNALFD_SIGINFO = defineStruct('signalfd_siginfo', {
  ssi_signo: u32,
  ssi_errno: i32,
  ssi_code: i32,
  ssi_pid: u32,
  ssi_uid: u32,
  ssi_fd: i32,
  ssi_tid: u32,
  ssi_band: u32,
  ssi_overrun: u32,
  ssi_trapno: u32,
  ssi_status: i32,
  ssi_int: i32,
  ssi_ptr: bigU64,
  ssi_utime: u64,
  ssi_stime: u64,
  ssi_addr: bigU64,
  ssi_addr_lsb: u16,
  _pad2: u16,
  ssi_syscall: i32,
  ssi_call_addr: u64,
  ssi_arch: u32,
  _pad: bytes(28),
});
