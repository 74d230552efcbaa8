/**
 * From the trap frame to the handler and back.
 *
 * Interface: enterSyscall, resumeSyscall.
 * Entry and exit are observed once each, however often a call that waits is entered again.
 */
import { errnoNumber, isRestart, type Restart } from '../../abi/errno.ts';
import { type ArgSource, syscallName, SYSCALLS, syscallsByNumber } from '../../abi/syscalls.ts';
import { setReturnValue } from '../arch/arch.ts';
import { A0, A7 } from '../arch/riscv64/trap-frame.ts';
import type { Kernel } from '../kernel.ts';
import { logLine } from '../log.ts';
import { isWait, type Wait } from '../result.ts';
import { restoreMask } from '../signal/mask.ts';
import { sleepOn } from '../sched/wait-queue.ts';
import type { SyscallState, Task } from '../task/types.ts';
import { KEEP_REGISTERS, type AnyHandler, type SyscallResult } from './handlers.ts';
import { HANDLERS } from './table.ts';

const TWO_32 = 4294967296;
const RESTART_SYSCALL = SYSCALLS.restart_syscall.nr.riscv64;
const SIGKILL_BIT = 1n << 8n;

interface Entry {
  readonly handler: AnyHandler;
  readonly sources: readonly ArgSource[];
}

/** Indexed by the number in a7. */
const ENTRIES: readonly (Entry | undefined)[] = syscallsByNumber('riscv64').map((call) => {
  const handler = call && (HANDLERS as Readonly<Record<string, AnyHandler | undefined>>)[call.name];
  return handler && { handler, sources: call.sources };
});

/** Makes the call that the frame of `task` asks for. */
export function enterSyscall(kernel: Kernel, task: Task): void {
  const words = kernel.machine.ram.i32;
  const frame = task.trapFrame >> 2;
  const state = task.syscall;
  const number = words[frame + 2 * A7 + 1] === 0 ? words[frame + 2 * A7]! : -1;
  state.number = number;
  state.isActive = true;
  resetProgress(state);
  kernel.stats.syscalls++;
  const { observers } = kernel;
  if (observers.syscallEnter !== null) observeEntry(kernel, task, frame);
  const entry = number >= 0 && number < ENTRIES.length ? ENTRIES[number] : undefined;
  if (entry === undefined) return enterOther(kernel, task, number);
  const result = entry.sources.length === 0 ? entry.handler(kernel, task) : call(kernel, task, entry);
  const isPlain = typeof result === 'number' && task.state === 'running';
  if (!isPlain || observers.syscallExit !== null || task.savedMask !== null) return finish(kernel, task, result);
  state.isActive = false;
  setReturnValue(kernel, task, result);
}

/** Enters a call again whose wait has ended. */
export function resumeSyscall(kernel: Kernel, task: Task): void {
  const entry = ENTRIES[task.syscall.number];
  finish(kernel, task, entry === undefined ? 'ENOSYS' : call(kernel, task, entry));
}

function enterOther(kernel: Kernel, task: Task, number: number): void {
  if (number === RESTART_SYSCALL) resumeBlock(kernel, task, task.syscall);
  else finish(kernel, task, notThere(kernel, task, number));
}

/** restart_syscall(2): goes on with the call that a signal interrupted, with the progress that it had. */
function resumeBlock(kernel: Kernel, task: Task, state: SyscallState): void {
  const block = task.restartBlock;
  if (block === null) return finish(kernel, task, 'EINTR');
  task.restartBlock = null;
  state.number = block.number;
  state.progress = block.progress;
  resumeSyscall(kernel, task);
}

function call(kernel: Kernel, task: Task, { handler, sources }: Entry): SyscallResult {
  const words = kernel.machine.ram.i32;
  const base = (task.trapFrame >> 2) + 2 * A0;
  switch (sources.length) {
    case 0:
      return handler(kernel, task);
    case 1:
      return handler(kernel, task, argument(words, base, sources[0]!));
    case 2:
      return handler(kernel, task, argument(words, base, sources[0]!), argument(words, base, sources[1]!));
    case 3:
      return handler(
        kernel,
        task,
        argument(words, base, sources[0]!),
        argument(words, base, sources[1]!),
        argument(words, base, sources[2]!),
      );
    case 4:
      return handler(
        kernel,
        task,
        argument(words, base, sources[0]!),
        argument(words, base, sources[1]!),
        argument(words, base, sources[2]!),
        argument(words, base, sources[3]!),
      );
    case 5:
      return handler(
        kernel,
        task,
        argument(words, base, sources[0]!),
        argument(words, base, sources[1]!),
        argument(words, base, sources[2]!),
        argument(words, base, sources[3]!),
        argument(words, base, sources[4]!),
      );
    default:
      return handler(
        kernel,
        task,
        argument(words, base, sources[0]!),
        argument(words, base, sources[1]!),
        argument(words, base, sources[2]!),
        argument(words, base, sources[3]!),
        argument(words, base, sources[4]!),
        argument(words, base, sources[5]!),
      );
  }
}

