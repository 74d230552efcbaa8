/**
 * Who hears of a death, who inherits the children, and when the record goes. See wait(2), prctl(2) PR_SET_CHILD_SUBREAPER.
 *
 * Interface: announceDeath, abandonChildren, releaseTask, reap.
 */
import { SIG_IGN, SIGNALS } from '../../abi/signals.ts';
import type { Kernel } from '../kernel.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { sendToGroup } from '../signal/send.ts';
import { putSighand } from '../signal/sighand.ts';
import { hangUpIfOrphaned, isLive } from './job-control.ts';
import { hostProcessEnded } from './host-process.ts';
import { forgetTask, groupById, INIT_TID, leaderOf, removeFrom, waitStatusOf } from './task.ts';
import { addUsage, groupUsage } from './usage.ts';
import type { Task, ThreadGroup } from './types.ts';

const CLD_EXITED = 1;
const CLD_KILLED = 2;
const CLD_DUMPED = 3;
const SA_NOCLDWAIT = 2;
const TICK_NS = 10_000_000;

/** After `task` became a zombie: threads go at once; the death of the last one is the death of the process. */
export function announceDeath(kernel: Kernel, task: Task, group: ThreadGroup): void {
  if (task.tid !== group.leader) {
    addUsage(group.exitedUsage, task.usage);
    releaseTask(kernel, task);
  }
  // Pidfds of threads, and an execve that waits for the others to die.
  wakeAll(kernel, group.stateChange);
  if (!isLive(kernel, group) && kernel.groups.has(group.tgid)) processDied(kernel, group);
}

/** Removes a zombie process after its parent has heard of it. */
export function reap(kernel: Kernel, group: ThreadGroup): void {
  releaseTask(kernel, leaderOf(kernel, group));
}

/** Forgets a dead task. */
export function releaseTask(kernel: Kernel, task: Task): void {
  putSighand(kernel, task.sighand);
  forgetTask(kernel, task);
}

/**
 * Gives away the children of a thread that exits: to another thread of the process, else to the nearest subreaper, else to process 1.
 * Each child hears of it that asked with PR_SET_PDEATHSIG.
 */
export function abandonChildren(kernel: Kernel, task: Task, group: ThreadGroup, groupDead: boolean): void {
  if (group.children.length === 0) return;
  const heir = groupDead ? adopterOf(kernel, group) : group;
  const heirThread = heir.threads.find((tid) => kernel.tasks.get(tid)?.state !== 'zombie') ?? heir.leader;
  for (const tgid of [...group.children]) {
    const child = groupById(kernel, tgid);
    if (child === undefined || (child.parentThread !== task.tid && !groupDead)) continue;
    child.parentThread = heirThread;
    sendDeathSignals(kernel, task, child);
    if (groupDead) giveAway(kernel, group, heir, child);
  }
}

/** A process whose last thread is gone: tells the parent, or reaps it at once when the parent does not care. */
function processDied(kernel: Kernel, group: ThreadGroup): void {
  hostProcessEnded(kernel, group);
  if (notifyParent(kernel, group)) reap(kernel, group);
}

/** Sends the exit signal and wakes waiters. True when nobody will wait: the zombie is to go at once. */
function notifyParent(kernel: Kernel, group: ThreadGroup): boolean {
  const parent = groupById(kernel, group.parent);
  if (parent === undefined) return true;
  const leader = leaderOf(kernel, group);
  const action = kernel.sighands.get(leaderOf(kernel, parent).sighand)?.actions[SIGNALS.SIGCHLD];
  let signo = leader.exitSignal;
  let unwanted = false;
  if (signo === SIGNALS.SIGCHLD && action !== undefined) {
    const ignored = action.handler === SIG_IGN;
    unwanted = ignored || (action.flags & SA_NOCLDWAIT) !== 0;
    if (ignored) signo = 0;
  }
  if (signo > 0) sendToGroup(kernel, parent, deathInfo(kernel, group, leader, signo));
  wakeAll(kernel, parent.childExit);
  return unwanted;
}

function deathInfo(kernel: Kernel, group: ThreadGroup, leader: Task, signo: number) {
  const status = waitStatusOf(kernel, group);
  const usage = groupUsage(kernel, group);
  const bySignal = status & 0x7f;
  return {
    signo,
    errno: 0,
    code: bySignal === 0 ? CLD_EXITED : (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED,
    pid: group.tgid,
    uid: leader.cred.uid,
    status: bySignal === 0 ? (status >> 8) & 0xff : bySignal,
    userTimeTicks: Math.floor(usage.userNs / TICK_NS),
    systemTimeTicks: Math.floor(usage.systemNs / TICK_NS),
  };
}

function adopterOf(kernel: Kernel, group: ThreadGroup): ThreadGroup {
  if (group.hasChildSubreaper) {
    for (
      let up = groupById(kernel, group.parent);
      up !== undefined && up.tgid !== INIT_TID;
      up = groupById(kernel, up.parent)
    )
      if (up.childSubreaper && isLive(kernel, up)) return up;
  }
  return groupById(kernel, INIT_TID)!;
}

function sendDeathSignals(kernel: Kernel, parent: Task, child: ThreadGroup): void {
  for (const tid of child.threads) {
    const signo = kernel.tasks.get(tid)?.parentDeathSignal ?? 0;
    if (signo === 0) continue;
    sendToGroup(kernel, child, { signo, errno: 0, code: 0, pid: parent.tgid, uid: parent.cred.uid });
  }
}

function giveAway(kernel: Kernel, from: ThreadGroup, to: ThreadGroup, child: ThreadGroup): void {
  removeFrom(from.children, child.tgid);
  to.children.push(child.tgid);
  child.parent = to.tgid;
  const leader = leaderOf(kernel, child);
  leader.exitSignal = SIGNALS.SIGCHLD;
  if (!isLive(kernel, child) && notifyParent(kernel, child)) return reap(kernel, child);
  hangUpIfOrphaned(kernel, child, from, false);
}
