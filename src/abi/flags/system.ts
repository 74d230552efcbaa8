/**
 * Flags of getrandom(2), reboot(2), syslog(2), kexec, modules, acct, quotactl, bpf, perf, userfaultfd, landlock and io_uring.
 *
 * Interface: GETRANDOM, REBOOT_MAGIC, REBOOT_COMMAND, SYSLOG_ACTION, INIT_MODULE, DELETE_MODULE, KEXEC_LOAD, KEXEC_FILE_LOAD, BPF_COMMAND, PERF_EVENT_OPEN, USERFAULTFD, LANDLOCK_CREATE, LANDLOCK_RULE, LANDLOCK_RESTRICT, IO_URING_ENTER, IO_URING_SETUP, IO_URING_REGISTER, RISCV_FLUSH_ICACHE, RISCV_HWPROBE, LSM_ATTR. Values: linux/random.h, linux/reboot.h, linux/module.h, linux/bpf.h, linux/perf_event.h, linux/io_uring.h, linux/landlock.h, linux/kexec.h, linux/lsm.h.
 */

import { flagSet } from '../flag-set.ts';

export const GETRANDOM = flagSet(
  'getrandom',
  {
    GRND_NONBLOCK: 1,
    GRND_RANDOM: 2,
    GRND_INSECURE: 4,
  },
  { unsupported: [] },
);

export const REBOOT_MAGIC = flagSet(
  'reboot-magic',
  {
    LINUX_REBOOT_MAGIC1: 0xfee1dead,
    LINUX_REBOOT_MAGIC2: 0x28121969,
    LINUX_REBOOT_MAGIC2A: 0x5121996,
    LINUX_REBOOT_MAGIC2B: 0x16041998,
    LINUX_REBOOT_MAGIC2C: 0x20112000,
  },
  { kind: 'enum', unsupported: [] },
);

export const REBOOT_COMMAND = flagSet(
  'reboot-command',
  {
    LINUX_REBOOT_CMD_RESTART: 0x1234567,
    LINUX_REBOOT_CMD_HALT: 0xcdef0123,
    LINUX_REBOOT_CMD_CAD_ON: 0x89abcdef,
    LINUX_REBOOT_CMD_CAD_OFF: 0,
    LINUX_REBOOT_CMD_POWER_OFF: 0x4321fedc,
    LINUX_REBOOT_CMD_RESTART2: 0xa1b2c3d4,
    LINUX_REBOOT_CMD_SW_SUSPEND: 0xd000fce2,
    LINUX_REBOOT_CMD_KEXEC: 0x45584543,
  },
  {
    kind: 'enum',
    unsupported: ['LINUX_REBOOT_CMD_SW_SUSPEND', 'LINUX_REBOOT_CMD_KEXEC'],
    noEffect: ['LINUX_REBOOT_CMD_CAD_ON', 'LINUX_REBOOT_CMD_CAD_OFF'],
  },
);

export const SYSLOG_ACTION = flagSet(
  'syslog-action',
  {
    SYSLOG_ACTION_CLOSE: 0,
    SYSLOG_ACTION_OPEN: 1,
    SYSLOG_ACTION_READ: 2,
    SYSLOG_ACTION_READ_ALL: 3,
    SYSLOG_ACTION_READ_CLEAR: 4,
    SYSLOG_ACTION_CLEAR: 5,
    SYSLOG_ACTION_CONSOLE_OFF: 6,
    SYSLOG_ACTION_CONSOLE_ON: 7,
    SYSLOG_ACTION_CONSOLE_LEVEL: 8,
    SYSLOG_ACTION_SIZE_UNREAD: 9,
    SYSLOG_ACTION_SIZE_BUFFER: 10,
  },
  { kind: 'enum', noEffect: ['SYSLOG_ACTION_CONSOLE_OFF', 'SYSLOG_ACTION_CONSOLE_ON', 'SYSLOG_ACTION_CONSOLE_LEVEL'] },
);

