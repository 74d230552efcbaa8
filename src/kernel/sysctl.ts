/**
 * Kernel parameters that programs read and set below /proc/sys. See proc_sys(5), sysctl(8).
 *
 * Interface: SYSCTL_DEFAULTS, SysctlName, sysctlText, sysctlNumber, setSysctl.
 * Names are paths below /proc/sys. `kernel.sysctl` has those that were set; the others have their default.
 */
import type { ByteString } from '../util/byte-string.ts';
import type { KernelState } from './kernel.ts';

/** Parameters that are only kept: whoever heeds one reads it from here. Those that are computed are in fs/proc/system/sysctl.ts. */
export const SYSCTL_DEFAULTS = {
  'fs/lease-break-time': '45',
  'fs/pipe-max-size': '1048576',
  'fs/protected_fifos': '0',
  'fs/protected_hardlinks': '0',
  'fs/protected_regular': '0',
  'fs/protected_symlinks': '0',
  'fs/suid_dumpable': '0',
  'fs/inotify/max_queued_events': '16384',
  'fs/inotify/max_user_instances': '128',
  'fs/inotify/max_user_watches': '65536',
  'fs/epoll/max_user_watches': '65536',
  'kernel/core_pattern': 'core',
  'kernel/core_pipe_limit': '0',
  'kernel/core_uses_pid': '0',
  'kernel/ctrl-alt-del': '0',
  'kernel/dmesg_restrict': '0',
  'kernel/kptr_restrict': '0',
  'kernel/msgmax': '8192',
  'kernel/msgmnb': '16384',
  'kernel/msgmni': '32000',
  'kernel/panic': '0',
  'kernel/panic_on_oops': '0',
  'kernel/perf_event_paranoid': '2',
  'kernel/printk': '7\t4\t1\t7',
  'kernel/randomize_va_space': '2',
  'kernel/sched_rr_timeslice_ms': '100',
  'kernel/sched_rt_period_us': '1000000',
  'kernel/sched_rt_runtime_us': '950000',
  'kernel/sem': '32000\t1024000000\t500\t32000',
  'kernel/shmall': '18446744073692774399',
  'kernel/shmmax': '18446744073692774399',
  'kernel/shmmni': '4096',
  'kernel/sysctl_writes_strict': '1',
  'kernel/unprivileged_bpf_disabled': '2',
  'vm/admin_reserve_kbytes': '8192',
  'vm/dirty_background_ratio': '10',
  'vm/dirty_expire_centisecs': '3000',
  'vm/dirty_ratio': '20',
  'vm/dirty_writeback_centisecs': '500',
  'vm/mmap_min_addr': '65536',
  'vm/oom_dump_tasks': '1',
  'vm/oom_kill_allocating_task': '0',
  'vm/overcommit_kbytes': '0',
  'vm/overcommit_memory': '0',
  'vm/overcommit_ratio': '50',
  'vm/page-cluster': '3',
  'vm/panic_on_oom': '0',
  'vm/swappiness': '60',
  'vm/user_reserve_kbytes': '131072',
  'vm/vfs_cache_pressure': '100',
} as const;

export type SysctlName = keyof typeof SYSCTL_DEFAULTS;

export function sysctlText(kernel: Pick<KernelState, 'sysctl'>, name: SysctlName): ByteString {
  return kernel.sysctl.get(name) ?? SYSCTL_DEFAULTS[name];
}

export function sysctlNumber(kernel: Pick<KernelState, 'sysctl'>, name: SysctlName): number {
  return Number(sysctlText(kernel, name));
}

/** The caller has checked the value. */
export function setSysctl(kernel: Pick<KernelState, 'sysctl'>, name: SysctlName, value: ByteString): void {
  kernel.sysctl.set(name, value);
}
