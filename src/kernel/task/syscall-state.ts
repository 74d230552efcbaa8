/** The record of the system call that a task is in. Interface: newSyscallState, progressOf. */
import type { Progress, SyscallState, Task } from './types.ts';

export function newSyscallState(): SyscallState {
  return {
    isActive: false,
    number: -1,
    args: [0, 0, 0, 0, 0, 0],
    progress: { deadlineNs: NaN, done: 0, phase: 0, extra: null },
  };
}

/** What the system call that a task is in keeps between entries; undefined: it is in none. */
export function progressOf(task: Task | undefined): Progress | undefined {
  return task?.syscall.isActive === true ? task.syscall.progress : undefined;
}
