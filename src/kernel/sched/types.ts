/** Records of scheduling and waiting. Interface: WaitQueue, RunQueue, LoadState. */
import type { EpollId, Tid, WaitQueueId } from '../ids.ts';

/** Who is to be woken by an event. Kept by sched/wait-queue.ts. */
export interface WaitQueue {
  readonly id: WaitQueueId;
  /** Tasks that sleep on it, in order of arrival. */
  tasks: Tid[];
  /** Epoll items that watch it: [epoll, fd key] pairs. */
  watchers: { epoll: EpollId; item: number }[];
}

/** Ready tasks. Real-time ones by priority, first in first out; fair ones by virtual run time. */
export interface RunQueue {
  /** Index is the priority 0..99; tasks that are ready and not running. */
  realtime: Tid[][];
  /** How many those are. */
  realtimeTasks: number;
  /** Sorted by vruntime, least first. */
  fair: Tid[];
  minVruntime: number;
}

/** Load averages (sched/load.ts). */
export interface LoadState {
  /** When the next sample is due (monotonic ns). */
  nextNs: number;
  /** Over 1, 5 and 15 minutes, fixed-point. */
  averages: [number, number, number];
}
