/**
 * The types of system-call handlers. Interface: Handler, Handlers, SyscallResult, KEEP_REGISTERS.
 */
import type { HandlerOf, SyscallName } from '../../abi/syscalls.ts';
import type { Errno, Restart } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Wait } from '../result.ts';
import type { Task } from '../task/types.ts';

/** Given back by calls that set all user registers themselves (rt_sigreturn, execve). */
export const KEEP_REGISTERS = { keep: true } as const;

export type SyscallResult = number | Errno | Restart | Wait | typeof KEEP_REGISTERS;

export type Handlers = {
  readonly [Name in SyscallName]?: HandlerOf<Name, [kernel: Kernel, task: Task], SyscallResult>;
};

/** A handler whose arguments have been forgotten, as the dispatcher calls it. */
export type AnyHandler = (kernel: Kernel, task: Task, ...args: (number | bigint)[]) => SyscallResult;
