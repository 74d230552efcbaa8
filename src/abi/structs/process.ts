/**
 * Structs of processes, scheduling, capabilities, futexes and the machine. See clone3(2), sched_setattr(2), capget(2),
 * futex(2), rseq(2), uname(2), sysinfo(2), ptrace(2), seccomp(2).
 *
 * Source: linux/sched.h, linux/sched/types.h, linux/capability.h, linux/futex.h, linux/rseq.h, linux/utsname.h, linux/sysinfo.h.
 */

import {
  aligned,
  array,
  bigU64,
  bytes,
  defineStruct,
  i32,
  i64,
  long,
  nested,
  pointer,
  structByArch,
  u16,
  u32,
  u64,
  u8,
  ulong,
  union,
} from '../struct.ts';

/** Extensible: 64 bytes in the first version, 80 with set_tid, 88 with cgroup. */
export const CLONE_ARGS = defineStruct('clone_args', {
  flags: bigU64,
  pidfd: u64,
  child_tid: u64,
  parent_tid: u64,
  exit_signal: u64,
  stack: u64,
  stack_size: u64,
  tls: bigU64,
  set_tid: u64,
  set_tid_size: u64,
  cgroup: u64,
});
export const SCHED_PARAM = defineStruct('sched_param', { sched_priority: i32 });
/** Extensible: 48 bytes in the first version. */
export const SCHED_ATTR = defineStruct('sched_attr', {
  size: u32,
  sched_policy: u32,
  sched_flags: u64,
  sched_nice: i32,
  sched_priority: u32,
  sched_runtime: u64,
  sched_deadline: u64,
  sched_period: u64,
  sched_util_min: u32,
  sched_util_max: u32,
});
export const USER_CAP_HEADER = defineStruct('user_cap_header', { version: u32, pid: i32 });
/** One in version 1, two (low half first) in versions 2 and 3. */
export const USER_CAP_DATA = defineStruct('user_cap_data', { effective: u32, permitted: u32, inheritable: u32 });

export const ROBUST_LIST = defineStruct('robust_list', { next: pointer });
export const ROBUST_LIST_HEAD = defineStruct('robust_list_head', {
  list: nested(ROBUST_LIST),
  futex_offset: long,
  list_op_pending: pointer,
});
export const FUTEX_WAITV = defineStruct('futex_waitv', { val: bigU64, uaddr: bigU64, flags: u32, _reserved: u32 });
/** The first 32 bytes, of the original size; node_id and mm_cid are later additions in the same space. */
export const RSEQ_STRUCT = defineStruct('rseq', {
  cpu_id_start: aligned(32, u32),
  cpu_id: u32,
  rseq_cs: bigU64,
  flags: u32,
  node_id: u32,
  mm_cid: u32,
});
export const RSEQ_CS = defineStruct('rseq_cs', {
  version: aligned(32, u32),
  flags: u32,
  start_ip: u64,
  post_commit_offset: u64,
  abort_ip: u64,
});

const UTS_LENGTH = 65;
export const UTSNAME = defineStruct('utsname', {
  sysname: bytes(UTS_LENGTH),
  nodename: bytes(UTS_LENGTH),
  release: bytes(UTS_LENGTH),
  version: bytes(UTS_LENGTH),
  machine: bytes(UTS_LENGTH),
  domainname: bytes(UTS_LENGTH),
});
export const OLD_UTSNAME = defineStruct('old_utsname', {
  sysname: bytes(UTS_LENGTH),
  nodename: bytes(UTS_LENGTH),
  release: bytes(UTS_LENGTH),
  version: bytes(UTS_LENGTH),
  machine: bytes(UTS_LENGTH),
});
export const OLDOLD_UTSNAME = defineStruct('oldold_utsname', {
  sysname: bytes(9),
  nodename: bytes(9),
  release: bytes(9),
  version: bytes(9),
  machine: bytes(9),
});
export const SYSINFO = defineStruct('sysinfo', {
  uptime: long,
  loads: array(ulong, 3),
  totalram: ulong,
  freeram: ulong,
  sharedram: ulong,
  bufferram: ulong,
  totalswap: ulong,
  freeswap: ulong,
  procs: u16,
  _pad: u16,
  totalhigh: ulong,
  freehigh: ulong,
  mem_unit: u32,
  _f: bytes({ bits32: 8, bits64: 0 }),
});
/** x86: a segment descriptor for set_thread_area and modify_ldt. `bits` holds the seven bit fields from bit 0. */
export const USER_DESC = structByArch('user_desc', {
  x86_64: { entry_number: u32, base_addr: u32, limit: u32, bits: u32 },
  i386: { entry_number: u32, base_addr: u32, limit: u32, bits: u32 },
});
/** What i386's mmap(2) (old_mmap) points to. */
export const MMAP_ARG_STRUCT = defineStruct('mmap_arg_struct', {
  addr: ulong,
  len: ulong,
  prot: ulong,
  flags: ulong,
  fd: ulong,
  offset: ulong,
});
/** What i386's select(2) (old_select) points to. */
export const SEL_ARG_STRUCT = defineStruct('sel_arg_struct', {
  n: ulong,
  inp: pointer,
  outp: pointer,
  exp: pointer,
  tvp: pointer,
});
export const GETCPU_CACHE = defineStruct('getcpu_cache', { blob: array(ulong, { bits32: 32, bits64: 16 }) });

export const SECCOMP_DATA = defineStruct('seccomp_data', {
  nr: i32,
  arch: u32,
  instruction_pointer: u64,
  args: array(bigU64, 6),
});
export const SECCOMP_NOTIF_SIZES = defineStruct('seccomp_notif_sizes', {
  seccomp_notif: u16,
  seccomp_notif_resp: u16,
  seccomp_data: u16,
});
export const SOCK_FILTER = defineStruct('sock_filter', { code: u16, jt: u8, jf: u8, k: u32 });
export const SOCK_FPROG = defineStruct('sock_fprog', { len: u16, filter: pointer });

const SYSCALL_ENTRY = defineStruct('ptrace_syscall_entry', { nr: bigU64, args: array(bigU64, 6) });
const SYSCALL_EXIT = defineStruct('ptrace_syscall_exit', { rval: i64, is_error: u8 });
const SYSCALL_SECCOMP = defineStruct('ptrace_syscall_seccomp', {
  nr: bigU64,
  args: array(bigU64, 6),
  ret_data: u32,
});
const SYSCALL_STOP = union('ptrace_syscall_stop', {
  entry: nested(SYSCALL_ENTRY),
  exit: nested(SYSCALL_EXIT),
  seccomp: nested(SYSCALL_SECCOMP),
});
export const PTRACE_SYSCALL_INFO = defineStruct('ptrace_syscall_info', {
  op: u8,
  _pad: bytes(3),
  arch: u32,
  instruction_pointer: u64,
  stack_pointer: u64,
  stop: nested(SYSCALL_STOP),
});
export const PTRACE_PEEKSIGINFO_ARGS = defineStruct('ptrace_peeksiginfo_args', { off: u64, flags: u32, nr: i32 });
export const RISCV_HWPROBE_PAIR = defineStruct('riscv_hwprobe', { key: i64, value: bigU64 });
export const LSM_CTX = defineStruct('lsm_ctx', { id: u64, flags: u64, len: u64, ctx_len: u64 });
/** An entry of the auxiliary vector. */
export const AUXV_ENTRY = defineStruct('auxv', { a_type: ulong, a_val: ulong });
