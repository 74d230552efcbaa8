/**
 * Sending signals: what is ignored at once, who is chosen, who is woken.
 *
 * Interface: sendToThread, sendToGroup, sendToPgrp, forceSignal, notifyParent, userInfo, kernelInfo, wakeForSignal, mayKill.
 * See kill(2), signal(7); Linux kernel/signal.c for the order of the rules.
 */
import { SI_CODE, SI_CODE_CHLD, SIGACTION } from '../../abi/flags/signal.ts';
import { defaultAction, SIG_DFL, SIG_IGN, SIGNALS } from '../../abi/signals.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { enqueueTask } from '../sched/scheduler.ts';
import { leaveQueues, wakeAll, wakeTask } from '../sched/wait-queue.ts';
import type { Cred, Task, ThreadGroup } from '../task/types.ts';
import { capable } from '../task/cred.ts';
import { recalcPending, signalBit, UNBLOCKABLE } from './mask.ts';
import { enqueueSignal, removeSignals } from './queue.ts';
import { setDefault, sighandOf } from './sighand.ts';
import type { SigInfo } from './types.ts';
import { signalfdNotify } from './signalfd-notify.ts';

const STOP_SIGNALS =
  signalBit(SIGNALS.SIGSTOP) | signalBit(SIGNALS.SIGTSTP) | signalBit(SIGNALS.SIGTTIN) | signalBit(SIGNALS.SIGTTOU);
const CAP_KILL = 5;
const NS_PER_TICK = 10_000_000;

/** Info of a signal that `task` sends with kill(2). */
export function userInfo(task: Task, signo: number): SigInfo {
  return { signo, errno: 0, code: SI_CODE.values.SI_USER, pid: task.tgid, uid: task.cred.uid };
}

/** Info of a signal that the kernel sends of its own accord. */
export function kernelInfo(signo: number): SigInfo {
  return { signo, errno: 0, code: SI_CODE.values.SI_KERNEL, pid: 0, uid: 0 };
}

/** Whether `sender` may signal `target` (kill(2), "Permissions"). SIGCONT inside a session is the caller's business. */
export function mayKill(sender: Cred, target: Cred): boolean {
  return (
    sender.euid === target.suid ||
    sender.euid === target.uid ||
    sender.uid === target.suid ||
    sender.uid === target.uid ||
    capable(sender, CAP_KILL)
  );
}

/** Sends to one thread (tgkill, faults, timers of a thread). */
export function sendToThread(kernel: Kernel, task: Task, info: SigInfo): void {
  const group = kernel.groups.get(task.tgid);
  if (group === undefined || task.state === 'zombie' || task.state === 'dead') return;
  if (!prepare(kernel, group, task, info)) return;
  if (!enqueueSignal(task.pending, info)) return;
  complete(kernel, group, task, info.signo);
}

/** Sends to a process: any thread that does not block it takes it. */
export function sendToGroup(kernel: Kernel, group: ThreadGroup, info: SigInfo): void {
  const leader = kernel.tasks.get(group.leader) ?? kernel.tasks.get(group.threads[0] ?? 0);
  if (leader === undefined || group.threads.length === 0) return;
  if (!prepare(kernel, group, leader, info)) return;
  if (!enqueueSignal(group.pending, info)) return;
  complete(kernel, group, chooseThread(kernel, group, info.signo) ?? leader, info.signo);
}

/** Sends to every process of a process group. Gives how many there were. */
export function sendToPgrp(kernel: Kernel, pgrp: Tid, info: SigInfo): number {
  let count = 0;
  for (const group of [...kernel.groups.values()]) {
    if (group.pgrp !== pgrp || group.threads.length === 0) continue;
    sendToGroup(kernel, group, info);
    count++;
  }
  return count;
}

/** A signal that cannot be escaped: blocked or ignored, it goes back to its default (Linux force_sig_info). */
export function forceSignal(kernel: Kernel, task: Task, info: SigInfo): void {
  const sighand = sighandOf(kernel, task);
  const bit = signalBit(info.signo);
  const blocked = (task.blocked & bit) !== 0n;
  if (blocked || sighand.actions[info.signo]!.handler === SIG_IGN) {
    setDefault(sighand, info.signo);
    task.blocked &= ~bit;
  }
  if (sighand.actions[info.signo]!.handler === SIG_DFL) task.forcedInfo = info;
  enqueueSignal(task.pending, info);
  recalcPending(kernel, task);
}

/** Makes a thread look at its signals: out of an interruptible sleep; out of any for a killing one. */
export function wakeForSignal(kernel: Kernel, task: Task, kill: boolean): void {
  task.signalPending = true;
  if (task.state === 'sleeping' || (kill && task.state === 'disk-sleep' && task.wait?.onSignal === 'killable'))
    wakeTask(kernel, task);
  else if (kill && task.state === 'stopped') {
    leaveQueues(kernel, task);
    enqueueTask(kernel, task);
  }
}

