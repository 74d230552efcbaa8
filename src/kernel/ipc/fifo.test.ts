import { describe, expect, it } from 'vitest';
import { OPEN } from '../../abi/flags/open.ts';
import type { Kernel } from '../kernel.ts';
import { isWait } from '../result.ts';
import { openCalls } from '../syscalls/open.ts';
import type { Task } from '../task/types.ts';
import { fileKernel, newCaller, wrongReferences, type Caller } from '../vfs/testing.ts';

const AT_FDCWD = -100;
const BAD_ADDRESS = 8;
const S_IFIFO = 0o010000;
const { O_RDONLY, O_WRONLY, O_CLOEXEC } = OPEN.values;

/** Enters a waiting openat again, with arguments that mean nothing any more: only its progress may count. */
function goOn(kernel: Kernel, task: Task): unknown {
  const result = openCalls.openat(kernel, task, -1, BAD_ADDRESS, 0, 0);
  return isWait(result) ? 'wait' : result;
}

function waitingReader(flags = 0): { reader: Caller; writer: Caller; kernel: Kernel; pipes: number; queues: number } {
  const kernel = fileKernel();
  const [reader, writer] = [newCaller(kernel), newCaller(kernel)];
  writer.call('mknodat', AT_FDCWD, 'p', S_IFIFO | 0o600, 0);
  const [pipes, queues] = [kernel.pipes.size, kernel.waitQueues.size];
  expect(reader.call('openat', AT_FDCWD, 'p', O_RDONLY | flags, 0)).toEqual({ wait: true });
  return { reader, writer, kernel, pipes, queues };
}

describe('opening a FIFO', () => {
  it('goes on when the other side comes, under whatever name the FIFO then has', () => {
    const { reader, writer, kernel } = waitingReader();
    writer.call('renameat2', AT_FDCWD, 'p', AT_FDCWD, 'q', 0);
    expect(goOn(kernel, reader.task)).toBe('wait');
    const fd = writer.call('openat', AT_FDCWD, 'q', O_WRONLY, 0) as number;
    const from = goOn(kernel, reader.task) as number;
    expect(writer.call('write', fd, 'x', 1)).toBe(1);
    expect(reader.call('read', from, new Uint8Array(1), 1)).toBe(1);
    expect(wrongReferences(kernel)).toEqual([]);
  });

  it('keeps to the FIFO that it found when another takes the name', () => {
    const { reader, writer, kernel } = waitingReader();
    writer.call('unlinkat', AT_FDCWD, 'p', 0);
    writer.call('mknodat', AT_FDCWD, 'p', S_IFIFO | 0o600, 0);
    expect(writer.call('openat', AT_FDCWD, 'p', O_WRONLY, 0)).toEqual({ wait: true });
    expect(goOn(kernel, reader.task)).toBe('wait');
    expect(goOn(kernel, writer.task)).toBe('wait');
  });

  it('ended by a signal leaves nothing, though the name is gone', () => {
    const { reader, writer, kernel, pipes, queues } = waitingReader();
    writer.call('unlinkat', AT_FDCWD, 'p', 0);
    reader.task.signalPending = true;
    expect(goOn(kernel, reader.task)).toBe('ERESTARTSYS');
    expect([kernel.pipes.size, kernel.waitQueues.size, kernel.files.size]).toEqual([pipes, queues, 0]);
    expect(wrongReferences(kernel)).toEqual([]);
  });

  it('for neither reading nor writing is refused', () => {
    const { call, kernel } = newCaller(fileKernel());
    call('mknodat', AT_FDCWD, 'p', S_IFIFO | 0o600, 0);
    expect(call('openat', AT_FDCWD, 'p', 3, 0)).toBe('EINVAL');
    expect(kernel.pipes.size).toBe(0);
  });

  it('remembers O_CLOEXEC', () => {
    const { reader, writer, kernel } = waitingReader(O_CLOEXEC);
    writer.call('openat', AT_FDCWD, 'p', O_WRONLY, 0);
    const fd = goOn(kernel, reader.task) as number;
    const F_GETFD = 1;
    expect(reader.call('fcntl', fd, F_GETFD, 0)).toBe(1);
  });
});
