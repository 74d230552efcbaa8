/**
 * Running a program in place of the one that runs. See execve(2), execveat(2).
 *
 * Interface: execFile, ExecSource.
 */
import { AT_FD } from '../../abi/flags/at.ts';
import { EXECVEAT } from '../../abi/flags/process.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { failed, isWait, type Outcome } from '../result.ts';
import { entryOf } from '../vfs/fd-table.ts';
import { countTasksOf } from './clone.ts';
import { argumentSpace, type ArgBlock, listArgs, userArgs } from './exec-args.ts';
import type { Program } from './exec-commit.ts';
import { closeProgram, openProgram } from './exec-file.ts';
import { killGroupBySignal } from './exit.ts';
import { BINARY_FORMATS } from './binfmt/registry.ts';
import { softLimit } from './rlimit.ts';
import { groupOf } from './task.ts';
import type { Task } from './types.ts';

/** Where the argument strings come from: user pointers, or the kernel (a process that the host starts). */
export type ExecSource =
  | { readonly argv: number; readonly env: number }
  | { readonly argv: readonly ByteString[]; readonly env: readonly ByteString[] };

const { AT_FDCWD } = AT_FD.values;
const { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } = EXECVEAT.values;
/** A script's interpreter may be a script, and so on, this often. */
const MAX_NESTING = 5;

/**
 * Replaces the program of `task`. After 0 its registers are the new program's. An error that comes too late to go back kills the
 * process with SIGSEGV, as Linux does.
 */
export function execFile(
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: ByteString,
  flags: number,
  source: ExecSource,
): Outcome<0> {
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) !== 0) return 'EINVAL';
  const group = groupOf(kernel, task);
  if (group.overProcessLimit && countTasksOf(kernel, task.cred.uid) > softLimit(group, 'RLIMIT_NPROC')) return 'EAGAIN';
  group.overProcessLimit = false;
  const file = openProgram(
    kernel,
    task,
    dirfd,
    path,
    (flags & AT_SYMLINK_NOFOLLOW) === 0,
    (flags & AT_EMPTY_PATH) !== 0,
  );
  if (failed(file)) return file;
  const strings = readStrings(kernel, task, path, source);
  if (typeof strings === 'string') {
    closeProgram(kernel, file);
    return strings;
  }
  const name = programName(dirfd, path);
  const program: Program = {
    file,
    name,
    interpreted: name,
    isInaccessible: name !== path && entryOf(kernel, task, dirfd)?.closeOnExec === true,
    ...strings,
    committed: false,
    secure: false,
  };
  const result = loadProgram(kernel, task, program);
  closeProgram(kernel, program.file);
  if (failed(result) && !isWait(result) && program.committed) killGroupBySignal(kernel, task, SIGNALS.SIGSEGV);
  return result;
}

/** Tries the formats in turn, and again for each interpreter that a script names. */
function loadProgram(kernel: Kernel, task: Task, program: Program): Outcome<0> {
  for (let depth = 0; depth <= MAX_NESTING; depth++) {
    let again = false;
    for (const format of BINARY_FORMATS) {
      const loaded = format.load(kernel, task, program);
      if (failed(loaded)) {
        if (loaded === 'ENOEXEC' && !program.committed) continue;
        return loaded;
      }
      if (loaded.done === 'started') return 0;
      again = true;
      break;
    }
    if (!again) return 'ENOEXEC';
  }
  return 'ELOOP';
}

function readStrings(kernel: Kernel, task: Task, path: ByteString, source: ExecSource) {
  if (typeof source.argv !== 'number')
    return orEmpty(listArgs(source.argv), listArgs(source.env as readonly ByteString[]));
  const space = argumentSpace(groupOf(kernel, task)) - path.length - 1;
  const argv = userArgs(kernel, task, source.argv, space);
  if (typeof argv === 'string') return argv;
  const env = userArgs(kernel, task, source.env as number, space - argv.length - 8 * argv.count);
  if (typeof env === 'string') return env;
  return orEmpty(argv, env);
}

/** Linux: a program always gets an argv[0], an empty string if need be. */
function orEmpty(argv: ArgBlock, env: ArgBlock): { argv: ArgBlock; env: ArgBlock } {
  return { argv: argv.count === 0 ? listArgs(['']) : argv, env };
}

function programName(dirfd: number, path: ByteString): ByteString {
  if (dirfd === AT_FDCWD || path.startsWith('/')) return path;
  return path === '' ? `/dev/fd/${dirfd}` : `/dev/fd/${dirfd}/${path}`;
}