/** Effects of stop and continue signals on each other; false when the signal is ignored and need not be kept. */
function prepare(kernel: Kernel, group: ThreadGroup, task: Task, info: SigInfo): boolean {
  if (group.groupExit !== null) return info.signo === SIGNALS.SIGKILL;
  const bit = signalBit(info.signo);
  if ((bit & STOP_SIGNALS) !== 0n) forget(kernel, group, signalBit(SIGNALS.SIGCONT));
  else if (info.signo === SIGNALS.SIGCONT) {
    forget(kernel, group, STOP_SIGNALS);
    continueGroup(kernel, group);
  }
  if (!isIgnored(kernel, group, task, info)) return true;
  kernel.observers.signalIgnored?.(task, info);
  return false;
}

function forget(kernel: Kernel, group: ThreadGroup, unwanted: bigint): void {
  removeSignals(group.pending, unwanted);
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread === undefined) continue;
    removeSignals(thread.pending, unwanted);
    recalcPending(kernel, thread);
  }
}

function continueGroup(kernel: Kernel, group: ThreadGroup): void {
  const wasStopped = group.stopSignal !== 0;
  group.stopPending = false;
  group.stopSignal = 0;
  group.unreportedStop = false;
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread === undefined) continue;
    recalcPending(kernel, thread);
    if (thread.state === 'stopped') enqueueTask(kernel, thread);
  }
  if (!wasStopped) return;
  group.unreportedContinue = true;
  notifyParent(kernel, group, SI_CODE_CHLD.values.CLD_CONTINUED, SIGNALS.SIGCONT);
}

/** Sends SIGCHLD unless the parent said SA_NOCLDSTOP, and wakes those who wait for the child. */
export function notifyParent(kernel: Kernel, group: ThreadGroup, code: number, status: number): void {
  const parent = kernel.groups.get(group.parent);
  const leader = kernel.tasks.get(group.leader);
  if (parent === undefined || leader === undefined) return;
  const { CLD_STOPPED, CLD_CONTINUED } = SI_CODE_CHLD.values;
  const parentLeader = kernel.tasks.get(parent.leader);
  const action = parentLeader && kernel.sighands.get(parentLeader.sighand)?.actions[SIGNALS.SIGCHLD];
  const isQuiet =
    (code === CLD_STOPPED || code === CLD_CONTINUED) && ((action?.flags ?? 0) & SIGACTION.values.SA_NOCLDSTOP) !== 0;
  if (!isQuiet) {
    sendToGroup(kernel, parent, {
      signo: SIGNALS.SIGCHLD,
      errno: 0,
      code,
      pid: group.tgid,
      uid: leader.cred.uid,
      status,
      userTimeTicks: Math.floor(leader.usage.userNs / NS_PER_TICK),
      systemTimeTicks: Math.floor(leader.usage.systemNs / NS_PER_TICK),
    });
  }
  wakeAll(kernel, parent.childExit);
}

function isIgnored(kernel: Kernel, group: ThreadGroup, task: Task, info: SigInfo): boolean {
  const bit = signalBit(info.signo);
  if ((bit & UNBLOCKABLE) !== 0n) return group.unkillable;
  // A blocked signal is kept even if it is ignored now: its action may change before it is unblocked.
  if ((task.blocked & bit) !== 0n) return false;
  const { handler } = sighandOf(kernel, task).actions[info.signo]!;
  return handler === SIG_IGN || (handler === SIG_DFL && defaultAction(info.signo) === 'ignore');
}

function chooseThread(kernel: Kernel, group: ThreadGroup, signo: number): Task | undefined {
  const bit = signalBit(signo);
  let sleeping: Task | undefined;
  for (let i = -1; i < group.threads.length; i++) {
    const tid = i < 0 ? group.leader : group.threads[i]!;
    const thread = kernel.tasks.get(tid);
    if (thread === undefined || thread.state === 'zombie' || thread.state === 'dead') continue;
    if ((thread.blocked & bit) !== 0n && signo !== SIGNALS.SIGKILL) continue;
    if (!thread.signalPending || tid === kernel.current) return thread;
    sleeping ??= thread;
  }
  return sleeping;
}

function complete(kernel: Kernel, group: ThreadGroup, task: Task, signo: number): void {
  signalfdNotify(kernel, group);
  if (signo === SIGNALS.SIGKILL) {
    for (const tid of group.threads) {
      const thread = kernel.tasks.get(tid);
      if (thread === undefined || thread.state === 'zombie') continue;
      enqueueSignal(thread.pending, kernelInfo(SIGNALS.SIGKILL));
      wakeForSignal(kernel, thread, true);
    }
    return;
  }
  if ((task.blocked & signalBit(signo)) === 0n) wakeForSignal(kernel, task, false);
  // sigtimedwait waits for blocked signals: any thread of the process may be the one.
  for (const tid of group.threads) {
    const thread = kernel.tasks.get(tid);
    if (thread?.sigwait !== undefined && thread.sigwait !== 0n && (thread.sigwait & signalBit(signo)) !== 0n)
      wakeTask(kernel, thread);
  }
}
