/**
 * Wait queues: who is woken when something happens.
 *
 * Interface: newWaitQueue, freeWaitQueue, sleepOn, wakeAll, wakeOne, wakeTask.
 * Invariant: a task is listed in a queue exactly while it sleeps in a wait that names it.
 */
import { nextId } from '../id.ts';
import type { Tid, WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Wait } from '../result.ts';
import type { Task } from '../task/types.ts';
import { armTimer, cancelTimer } from '../time/timers.ts';
import { enqueueTask } from './scheduler.ts';
import type { WaitQueue } from './types.ts';

export function newWaitQueue(kernel: Kernel): WaitQueueId {
  const id: WaitQueueId = nextId(kernel);
  kernel.waitQueues.set(id, { id, tasks: [], watchers: [] });
  return id;
}

/** Wakes whoever is left and forgets the queue. */
export function freeWaitQueue(kernel: Kernel, id: WaitQueueId): void {
  wakeAll(kernel, id);
  kernel.waitQueues.delete(id);
}

/** Puts `task` to sleep until the wait ends. Its call is entered again afterwards. */
export function sleepOn(kernel: Kernel, task: Task, wait: Wait): void {
  task.wait = wait;
  task.timedOut = false;
  task.state = wait.onSignal === 'uninterruptible' || wait.onSignal === 'killable' ? 'disk-sleep' : 'sleeping';
  for (const id of wait.queues) kernel.waitQueues.get(id)?.tasks.push(task.tid);
  task.wakeTimer = wait.deadlineNs === Infinity ? 0 : armTimer(kernel, wait.deadlineNs, 'wake-task', task.tid, 0);
  task.usage.voluntarySwitches++;
}

/** Wakes every sleeper, and tells the epoll instances that watch. */
export function wakeAll(kernel: Kernel, id: WaitQueueId): void {
  const queue = kernel.waitQueues.get(id);
  if (queue === undefined) return;
  while (queue.tasks.length > 0) wakeFirst(kernel, queue.tasks);
  notifyWatchers(kernel, queue.watchers);
}

/** Wakes the sleeper that came first. False if there was none. */
export function wakeOne(kernel: Kernel, id: WaitQueueId): boolean {
  const queue = kernel.waitQueues.get(id);
  if (queue === undefined) return false;
  const woke = queue.tasks.length > 0;
  if (woke) wakeFirst(kernel, queue.tasks);
  notifyWatchers(kernel, queue.watchers);
  return woke;
}

/** Ends a task's sleep, whatever it waits for. Nothing happens to a task that does not sleep. */
export function wakeTask(kernel: Kernel, task: Task): void {
  if (task.state !== 'sleeping' && task.state !== 'disk-sleep') return;
  leaveQueues(kernel, task);
  enqueueTask(kernel, task);
}

/** Takes a task off its queues without making it ready (it was killed or stopped). */
export function leaveQueues(kernel: Kernel, task: Task): void {
  const wait = task.wait;
  if (wait === null) return;
  task.wait = null;
  if (task.wakeTimer !== 0) cancelTimer(kernel, task.wakeTimer);
  task.wakeTimer = 0;
  for (const id of wait.queues) {
    const tasks = kernel.waitQueues.get(id)?.tasks;
    if (tasks === undefined) continue;
    const index = tasks.indexOf(task.tid);
    if (index >= 0) tasks.splice(index, 1);
  }
}

function wakeFirst(kernel: Kernel, tasks: Tid[]): void {
  const task = kernel.tasks.get(tasks[0]!);
  if (task === undefined || task.wait === null) tasks.shift();
  else wakeTask(kernel, task);
}

/** Queues each watching epoll item as perhaps ready (epoll_wait asks the file again) and wakes who waits for its epoll. */
function notifyWatchers(kernel: Kernel, watchers: WaitQueue['watchers']): void {
  for (const { epoll: id, item: key } of [...watchers]) {
    const epoll = kernel.epolls.get(id);
    const item = epoll?.items.get(key);
    if (epoll === undefined || item === undefined || item.disabled) continue;
    if (!item.queued) {
      item.queued = true;
      epoll.ready.push(key);
    }
    wakeAll(kernel, epoll.queue);
  }
}
