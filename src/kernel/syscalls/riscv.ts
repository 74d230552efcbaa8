/**
 * Calls that only riscv64 has. Interface: riscvCalls. See Linux Documentation/arch/riscv/hwprobe.rst.
 */
import { RISCV_FLUSH_ICACHE } from '../../abi/flags/system.ts';
import type { Kernel } from '../kernel.ts';
import { getUserBig64, putUser64, putUserBig64 } from '../mm/uaccess.ts';
import type { Task } from '../task/types.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const PAIR_BYTES = 16;
const UNKNOWN_KEY = -1;

/** Value by key; keys that are not here are unknown to us. */
const PROBES: ReadonlyMap<bigint, bigint> = new Map([
  // mvendorid, marchid, mimpid: as the CSRs read.
  [0n, 0n],
  [1n, 0n],
  [2n, 0n],
  // Base behaviour: IMA.
  [3n, 1n],
  // Extensions: F and D, C.
  [4n, 3n],
  // Misaligned scalar access: it works, and crossing a page is slow.
  [5n, 2n],
]);

/** Stores into decoded code are noticed when they happen, so there is nothing to flush. */
function riscvFlushIcache(kernel: Kernel, _task: Task, _start: number, _end: number, flags: number): SyscallResult {
  if ((flags & ~RISCV_FLUSH_ICACHE.values.SYS_RISCV_FLUSH_ICACHE_LOCAL) !== 0) return 'EINVAL';
  kernel.machine.hart.fenceI();
  return 0;
}

function riscvHwprobe(
  kernel: Kernel,
  task: Task,
  pairs: number,
  count: number,
  cpuBytes: number,
  cpus: number,
  flags: number,
): SyscallResult {
  // RISCV_HWPROBE_WHICH_CPUS is not there: Linux before 6.8 refuses it so.
  if (flags !== 0) return 'EINVAL';
  if (cpus === 0 ? cpuBytes !== 0 : cpuBytes === 0) return 'EINVAL';
  for (let i = 0; i < count; i++) {
    const at = pairs + i * PAIR_BYTES;
    const key = getUserBig64(kernel, task, at);
    if (typeof key === 'string') return key;
    const value = PROBES.get(key);
    if (value === undefined && putUser64(kernel, task, at, UNKNOWN_KEY) !== 0) return 'EFAULT';
    if (putUserBig64(kernel, task, at + 8, value ?? 0n) !== 0) return 'EFAULT';
  }
  return 0;
}

export const riscvCalls = { riscv_flush_icache: riscvFlushIcache, riscv_hwprobe: riscvHwprobe } satisfies Handlers;
