/**
 * The kernel's main loop: pick a task, return to user mode, take the trap, handle it.
 *
 * Interface: runKernel, RunStatus, haltForLimit.
 * The host calls runKernel again and again; between two calls it delivers input and takes output.
 */
import {
  decodeTrap,
  exactTrapValue,
  instructionPointer,
  prepareUser,
  tookEcall,
  saveTrapFrame,
  trapValue,
} from './arch/arch.ts';
import type { ExitReason, Kernel, Limits, Sampler } from './kernel.ts';
import { logLine } from './log.ts';
import { handleUserFault } from './mm/fault.ts';
import { activateMm, mmOf } from './mm/mm.ts';
import { oops } from './oops.ts';
import { isWait, type Wait } from './result.ts';
import { updateLoad } from './sched/load.ts';
import { chargeTask, pickNext, requeuePreempted } from './sched/scheduler.ts';
import { sleepOn } from './sched/wait-queue.ts';
import { chargeCpuTimers } from './time/itimer.ts';
import { deliverSignals } from './signal/deliver.ts';
import { forceSignal, kernelInfo } from './signal/send.ts';
import { enterSyscall, resumeSyscall } from './syscalls/dispatch.ts';
import { abortRseq } from './task/rseq.ts';
import type { Task } from './task/types.ts';
import { runTimers } from './time/timer-actions.ts';
import { nextTimerNs, nowNs, programTimer } from './time/timers.ts';
import { updateVdsoData } from './time/vdso-data.ts';
import { SIGNALS } from '../abi/signals.ts';
import { LOAD, type Hart, type Load, type StopReason } from '../machine/machine.ts';
import { consoleInterrupt } from './tty/console.ts';

export type RunStatus =
  /** There is more to do: call again soon. */
  | { readonly kind: 'busy' }
  /** Nothing to do before `untilNs` (monotonic; Infinity) unless input comes. */
  | { readonly kind: 'idle'; readonly untilNs: number }
  | { readonly kind: 'halted'; readonly reason: ExitReason };

const BUSY: RunStatus = { kind: 'busy' };
const TICK_NS = 4_000_000;
const MAX_RUN = 1 << 30;
/** Nominal cost of an instruction, to split run time into user and system time without reading the clock at each trap. */
const NS_PER_INSTRUCTION = 1.5;

/** Runs until there is nothing to do, the system halts, or `budgetNs` have passed. */
export function runKernel(kernel: Kernel, budgetNs: number): RunStatus {
  try {
    return loop(kernel, nowNs(kernel) + budgetNs);
  } catch (error) {
    oops(kernel, error, 'running the kernel');
    return { kind: 'halted', reason: kernel.halted! };
  }
}

/** Stops the system because a limit of the sandbox was reached. */
export function haltForLimit(kernel: Kernel, limit: keyof Limits | 'memory', text: string): void {
  if (kernel.halted !== null) return;
  kernel.halted = { kind: 'limit', limit, text };
  logLine(kernel, 2, `limit reached: ${text}`);
}

function loop(kernel: Kernel, untilNs: number): RunStatus {
  for (let now = nowNs(kernel); ;) {
    runTimers(kernel, now);
    updateLoad(kernel, now);
    updateVdsoData(kernel, now);
    checkLimits(kernel, now);
    if (kernel.halted !== null) return { kind: 'halted', reason: kernel.halted };
    if (now >= untilNs) return BUSY;
    const task = pickNext(kernel);
    if (task === undefined) return { kind: 'idle', untilNs: Math.min(nextTimerNs(kernel), kernel.limits.wallNs) };
    now = runTask(kernel, task, now, untilNs);
  }
}

