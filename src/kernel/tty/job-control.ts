/** Job control of terminals. Interface: hangupSession. */
import type { Kernel } from '../kernel.ts';
import type { ThreadGroup } from '../task/types.ts';

/** A session leader exits: its terminal is given up. */
export function hangupSession(_kernel: Kernel, group: ThreadGroup): void {
  group.tty = 0;
}
