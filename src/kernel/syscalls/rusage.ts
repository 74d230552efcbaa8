/** struct rusage in user memory. Interface: writeRusage. See getrusage(2). */
import { layoutOf } from '../../abi/struct.ts';
import { RUSAGE } from '../../abi/structs/time.ts';
import type { Kernel } from '../kernel.ts';
import { writeUserStruct } from '../mm/uaccess.ts';
import type { Task, Usage } from '../task/types.ts';

const LAYOUT = layoutOf(RUSAGE, 'riscv64');
const KIB_PER_PAGE = 4;

export function writeRusage(kernel: Kernel, task: Task, address: number, usage: Usage): 0 | 'EFAULT' {
  return writeUserStruct(kernel, task, address, LAYOUT, {
    ru_utime: timeval(usage.userNs),
    ru_stime: timeval(usage.systemNs),
    ru_maxrss: usage.maxRssPages * KIB_PER_PAGE,
    ru_minflt: usage.minorFaults,
    ru_majflt: usage.majorFaults,
    ru_inblock: usage.inBlocks,
    ru_oublock: usage.outBlocks,
    ru_nvcsw: usage.voluntarySwitches,
    ru_nivcsw: usage.involuntarySwitches,
  });
}

function timeval(ns: number) {
  const microseconds = Math.floor(ns / 1000);
  return { tv_sec: Math.floor(microseconds / 1e6), tv_usec: microseconds % 1e6 };
}
