import { beforeEach, describe, expect, it } from 'vitest';
import type { Kernel } from '../kernel.ts';
import { isWait } from '../result.ts';
import { processCalls } from '../syscalls/process.ts';
import { waitCalls } from '../syscalls/wait.ts';
import { exitGroup, exitThread } from './exit.ts';
import { takeEndedProcesses } from './host-process.ts';
import { checkConsistency, enter, processKernel, putProgram, smallElf, spawn } from './testing.ts';
import type { Task } from './types.ts';

const SIGCHLD = 17;
const THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000;
let kernel: Kernel;
let task: Task;

beforeEach(() => {
  kernel = processKernel();
  putProgram(kernel, '/prog', smallElf());
  task = kernel.tasks.get(spawn(kernel, '/prog') as number)!;
});

function clone(flags: number, parent = task): Task {
  enter(kernel, parent, 'clone');
  const tid = processCalls.clone(kernel, parent, flags, 0, 0, 0, 0);
  if (typeof tid !== 'number') throw new Error(JSON.stringify(tid));
  return kernel.tasks.get(tid)!;
}

function wait(parent = task, pid = -1, options = 0) {
  enter(kernel, parent, 'wait4');
  return waitCalls.wait4(kernel, parent, pid, 0, options, 0);
}

describe('a process', () => {
  it('waits for its child, which stays a zombie until then', () => {
    const child = clone(SIGCHLD);
    expect(isWait(wait())).toBe(true);
    exitGroup(kernel, child, 3 << 8);
    expect(child.state).toBe('zombie');
    expect(checkConsistency(kernel)).toEqual([]);
    expect(wait()).toBe(child.tid);
    expect(child.state).toBe('dead');
    expect(wait()).toBe('ECHILD');
  });

  it('gives its children to process 1, which reaps them', () => {
    const child = clone(SIGCHLD);
    const grandchild = clone(SIGCHLD, child);
    exitGroup(kernel, child, 0);
    expect(kernel.groups.get(grandchild.tgid)!.parent).toBe(1);
    exitGroup(kernel, grandchild, 0);
    expect(kernel.tasks.has(grandchild.tid)).toBe(false);
    expect(checkConsistency(kernel)).toEqual([]);
  });

  it('gives a zombie child to process 1, which reaps it at once', () => {
    const child = clone(SIGCHLD);
    const grandchild = clone(SIGCHLD, child);
    exitGroup(kernel, grandchild, 0);
    exitGroup(kernel, child, 0);
    expect(kernel.tasks.has(grandchild.tid)).toBe(false);
    expect(wait()).toBe(child.tid);
  });

  it('dies when its last thread does, whichever that is', () => {
    const child = clone(SIGCHLD);
    const thread = clone(THREAD, child);
    exitThread(kernel, child, 1 << 8);
    expect(isWait(wait())).toBe(true);
    exitThread(kernel, thread, 2 << 8);
    expect(kernel.tasks.has(thread.tid)).toBe(false);
    expect(wait()).toBe(child.tid);
  });

  it('is told to the host once, with its status', () => {
    exitGroup(kernel, task, 5 << 8);
    expect(takeEndedProcesses(kernel)).toMatchObject([{ tgid: task.tgid, status: 5 << 8 }]);
    expect(takeEndedProcesses(kernel)).toEqual([]);
    expect(kernel.tasks.size).toBe(1);
  });

  it('holds its vfork parent until it exits', () => {
    enter(kernel, task, 'clone');
    const first = processCalls.clone(kernel, task, 0x4000 | 0x100 | SIGCHLD, 0, 0, 0, 0);
    expect(isWait(first)).toBe(true);
    const child = [...kernel.tasks.values()].at(-1)!;
    const again = () => processCalls.clone(kernel, task, 0x4000 | 0x100 | SIGCHLD, 0, 0, 0, 0);
    expect(isWait(again())).toBe(true);
    exitGroup(kernel, child, 0);
    expect(again()).toBe(child.tid);
  });

  it('runs into the limit on processes, and that is recorded', () => {
    kernel.limits.processes = 3;
    clone(SIGCHLD);
    clone(SIGCHLD);
    expect(() => clone(SIGCHLD)).toThrow('EAGAIN');
    expect(kernel.limitHits.get('processes')).toBe(1);
  });
});
