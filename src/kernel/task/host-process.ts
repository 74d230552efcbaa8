/**
 * Processes that the host started: how the host learns of their end. See task/spawn.ts.
 *
 * Interface: registerHostProcess, hostProcessEnded, takeEndedProcesses.
 */
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { waitStatusOf } from './task.ts';
import { noUsage, groupUsage } from './usage.ts';
import type { HostProcess, ThreadGroup } from './types.ts';

export function registerHostProcess(kernel: Kernel, tgid: Tid, haltOnExit: boolean): void {
  kernel.hostProcesses.set(tgid, {
    tgid,
    haltOnExit,
    status: null,
    usage: noUsage(),
    childrenUsage: noUsage(),
    outOfMemory: false,
  });
}

/** The processes that have ended since the last call; each is given once. */
export function takeEndedProcesses(kernel: Kernel): HostProcess[] {
  const ended: HostProcess[] = [];
  for (const process of kernel.hostProcesses.values()) if (process.status !== null) ended.push(process);
  for (const { tgid } of ended) kernel.hostProcesses.delete(tgid);
  return ended;
}

/** Called when the last thread of a process is gone, before anyone reaps it. */
export function hostProcessEnded(kernel: Kernel, group: ThreadGroup): void {
  const process = kernel.hostProcesses.get(group.tgid);
  if (process === undefined || process.status !== null) return;
  process.status = waitStatusOf(kernel, group);
  process.usage = groupUsage(kernel, group);
  process.childrenUsage = { ...group.childrenUsage };
  if (process.haltOnExit) kernel.halted ??= { kind: 'exited' };
}
