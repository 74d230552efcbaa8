/**
 * What happens with signals on the way back to user mode.
 *
 * Interface: deliverSignals.
 * Called while the task is running and has a signal, a restart or a temporary mask to settle. Afterwards the task may be stopped or
 * dead. Restart rules as in signal(7), "Interruption of system calls".
 */
import { SIGACTION, SI_CODE_CHLD } from '../../abi/flags/signal.ts';
import { defaultAction, SIG_DFL, SIG_IGN, SIGNALS } from '../../abi/signals.ts';
import { restartSyscall, setReturnErrno, setSyscallNumber } from '../arch/arch.ts';
import { pushSignalFrame } from '../arch/riscv64/signal-frame.ts';
import type { Kernel } from '../kernel.ts';
import { exitGroup, exitThread } from '../task/exit.ts';
import { isPgrpOrphaned } from '../task/job-control.ts';
import { abortRseq } from '../task/rseq.ts';
import type { Task, ThreadGroup } from '../task/types.ts';
import { pendingSet, recalcPending, restoreMask, setMask, signalBit } from './mask.ts';
import { dequeueSignal } from './queue.ts';
import { forceSignal, kernelInfo, notifyParent, wakeForSignal } from './send.ts';
import { setDefault, sighandOf } from './sighand.ts';
import type { SigAction, SigInfo } from './types.ts';

const { SA_NODEFER, SA_RESETHAND, SA_RESTART } = SIGACTION.values;
const RESTART_SYSCALL_NUMBER = 128;

export function deliverSignals(kernel: Kernel, task: Task): void {
  const group = kernel.groups.get(task.tgid)!;
  while (task.state === 'running') {
    if (group.groupExit !== null) return exitThread(kernel, task, group.groupExit);
    if ((pendingSet(kernel, task) & signalBit(SIGNALS.SIGKILL)) !== 0n) return exitGroup(kernel, task, SIGNALS.SIGKILL);
    if (group.stopPending) {
      stopThread(kernel, group, task);
      continue;
    }
    const info = takeSignal(kernel, group, task);
    if (info === undefined) return withoutHandler(kernel, task);
    const action = sighandOf(kernel, task).actions[info.signo]!;
    kernel.observers.signalDelivered?.(task, info);
    if (action.handler === SIG_IGN) continue;
    if (action.handler !== SIG_DFL) return runHandler(kernel, task, info, action);
    defaultEffect(kernel, group, task, info);
  }
}

function takeSignal(kernel: Kernel, group: ThreadGroup, task: Task): SigInfo | undefined {
  const wanted = ~task.blocked;
  const info = dequeueSignal(task.pending, wanted) ?? dequeueSignal(group.pending, wanted);
  recalcPending(kernel, task);
  return info;
}

function defaultEffect(kernel: Kernel, group: ThreadGroup, task: Task, info: SigInfo): void {
  const isForced = task.forcedInfo?.signo === info.signo;
  task.forcedInfo = null;
  const effect = defaultAction(info.signo);
  if (effect === 'ignore' || effect === 'continue') return;
  // Linux: init is not killed or stopped by what it does not handle.
  if (group.unkillable && !isForced) return;
  if (effect !== 'stop') return exitGroup(kernel, task, info.signo | (effect === 'core' ? coreFlag(group) : 0));
  if (info.signo !== SIGNALS.SIGSTOP && isPgrpOrphaned(kernel, group.pgrp)) return;
  group.stopSignal = info.signo;
  group.stopPending = true;
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread !== undefined && thread !== task) wakeForSignal(kernel, thread, false);
  }
}

/** The bit of the wait status that says "core dumped". None is written; it is said where Linux would have tried. */
function coreFlag(group: ThreadGroup): number {
  return group.rlimits[RLIMIT_CORE]!.soft > 0 ? 0x80 : 0;
}

const RLIMIT_CORE = 4;

/** Takes part in a group stop. The last thread to stop tells the parent. */
function stopThread(kernel: Kernel, group: ThreadGroup, task: Task): void {
  task.state = 'stopped';
  const isLast = group.threads.every((tid) => {
    const state = kernel.tasks.get(tid)?.state;
    return state === undefined || state === 'stopped' || state === 'zombie' || state === 'dead';
  });
  if (!isLast) return;
  group.stopPending = false;
  group.unreportedStop = true;
  group.unreportedContinue = false;
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread !== undefined) recalcPending(kernel, thread);
  }
  notifyParent(kernel, group, SI_CODE_CHLD.values.CLD_STOPPED, group.stopSignal);
}

function runHandler(kernel: Kernel, task: Task, info: SigInfo, action: SigAction): void {
  settleRestart(kernel, task, action);
  const mask = task.savedMask ?? task.blocked;
  task.savedMask = null;
  const { handler, flags } = action;
  const blocked = task.blocked | action.mask | ((flags & SA_NODEFER) === 0 ? signalBit(info.signo) : 0n);
  const isRseqBroken = task.rseq !== null && !abortRseq(kernel, task);
  if (isRseqBroken || !pushSignalFrame(kernel, task, info, handler, flags, mask)) {
    // No room for the frame, or a broken rseq area: the program cannot be told, so it dies.
    if (info.signo === SIGNALS.SIGSEGV) setDefault(sighandOf(kernel, task), SIGNALS.SIGSEGV);
    return forceSignal(kernel, task, kernelInfo(SIGNALS.SIGSEGV));
  }
  if ((flags & SA_RESETHAND) !== 0) setDefault(sighandOf(kernel, task), info.signo);
  setMask(kernel, task, blocked);
}

/** A handler runs: the interrupted call is made again after it, or fails with EINTR. */
function settleRestart(kernel: Kernel, task: Task, action: SigAction): void {
  const restart = task.restart;
  if (restart === null) return;
  task.restart = null;
  const again = restart === 'ERESTARTNOINTR' || (restart === 'ERESTARTSYS' && (action.flags & SA_RESTART) !== 0);
  if (again) restartSyscall(kernel, task);
  else {
    task.restartBlock = null;
    setReturnErrno(kernel, task, 'EINTR');
  }
}

/** No handler runs: whatever was interrupted goes on. */
function withoutHandler(kernel: Kernel, task: Task): void {
  const restart = task.restart;
  task.restart = null;
  if (restart !== null) restartSyscall(kernel, task);
  if (restart === 'ERESTART_RESTARTBLOCK') setSyscallNumber(kernel, task, RESTART_SYSCALL_NUMBER);
  restoreMask(kernel, task);
}
