/**
 * A TypeScript exception in the kernel is a kernel bug. It stops this system with a report; the host process goes on.
 *
 * Interface: oops.
 */
import { instructionPointer } from './arch/arch.ts';
import type { Kernel } from './kernel.ts';
import { syscallName } from '../abi/syscalls.ts';

/** Halts the system because of `error`, thrown while `doing`. Never throws itself. */
export function oops(kernel: Kernel, error: unknown, doing: string): void {
  if (kernel.halted !== null) return;
  const report = [
    `Kernel BUG: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    `while: ${doing}`,
    ...describeTask(kernel),
    `retired instructions: ${kernel.machine.hart.retired}`,
    'kernel stack:',
    error instanceof Error ? (error.stack ?? '').split('\n').slice(1).join('\n') : '',
    'This is a bug in Ringfence, not in the program. Please report it with the command line and this text;',
    'the same run with deterministic time repeats it at the same instruction.',
  ].join('\n');
  kernel.halted = { kind: 'oops', report };
  try {
    kernel.ports.log(report);
  } catch {
    // A log port that fails must not hide the report, which is in `halted`.
  }
}

function describeTask(kernel: Kernel): string[] {
  const task = kernel.tasks.get(kernel.current);
  if (task === undefined) return ['task: none (idle)'];
  const lines = [`task: ${task.comm}[${task.tid}], thread group ${task.tgid}, state ${task.state}`];
  const { isActive, number } = task.syscall;
  if (isActive) lines.push(`system call: ${syscallName(number) ?? number}`);
  const { u32 } = kernel.machine.ram;
  const hex = (at: number): string =>
    `${u32[(at >> 2) + 1]!.toString(16).padStart(8, '0')}${u32[at >> 2]!.toString(16).padStart(8, '0')}`;
  lines.push(`user pc: 0x${instructionPointer(kernel, task).toString(16)}`);
  for (let i = 1; i < 32; i += 4) {
    const row = [i, i + 1, i + 2, i + 3].filter((index) => index < 32);
    lines.push('  ' + row.map((index) => `x${index}=${hex(task.trapFrame + 8 * index)}`).join(' '));
  }
  return lines;
}
