/**
 * /proc/PID/stat and statm: what ps and top read. See proc_pid_stat(5), proc_pid_statm(5).
 *
 * Interface: showStat, showStatm, STATES, isAsleep, textPages, stackPages, ttyDevice.
 */
import { makedev } from '../../../../abi/file-mode.ts';
import type { Kernel } from '../../../kernel.ts';
import { PAGE_SIZE } from '../../../mm/frames.ts';
import { residentPages } from '../../../mm/rss.ts';
import type { Mm } from '../../../mm/types.ts';
import { POLICY_NUMBERS } from '../../../sched/policies.ts';
import { softLimit } from '../../../task/rlimit.ts';
import { groupUsage, noUsage } from '../../../task/usage.ts';
import type { Task } from '../../../task/types.ts';
import { mayInspect } from '../../../task/access.ts';
import { ticks } from '../format.ts';
import type { Lines, Target } from '../node.ts';
import { handledSignals } from './signals.ts';

const PF_EXITING = 0x4;
const PF_FORKNOEXEC = 0x40;
const PF_RANDOMIZE = 0x400000;
const RLIM_INFINITY = '18446744073709551615';
const FIRST_SIGNALS = 0x7fffffffn;
const SERIAL_MAJOR = 4;
const FIRST_SERIAL_MINOR = 64;
const PTS_MAJOR = 136;

export function showStat(kernel: Kernel, target: Target, reader: Task): Lines {
  const { group, task, isProcess } = target;
  const mm = kernel.mms.get(task.mm);
  const usage = isProcess ? groupUsage(kernel, group) : task.usage;
  const children = isProcess ? group.childrenUsage : noUsage();
  const permitted = mayInspect(kernel, reader, task, 'files');
  const tty = kernel.ttys.get(group.tty);
  const { ignored, caught } = handledSignals(kernel, task);
  const address = (of: (mm: Mm) => number): number => (mm === undefined || !permitted ? 0 : of(mm));
  // Linux: who may not look sees 1, so that a kernel thread's 0 can be told apart.
  const code = (of: (mm: Mm) => number): number => (mm === undefined ? 0 : permitted ? of(mm) : 1);
  const rss = softLimit(group, 'RLIMIT_RSS');
  const fields: (number | string | bigint)[] = [
    task.tid,
    `(${task.comm})`,
    stateLetter(task),
    group.parent,
    group.pgrp,
    group.session,
    tty === undefined ? 0 : ttyDevice(tty),
    tty === undefined ? -1 : tty.foregroundPgrp,
    flagsOf(task),
    usage.minorFaults,
    children.minorFaults,
    usage.majorFaults,
    children.majorFaults,
    ticks(usage.userNs),
    ticks(usage.systemNs),
    ticks(children.userNs),
    ticks(children.systemNs),
    priorityOf(task),
    task.sched.nice,
    group.threads.length,
    0,
    ticks(task.startTimeNs),
    mm === undefined ? 0 : mm.totalPages * PAGE_SIZE,
    mm === undefined ? 0 : residentPages(mm),
    rss === Infinity ? RLIM_INFINITY : rss,
    code((of) => of.startCode),
    code((of) => of.endCode),
    address((of) => of.startStack),
    0,
    0,
    task.pending.set & FIRST_SIGNALS,
    task.blocked & FIRST_SIGNALS,
    ignored & FIRST_SIGNALS,
    caught & FIRST_SIGNALS,
    permitted && isAsleep(task) ? 1 : 0,
    0,
    0,
    task.exitSignal,
    0,
    task.sched.rtPriority,
    POLICY_NUMBERS[task.sched.policy],
    0,
    0,
    0,
    address((of) => of.startData),
    address((of) => of.endData),
    address((of) => of.brkStart),
    address((of) => of.argStart),
    address((of) => of.argEnd),
    address((of) => of.envStart),
    address((of) => of.envEnd),
    permitted ? task.exitCode : 0,
  ];
  return [`${fields.join(' ')}\n`];
}

export function showStatm(kernel: Kernel, { task }: Target): Lines {
  const mm = kernel.mms.get(task.mm);
  if (mm === undefined) return ['0 0 0 0 0 0 0\n'];
  const shared = mm.rssFile + mm.rssShmem;
  const data = mm.dataPages + stackPages(mm);
  return [`${mm.totalPages} ${shared + mm.rssAnon} ${shared} ${textPages(mm)} 0 ${data} 0\n`];
}

/** R, S, D, T or Z. */
function stateLetter(task: Task): string {
  return STATES[task.state][0]!;
}

export const STATES = {
  new: 'R (running)',
  ready: 'R (running)',
  running: 'R (running)',
  sleeping: 'S (sleeping)',
  'disk-sleep': 'D (disk sleep)',
  stopped: 'T (stopped)',
  zombie: 'Z (zombie)',
  dead: 'X (dead)',
} as const satisfies Record<Task['state'], string>;

/** Pages of the program's own code. */
export function textPages(mm: Mm): number {
  return Math.ceil(mm.endCode / PAGE_SIZE) - Math.floor(mm.startCode / PAGE_SIZE);
}

export function stackPages(mm: Mm): number {
  let bytes = 0;
  for (const vma of mm.vmas) if (vma.growsDown) bytes += vma.end - vma.start;
  return bytes / PAGE_SIZE;
}

/** The terminal's device number. */
export function ttyDevice(tty: { readonly kind: 'pty' | 'console'; readonly index: number }): number {
  return tty.kind === 'pty'
    ? makedev(PTS_MAJOR + (tty.index >> 8), tty.index & 255)
    : makedev(SERIAL_MAJOR, FIRST_SERIAL_MINOR + tty.index);
}

export function isAsleep(task: Task): boolean {
  return task.state === 'sleeping' || task.state === 'disk-sleep' || task.state === 'stopped';
}

/** Linux: 20 + nice, and below 0 for real-time tasks. */
function priorityOf({ sched }: Task): number {
  return sched.policy === 'fifo' || sched.policy === 'rr' ? -1 - sched.rtPriority : 20 + sched.nice;
}

function flagsOf(task: Task): number {
  const exiting = task.state === 'zombie' || task.state === 'dead';
  return PF_RANDOMIZE | (task.didExec ? 0 : PF_FORKNOEXEC) | (exiting ? PF_EXITING : 0);
}
