/**
 * Job control of terminals: who may read, write and change one, whose controlling terminal it is, and what happens when it goes.
 * See credentials(7), tty_ioctl(4), setsid(2); Linux drivers/tty/tty_jobctrl.c.
 *
 * Interface: checkJobControl, controllingTty, takeControllingTty, claimControllingTty, leaveControllingTty, setForeground, hangupSession,
 * hangUp.
 * Invariant: `tty.session` is 0 or a session whose leader had the terminal as its own; group.tty names it in every member.
 */
import { SIG_IGN, SIGNALS } from '../../abi/signals.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { signalBit } from '../signal/mask.ts';
import { kernelInfo, sendToGroup, sendToPgrp } from '../signal/send.ts';
import { sighandOf } from '../signal/sighand.ts';
import { capable } from '../task/cred.ts';
import { isPgrpOrphaned } from '../task/job-control.ts';
import { groupOf } from '../task/task.ts';
import type { Task, ThreadGroup } from '../task/types.ts';
import type { Tty } from './types.ts';

const { SIGHUP, SIGCONT, SIGTTIN } = SIGNALS;
const CAP_SYS_ADMIN = 21;

/**
 * Whether a process in the background may go on: 0, or the signal was sent and the call is restarted after it, or EIO where the
 * signal would be of no use (ignored SIGTTIN, orphaned group). An ignored SIGTTOU lets the call through.
 */
export function checkJobControl(kernel: Kernel, task: Task, tty: Tty, signo: number): 0 | 'EIO' | 'ERESTARTSYS' {
  const group = groupOf(kernel, task);
  if (group.tty !== tty.id || tty.foregroundPgrp === 0 || group.pgrp === tty.foregroundPgrp) return 0;
  const isIgnored =
    (task.blocked & signalBit(signo)) !== 0n || sighandOf(kernel, task).actions[signo]!.handler === SIG_IGN;
  if (isIgnored) return signo === SIGTTIN ? 'EIO' : 0;
  if (isPgrpOrphaned(kernel, group.pgrp)) return 'EIO';
  sendToPgrp(kernel, group.pgrp, kernelInfo(signo));
  return 'ERESTARTSYS';
}

/** The controlling terminal of a process. */
export function controllingTty(kernel: Kernel, group: ThreadGroup): Tty | undefined {
  return group.tty === 0 ? undefined : kernel.ttys.get(group.tty);
}

/** A session leader without one takes the terminal that it opens (without O_NOCTTY). */
export function takeControllingTty(kernel: Kernel, task: Task, tty: Tty): void {
  const group = groupOf(kernel, task);
  if (group.session === group.tgid && group.tty === 0 && tty.session === 0) setControllingTty(group, tty);
}

/** TIOCSCTTY. `force`: take it from another session, which needs CAP_SYS_ADMIN. */
export function claimControllingTty(
  kernel: Kernel,
  task: Task,
  tty: Tty,
  readable: boolean,
  force: boolean,
): 0 | 'EPERM' {
  const group = groupOf(kernel, task);
  const isLeader = group.session === group.tgid;
  if (isLeader && tty.session === group.session) return 0;
  if (!isLeader || group.tty !== 0) return 'EPERM';
  if (tty.session !== 0) {
    if (!force || !capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
    clearSession(kernel, tty.session);
  }
  if (!readable && !capable(task.cred, CAP_SYS_ADMIN)) return 'EPERM';
  setControllingTty(group, tty);
  return 0;
}

function setControllingTty(group: ThreadGroup, tty: Tty): void {
  tty.session = group.session;
  tty.foregroundPgrp = group.pgrp;
  group.tty = tty.id;
}

/** TIOCNOTTY: a leader takes it from its whole session, and the foreground group hears SIGHUP and SIGCONT. */
export function leaveControllingTty(kernel: Kernel, group: ThreadGroup): void {
  const tty = controllingTty(kernel, group);
  if (group.session === group.tgid && tty !== undefined) {
    const foreground = tty.foregroundPgrp;
    giveUp(kernel, tty, group);
    signalPgrp(kernel, foreground, SIGHUP, SIGCONT);
  }
  group.tty = 0;
}

/** TIOCSPGRP, after the check for background processes. */
export function setForeground(
  kernel: Kernel,
  task: Task,
  tty: Tty,
  pgrp: Tid,
): 0 | 'ENOTTY' | 'EINVAL' | 'ESRCH' | 'EPERM' {
  if (pgrp < 0) return 'EINVAL';
  const group = groupOf(kernel, task);
  if (group.tty !== tty.id || tty.session !== group.session) return 'ENOTTY';
  let session: Tid = 0;
  for (const other of kernel.groups.values()) if (other.pgrp === pgrp) session = other.session;
  if (session === 0) return kernel.tasks.has(pgrp) ? 'EPERM' : 'ESRCH';
  if (session !== group.session) return 'EPERM';
  tty.foregroundPgrp = pgrp;
  return 0;
}

/**
 * A session leader exits. Linux: a pty's foreground group hears SIGHUP; a console is hung up altogether. Where the terminal went
 * before, the group that was in its foreground hears of it now.
 */
export function hangupSession(kernel: Kernel, group: ThreadGroup): void {
  const tty = controllingTty(kernel, group);
  if (tty === undefined || tty.session !== group.session) {
    if (group.oldForeground !== undefined) signalPgrp(kernel, group.oldForeground, SIGHUP, SIGCONT);
  } else if (tty.kind === 'console') {
    const foreground = tty.foregroundPgrp;
    hangUp(kernel, tty);
    signalPgrp(kernel, foreground, SIGHUP);
  } else {
    signalPgrp(kernel, tty.foregroundPgrp, SIGHUP);
    giveUp(kernel, tty, group);
  }
  clearSession(kernel, group.session);
}

/** The terminal is gone for all who have it open: reads give 0, writes EIO. Its session's leader hears SIGHUP and SIGCONT. */
export function hangUp(kernel: Kernel, tty: Tty): void {
  tty.generation++;
  if (tty.session !== 0) {
    const leader = kernel.groups.get(tty.session);
    if (leader !== undefined && leader.tty === tty.id) {
      leader.oldForeground = tty.foregroundPgrp;
      sendToGroup(kernel, leader, kernelInfo(SIGHUP));
      sendToGroup(kernel, leader, kernelInfo(SIGCONT));
    }
    clearSession(kernel, tty.session);
  }
  tty.session = 0;
  tty.foregroundPgrp = 0;
  for (const queue of [tty.readable, tty.writable]) wakeAll(kernel, queue);
}

function giveUp(kernel: Kernel, tty: Tty, group: ThreadGroup): void {
  tty.session = 0;
  tty.foregroundPgrp = 0;
  clearSession(kernel, group.session);
}

function clearSession(kernel: Kernel, session: Tid): void {
  for (const member of kernel.groups.values()) if (member.session === session) member.tty = 0;
}

function signalPgrp(kernel: Kernel, pgrp: Tid, ...signals: number[]): void {
  if (pgrp === 0) return;
  for (const signo of signals) sendToPgrp(kernel, pgrp, kernelInfo(signo));
}
