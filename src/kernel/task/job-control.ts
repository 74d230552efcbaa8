/**
 * Process groups and sessions. See setpgid(2), credentials(7), and "orphaned process group" in exit(2) of POSIX.
 *
 * Interface: groupsInPgrp, isPgrpOrphaned, hangUpIfOrphaned, isLive.
 */
import { SIGNALS } from '../../abi/signals.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { sendToPgrp } from '../signal/send.ts';
import { INIT_TID } from './task.ts';
import type { ThreadGroup } from './types.ts';

const SI_KERNEL = 0x80;

/** Processes in a process group, zombies included. */
export function groupsInPgrp(kernel: Kernel, pgrp: Tid): ThreadGroup[] {
  const found: ThreadGroup[] = [];
  for (const group of kernel.groups.values()) if (group.pgrp === pgrp) found.push(group);
  return found;
}

/** Whether some thread of the process still runs. */
export function isLive(kernel: Kernel, group: ThreadGroup): boolean {
  return group.threads.some((tid) => {
    const state = kernel.tasks.get(tid)?.state;
    return state !== undefined && state !== 'zombie' && state !== 'dead';
  });
}

/** Whether no member has a parent in another group of the same session, who could continue it. `leaving` is left out. */
export function isPgrpOrphaned(kernel: Kernel, pgrp: Tid, leaving?: ThreadGroup): boolean {
  for (const group of kernel.groups.values()) {
    if (group.pgrp !== pgrp || group === leaving || group.parent === INIT_TID || !isLive(kernel, group)) continue;
    const parent = kernel.groups.get(group.parent);
    if (parent !== undefined && parent.pgrp !== pgrp && parent.session === group.session) return false;
  }
  return true;
}

/**
 * Sends SIGHUP and SIGCONT to a group with stopped members that becomes orphaned because `group` loses the tie to `parent`.
 * `leaving`: it is `group` itself that exits.
 */
export function hangUpIfOrphaned(
  kernel: Kernel,
  group: ThreadGroup,
  parent: ThreadGroup | undefined,
  leaving: boolean,
): void {
  if (parent === undefined || parent.pgrp === group.pgrp || parent.session !== group.session) return;
  if (!isPgrpOrphaned(kernel, group.pgrp, leaving ? group : undefined)) return;
  if (!groupsInPgrp(kernel, group.pgrp).some((member) => member.stopSignal !== 0)) return;
  sendToPgrp(kernel, group.pgrp, { signo: SIGNALS.SIGHUP, errno: 0, code: SI_KERNEL });
  sendToPgrp(kernel, group.pgrp, { signo: SIGNALS.SIGCONT, errno: 0, code: SI_KERNEL });
}
