/**
 * The end of a pipe's record. Interface: forgetPipe.
 * Apart from pipe-ring.ts, so that inodes, which FIFOs' pipes go with, do not hang on what moves bytes.
 */
import type { Kernel } from '../kernel.ts';
import { freeWaitQueue } from '../sched/wait-queue.ts';
import type { Pipe } from './types.ts';

export function forgetPipe(kernel: Kernel, pipe: Pipe): void {
  kernel.pipes.delete(pipe.id);
  freeWaitQueue(kernel, pipe.readable);
  freeWaitQueue(kernel, pipe.writable);
}
