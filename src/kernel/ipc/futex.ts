/**
 * Futexes: sleeping on a word of user memory.
 *
 * Interface: futexKey, beginFutexWait, endFutexWait, futexWake, futexRequeue, futexWakeAddress, ANY_BIT.
 * Invariant: a task is listed under a key exactly while `task.futex` names that key and it has not been woken. See futex(2), futex(7).
 */
import type { Kernel } from '../kernel.ts';
import { findVma } from '../mm/mmap.ts';
import { accessOk, userPageOffset } from '../mm/uaccess.ts';
import { wakeTask } from '../sched/wait-queue.ts';
import type { Task } from '../task/types.ts';
import type { Mm } from '../mm/types.ts';

export const ANY_BIT = 0xffffffff;

/**
 * What a futex word is known by: its place in the address space for private memory, its place in the file for shared memory, so that
 * processes that map it at different addresses meet.
 */
export function futexKey(
  kernel: Kernel,
  mm: Mm,
  address: number,
  isPrivate: boolean,
): { key: string } | 'EINVAL' | 'EFAULT' {
  if (address % 4 !== 0) return 'EINVAL';
  if (!accessOk(mm, address, 4)) return 'EFAULT';
  // Linux: with FUTEX_PRIVATE_FLAG nothing is looked up, and who waits without the flag is not met, not even in private memory.
  if (isPrivate) return { key: `private ${mm.id}:${address}` };
  if (userPageOffset(kernel, mm, address, false) < 0) return 'EFAULT';
  const vma = findVma(mm, address);
  if (vma === undefined || !vma.shared || vma.inode === 0) return { key: `${mm.id}:${address}` };
  return { key: `inode ${vma.inode}:${vma.offset + address - vma.start}` };
}

/** Lists `task` under each key. It must then return a Wait, and call endFutexWait when it is entered again. */
export function beginFutexWait(kernel: Kernel, task: Task, keys: string[], bitset: number): void {
  task.futex = { keys, bitset, woken: -1 };
  for (const key of keys) {
    const list = kernel.futexes.waiters.get(key);
    if (list === undefined) kernel.futexes.waiters.set(key, [task.tid]);
    else list.push(task.tid);
  }
}

/** Takes `task` off all lists. Gives the index of the key that was woken, or -1. */
export function endFutexWait(kernel: Kernel, task: Task): number {
  const wait = task.futex;
  if (wait === null) return -1;
  task.futex = null;
  for (const key of wait.keys) unlist(kernel, key, task);
  return wait.woken;
}

/** Wakes up to `count` waiters of `key` whose bitset meets `bitset`; gives how many. */
export function futexWake(kernel: Kernel, key: string, count: number, bitset: number): number {
  const list = kernel.futexes.waiters.get(key);
  if (list === undefined || count <= 0) return 0;
  let woken = 0;
  for (const tid of [...list]) {
    const task = kernel.tasks.get(tid);
    const wait = task?.futex;
    if (task === undefined || wait === null || wait === undefined) continue;
    if ((wait.bitset & bitset) === 0) continue;
    if (wait.woken < 0) wait.woken = wait.keys.indexOf(key);
    for (const other of wait.keys) unlist(kernel, other, task);
    wakeTask(kernel, task);
    if (++woken >= count) break;
  }
  return woken;
}

/** Wakes up to `wake` waiters of `from` and moves up to `move` others to `to`. */
export function futexRequeue(
  kernel: Kernel,
  from: string,
  to: string,
  wake: number,
  move: number,
): { woken: number; moved: number } {
  const woken = futexWake(kernel, from, wake, ANY_BIT);
  let moved = 0;
  for (const tid of [...(kernel.futexes.waiters.get(from) ?? [])]) {
    if (moved >= move) break;
    const task = kernel.tasks.get(tid);
    if (task?.futex === null || task?.futex === undefined) continue;
    moved++;
    if (from === to) continue;
    unlist(kernel, from, task);
    task.futex.keys = task.futex.keys.map((key) => (key === from ? to : key));
    const list = kernel.futexes.waiters.get(to);
    if (list === undefined) kernel.futexes.waiters.set(to, [tid]);
    else list.push(tid);
  }
  return { woken, moved };
}

/** Wakes waiters of the word at `address`, private or shared (exit's clear_child_tid, robust lists). */
export function futexWakeAddress(kernel: Kernel, mm: Mm, address: number, count: number): void {
  for (const isPrivate of [true, false]) {
    const found = futexKey(kernel, mm, address, isPrivate);
    if (typeof found !== 'string' && futexWake(kernel, found.key, count, ANY_BIT) > 0) return;
  }
}

function unlist(kernel: Kernel, key: string, task: Task): void {
  const list = kernel.futexes.waiters.get(key);
  if (list === undefined) return;
  const index = list.indexOf(task.tid);
  if (index >= 0) list.splice(index, 1);
  if (list.length === 0) kernel.futexes.waiters.delete(key);
}
