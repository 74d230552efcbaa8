/**
 * signalfd: pending signals read as records of 128 bytes. Interface: signalfdOps, signalfdData. See signalfd(2).
 */
import { POLL } from '../../abi/flags/poll.ts';
import type { Errno } from '../../abi/errno.ts';
import { waitOn, type Outcome } from '../result.ts';
import { newWaitQueue, freeWaitQueue } from '../sched/wait-queue.ts';
import type { WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import type { FileOps, Io, OpenFile } from '../vfs/types.ts';
import { copyToIo } from '../vfs/io.ts';
import { OPEN } from '../../abi/flags/open.ts';
import { pendingSet, recalcPending, UNBLOCKABLE } from './mask.ts';
import { dequeueSignal } from './queue.ts';
import type { SigInfo } from './types.ts';

const RECORD_BYTES = 128;

/** What a signalfd keeps. `mask` is what it takes. */
export interface SignalfdData {
  mask: bigint;
  readonly queue: WaitQueueId;
}

export function signalfdData(kernel: Kernel, mask: bigint): SignalfdData {
  return { mask: mask & ~UNBLOCKABLE, queue: newWaitQueue(kernel) };
}

function read(kernel: Kernel, task: Task, file: OpenFile, io: Io): Outcome<number> {
  const data = file.data as SignalfdData;
  if (io.remaining < RECORD_BYTES) return 'EINVAL';
  watch(kernel, task, data);
  const group = kernel.groups.get(task.tgid)!;
  let done = 0;
  while (io.remaining >= RECORD_BYTES) {
    const info = dequeueSignal(task.pending, data.mask) ?? dequeueSignal(group.pending, data.mask);
    if (info === undefined) break;
    const copied: number | Errno = copyToIo(kernel, io, record(info), 0, RECORD_BYTES);
    if (typeof copied === 'string') return done > 0 ? done : copied;
    done += copied;
  }
  recalcPending(kernel, task);
  if (done > 0) return done;
  return (file.flags & OPEN.values.O_NONBLOCK) !== 0 ? 'EAGAIN' : waitOn([data.queue]);
}

/** Which queues a process's signals wake is kept on its group, because a signalfd may be passed on by fork. */
function watch(kernel: Kernel, task: Task, data: SignalfdData): void {
  const group = kernel.groups.get(task.tgid)!;
  if (!group.signalfds.includes(data.queue)) group.signalfds.push(data.queue);
}

/** struct signalfd_siginfo. */
function record(info: SigInfo): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, info.signo, true);
  view.setInt32(4, info.errno, true);
  view.setInt32(8, info.code, true);
  view.setUint32(12, info.pid ?? 0, true);
  view.setUint32(16, info.uid ?? 0, true);
  view.setInt32(20, info.fd ?? 0, true);
  view.setUint32(24, info.timerId ?? 0, true);
  view.setUint32(28, info.band ?? 0, true);
  view.setUint32(32, info.overrun ?? 0, true);
  view.setInt32(40, info.status ?? 0, true);
  view.setInt32(44, Number(BigInt.asIntN(32, info.value ?? 0n)), true);
  view.setBigUint64(48, BigInt.asUintN(64, info.value ?? 0n), true);
  view.setBigUint64(56, BigInt(info.userTimeTicks ?? 0), true);
  view.setBigUint64(64, BigInt(info.systemTimeTicks ?? 0), true);
  view.setBigUint64(72, BigInt(info.address ?? 0), true);
  return bytes;
}

function poll(kernel: Kernel, file: OpenFile): number {
  const task = kernel.tasks.get(kernel.current);
  const data = file.data as SignalfdData;
  if (task === undefined) return 0;
  watch(kernel, task, data);
  return (pendingSet(kernel, task) & data.mask) !== 0n ? POLL.values.POLLIN | POLL.values.POLLRDNORM : 0;
}

export const signalfdOps: FileOps = {
  // Linux: lseek does nothing and succeeds.
  seekable: true,
  seek: () => 0,
  read,
  poll,
  pollQueues: (_kernel, file) => [(file.data as SignalfdData).queue],
  release: (kernel, file) => {
    const { queue } = file.data as SignalfdData;
    for (const group of kernel.groups.values()) group.signalfds = group.signalfds.filter((id) => id !== queue);
    freeWaitQueue(kernel, queue);
  },
  fdinfo: (_kernel, file) => [`sigmask:\t${(file.data as SignalfdData).mask.toString(16).padStart(16, '0')}`],
};
