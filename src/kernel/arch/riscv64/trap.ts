/**
 * What a trap from user mode other than a system call means, in neutral words. Interface: decodeTrap, Trap.
 * Source: RISC-V Privileged Architecture, table of supervisor cause values.
 */
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/types.ts';
import { CAUSE } from './trap-frame.ts';

export type Trap =
  | 'timer'
  | 'external'
  | 'software'
  | 'fault-exec'
  | 'fault-read'
  | 'fault-write'
  | 'access-exec'
  | 'access-read'
  | 'access-write'
  | 'misaligned'
  | 'illegal'
  | 'breakpoint'
  | 'unknown';

/** Index is the exception code. */
const EXCEPTIONS: readonly Trap[] = [
  'misaligned',
  'access-exec',
  'illegal',
  'breakpoint',
  'misaligned',
  'access-read',
  'misaligned',
  'access-write',
  'unknown',
  'unknown',
  'unknown',
  'unknown',
  'fault-exec',
  'fault-read',
  'unknown',
  'fault-write',
];

const SUPERVISOR_SOFTWARE = 1;
const SUPERVISOR_TIMER = 5;
const SUPERVISOR_EXTERNAL = 9;

/** The trap whose frame `task` holds. */
export function decodeTrap(kernel: Kernel, task: Task): Trap {
  const at = (task.trapFrame + CAUSE) >> 2;
  const code = kernel.machine.ram.i32[at]!;
  // The top bit of scause tells interrupts from exceptions.
  if (kernel.machine.ram.i32[at + 1]! >= 0) return EXCEPTIONS[code] ?? 'unknown';
  if (code === SUPERVISOR_TIMER) return 'timer';
  if (code === SUPERVISOR_EXTERNAL) return 'external';
  return code === SUPERVISOR_SOFTWARE ? 'software' : 'unknown';
}