/** A register as the kind of its argument wants it. a0 is still the caller's while a call is entered again. */
function argument(
  words: Int32Array,
  base: number,
  { register, width }: Pick<ArgSource, 'register' | 'width'>,
): number | bigint {
  const low = words[base + 2 * register]!;
  if (width === 'int') return low;
  const high = words[base + 2 * register + 1]!;
  if (width === 'uint' || (high === 0 && width !== 'u64')) return low >>> 0;
  if (width === 'long' || width === 'loff') return high * TWO_32 + (low >>> 0);
  if (width === 'ulong') return (high >>> 0) * TWO_32 + (low >>> 0);
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function finish(kernel: Kernel, task: Task, result: SyscallResult): void {
  if (task.state === 'zombie' || task.state === 'dead') return;
  if (typeof result !== 'number' && isWait(result)) {
    const interruption = interruptionOf(task, result);
    if (interruption === undefined) return sleepOn(kernel, task, result);
    result = interruption;
  }
  if (kernel.observers.syscallExit !== null) observeExit(kernel, task, result);
  task.syscall.isActive = false;
  // A mask that was set for the time of the call stays only for the handler that interrupted it.
  if (task.savedMask !== null && result !== 'EINTR' && !isRestart(result)) restoreMask(kernel, task);
  if (typeof result === 'number') setReturnValue(kernel, task, result);
  else if (typeof result === 'string') {
    if (isRestart(result)) leaveForRestart(task, result);
    else setReturnValue(kernel, task, -errnoNumber(result));
  }
}

function leaveForRestart(task: Task, restart: Restart): void {
  task.restart = restart;
  if (restart !== 'ERESTART_RESTARTBLOCK') return;
  const { number, progress } = task.syscall;
  task.restartBlock = { number, progress: { ...progress } };
}

/** What the signals that are pending make of a wait; undefined: it goes on. */
function interruptionOf(task: Task, wait: Wait): Restart | 'EINTR' | undefined {
  if (wait.onSignal === 'uninterruptible') return undefined;
  // A task with SIGKILL pending is going to die: what the call gives does not matter any more.
  if (wait.onSignal === 'killable') return (task.pending.set & SIGKILL_BIT) === 0n ? undefined : 'EINTR';
  return task.signalPending ? wait.onSignal : undefined;
}

/** Linux: a number that is not in the table gives ENOSYS. Each one is reported once. */
function notThere(kernel: Kernel, task: Task, number: number): 'ENOSYS' {
  const name = syscallName(number) ?? `number ${number}`;
  const times = kernel.missingCalls.get(name) ?? 0;
  if (times === 0) logLine(kernel, 4, `${task.comm}[${task.tid}]: system call ${name} is not implemented`);
  if (times > 0 || kernel.missingCalls.size < 1024) kernel.missingCalls.set(name, times + 1);
  return 'ENOSYS';
}

function resetProgress(state: SyscallState): void {
  state.progress.deadlineNs = NaN;
  state.progress.done = 0;
  state.progress.phase = 0;
  state.progress.extra = null;
}

function observeEntry(kernel: Kernel, task: Task, frame: number): void {
  const words = kernel.machine.ram.i32;
  for (let i = 0; i < 6; i++)
    task.syscall.args[i] = argument(words, frame + 2 * A0, { register: i, width: 'long' }) as number;
  kernel.observers.syscallEnter!(task);
}

function observeExit(kernel: Kernel, task: Task, result: SyscallResult): void {
  if (typeof result === 'number' || typeof result === 'string') kernel.observers.syscallExit!(task, result);
  else if (result === KEEP_REGISTERS) kernel.observers.syscallExit!(task, 0);
}
