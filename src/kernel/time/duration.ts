/**
 * struct timespec and timeval in user memory, as numbers of nanoseconds. Interface: readTimespec, writeTimespec, readTimeval,
 * writeTimeval, toNs, fromNs. Values that C would call invalid are EINVAL.
 */
import type { Kernel } from '../kernel.ts';
import { getUserI64, putUser64 } from '../mm/uaccess.ts';
import type { Task } from '../task/types.ts';
import type { Timespec } from '../vfs/types.ts';

export const NS_PER_SEC = 1_000_000_000;

/** Nanoseconds; beyond about 104 days the last digits are lost, which no timer can tell. */
export function toNs(time: Timespec): number {
  return time.sec * NS_PER_SEC + time.nsec;
}

export function fromNs(ns: number): Timespec {
  return { sec: Math.floor(ns / NS_PER_SEC), nsec: Math.floor(ns % NS_PER_SEC) };
}

/** struct timespec at `address`: EINVAL if negative or nsec is out of range. */
export function readTimespec(kernel: Kernel, task: Task, address: number): Timespec | 'EFAULT' | 'EINVAL' {
  const sec = getUserI64(kernel, task, address);
  const nsec = getUserI64(kernel, task, address + 8);
  if (typeof sec === 'string' || typeof nsec === 'string') return 'EFAULT';
  if (sec < 0 || nsec < 0 || nsec >= NS_PER_SEC) return 'EINVAL';
  return { sec, nsec };
}

export function writeTimespec(kernel: Kernel, task: Task, address: number, { sec, nsec }: Timespec): 0 | 'EFAULT' {
  if (putUser64(kernel, task, address, sec) !== 0) return 'EFAULT';
  return putUser64(kernel, task, address + 8, nsec);
}

/** struct timeval at `address`, as a Timespec. */
export function readTimeval(kernel: Kernel, task: Task, address: number): Timespec | 'EFAULT' | 'EINVAL' {
  const sec = getUserI64(kernel, task, address);
  const usec = getUserI64(kernel, task, address + 8);
  if (typeof sec === 'string' || typeof usec === 'string') return 'EFAULT';
  if (sec < 0 || usec < 0 || usec >= 1_000_000) return 'EINVAL';
  return { sec, nsec: usec * 1000 };
}

export function writeTimeval(kernel: Kernel, task: Task, address: number, { sec, nsec }: Timespec): 0 | 'EFAULT' {
  return writeTimespec(kernel, task, address, { sec, nsec: Math.floor(nsec / 1000) });
}
