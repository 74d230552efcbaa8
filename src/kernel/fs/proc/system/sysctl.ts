/**
 * /proc/sys. See proc_sys_kernel(5), proc_sys_vm(5), proc_sys_fs(5).
 *
 * Interface: SYSCTL_TREE.
 * A parameter that cannot be changed here is read-only, for root too, as Linux refuses to open such a file for writing.
 */
import type { Errno } from '../../../../abi/errno.ts';
import { OPEN } from '../../../../abi/flags/open.ts';
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { MAX_MAPPINGS } from '../../../mm/vma.ts';
import { dropCaches } from './drop-caches.ts';
import { reservePages } from '../../../mm/user-frames.ts';
import { setSysctl, SYSCTL_DEFAULTS, type SysctlName, sysctlText } from '../../../sysctl.ts';
import { CAP_LAST_CAP } from '../../../task/cred.ts';
import { NR_OPEN } from '../../../task/rlimit.ts';
import { PID_MAX } from '../../../task/task.ts';
import { LINUX_VERSION } from '../../../version.ts';
import { dir, type DirNode, file, type FileNode, type Node } from '../node.ts';
import { parseInteger } from '../parse.ts';

type SystemFile = FileNode<null>;

const { O_WRONLY, O_RDWR } = OPEN.values;
const HOST_NAME_MAX = 64;
const OVERFLOW_ID = 65534;

function computed(value: (kernel: Kernel) => string | number, mode = 0o444): SystemFile {
  return file(mode, (kernel) => [`${value(kernel)}\n`], { mayOpen: refuseWriting });
}

function refuseWriting(_kernel: Kernel, _subject: null, _opener: unknown, flags: number): 0 | 'EACCES' {
  return (flags & (O_WRONLY | O_RDWR)) === 0 ? 0 : 'EACCES';
}

/** Numbers separated by white space, within these bounds. */
function numbers(name: SysctlName, min = -(2 ** 31), max = 2 ** 31 - 1): SystemFile {
  const count = SYSCTL_DEFAULTS[name].split('\t').length;
  return file(0o644, (kernel) => [`${sysctlText(kernel, name)}\n`], {
    write(kernel, _subject, _writer, text) {
      const old = sysctlText(kernel, name).split('\t');
      const given = text.trim().split(/\s+/);
      if (given.length > count) return 'EINVAL';
      for (const item of given) {
        const value = parseInteger(item);
        if (value === undefined || value < min || value > max) return 'EINVAL';
      }
      // Linux: fewer values than there are set the first ones.
      const values = old.map((value, i) => (given[i] === undefined ? value : String(parseInteger(given[i])!)));
      setSysctl(kernel, name, values.join('\t'));
      return 0;
    },
  });
}

const flag = (name: SysctlName): SystemFile => numbers(name, 0, 1);
const upTo = (name: SysctlName, max: number): SystemFile => numbers(name, 0, max);

/** A 64-bit number, which may be beyond what a JS number can hold. */
function long(name: SysctlName): SystemFile {
  return file(0o644, (kernel) => [`${sysctlText(kernel, name)}\n`], {
    write(kernel, _subject, _writer, text) {
      const digits = text.trim();
      if (!/^[0-9]{1,20}$/.test(digits) || BigInt(digits) >= 1n << 64n) return 'EINVAL';
      setSysctl(kernel, name, digits);
      return 0;
    },
  });
}

function text(name: SysctlName, maxLength: number): SystemFile {
  return file(0o644, (kernel) => [`${sysctlText(kernel, name)}\n`], {
    write(kernel, _subject, _writer, written) {
      setSysctl(kernel, name, firstLine(written).slice(0, maxLength));
      return 0;
    },
  });
}

function nameFile(field: 'hostname' | 'domainname'): SystemFile {
  return file(0o644, (kernel) => [`${kernel[field]}\n`], {
    write(kernel, _subject, _writer, written) {
      kernel[field] = firstLine(written).slice(0, HOST_NAME_MAX);
      return 0;
    },
  });
}

function firstLine(written: ByteString): ByteString {
  const end = written.search(/[\0\n]/);
  return end < 0 ? written : written.slice(0, end);
}

