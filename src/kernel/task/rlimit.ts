/**
 * Resource limits. See getrlimit(2).
 *
 * Interface: defaultLimits, softLimit, RLIMITS.
 */
import { RLIMIT } from '../../abi/flags/sched.ts';
import type { ThreadGroup } from './types.ts';

export interface ResourceLimit {
  soft: number;
  hard: number;
}

/** RLIM_NLIMITS */
export const RLIMITS = 16;

/** The largest hard limit of open files (/proc/sys/fs/nr_open). */
export const NR_OPEN = 1048576;

/** What Linux gives process 1, with the hard limit of open files that service managers set. `threads`: most tasks that memory allows. */
export function defaultLimits(threads: number): ResourceLimit[] {
  const limits = Array.from({ length: RLIMITS }, () => ({ soft: Infinity, hard: Infinity }));
  const set = (which: keyof typeof RLIMIT.values, soft: number, hard: number) => {
    limits[RLIMIT.values[which]] = { soft, hard };
  };
  set('RLIMIT_STACK', 8 << 20, Infinity);
  set('RLIMIT_CORE', 0, Infinity);
  set('RLIMIT_NPROC', threads, threads);
  set('RLIMIT_NOFILE', 1024, NR_OPEN);
  set('RLIMIT_MEMLOCK', 8 << 20, 8 << 20);
  set('RLIMIT_SIGPENDING', threads, threads);
  set('RLIMIT_MSGQUEUE', 819200, 819200);
  set('RLIMIT_NICE', 0, 0);
  set('RLIMIT_RTPRIO', 0, 0);
  return limits;
}

/** The soft limit; Infinity for none. */
export function softLimit(group: ThreadGroup, which: keyof typeof RLIMIT.values): number {
  return group.rlimits[RLIMIT.values[which]]!.soft;
}
