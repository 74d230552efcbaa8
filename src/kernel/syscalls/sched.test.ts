import { describe, expect, it } from 'vitest';
import { addProcess, procKernel } from '../fs/proc/testing.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, getUserI32, getUserI64, putUser32 } from '../mm/uaccess.ts';
import { enqueueTask } from '../sched/scheduler.ts';
import { userCred } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { schedCalls } from './sched.ts';

const FIFO = 1;
const RR = 2;
const BATCH = 3;
/** In the data of every process that the fixture makes. */
const BUFFER = 0x20000;

describe('scheduling calls', () => {
  it('sets and gives policy and priority', () => {
    const { kernel, init } = procKernel();
    putUser32(kernel, init, BUFFER, 10);
    expect(schedCalls.sched_setscheduler(kernel, init, 0, FIFO | 0x40000000, BUFFER)).toBe(0);
    expect(init.sched).toMatchObject({ policy: 'fifo', rtPriority: 10, resetOnFork: true });
    expect(schedCalls.sched_getscheduler(kernel, init, 1)).toBe(FIFO | 0x40000000);
    putUser32(kernel, init, BUFFER, 20);
    expect(schedCalls.sched_setparam(kernel, init, 0, BUFFER)).toBe(0);
    expect(schedCalls.sched_getparam(kernel, init, 0, BUFFER + 8)).toBe(0);
    expect(getUser32(kernel, init, BUFFER + 8)).toBe(20);
  });

  it('refuses what Linux refuses', () => {
    const { kernel } = procKernel();
    const task = addProcess(kernel, { cred: userCred(1000, 1000) });
    const set = (policy: number, priority: number) => {
      putUser32(kernel, task, BUFFER, priority);
      return schedCalls.sched_setscheduler(kernel, task, 0, policy, BUFFER);
    };
    expect(set(FIFO, 1)).toBe('EPERM');
    expect(set(FIFO, 0)).toBe('EINVAL');
    expect(set(0, 1)).toBe('EINVAL');
    expect(set(42, 0)).toBe('EINVAL');
    expect(set(BATCH, 0)).toBe(0);
    expect(schedCalls.sched_setscheduler(kernel, task, 1, BATCH, BUFFER)).toBe('EPERM');
    expect(schedCalls.sched_setscheduler(kernel, task, 999, BATCH, BUFFER)).toBe('ESRCH');
    expect(schedCalls.sched_setscheduler(kernel, task, 0, BATCH, 8)).toBe('EFAULT');
    expect(schedCalls.sched_getscheduler(kernel, task, -1)).toBe('EINVAL');
  });

  it('moves a ready task to the queue of its new priority', () => {
    const { kernel, init } = procKernel();
    enqueueTask(kernel, init);
    putUser32(kernel, init, BUFFER, 7);
    expect(schedCalls.sched_setscheduler(kernel, init, 0, RR, BUFFER)).toBe(0);
    expect(kernel.runQueue.fair).toEqual([]);
    expect(kernel.runQueue.realtime[7]).toEqual([1]);
  });

  it('reads and writes sched_attr by size', () => {
    const { kernel, init } = procKernel();
    writeAttr(kernel, init, { size: 56, policy: 0, flags: 0, nice: 5 });
    expect(schedCalls.sched_setattr(kernel, init, 0, BUFFER, 0)).toBe(0);
    expect(init.sched.nice).toBe(5);
    expect(schedCalls.sched_getattr(kernel, init, 0, BUFFER + 128, 48, 0)).toBe(0);
    expect(getUser32(kernel, init, BUFFER + 128)).toBe(48);
    expect(getUserI32(kernel, init, BUFFER + 128 + 16)).toBe(5);
    writeAttr(kernel, init, { size: 40, policy: 0, flags: 0, nice: 0 });
    expect(schedCalls.sched_setattr(kernel, init, 0, BUFFER, 0)).toBe('E2BIG');
    expect(getUser32(kernel, init, BUFFER)).toBe(56);
    writeAttr(kernel, init, { size: 56, policy: 0, flags: 0x80, nice: 0 });
    expect(schedCalls.sched_setattr(kernel, init, 0, BUFFER, 0)).toBe('EINVAL');
    writeAttr(kernel, init, { size: 56, policy: 0, flags: 0x20, nice: 0 });
    expect(schedCalls.sched_setattr(kernel, init, 0, BUFFER, 0)).toBe('EOPNOTSUPP');
  });

  it('knows one processor', () => {
    const { kernel, init } = procKernel();
    expect(schedCalls.sched_getaffinity(kernel, init, 0, 128, BUFFER)).toBe(8);
    expect(getUser32(kernel, init, BUFFER)).toBe(1);
    expect(schedCalls.sched_getaffinity(kernel, init, 0, 4, BUFFER)).toBe('EINVAL');
    putUser32(kernel, init, BUFFER, 2);
    expect(schedCalls.sched_setaffinity(kernel, init, 0, 4, BUFFER)).toBe('EINVAL');
    putUser32(kernel, init, BUFFER, 3);
    expect(schedCalls.sched_setaffinity(kernel, init, 0, 4, BUFFER)).toBe(0);
    expect(schedCalls.sched_rr_get_interval(kernel, init, 0, BUFFER)).toBe(0);
    expect(getUserI64(kernel, init, BUFFER + 8)).toBe(4_000_000);
    expect(schedCalls.sched_get_priority_max(kernel, init, FIFO)).toBe(99);
    expect(schedCalls.sched_get_priority_min(kernel, init, 4)).toBe('EINVAL');
  });
});

function writeAttr(
  kernel: Kernel,
  task: Task,
  { size, policy, flags, nice }: { size: number; policy: number; flags: number; nice: number },
): void {
  [size, policy, flags, 0, nice, 0, 0, 0, 0, 0, 0, 0, 0, 0].forEach((word, i) =>
    putUser32(kernel, task, BUFFER + 4 * i, word),
  );
}