/** Lets one task have the hart until it sleeps, stops, dies or must give way. Gives the time then. */
function runTask(kernel: Kernel, task: Task, now: number, untilNs: number): number {
  const { hart } = kernel.machine;
  task.state = 'running';
  kernel.current = task.tid;
  kernel.needResched = false;
  kernel.stats.contextSwitches++;
  task.sched.lastRunNs = now;
  const startRetired = hart.retired;
  let chargedRetired = startRetired;
  activateMm(kernel, mmOf(kernel, task));
  programTick(kernel, now, untilNs);
  if (task.syscall.isActive) resumeSyscall(kernel, task);
  for (;;) {
    const reason = runUntilTrap(kernel, task);
    if (reason === null) break;
    if (reason === 'budget') {
      chargedRetired = charge(kernel, task, chargedRetired);
      if (hart.retired >= kernel.limits.instructions)
        haltForLimit(kernel, 'instructions', `${kernel.limits.instructions} instructions were run`);
      // The registers are still the hart's: leave as through a timer interrupt.
      saveRunning(kernel, task);
      break;
    }
    saveTrapFrame(kernel, task);
    const trap = decodeTrap(kernel, task);
    if (trap === 'timer') {
      chargedRetired = charge(kernel, task, chargedRetired);
      tick(kernel, untilNs);
    } else handleTrap(kernel, task, trap);
  }
  charge(kernel, task, chargedRetired);
  if (task.state === 'running') {
    task.usage.involuntarySwitches++;
    leaveCriticalSection(kernel, task);
    requeuePreempted(kernel, task);
  }
  kernel.current = 0;
  return task.sched.lastRunNs;
}

/**
 * Runs the task and serves its system calls until something else happens; null: it may not return to user mode. A function of its own, so
 * that the host compiles this loop and nothing else with it.
 */
function runUntilTrap(kernel: Kernel, task: Task): StopReason | null {
  const { hart } = kernel.machine;
  const end = Math.min(hart.retired + MAX_RUN, kernel.limits.instructions);
  const { sampler } = kernel.observers;
  while (mayReturnToUser(kernel, task)) {
    const load = prepareUser(kernel, task);
    const reason =
      sampler === null ? hart.runUser(end, task.trapFrame, load) : runSampled(hart, task, sampler, end, load);
    if (reason !== 'ecall') return reason;
    tookEcall(kernel, task);
    enterSyscall(kernel, task);
  }
  return null;
}

/** As hart.runUser, with a look at the task at each count of instructions that the sampler asks for. */
function runSampled(hart: Hart, task: Task, sampler: Sampler, end: number, load: Load): StopReason | 'ecall' {
  for (let next: Load = load; ; next = LOAD.nothing) {
    const reason = hart.runUser(Math.min(end, sampler.dueAt), task.trapFrame, next);
    if (reason !== 'budget' || hart.retired < sampler.dueAt) return reason;
    sampler.take(task);
  }
}

/** Delivers signals; then tells whether the task still has the hart. */
function mayReturnToUser(kernel: Kernel, task: Task): boolean {
  while (task.state === 'running' && (task.signalPending || task.restart !== null || task.savedMask !== null))
    deliverSignals(kernel, task);
  return task.state === 'running' && !kernel.needResched && kernel.halted === null;
}

function handleTrap(kernel: Kernel, task: Task, trap: ReturnType<typeof decodeTrap>): void {
  switch (trap) {
    case 'fault-read':
      return userFault(kernel, task, 'read');
    case 'fault-write':
      return userFault(kernel, task, 'write');
    case 'fault-exec':
      return userFault(kernel, task, 'exec');
    case 'external':
      return externalInterrupt(kernel);
    case 'software':
      return;
    case 'illegal':
      return fault(kernel, task, SIGNALS.SIGILL, ILL_ILLOPC, instructionPointer(kernel, task));
    case 'breakpoint':
      return fault(kernel, task, SIGNALS.SIGTRAP, TRAP_BRKPT, instructionPointer(kernel, task));
    case 'misaligned':
      return fault(kernel, task, SIGNALS.SIGBUS, BUS_ADRALN, exactTrapValue(kernel, task));
    default:
      return fault(kernel, task, SIGNALS.SIGSEGV, SEGV_ACCERR, exactTrapValue(kernel, task));
  }
}

