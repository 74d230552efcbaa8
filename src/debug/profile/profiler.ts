/**
 * The profiler: every so many retired instructions it notes where the task on the hart is, and at each system call who makes it.
 *
 * Interface: attachProfiler, Profiler, ProfilerOptions, DEFAULT_INTERVAL.
 * It sees and changes nothing: the same program retires the same instructions with it, and where time is derived from them it gives the
 * same profile each time. It cannot see into the kernel, which retires none; system calls are counted and timed instead.
 */
import { nowNs } from '../../kernel/time/timers.ts';
import type { Kernel, Observers } from '../../kernel/kernel.ts';
import type { Task } from '../../kernel/task/types.ts';
import { instructionPointer, stackPointer } from '../../kernel/arch/arch.ts';
import { reg } from '../../kernel/arch/riscv64/trap-frame.ts';
import { toUtf8 } from '../../util/byte-string.ts';
import { createImages } from './images.ts';
import { StackTree, type Profile, type ThreadProfile } from './profile.ts';
import { callStack, type MachineContext } from './unwind.ts';
import { syscallName } from '../../abi/syscalls.ts';

export interface ProfilerOptions {
  /** Retired instructions from one sample to the next. Default 100 000. */
  readonly interval?: number;
}

export interface Profiler {
  /** Ends profiling and gives what was gathered. To be called once. */
  stop(): Profile;
}

export const DEFAULT_INTERVAL = 100_000;
/** So many calls of a thread are kept one by one; the others are only counted. */
const MOST_INTERVALS = 50_000;

const RA = 1;
const SP = 2;
const S0 = 8;

interface OpenCall {
  /** Who made it: execve gives the task another name. */
  readonly thread: ThreadProfile;
  readonly stack: number;
  readonly name: string;
  readonly startNs: number;
}

/** Profiles all tasks of a system from now on. Throws RangeError for an interval that is no positive whole number. */
export function attachProfiler(kernel: Kernel, options: ProfilerOptions = {}): Profiler {
  const interval = options.interval ?? DEFAULT_INTERVAL;
  if (!(Number.isSafeInteger(interval) && interval > 0))
    throw new RangeError(`a profile's interval is a positive number of instructions, not ${interval}`);
  const { hart } = kernel.machine;
  const images = createImages(kernel);
  const stacks = new StackTree();
  const threads = new Threads(kernel);
  const openCalls = new Map<Task, OpenCall>();
  const startNs = nowNs(kernel);
  const startRetired = hart.retired;
  const before: Observers = { ...kernel.observers };

  const stackOf = (task: Task, context: MachineContext): number => {
    const mm = kernel.mms.get(task.mm);
    return mm === undefined ? 0 : stacks.add(callStack(kernel, task, mm, images, context));
  };

  const sampler = {
    dueAt: startRetired + interval,
    take(task: Task): void {
      const thread = threads.of(task);
      thread.endNs = nowNs(kernel);
      thread.sampleTimesNs.push(thread.endNs);
      thread.sampleStacks.push(stackOf(task, { pc: hart.pc, ra: hart.x(RA), sp: hart.x(SP), s0: hart.x(S0) }));
      sampler.dueAt += interval;
    },
  };

  const syscallEnter = (task: Task): void => {
    before.syscallEnter?.(task);
    const context = {
      pc: instructionPointer(kernel, task),
      ra: reg(kernel, task, RA),
      sp: stackPointer(kernel, task),
      s0: reg(kernel, task, S0),
    };
    const name = syscallName(task.syscall.number) ?? `number ${task.syscall.number}`;
    const stack = stacks.addCall(stackOf(task, context), name);
    const thread = threads.of(task);
    const total = thread.calls.get(stack);
    if (total === undefined) thread.calls.set(stack, { count: 1, ns: 0 });
    else total.count++;
    openCalls.set(task, { thread, stack, name, startNs: nowNs(kernel) });
  };

  const syscallExit = (task: Task, result: number | string): void => {
    endCall(task);
    before.syscallExit?.(task, result);
  };

  const endCall = (task: Task): void => {
    const call = openCalls.get(task);
    if (call === undefined) return;
    openCalls.delete(task);
    const { thread, stack, name, startNs: since } = call;
    const endNs = nowNs(kernel);
    thread.endNs = endNs;
    thread.calls.get(stack)!.ns += endNs - since;
    if (thread.intervals.length < MOST_INTERVALS) thread.intervals.push({ name, startNs: since, endNs });
  };

  const taskExit = (task: Task): void => {
    endCall(task);
    threads.ended(task);
    before.taskExit?.(task);
  };

  Object.assign(kernel.observers, { sampler, syscallEnter, syscallExit, taskExit });
  return {
    stop() {
      for (const task of [...openCalls.keys()]) endCall(task);
      Object.assign(kernel.observers, before);
      return {
        interval,
        startNs,
        endNs: nowNs(kernel),
        instructions: hart.retired - startRetired,
        images: images.all,
        stacks,
        threads: threads.all,
      };
    },
  };
}

/** The records of threads. */
class Threads {
  readonly all: ThreadProfile[] = [];
  readonly #kernel: Kernel;
  readonly #current = new Map<Task, { readonly comm: string; readonly thread: ThreadProfile }>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  of(task: Task): ThreadProfile {
    const known = this.#current.get(task);
    if (known !== undefined && known.comm === task.comm) return known.thread;
    const leader = this.#kernel.tasks.get(task.tgid) ?? task;
    const now = nowNs(this.#kernel);
    const thread: ThreadProfile = {
      pid: task.tgid,
      tid: task.tid,
      processName: toUtf8(leader.comm),
      name: toUtf8(task.comm),
      isMain: task.tid === task.tgid,
      startNs: now,
      endNs: now,
      sampleTimesNs: [],
      sampleStacks: [],
      calls: new Map(),
      intervals: [],
    };
    this.all.push(thread);
    this.#current.set(task, { comm: task.comm, thread });
    return thread;
  }

  ended(task: Task): void {
    this.#current.delete(task);
  }
}
