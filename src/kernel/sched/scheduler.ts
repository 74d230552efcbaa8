/**
 * Which task gets the hart: real-time ones by priority, then fair ones by least weighted run time.
 *
 * Interface: enqueueTask, dequeueTask, pickNext, yieldTask, chargeTask, preempts, SLICE_NS.
 * Invariant: a task is queued exactly while its state is 'ready'; the running one is not queued. See sched(7).
 */
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { NICE_0_WEIGHT, weightOf } from './weights.ts';

/** How long a fair task runs while others wait. */
export const SLICE_NS = 4_000_000;
/** SCHED_RR's quantum, as sched_rr_get_interval gives it. */
export const RR_SLICE_NS = 100_000_000;
/** A woken task takes the hart only if it is this far behind. */
const WAKEUP_GRANULARITY_NS = 1_000_000;

/** Makes a task ready. One that slept long does not collect more than half a slice of credit. */
export function enqueueTask(kernel: Kernel, task: Task): void {
  const queue = kernel.runQueue;
  task.state = 'ready';
  if (task.sched.queued) return;
  task.sched.queued = true;
  if (isRealtime(task)) {
    queue.realtime[task.sched.rtPriority]!.push(task.tid);
    queue.realtimeTasks++;
  } else {
    task.sched.vruntime = Math.max(task.sched.vruntime, queue.minVruntime - SLICE_NS / 2);
    insertFair(kernel, task);
  }
  const current = kernel.tasks.get(kernel.current);
  if (current === undefined || current.state !== 'running' || preempts(task, current)) kernel.needResched = true;
}

/** Takes a task out of the ready queue, if it is there. */
export function dequeueTask(kernel: Kernel, task: Task): void {
  if (!task.sched.queued) return;
  task.sched.queued = false;
  if (isRealtime(task)) {
    remove(kernel.runQueue.realtime[task.sched.rtPriority]!, task.tid);
    kernel.runQueue.realtimeTasks--;
  } else remove(kernel.runQueue.fair, task.tid);
}

/** Takes the next task to run out of the queue; undefined when nothing is ready. */
export function pickNext(kernel: Kernel): Task | undefined {
  const { realtime, fair } = kernel.runQueue;
  if (kernel.runQueue.realtimeTasks !== 0) {
    for (let priority = 99; priority > 0; priority--) {
      if (realtime[priority]!.length === 0) continue;
      kernel.runQueue.realtimeTasks--;
      return take(kernel, realtime[priority]!);
    }
  }
  if (fair.length === 0) return undefined;
  const task = take(kernel, fair);
  if (task !== undefined && task.sched.vruntime > kernel.runQueue.minVruntime)
    kernel.runQueue.minVruntime = task.sched.vruntime;
  return task;
}

/** sched_yield: others that are ready come first. */
export function yieldTask(kernel: Kernel, task: Task): void {
  const last = kernel.runQueue.fair.at(-1);
  const other = last === undefined ? undefined : kernel.tasks.get(last);
  if (other !== undefined && !isRealtime(task))
    task.sched.vruntime = Math.max(task.sched.vruntime, other.sched.vruntime);
  kernel.needResched = true;
}

/** Charges `elapsedNs` on the hart to a task; asks for a switch when its slice is used up and another is ready. */
export function chargeTask(kernel: Kernel, task: Task, elapsedNs: number): void {
  const sched = task.sched;
  if (isRealtime(task)) {
    if (sched.policy === 'rr') sched.sliceLeftNs -= elapsedNs;
  } else {
    sched.vruntime += (elapsedNs * NICE_0_WEIGHT) / weightOf(sched);
    sched.sliceLeftNs -= elapsedNs;
  }
  if (sched.sliceLeftNs > 0) return;
  sched.sliceLeftNs = sched.policy === 'rr' ? RR_SLICE_NS : SLICE_NS;
  kernel.needResched = true;
}

/** Whether a task that became ready should take the hart from the running one. */
export function preempts(task: Task, current: Task): boolean {
  if (isRealtime(task)) return !isRealtime(current) || task.sched.rtPriority > current.sched.rtPriority;
  if (isRealtime(current)) return false;
  return task.sched.vruntime + WAKEUP_GRANULARITY_NS < current.sched.vruntime;
}

export function isRealtime(task: Task): boolean {
  return task.sched.policy === 'fifo' || task.sched.policy === 'rr';
}

/** A preempted real-time task goes back to the head of its priority, others by their run time. */
export function requeuePreempted(kernel: Kernel, task: Task): void {
  if (task.sched.policy !== 'fifo') return enqueueTask(kernel, task);
  task.state = 'ready';
  task.sched.queued = true;
  kernel.runQueue.realtime[task.sched.rtPriority]!.unshift(task.tid);
  kernel.runQueue.realtimeTasks++;
}

function take(kernel: Kernel, queue: Tid[]): Task | undefined {
  const task = kernel.tasks.get(queue.shift()!);
  if (task !== undefined) task.sched.queued = false;
  return task;
}

function insertFair(kernel: Kernel, task: Task): void {
  const fair = kernel.runQueue.fair;
  let low = 0;
  let high = fair.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (kernel.tasks.get(fair[middle]!)!.sched.vruntime <= task.sched.vruntime) low = middle + 1;
    else high = middle;
  }
  if (low === fair.length) fair.push(task.tid);
  else fair.splice(low, 0, task.tid);
}

function remove(list: Tid[], tid: Tid): void {
  const index = list.indexOf(tid);
  if (index >= 0) list.splice(index, 1);
}
