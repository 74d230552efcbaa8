/**
 * What a task owes to others in its address space when it leaves it, by exit or exec: robust futexes are marked, the word of
 * CLONE_CHILD_CLEARTID is cleared, a vfork parent goes on. See get_robust_list(2), set_tid_address(2), vfork(2).
 *
 * Interface: leaveMm.
 */
import { FUTEX_WORD } from '../../abi/flags/futex.ts';
import type { Kernel } from '../kernel.ts';
import { futexWakeAddress } from '../ipc/futex.ts';
import { mmOf, putMm } from '../mm/mm.ts';
import { peakResidentPages } from '../mm/rss.ts';
import { getUser32, getUser64, getUserI64, putUser32 } from '../mm/uaccess.ts';
import { freeWaitQueue } from '../sched/wait-queue.ts';
import type { Task } from './types.ts';

const { FUTEX_WAITERS, FUTEX_OWNER_DIED, FUTEX_TID_MASK } = FUTEX_WORD.values;
/** ROBUST_LIST_LIMIT: a list may be a ring. */
const ROBUST_LIST_LIMIT = 2048;

/** Leaves the address space; `task.mm` is 0 afterwards. Faults in user memory are ignored. */
export function leaveMm(kernel: Kernel, task: Task): void {
  if (task.mm === 0) return;
  const mm = mmOf(kernel, task);
  if (task.robustListHead !== 0) walkRobustList(kernel, task);
  task.robustListHead = 0;
  if (task.clearChildTid !== 0 && mm.users > 1) {
    putUser32(kernel, task, task.clearChildTid, 0);
    futexWakeAddress(kernel, mm, task.clearChildTid, 1);
  }
  task.clearChildTid = 0;
  task.rseq = null;
  task.usage.maxRssPages = Math.max(task.usage.maxRssPages, peakResidentPages(mm));
  task.mm = 0;
  putMm(kernel, mm);
  finishVfork(kernel, task);
}

/** Lets the parent go on that waits in vfork. */
function finishVfork(kernel: Kernel, task: Task): void {
  const queue = task.vforkDone;
  if (queue === 0) return;
  task.vforkDone = 0;
  freeWaitQueue(kernel, queue);
}

/** struct robust_list_head: first entry, offset from an entry to its futex word, entry whose operation is under way. */
function walkRobustList(kernel: Kernel, task: Task): void {
  const head = task.robustListHead;
  const first = getUser64(kernel, task, head);
  // Negative as a rule; unsigned, it would lose its low bits as a number.
  const offset = getUserI64(kernel, task, head + 8);
  const pending = getUser64(kernel, task, head + 16);
  if (typeof first === 'string' || typeof offset === 'string' || typeof pending === 'string') return;
  const pendingEntry = entryAddress(pending);
  let link = first;
  for (let left = ROBUST_LIST_LIMIT; left > 0 && entryAddress(link) !== head; left--) {
    const entry = entryAddress(link);
    const next = getUser64(kernel, task, entry);
    if (entry !== pendingEntry && !markOwnerDied(kernel, task, entry + offset, isPi(link), false)) return;
    if (typeof next === 'string') return;
    link = next;
  }
  if (pendingEntry !== 0) markOwnerDied(kernel, task, pendingEntry + offset, isPi(pending), true);
}

/** False when the word cannot be reached. */
function markOwnerDied(kernel: Kernel, task: Task, address: number, pi: boolean, underWay: boolean): boolean {
  if (address % 4 !== 0) return false;
  const value = getUser32(kernel, task, address);
  if (typeof value === 'string') return false;
  const mm = mmOf(kernel, task);
  if (underWay && !pi && value === 0) {
    futexWakeAddress(kernel, mm, address, 1);
    return true;
  }
  if ((value & FUTEX_TID_MASK) !== task.tid) return true;
  if (putUser32(kernel, task, address, ((value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0) !== 0) return false;
  if (!pi && (value & FUTEX_WAITERS) !== 0) futexWakeAddress(kernel, mm, address, 1);
  return true;
}

/** The lowest bit of a link tells a priority-inheritance futex. */
function entryAddress(link: number): number {
  return link - (link % 2);
}

function isPi(link: number): boolean {
  return link % 2 === 1;
}
