/** execve and execveat. See execve(2), execveat(2). Interface: execCalls. */
import { AT_FD } from '../../abi/flags/at.ts';
import { EXECVEAT } from '../../abi/flags/process.ts';
import type { Kernel } from '../kernel.ts';
import { failed } from '../result.ts';
import { execFile } from '../task/exec.ts';
import type { Task } from '../task/types.ts';
import { getUserPath } from '../vfs/path.ts';
import { type Handlers, KEEP_REGISTERS, type SyscallResult } from './handlers.ts';

const { AT_EMPTY_PATH } = EXECVEAT.values;

export const execCalls = {
  execve: (kernel, task, path, argv, env) => exec(kernel, task, AT_FD.values.AT_FDCWD, path, 0, argv, env),
  execveat: (kernel, task, dirfd, path, argv, env, flags) => exec(kernel, task, dirfd, path, flags, argv, env),
} satisfies Handlers;

function exec(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  address: number,
  flags: number,
  argv: number,
  env: number,
): SyscallResult {
  const name = getUserPath(kernel, task, address);
  if (typeof name === 'string') return name;
  // Linux: an empty name is refused before the flags are looked at.
  if (name.path === '' && (flags & AT_EMPTY_PATH) === 0) return 'ENOENT';
  const result = execFile(kernel, task, dirfd, name.path, flags, { argv, env });
  return failed(result) ? result : KEEP_REGISTERS;
}
