/**
 * A signal came for a process: its signalfds may be readable. Interface: signalfdNotify.
 * Apart from signalfd.ts, so that sending signals does not hang on files.
 */
import type { Kernel } from '../kernel.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import type { ThreadGroup } from '../task/types.ts';

export function signalfdNotify(kernel: Kernel, group: ThreadGroup): void {
  if (group.signalfds.length === 0) return;
  for (const queue of [...group.signalfds]) wakeAll(kernel, queue);
}