export const INIT_MODULE = flagSet(
  'init-module',
  {
    MODULE_INIT_IGNORE_MODVERSIONS: 1,
    MODULE_INIT_IGNORE_VERMAGIC: 2,
    MODULE_INIT_COMPRESSED_FILE: 4,
  },
  { unsupported: [] },
);

export const DELETE_MODULE = flagSet(
  'delete-module',
  {
    O_NONBLOCK: 0o4000,
    O_TRUNC: 0o1000,
  },
  { unsupported: [] },
);

export const KEXEC_LOAD = flagSet(
  'kexec-load',
  {
    KEXEC_ON_CRASH: 1,
    KEXEC_PRESERVE_CONTEXT: 2,
  },
  { unsupported: [] },
);

export const KEXEC_FILE_LOAD = flagSet(
  'kexec-file-load',
  {
    KEXEC_FILE_UNLOAD: 1,
    KEXEC_FILE_ON_CRASH: 2,
    KEXEC_FILE_NO_INITRAMFS: 4,
  },
  { unsupported: [] },
);

export const BPF_COMMAND = flagSet(
  'bpf-command',
  {
    BPF_MAP_CREATE: 0,
    BPF_MAP_LOOKUP_ELEM: 1,
    BPF_MAP_UPDATE_ELEM: 2,
    BPF_MAP_DELETE_ELEM: 3,
    BPF_MAP_GET_NEXT_KEY: 4,
    BPF_PROG_LOAD: 5,
    BPF_OBJ_PIN: 6,
    BPF_OBJ_GET: 7,
    BPF_PROG_ATTACH: 8,
    BPF_PROG_DETACH: 9,
    BPF_PROG_TEST_RUN: 10,
    BPF_PROG_GET_NEXT_ID: 11,
    BPF_MAP_GET_NEXT_ID: 12,
    BPF_PROG_GET_FD_BY_ID: 13,
    BPF_MAP_GET_FD_BY_ID: 14,
    BPF_OBJ_GET_INFO_BY_FD: 15,
    BPF_PROG_QUERY: 16,
    BPF_RAW_TRACEPOINT_OPEN: 17,
    BPF_BTF_LOAD: 18,
    BPF_BTF_GET_FD_BY_ID: 19,
    BPF_TASK_FD_QUERY: 20,
    BPF_MAP_LOOKUP_AND_DELETE_ELEM: 21,
    BPF_MAP_FREEZE: 22,
    BPF_BTF_GET_NEXT_ID: 23,
    BPF_MAP_LOOKUP_BATCH: 24,
    BPF_MAP_LOOKUP_AND_DELETE_BATCH: 25,
    BPF_MAP_UPDATE_BATCH: 26,
    BPF_MAP_DELETE_BATCH: 27,
    BPF_LINK_CREATE: 28,
    BPF_LINK_UPDATE: 29,
    BPF_LINK_GET_FD_BY_ID: 30,
    BPF_LINK_GET_NEXT_ID: 31,
    BPF_ENABLE_STATS: 32,
    BPF_ITER_CREATE: 33,
    BPF_LINK_DETACH: 34,
    BPF_PROG_BIND_MAP: 35,
    BPF_TOKEN_CREATE: 36,
  },
  { kind: 'enum', unsupported: [] },
);

export const PERF_EVENT_OPEN = flagSet(
  'perf-event-open',
  {
    PERF_FLAG_FD_NO_GROUP: 1,
    PERF_FLAG_FD_OUTPUT: 2,
    PERF_FLAG_PID_CGROUP: 4,
    PERF_FLAG_FD_CLOEXEC: 0x8,
  },
  { unsupported: [] },
);

export const USERFAULTFD = flagSet(
  'userfaultfd',
  {
    UFFD_USER_MODE_ONLY: 1,
    O_CLOEXEC: 0o2000000,
    O_NONBLOCK: 0o4000,
  },
  { unsupported: [] },
);