const ILL_ILLOPC = 1;
const TRAP_BRKPT = 1;
const BUS_ADRALN = 1;
const SEGV_ACCERR = 2;

function userFault(kernel: Kernel, task: Task, access: 'read' | 'write' | 'exec'): void {
  kernel.stats.pageFaults++;
  const address = trapValue(kernel, task);
  const result = handleUserFault(kernel, task, mmOf(kernel, task), address, access);
  if (result === 0) return;
  if (isWait(result)) return waitForPage(kernel, task, result);
  fault(kernel, task, SIGNALS[result.signal], result.code, exactTrapValue(kernel, task));
}

/** Woken, the task makes the access again. A signal that may end the wait is seen to first. */
function waitForPage(kernel: Kernel, task: Task, wait: Wait): void {
  leaveCriticalSection(kernel, task);
  if (!task.signalPending || wait.onSignal === 'uninterruptible') sleepOn(kernel, task, wait);
}

/** The task loses the hart in the midst of its code. */
function leaveCriticalSection(kernel: Kernel, task: Task): void {
  if (task.rseq !== null && !abortRseq(kernel, task)) forceSignal(kernel, task, kernelInfo(SIGNALS.SIGSEGV));
}

function fault(kernel: Kernel, task: Task, signo: number, code: number, address: number | bigint): void {
  forceSignal(kernel, task, { signo, errno: 0, code, address });
}

function externalInterrupt(kernel: Kernel): void {
  kernel.stats.interrupts++;
  const { interrupts, console } = kernel.machine;
  for (let source = interrupts.claim(); source !== 0; source = interrupts.claim()) {
    if (source === console.irq) consoleInterrupt(kernel);
    interrupts.complete(source);
  }
}

function tick(kernel: Kernel, untilNs: number): void {
  kernel.stats.interrupts++;
  const now = nowNs(kernel);
  runTimers(kernel, now);
  updateLoad(kernel, now);
  updateVdsoData(kernel, now);
  checkLimits(kernel, now);
  if (now >= untilNs) kernel.needResched = true;
  programTick(kernel, now, untilNs);
}

/**
 * The next interrupt comes at the next tick, the next kernel timer or the end of this call, whichever is first. What is programmed for
 * sooner stays, as an early interrupt does no harm.
 */
function programTick(kernel: Kernel, now: number, untilNs: number): void {
  const next = Math.min(now + TICK_NS, nextTimerNs(kernel), Math.max(untilNs, now + 1000));
  if (kernel.timerProgrammedNs <= now || kernel.timerProgrammedNs > next) programTimer(kernel, next);
}

/** Charges the time since the last charge; gives the retired count up to which it was charged. */
function charge(kernel: Kernel, task: Task, chargedRetired: number): number {
  const now = nowNs(kernel);
  const elapsed = now - task.sched.lastRunNs;
  const retired = kernel.machine.hart.retired;
  const user = Math.min(elapsed, (retired - chargedRetired) * NS_PER_INSTRUCTION);
  task.usage.userNs += user;
  task.usage.systemNs += elapsed - user;
  kernel.stats.userNs += user;
  kernel.stats.systemNs += elapsed - user;
  task.sched.lastRunNs = now;
  chargeTask(kernel, task, elapsed);
  chargeCpuTimers(kernel, task, user, elapsed - user);
  return retired;
}

/** The hart stopped between two user instructions without a trap: the frame is made from the hart itself. */
function saveRunning(kernel: Kernel, task: Task): void {
  const { hart } = kernel.machine;
  hart.setCsrHalves('sepc', hart.pcLo(), hart.pcHi());
  saveTrapFrame(kernel, task);
  hart.mode = 'S';
}

function checkLimits(kernel: Kernel, now: number): void {
  if (now >= kernel.limits.wallNs) haltForLimit(kernel, 'wallNs', `ran longer than ${kernel.limits.wallNs / 1e9} s`);
}
