/**
 * Waiting for children: which of them count, and what they have to tell. See wait(2).
 *
 * Interface: lookForChild, WaitRequest, ChildEvent.
 */
import { WAIT } from '../../abi/flags/process.ts';
import { SI_CODE_CHLD } from '../../abi/flags/signal.ts';
import { SIGNALS } from '../../abi/signals.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { isLive } from './job-control.ts';
import { reap } from './reap.ts';
import { groupById, groupOf, leaderOf, waitStatusOf } from './task.ts';
import type { Task, ThreadGroup, Usage } from './types.ts';
import { addUsage, groupUsage } from './usage.ts';

export interface WaitRequest {
  /** 0 for all. */
  readonly pid: Tid;
  /** Process group; 0 for all. */
  readonly pgrp: Tid;
  readonly options: number;
}

export interface ChildEvent {
  readonly pid: Tid;
  readonly uid: number;
  /** CLD_* and si_status, as waitid tells it. */
  readonly code: number;
  readonly detail: number;
  /** The status word of wait4. */
  readonly status: number;
  readonly usage: Usage;
}

const { WNOWAIT, WEXITED, WUNTRACED, WCONTINUED, __WNOTHREAD, __WALL, __WCLONE } = WAIT.values;
const { CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_STOPPED, CLD_CONTINUED } = SI_CODE_CHLD.values;
const CONTINUED_STATUS = 0xffff;
const STOPPED_FLAG = 0x7f;

/** What the oldest child with news has to tell; it is then reported (and a dead one reaped) unless WNOWAIT. Null: there are children, but no news. */
export function lookForChild(kernel: Kernel, task: Task, request: WaitRequest): ChildEvent | 'ECHILD' | null {
  const group = groupOf(kernel, task);
  let anyChild = false;
  for (const tgid of group.children) {
    const child = groupById(kernel, tgid);
    if (child === undefined || !isEligible(kernel, task, child, request)) continue;
    const event = eventOf(kernel, group, child, request.options);
    if (event !== null) return event;
    anyChild = true;
  }
  return anyChild ? null : 'ECHILD';
}

function isEligible(kernel: Kernel, task: Task, child: ThreadGroup, request: WaitRequest): boolean {
  const { pid, pgrp, options } = request;
  if (pid !== 0 && child.tgid !== pid) return false;
  if (pgrp !== 0 && child.pgrp !== pgrp) return false;
  if ((options & __WNOTHREAD) !== 0 && child.parentThread !== task.tid) return false;
  if ((options & __WALL) !== 0) return true;
  // Linux: "clone" children are those that tell of their death by another signal than SIGCHLD.
  const isClone = leaderOf(kernel, child).exitSignal !== SIGNALS.SIGCHLD;
  return isClone === ((options & __WCLONE) !== 0);
}

function eventOf(kernel: Kernel, parent: ThreadGroup, child: ThreadGroup, options: number): ChildEvent | null {
  const keep = (options & WNOWAIT) !== 0;
  if (!isLive(kernel, child)) return (options & WEXITED) === 0 ? null : deathOf(kernel, parent, child, keep);
  if ((options & WUNTRACED) !== 0 && child.unreportedStop && child.stopSignal !== 0) {
    if (!keep) child.unreportedStop = false;
    return event(kernel, child, CLD_STOPPED, child.stopSignal, (child.stopSignal << 8) | STOPPED_FLAG);
  }
  if ((options & WCONTINUED) !== 0 && child.unreportedContinue) {
    if (!keep) child.unreportedContinue = false;
    return event(kernel, child, CLD_CONTINUED, SIGNALS.SIGCONT, CONTINUED_STATUS);
  }
  return null;
}

function deathOf(kernel: Kernel, parent: ThreadGroup, child: ThreadGroup, keep: boolean): ChildEvent {
  const status = waitStatusOf(kernel, child);
  const signal = status & 0x7f;
  const death =
    signal === 0
      ? event(kernel, child, CLD_EXITED, (status >> 8) & 0xff, status)
      : event(kernel, child, (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED, signal, status);
  if (keep) return death;
  addUsage(parent.childrenUsage, groupUsage(kernel, child));
  addUsage(parent.childrenUsage, child.childrenUsage);
  reap(kernel, child);
  return death;
}

function event(kernel: Kernel, child: ThreadGroup, code: number, detail: number, status: number): ChildEvent {
  const usage = groupUsage(kernel, child);
  addUsage(usage, child.childrenUsage);
  return { pid: child.tgid, uid: leaderOf(kernel, child).cred.uid, code, detail, status, usage };
}
