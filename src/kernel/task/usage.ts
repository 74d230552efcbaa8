/**
 * Counters of what tasks have used. Interface: noUsage, addUsage, groupUsage. See getrusage(2).
 */
import type { Kernel } from '../kernel.ts';
import { peakResidentPages } from '../mm/rss.ts';
import type { ThreadGroup, Usage } from './types.ts';

export function noUsage(): Usage {
  return {
    userNs: 0,
    systemNs: 0,
    minorFaults: 0,
    majorFaults: 0,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
    maxRssPages: 0,
    inBlocks: 0,
    outBlocks: 0,
    readBytes: 0,
    writeBytes: 0,
    readCalls: 0,
    writeCalls: 0,
  };
}

/** Adds `more` to `sum`; the largest resident set is kept, not added. */
export function addUsage(sum: Usage, more: Usage): void {
  sum.userNs += more.userNs;
  sum.systemNs += more.systemNs;
  sum.minorFaults += more.minorFaults;
  sum.majorFaults += more.majorFaults;
  sum.voluntarySwitches += more.voluntarySwitches;
  sum.involuntarySwitches += more.involuntarySwitches;
  sum.maxRssPages = Math.max(sum.maxRssPages, more.maxRssPages);
  sum.inBlocks += more.inBlocks;
  sum.outBlocks += more.outBlocks;
  sum.readBytes += more.readBytes;
  sum.writeBytes += more.writeBytes;
  sum.readCalls += more.readCalls;
  sum.writeCalls += more.writeCalls;
}

/** All threads of a process, dead and alive. */
export function groupUsage(kernel: Kernel, group: ThreadGroup): Usage {
  const sum = { ...group.exitedUsage };
  for (const tid of group.threads) {
    const task = kernel.tasks.get(tid);
    if (task === undefined) continue;
    addUsage(sum, task.usage);
    const mm = kernel.mms.get(task.mm);
    if (mm !== undefined) sum.maxRssPages = Math.max(sum.maxRssPages, peakResidentPages(mm));
  }
  return sum;
}
