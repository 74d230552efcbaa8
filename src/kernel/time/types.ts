/** Records of kernel timers and of the vDSO. Interface: TimerTable, KernelTimer, VdsoState. See time/timers.ts, time/vdso-data.ts. */
import type { InodeId, Pfn, TimerId } from '../ids.ts';

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

/** The two pages that every program maps. */
export interface VdsoState {
  /** '[vdso]' and '[vvar]': inodes of one page each, which the kernel holds. */
  readonly image: InodeId;
  readonly data: InodeId;
  /** The frame of '[vvar]'. */
  readonly dataFrame: Pfn;
  /** When the data was last brought up to date, in monotonic nanoseconds: what the coarse clocks read. */
  updatedNs: number;
}
