/**
 * What each kind of timer does when it expires. Interface: runTimers.
 */
import type { Kernel } from '../kernel.ts';
import { wakeTask } from '../sched/wait-queue.ts';
import { itimerRealExpired } from './itimer.ts';
import { posixTimerExpired } from './posix-timer.ts';
import { timerfdExpired } from './timerfd.ts';
import { takeExpired } from './timers.ts';
import type { KernelTimer } from './types.ts';

const TIMER_ACTIONS: Readonly<Record<KernelTimer['kind'], (kernel: Kernel, timer: KernelTimer) => void>> = {
  'wake-task': (kernel, timer) => {
    const task = kernel.tasks.get(timer.subject);
    if (task === undefined || task.wakeTimer !== timer.id) return;
    task.wakeTimer = 0;
    task.timedOut = true;
    wakeTask(kernel, task);
  },
  'itimer-real': (kernel, timer) => itimerRealExpired(kernel, timer.subject),
  'posix-timer': (kernel, timer) => posixTimerExpired(kernel, timer.subject, timer.detail),
  timerfd: (kernel, timer) => timerfdExpired(kernel, timer.subject),
};

/** Fires every timer whose deadline is at or before `now`. */
export function runTimers(kernel: Kernel, now: number): void {
  for (let timer = takeExpired(kernel, now); timer !== undefined; timer = takeExpired(kernel, now))
    TIMER_ACTIONS[timer.kind](kernel, timer);
}
