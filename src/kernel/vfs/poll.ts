/**
 * Asking open files whether they are ready. Interface: pollFile, pollQueuesOf. See poll(2).
 */
import { POLL } from '../../abi/flags/poll.ts';
import type { WaitQueueId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { opsOf } from './registry.ts';
import type { OpenFile } from './types.ts';

const { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } = POLL.values;
/** Of files that never make anyone wait. */
const ALWAYS_READY = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
const NONE: readonly WaitQueueId[] = [];

/** POLL* events that hold now, asked for or not. */
export function pollFile(kernel: Kernel, file: OpenFile): number {
  return opsOf(file).poll?.(kernel, file) ?? ALWAYS_READY;
}

/** Queues that are woken when pollFile's answer may have changed. */
export function pollQueuesOf(kernel: Kernel, file: OpenFile): readonly WaitQueueId[] {
  return opsOf(file).pollQueues?.(kernel, file) ?? NONE;
}
