/**
 * Signal masks of threads and what is pending for them.
 *
 * Interface: setMask, setTemporaryMask, restoreMask, recalcPending, pendingSet, signalBit, UNBLOCKABLE.
 * Invariant: task.signalPending is true exactly when deliverSignals has something to look at.
 */
import { NSIG, SIGNALS } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';

const BITS: readonly bigint[] = Array.from({ length: NSIG + 1 }, (_, signo) =>
  signo === 0 ? 0n : 1n << BigInt(signo - 1),
);

export function signalBit(signo: number): bigint {
  return BITS[signo]!;
}

/** SIGKILL and SIGSTOP can be neither blocked nor caught nor ignored. */
export const UNBLOCKABLE = signalBit(SIGNALS.SIGKILL) | signalBit(SIGNALS.SIGSTOP);
const BLOCKABLE = BigInt.asUintN(64, ~UNBLOCKABLE);

/** Replaces the mask of blocked signals. */
export function setMask(kernel: Kernel, task: Task, mask: bigint): void {
  task.blocked = mask & BLOCKABLE;
  recalcPending(kernel, task);
}

/** A mask for the time of one call (ppoll, sigsuspend …). It goes back when the call ends, or after a handler has been set up. */
export function setTemporaryMask(kernel: Kernel, task: Task, mask: bigint): void {
  if (task.savedMask === null) task.savedMask = task.blocked;
  setMask(kernel, task, mask);
}

export function restoreMask(kernel: Kernel, task: Task): void {
  if (task.savedMask === null) return;
  const mask = task.savedMask;
  task.savedMask = null;
  setMask(kernel, task, mask);
}

/** Signals pending for this thread alone or for its process, blocked or not. */
export function pendingSet(kernel: Kernel, task: Task): bigint {
  return task.pending.set | (kernel.groups.get(task.tgid)?.pending.set ?? 0n);
}

/** Brings task.signalPending up to date. */
export function recalcPending(kernel: Kernel, task: Task): void {
  const group = kernel.groups.get(task.tgid);
  task.signalPending =
    isPending(task.pending.set, task.blocked) ||
    (group !== undefined &&
      (isPending(group.pending.set, task.blocked) || group.groupExit !== null || group.stopPending));
}

function isPending(set: bigint, blocked: bigint): boolean {
  return set !== 0n && (set & ~blocked) !== 0n;
}
