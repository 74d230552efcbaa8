/** The machine's console as a terminal. Interface: initConsole, consoleInterrupt. */
import type { Kernel } from '../kernel.ts';

export function initConsole(_kernel: Kernel): void {}

/** Input came. */
export function consoleInterrupt(kernel: Kernel): void {
  kernel.machine.console.read(kernel.machine.console.inputLength);
}