export const LANDLOCK_CREATE = flagSet(
  'landlock-create',
  {
    LANDLOCK_CREATE_RULESET_VERSION: 1,
    LANDLOCK_CREATE_RULESET_ERRATA: 2,
  },
  { unsupported: [] },
);

export const LANDLOCK_RULE = flagSet(
  'landlock-rule',
  {
    LANDLOCK_RULE_PATH_BENEATH: 1,
    LANDLOCK_RULE_NET_PORT: 2,
  },
  { kind: 'enum', unsupported: [] },
);

export const LANDLOCK_RESTRICT = flagSet(
  'landlock-restrict',
  {
    LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF: 1,
    LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON: 2,
    LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF: 4,
  },
  { unsupported: [] },
);

export const IO_URING_ENTER = flagSet(
  'io-uring-enter',
  {
    IORING_ENTER_GETEVENTS: 1,
    IORING_ENTER_SQ_WAKEUP: 2,
    IORING_ENTER_SQ_WAIT: 4,
    IORING_ENTER_EXT_ARG: 0x8,
    IORING_ENTER_REGISTERED_RING: 0x10,
  },
  { unsupported: [] },
);

export const IO_URING_SETUP = flagSet(
  'io-uring-setup',
  {
    IORING_SETUP_IOPOLL: 1,
    IORING_SETUP_SQPOLL: 2,
    IORING_SETUP_SQ_AFF: 4,
    IORING_SETUP_CQSIZE: 0x8,
    IORING_SETUP_CLAMP: 0x10,
    IORING_SETUP_ATTACH_WQ: 0x20,
    IORING_SETUP_R_DISABLED: 0x40,
    IORING_SETUP_SUBMIT_ALL: 0x80,
    IORING_SETUP_COOP_TASKRUN: 0x100,
    IORING_SETUP_TASKRUN_FLAG: 0x200,
    IORING_SETUP_SQE128: 0x400,
    IORING_SETUP_CQE32: 0x800,
    IORING_SETUP_SINGLE_ISSUER: 0x1000,
    IORING_SETUP_DEFER_TASKRUN: 0x2000,
  },
  { unsupported: [] },
);

export const IO_URING_REGISTER = flagSet(
  'io-uring-register',
  {
    IORING_REGISTER_BUFFERS: 0,
    IORING_UNREGISTER_BUFFERS: 1,
    IORING_REGISTER_FILES: 2,
    IORING_UNREGISTER_FILES: 3,
    IORING_REGISTER_EVENTFD: 4,
    IORING_UNREGISTER_EVENTFD: 5,
    IORING_REGISTER_FILES_UPDATE: 6,
    IORING_REGISTER_EVENTFD_ASYNC: 7,
    IORING_REGISTER_PROBE: 8,
    IORING_REGISTER_PERSONALITY: 9,
    IORING_UNREGISTER_PERSONALITY: 10,
    IORING_REGISTER_RESTRICTIONS: 11,
    IORING_REGISTER_ENABLE_RINGS: 12,
  },
  { kind: 'enum', unsupported: [] },
);

export const RISCV_FLUSH_ICACHE = flagSet(
  'riscv-flush-icache',
  {
    SYS_RISCV_FLUSH_ICACHE_LOCAL: 1,
  },
  { unsupported: [] },
);

export const RISCV_HWPROBE = flagSet(
  'riscv-hwprobe',
  {
    RISCV_HWPROBE_WHICH_CPUS: 1,
  },
  { unsupported: ['RISCV_HWPROBE_WHICH_CPUS'] },
);

export const LSM_ATTR = flagSet(
  'lsm-attr',
  {
    LSM_ATTR_CURRENT: 100,
    LSM_ATTR_EXEC: 101,
    LSM_ATTR_FSCREATE: 102,
    LSM_ATTR_KEYCREATE: 103,
    LSM_ATTR_PREV: 104,
    LSM_ATTR_SOCKCREATE: 105,
  },
  { kind: 'enum', unsupported: [] },
);
