/**
 * How many pages of an address space are resident. Interface: residentPages, peakResidentPages, notePeak.
 * See getrusage(2) ru_maxrss, proc_pid_status(5) VmRSS and VmHWM.
 */
import type { Mm } from './types.ts';

export function residentPages(mm: Mm): number {
  return mm.rssAnon + mm.rssFile + mm.rssShmem;
}

/** The most that there were at any time. */
export function peakResidentPages(mm: Mm): number {
  return Math.max(mm.peakRss, residentPages(mm));
}

/** Before pages go: remembers how many there were. */
export function notePeak(mm: Mm): void {
  mm.peakRss = peakResidentPages(mm);
}
