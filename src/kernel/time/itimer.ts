/**
 * Interval timers of a process. Interface: getItimer, setItimer, disarmItimers, itimerRealExpired, chargeCpuTimers. See setitimer(2), alarm(2).
 */
import { SIGNALS } from '../../abi/signals.ts';
import { SI_CODE } from '../../abi/flags/signal.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { sendToGroup, sendToThread } from '../signal/send.ts';
import type { Task, ThreadGroup } from '../task/types.ts';
import { processCpuNs } from './clocks.ts';
import { chargePosixTimers } from './posix-timer.ts';
import { armTimer, cancelTimer, nowNs, rearmTimer } from './timers.ts';

export type Which = 'real' | 'virtual' | 'prof';

export interface ItimerValue {
  readonly leftNs: number;
  readonly intervalNs: number;
}

/** How long until it expires next (0: disarmed), and its interval. */
export function getItimer(kernel: Kernel, task: Task, which: Which): ItimerValue {
  const timer = kernel.groups.get(task.tgid)!.itimers[which];
  if (timer.expiresNs === 0) return { leftNs: 0, intervalNs: timer.intervalNs };
  return { leftNs: Math.max(1000, timer.expiresNs - consumed(kernel, task, which)), intervalNs: timer.intervalNs };
}

/** Sets it to expire in `leftNs` (0 disarms) and then every `intervalNs` (0: once). */
export function setItimer(kernel: Kernel, task: Task, which: Which, value: ItimerValue): void {
  const group = kernel.groups.get(task.tgid)!;
  const timer = group.itimers[which];
  timer.intervalNs = value.intervalNs;
  timer.expiresNs = value.leftNs === 0 ? 0 : consumed(kernel, task, which) + value.leftNs;
  if (which === 'real') rearm(kernel, group);
}

/** For a process that ends: none of its timers stays armed. */
export function disarmItimers(kernel: Kernel, group: ThreadGroup): void {
  for (const timer of Object.values(group.itimers)) timer.expiresNs = 0;
  rearm(kernel, group);
}

/** The machine's timer reached a process's ITIMER_REAL. */
export function itimerRealExpired(kernel: Kernel, tgid: Tid): void {
  const group = kernel.groups.get(tgid);
  if (group === undefined || group.itimers.real.expiresNs === 0) return;
  const { real } = group.itimers;
  const now = nowNs(kernel);
  if (real.intervalNs === 0) real.expiresNs = 0;
  else real.expiresNs += Math.max(1, Math.ceil((now - real.expiresNs) / real.intervalNs)) * real.intervalNs;
  group.realTimer = real.expiresNs === 0 ? 0 : rearmTimer(kernel, real.expiresNs, 'itimer-real', tgid, 0);
  sendToGroup(kernel, group, timerSignal(SIGNALS.SIGALRM));
}

/** Counts CPU time against ITIMER_VIRTUAL, ITIMER_PROF and RLIMIT_CPU. Called at each tick and switch. */
export function chargeCpuTimers(kernel: Kernel, task: Task, userNs: number, systemNs: number): void {
  const group = kernel.groups.get(task.tgid);
  if (group === undefined) return;
  group.userCpuNs += userNs;
  group.cpuNs += userNs + systemNs;
  const { virtual, prof } = group.itimers;
  if (virtual.expiresNs !== 0 && group.userCpuNs >= virtual.expiresNs)
    expireCpu(kernel, group, 'virtual', SIGNALS.SIGVTALRM);
  if (prof.expiresNs !== 0 && group.cpuNs >= prof.expiresNs) expireCpu(kernel, group, 'prof', SIGNALS.SIGPROF);
  const limit = group.rlimits[RLIMIT_CPU]!;
  if (limit.soft !== Infinity) checkCpuLimit(kernel, group, task, limit);
  if (group.posixTimers.size > 0) chargePosixTimers(kernel, group);
}

const RLIMIT_CPU = 0;
const NS_PER_SEC = 1e9;

/** Past the soft limit SIGXCPU once a second, at the hard limit SIGKILL (getrlimit(2)). */
function checkCpuLimit(kernel: Kernel, group: ThreadGroup, task: Task, limit: { soft: number; hard: number }): void {
  const seconds = group.cpuNs / NS_PER_SEC;
  if (seconds >= limit.hard) return sendToGroup(kernel, group, timerSignal(SIGNALS.SIGKILL));
  if (seconds < limit.soft || seconds < group.cpuWarnedSeconds + 1) return;
  group.cpuWarnedSeconds = seconds;
  sendToThread(kernel, task, timerSignal(SIGNALS.SIGXCPU));
}

function expireCpu(kernel: Kernel, group: ThreadGroup, which: 'virtual' | 'prof', signo: number): void {
  const timer = group.itimers[which];
  const used = which === 'virtual' ? group.userCpuNs : group.cpuNs;
  timer.expiresNs = timer.intervalNs === 0 ? 0 : used + timer.intervalNs;
  sendToGroup(kernel, group, timerSignal(signo));
}

function rearm(kernel: Kernel, group: ThreadGroup): void {
  if (group.realTimer !== 0) cancelTimer(kernel, group.realTimer);
  const { expiresNs } = group.itimers.real;
  group.realTimer = expiresNs === 0 ? 0 : armTimer(kernel, expiresNs, 'itimer-real', group.tgid, 0);
}

function consumed(kernel: Kernel, task: Task, which: Which): number {
  if (which === 'real') return nowNs(kernel);
  const group = kernel.groups.get(task.tgid)!;
  return which === 'virtual' ? group.userCpuNs : Math.max(group.cpuNs, processCpuNs(kernel, task));
}

function timerSignal(signo: number): { signo: number; errno: number; code: number } {
  return { signo, errno: 0, code: SI_CODE.values.SI_KERNEL };
}
