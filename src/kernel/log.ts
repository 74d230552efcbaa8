/**
 * The kernel's log ring, as dmesg shows it. Interface: logLine. See syslog(2).
 */
import { nowNs } from './time/timers.ts';
import type { Kernel } from './kernel.ts';

const MAX_LINES = 1024;

/** Appends a line. `level` is syslog's: 0 emergency … 7 debug. */
export function logLine(kernel: Kernel, level: number, text: string): void {
  kernel.log.push({ timeNs: nowNs(kernel), level, text });
  if (kernel.log.length > MAX_LINES) kernel.log.shift();
  kernel.ports.log(text);
}
