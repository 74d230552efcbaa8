/**
 * File descriptors that stand for processes. See pidfd_open(2).
 *
 * Interface: openPidfd, pidfdOps, pidfdTarget.
 * A pidfd keeps the number and the start time, so that it never names a process that got the number later.
 */
import { POLL } from '../../abi/flags/poll.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { Tid } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { createFile } from '../vfs/file.ts';
import { anonInode } from '../vfs/super.ts';
import type { FileOps, OpenFile } from '../vfs/types.ts';
import { isLive } from './job-control.ts';
import type { Task, ThreadGroup } from './types.ts';

interface PidfdData {
  tid: Tid;
  /** PIDFD_THREAD: of one thread, not of the process. */
  isThread: boolean;
  startTimeNs: number;
}

const { POLLIN, POLLRDNORM, POLLHUP } = POLL.values;
const { O_RDWR, O_NONBLOCK } = OPEN.values;

/** A new file for task or process `tid`, with one reference. The process may be about to be made (CLONE_PIDFD). */
export function openPidfd(kernel: Kernel, task: Task, tid: Tid, isThread: boolean, nonblock: number): OpenFile {
  const target = kernel.tasks.get(tid);
  const data: PidfdData = { tid, isThread, startTimeNs: target === undefined ? NaN : target.startTimeNs };
  return createFile(kernel, {
    kind: 'pidfd',
    inode: anonInode(kernel, '[pidfd]', 0o600),
    path: null,
    name: 'anon_inode:[pidfd]',
    flags: O_RDWR | (nonblock & O_NONBLOCK),
    data,
    cred: task.cred,
  });
}

/** The process and the task that a pidfd names; undefined once it has been reaped. */
export function pidfdTarget(
  kernel: Kernel,
  file: OpenFile,
): { group: ThreadGroup; task: Task; isThread: boolean } | undefined {
  const data = file.data as PidfdData;
  const task = kernel.tasks.get(data.tid);
  if (task === undefined) return undefined;
  // Made together with its process: the start time is learnt at first sight.
  if (Number.isNaN(data.startTimeNs)) data.startTimeNs = task.startTimeNs;
  const group = kernel.groups.get(task.tgid);
  if (group === undefined || task.startTimeNs !== data.startTimeNs) return undefined;
  return { group, task, isThread: data.isThread };
}

export const pidfdOps: FileOps = {
  seekable: false,
  poll(kernel, file) {
    const target = pidfdTarget(kernel, file);
    if (target === undefined) return POLLIN | POLLRDNORM | POLLHUP;
    const ended = target.isThread ? target.task.state === 'zombie' : !isLive(kernel, target.group);
    return ended ? POLLIN | POLLRDNORM : 0;
  },
  pollQueues(kernel, file) {
    const target = pidfdTarget(kernel, file);
    return target === undefined ? [] : [target.group.stateChange];
  },
  fdinfo(kernel, file) {
    const pid = pidfdTarget(kernel, file)?.task.tid ?? -1;
    return [`Pid:\t${pid}`, `NSpid:\t${pid}`];
  },
};
