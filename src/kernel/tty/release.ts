/** The end of a pty. Interface: releaseTty. */
import type { Kernel } from '../kernel.ts';
import { freeTty } from './tty.ts';
import type { Tty } from './types.ts';

/** Forgets a pty that neither side has open. The console stays. */
export function releaseTty(kernel: Kernel, tty: Tty): void {
  if (tty.kind === 'pty' && !tty.masterOpen && tty.slaveOpens === 0) freeTty(kernel, tty);
}
