/**
 * What a kernel function gives back: a value, an error, or a wait.
 *
 * Interface: Outcome<T>, failed, isWait, Wait, waitOn, waitUntil, Restart.
 * Invariant: no function returns a bare string as its value, so `typeof x === 'string'` means error.
 *
 * A call that must wait does not hold a stack: it returns a `Wait` (plain data) before it has changed anything, and is entered
 * again from the top when one of its queues is woken, its deadline passes or a signal comes. See the design, section 4.
 */
import type { Errno, Restart } from '../abi/errno.ts';
import type { WaitQueueId } from './ids.ts';

/** What a task waits for. `queues` may be empty (a pure sleep); `deadlineNs` is on the monotonic clock, Infinity for never. */
export interface Wait {
  readonly wait: true;
  readonly queues: readonly WaitQueueId[];
  readonly deadlineNs: number;
  /** What becomes of the call when a signal with a handler interrupts it (signal(7)). 'killable': only a fatal signal ends it. */
  readonly onSignal: Restart | 'EINTR' | 'killable' | 'uninterruptible';
}

/** A value, an error, or a wait. Check with `failed` and pass the failure up unchanged. */
export type Outcome<T> = T | Errno | Restart | Wait;

export function isWait(value: unknown): value is Wait {
  return typeof value === 'object' && value !== null && (value as Partial<Wait>).wait === true;
}

/** True for an error or a wait: `if (failed(x)) return x;`. */
export function failed(value: unknown): value is Errno | Restart | Wait {
  return typeof value === 'string' || isWait(value);
}

/** Waits for any of `queues`. Default: restarted after a signal handler with SA_RESTART, else EINTR. */
export function waitOn(
  queues: readonly WaitQueueId[],
  onSignal: Wait['onSignal'] = 'ERESTARTSYS',
  deadlineNs = Infinity,
): Wait {
  return { wait: true, queues, deadlineNs, onSignal };
}
