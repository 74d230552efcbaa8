/** Records of kernel timers. Interface: TimerTable, KernelTimer. See time/timers.ts. */
import type { TimerId } from '../ids.ts';

/** One armed timer. `kind` picks its action from TIMER_ACTIONS; `subject` is an id of that kind. */
export interface KernelTimer {
  readonly id: TimerId;
  /** Monotonic ns. */
  readonly deadlineNs: number;
  readonly kind: 'wake-task' | 'itimer-real' | 'posix-timer' | 'timerfd';
  readonly subject: number;
  /** Second id where the kind needs one (the posix timer's number). */
  readonly detail: number;
}

/** Binary heap by deadline, least first. `dead` counts cancelled ones still in it. */
export interface TimerTable {
  heap: KernelTimer[];
  live: Set<TimerId>;
}