const random: DirNode<null> = dir({
  boot_id: computed((kernel) => {
    const key = 'kernel/random/boot_id';
    const known = kernel.sysctl.get(key);
    if (known !== undefined) return known;
    const made = uuid(kernel);
    kernel.sysctl.set(key, made);
    return made;
  }),
  entropy_avail: computed(() => 256),
  poolsize: computed(() => 256),
  urandom_min_reseed_secs: computed(() => 60),
  uuid: computed(uuid),
  write_wakeup_threshold: computed(() => 256),
});

/** A random one (version 4). */
function uuid(kernel: Kernel): string {
  const bytes = new Uint8Array(16);
  kernel.ports.entropy.fill(bytes);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const inKernel: Readonly<Record<string, Node<null>>> = {
  arch: computed(() => 'riscv64'),
  cap_last_cap: computed(() => CAP_LAST_CAP),
  core_pattern: text('kernel/core_pattern', 127),
  core_pipe_limit: upTo('kernel/core_pipe_limit', 2 ** 31 - 1),
  core_uses_pid: numbers('kernel/core_uses_pid'),
  'ctrl-alt-del': numbers('kernel/ctrl-alt-del'),
  dmesg_restrict: flag('kernel/dmesg_restrict'),
  domainname: nameFile('domainname'),
  hostname: nameFile('hostname'),
  kptr_restrict: upTo('kernel/kptr_restrict', 2),
  msgmax: upTo('kernel/msgmax', 2 ** 31 - 1),
  msgmnb: upTo('kernel/msgmnb', 2 ** 31 - 1),
  msgmni: upTo('kernel/msgmni', 32768),
  ngroups_max: computed(() => 65536),
  ns_last_pid: computed((kernel) => kernel.nextPid - 1),
  osrelease: computed(() => LINUX_VERSION.release),
  ostype: computed(() => LINUX_VERSION.sysname),
  overflowgid: computed(() => OVERFLOW_ID),
  overflowuid: computed(() => OVERFLOW_ID),
  panic: numbers('kernel/panic'),
  panic_on_oops: numbers('kernel/panic_on_oops'),
  perf_event_paranoid: numbers('kernel/perf_event_paranoid'),
  pid_max: computed(() => PID_MAX),
  printk: numbers('kernel/printk'),
  pty: dir({
    max: computed(() => 4096),
    nr: computed((kernel) => [...kernel.ttys.values()].filter(({ kind }) => kind === 'pty').length),
    reserve: computed(() => 1024),
  }),
  random,
  randomize_va_space: upTo('kernel/randomize_va_space', 2),
  sched_rr_timeslice_ms: numbers('kernel/sched_rr_timeslice_ms'),
  sched_rt_period_us: numbers('kernel/sched_rt_period_us', 1),
  sched_rt_runtime_us: numbers('kernel/sched_rt_runtime_us', -1),
  seccomp: dir({ actions_avail: computed(() => ''), actions_logged: computed(() => '') }),
  sem: numbers('kernel/sem', 0),
  shmall: long('kernel/shmall'),
  shmmax: long('kernel/shmmax'),
  shmmni: upTo('kernel/shmmni', 32768),
  sysctl_writes_strict: numbers('kernel/sysctl_writes_strict', -1, 1),
  tainted: computed(() => 0),
  'threads-max': computed((kernel) => kernel.limits.processes),
  unprivileged_bpf_disabled: upTo('kernel/unprivileged_bpf_disabled', 2),
  version: computed(() => LINUX_VERSION.version),
};

const inVm: Readonly<Record<string, Node<null>>> = {
  admin_reserve_kbytes: long('vm/admin_reserve_kbytes'),
  dirty_background_ratio: upTo('vm/dirty_background_ratio', 100),
  dirty_expire_centisecs: upTo('vm/dirty_expire_centisecs', 2 ** 31 - 1),
  dirty_ratio: upTo('vm/dirty_ratio', 100),
  dirty_writeback_centisecs: upTo('vm/dirty_writeback_centisecs', 2 ** 31 - 1),
  drop_caches: file(0o200, undefined, {
    write(kernel, _subject, _writer, written): 0 | Errno {
      const value = parseInteger(written);
      if (value === undefined || value < 1 || value > 4) return 'EINVAL';
      dropCaches(kernel, (value & 1) !== 0, (value & 2) !== 0);
      return 0;
    },
  }),
  max_map_count: computed(() => MAX_MAPPINGS),
  min_free_kbytes: computed((kernel) => reservePages(kernel) * 4),
  mmap_min_addr: computed((kernel) => sysctlText(kernel, 'vm/mmap_min_addr')),
  nr_hugepages: computed(() => 0),
  nr_overcommit_hugepages: computed(() => 0),
  oom_dump_tasks: numbers('vm/oom_dump_tasks'),
  oom_kill_allocating_task: numbers('vm/oom_kill_allocating_task'),
  overcommit_kbytes: long('vm/overcommit_kbytes'),
  overcommit_memory: upTo('vm/overcommit_memory', 2),
  overcommit_ratio: upTo('vm/overcommit_ratio', 2 ** 31 - 1),
  'page-cluster': upTo('vm/page-cluster', 31),
  panic_on_oom: upTo('vm/panic_on_oom', 2),
  swappiness: upTo('vm/swappiness', 200),
  user_reserve_kbytes: long('vm/user_reserve_kbytes'),
  vfs_cache_pressure: upTo('vm/vfs_cache_pressure', 2 ** 31 - 1),
};

const inFs: Readonly<Record<string, Node<null>>> = {
  'aio-max-nr': computed(() => 65536),
  'aio-nr': computed(() => 0),
  'dentry-state': computed(({ dentries }) => {
    let unused = 0;
    let negative = 0;
    for (const dentry of dentries.values()) {
      if (dentry.refs > 0) continue;
      unused++;
      if (dentry.inode === 0) negative++;
    }
    return [dentries.size, unused, 45, 0, negative, 0].join('\t');
  }),
  epoll: dir({ max_user_watches: upTo('fs/epoll/max_user_watches', 2 ** 31 - 1) }),
  'file-max': computed(({ limits }) => (limits.openFiles === Infinity ? '9223372036854775807' : limits.openFiles)),
  'file-nr': computed(
    ({ files, limits }) =>
      `${files.size}\t0\t${limits.openFiles === Infinity ? '9223372036854775807' : limits.openFiles}`,
  ),
  'inode-nr': computed(({ inodes }) => `${inodes.size}\t${unusedInodes(inodes)}`),
  'inode-state': computed(({ inodes }) => `${inodes.size}\t${unusedInodes(inodes)}\t0\t0\t0\t0\t0`),
  inotify: dir({
    max_queued_events: upTo('fs/inotify/max_queued_events', 2 ** 31 - 1),
    max_user_instances: upTo('fs/inotify/max_user_instances', 2 ** 31 - 1),
    max_user_watches: upTo('fs/inotify/max_user_watches', 2 ** 31 - 1),
  }),
  'lease-break-time': upTo('fs/lease-break-time', 2 ** 31 - 1),
  'mount-max': computed(() => 100000),
  nr_open: computed(() => NR_OPEN),
  overflowgid: computed(() => OVERFLOW_ID),
  overflowuid: computed(() => OVERFLOW_ID),
  'pipe-max-size': numbers('fs/pipe-max-size', 4096),
  protected_fifos: computed((kernel) => sysctlText(kernel, 'fs/protected_fifos')),
  protected_hardlinks: computed((kernel) => sysctlText(kernel, 'fs/protected_hardlinks')),
  protected_regular: computed((kernel) => sysctlText(kernel, 'fs/protected_regular')),
  protected_symlinks: computed((kernel) => sysctlText(kernel, 'fs/protected_symlinks')),
  suid_dumpable: upTo('fs/suid_dumpable', 2),
};

function unusedInodes(inodes: Kernel['inodes']): number {
  let unused = 0;
  for (const inode of inodes.values()) if (inode.refs <= 0) unused++;
  return unused;
}

export const SYSCTL_TREE: DirNode<null> = dir({
  abi: dir({}),
  debug: dir({}),
  dev: dir({}),
  fs: dir(inFs),
  kernel: dir(inKernel),
  net: dir({
    core: dir({ somaxconn: computed(() => 4096) }),
    unix: dir({ max_dgram_qlen: computed(() => 10) }),
  }),
  user: dir({}),
  vm: dir(inVm),
});
