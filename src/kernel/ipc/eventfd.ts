/**
 * eventfd: a counter that is read and written as a file. Interface: eventfdOps, eventfdData. See eventfd(2).
 */
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import type { WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { waitOn, type Outcome } from '../result.ts';
import { freeWaitQueue, newWaitQueue, wakeAll } from '../sched/wait-queue.ts';
import type { Task } from '../task/types.ts';
import { copyFromIo, copyToIo } from '../vfs/io.ts';
import type { FileOps, Io, OpenFile } from '../vfs/types.ts';

const { POLLIN, POLLOUT, POLLERR } = POLL.values;
const { O_NONBLOCK } = OPEN.values;
const COUNT_BYTES = 8;
const MAX = 0xffff_ffff_ffff_ffffn;

interface EventfdData {
  count: bigint;
  readonly semaphore: boolean;
  /** Readers and writers alike. */
  readonly queue: WaitQueueId;
}

export function eventfdData(kernel: Kernel, count: number, semaphore: boolean): EventfdData {
  return { count: BigInt(count), semaphore, queue: newWaitQueue(kernel) };
}

function read(kernel: Kernel, _task: Task, file: OpenFile, io: Io): Outcome<number> {
  const data = file.data as EventfdData;
  if (io.remaining < COUNT_BYTES) return 'EINVAL';
  if (data.count === 0n) return (file.flags & O_NONBLOCK) !== 0 ? 'EAGAIN' : waitOn([data.queue]);
  const taken = data.semaphore ? 1n : data.count;
  const bytes = new Uint8Array(COUNT_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, taken, true);
  // Linux: the count is taken even if the address is bad.
  data.count -= taken;
  wakeAll(kernel, data.queue);
  return copyToIo(kernel, io, bytes, 0, COUNT_BYTES) === COUNT_BYTES ? COUNT_BYTES : 'EFAULT';
}

function write(kernel: Kernel, _task: Task, file: OpenFile, io: Io): Outcome<number> {
  const data = file.data as EventfdData;
  if (io.remaining < COUNT_BYTES) return 'EINVAL';
  const bytes = new Uint8Array(COUNT_BYTES);
  if (copyFromIo(kernel, io, bytes, 0, COUNT_BYTES) !== COUNT_BYTES) return 'EFAULT';
  const added = new DataView(bytes.buffer).getBigUint64(0, true);
  if (added === MAX) return 'EINVAL';
  if (MAX - data.count <= added) return (file.flags & O_NONBLOCK) !== 0 ? 'EAGAIN' : waitOn([data.queue]);
  data.count += added;
  wakeAll(kernel, data.queue);
  return COUNT_BYTES;
}

function poll(_kernel: Kernel, file: OpenFile): number {
  const { count } = file.data as EventfdData;
  let mask = 0;
  if (count > 0n) mask |= POLLIN;
  if (count === MAX) mask |= POLLERR;
  if (MAX - 1n > count) mask |= POLLOUT;
  return mask;
}

export const eventfdOps: FileOps = {
  // Linux: lseek does nothing and succeeds.
  seekable: true,
  seek: () => 0,
  read,
  write,
  poll,
  pollQueues: (_kernel, file) => [(file.data as EventfdData).queue],
  release: (kernel, file) => freeWaitQueue(kernel, (file.data as EventfdData).queue),
  fdinfo: (_kernel, file) => [`eventfd-count: ${(file.data as EventfdData).count.toString(16).padStart(16)}`],
};
