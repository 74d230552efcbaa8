/**
 * /proc/PID/status: the same for people. See proc_pid_status(5).
 *
 * Interface: showStatus.
 */
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { PAGE_SIZE } from '../../../mm/frames.ts';
import { peakResidentPages, residentPages } from '../../../mm/rss.ts';
import type { Mm } from '../../../mm/types.ts';
import { softLimit } from '../../../task/rlimit.ts';
import type { Task } from '../../../task/types.ts';
import { escapeName, hex64, kbLine } from '../format.ts';
import type { Lines, Target } from '../node.ts';
import { handledSignals } from './signals.ts';
import { stackPages, STATES, textPages } from './stat.ts';

/** Linux: descriptor tables grow in steps of this. */
const FD_STEP = 64;

export function showStatus(kernel: Kernel, target: Target): Lines {
  const { task, group } = target;
  const { cred } = task;
  const lines: ByteString[] = [`Name:\t${escapeName(task.comm, '\n\\')}\n`];
  const fs = kernel.fsContexts.get(task.fs);
  if (fs !== undefined) lines.push(`Umask:\t${fs.umask.toString(8).padStart(4, '0')}\n`);
  lines.push(
    `State:\t${STATES[task.state]}\n`,
    `Tgid:\t${group.tgid}\n`,
    'Ngid:\t0\n',
    `Pid:\t${task.tid}\n`,
    `PPid:\t${group.parent}\n`,
    'TracerPid:\t0\n',
    `Uid:\t${cred.uid}\t${cred.euid}\t${cred.suid}\t${cred.fsuid}\n`,
    `Gid:\t${cred.gid}\t${cred.egid}\t${cred.sgid}\t${cred.fsgid}\n`,
    `FDSize:\t${fdSize(kernel, task)}\n`,
    `Groups:\t${cred.groups.map((gid) => `${gid} `).join('')}${cred.groups.length === 0 ? ' ' : ''}\n`,
    `NStgid:\t${group.tgid}\n`,
    `NSpid:\t${task.tid}\n`,
    `NSpgid:\t${group.pgrp}\n`,
    `NSsid:\t${group.session}\n`,
    `Kthread:\t0\n`,
  );
  const mm = kernel.mms.get(task.mm);
  if (mm !== undefined) lines.push(...memoryLines(mm));
  lines.push(...signalLines(kernel, target));
  lines.push(
    `CapInh:\t${hex64(cred.capInheritable)}\n`,
    `CapPrm:\t${hex64(cred.capPermitted)}\n`,
    `CapEff:\t${hex64(cred.capEffective)}\n`,
    `CapBnd:\t${hex64(cred.capBounding)}\n`,
    `CapAmb:\t${hex64(cred.capAmbient)}\n`,
    `NoNewPrivs:\t${task.noNewPrivs ? 1 : 0}\n`,
    'Seccomp:\t0\n',
    'Seccomp_filters:\t0\n',
    'Speculation_Store_Bypass:\tunknown\n',
    'SpeculationIndirectBranch:\tunsupported\n',
    `Cpus_allowed:\t${task.sched.affinity.toString(16)}\n`,
    'Cpus_allowed_list:\t0\n',
    'Mems_allowed:\t1\n',
    'Mems_allowed_list:\t0\n',
    `voluntary_ctxt_switches:\t${task.usage.voluntarySwitches}\n`,
    `nonvoluntary_ctxt_switches:\t${task.usage.involuntarySwitches}\n`,
  );
  return lines;
}

function memoryLines(mm: Mm): ByteString[] {
  const text = textPages(mm);
  let executable = 0;
  for (const vma of mm.vmas) {
    if ((vma.prot & 6) === 4 && !vma.growsDown) executable += (vma.end - vma.start) / PAGE_SIZE;
  }
  return [
    kbLine('VmPeak', mm.totalPages),
    kbLine('VmSize', mm.totalPages),
    kbLine('VmLck', mm.lockedPages),
    kbLine('VmPin', 0),
    kbLine('VmHWM', peakResidentPages(mm)),
    kbLine('VmRSS', residentPages(mm)),
    kbLine('RssAnon', mm.rssAnon),
    kbLine('RssFile', mm.rssFile),
    kbLine('RssShmem', mm.rssShmem),
    kbLine('VmData', mm.dataPages),
    kbLine('VmStk', stackPages(mm)),
    kbLine('VmExe', text),
    kbLine('VmLib', Math.max(0, executable - text)),
    kbLine('VmPTE', mm.pageTablePages),
    kbLine('VmSwap', 0),
    'CoreDumping:\t0\n',
    'THP_enabled:\t0\n',
  ];
}

function signalLines(kernel: Kernel, { task, group }: Target): ByteString[] {
  const { ignored, caught } = handledSignals(kernel, task);
  const limit = softLimit(group, 'RLIMIT_SIGPENDING');
  return [
    `Threads:\t${group.threads.length}\n`,
    `SigQ:\t${queuedSignals(kernel, task.cred.uid)}/${limit === Infinity ? '18446744073709551615' : limit}\n`,
    `SigPnd:\t${hex64(task.pending.set)}\n`,
    `ShdPnd:\t${hex64(group.pending.set)}\n`,
    `SigBlk:\t${hex64(task.blocked)}\n`,
    `SigIgn:\t${hex64(ignored)}\n`,
    `SigCgt:\t${hex64(caught)}\n`,
  ];
}

/** Signals that wait for processes of a user. */
function queuedSignals(kernel: Kernel, uid: number): number {
  let count = 0;
  for (const group of kernel.groups.values()) {
    if (kernel.tasks.get(group.leader)?.cred.uid === uid) count += group.pending.queue.length;
  }
  for (const task of kernel.tasks.values()) if (task.cred.uid === uid) count += task.pending.queue.length;
  return count;
}

function fdSize(kernel: Kernel, task: Task): number {
  const table = kernel.fdTables.get(task.files);
  if (table === undefined) return 0;
  let size = FD_STEP;
  while (size < table.fds.length) size *= 2;
  return size;
}
