import { beforeEach, describe, expect, it } from 'vitest';
import type { Kernel } from '../../kernel.ts';
import { mmOf } from '../../mm/mm.ts';
import { getUser32, getUser64, getUser8, strncpyFromUser } from '../../mm/uaccess.ts';
import { stackPointer } from '../../arch/arch.ts';
import { exitGroup } from '../exit.ts';
import { checkConsistency, processKernel, putProgram, smallElf, spawn } from '../testing.ts';

let kernel: Kernel;

beforeEach(() => {
  kernel = processKernel();
});

function started(path: string) {
  const pid = spawn(kernel, path);
  if (typeof pid === 'string') throw new Error(pid);
  return kernel.tasks.get(pid)!;
}

describe('loading an ELF program', () => {
  it('maps the segments, clears the rest of the last file page and adds bss', () => {
    putProgram(kernel, '/prog', smallElf());
    const task = started('/prog');
    expect(getUser32(kernel, task, 0x10000)).toBe(0x464c457f);
    expect(getUser8(kernel, task, 0x12000 + 99)).toBe(0xaa);
    expect(getUser8(kernel, task, 0x12000 + 100)).toBe(0);
    expect(getUser32(kernel, task, 0x14ffc)).toBe(0);
    expect(getUser8(kernel, task, 0x15000)).toBe('EFAULT');
    const mm = mmOf(kernel, task);
    expect(mm.brk).toBe(0x15000);
    expect(mm.startCode).toBe(0x10000);
  });

  it('puts argc, argv, envp and the auxiliary vector on the stack', () => {
    putProgram(kernel, '/prog', smallElf());
    const task = started('/prog');
    const sp = stackPointer(kernel, task);
    expect(sp % 16).toBe(0);
    expect(getUser64(kernel, task, sp)).toBe(1);
    const text = (address: number) => strncpyFromUser(kernel, task, address, 100);
    expect(text(getUser64(kernel, task, sp + 8) as number)).toEqual({ bytes: '/prog' });
    expect(getUser64(kernel, task, sp + 16)).toBe(0);
    expect(text(getUser64(kernel, task, sp + 24) as number)).toEqual({ bytes: 'A=1' });
    const auxv = new Map<number, number>();
    for (let at = sp + 40; ; at += 16) {
      const key = getUser64(kernel, task, at) as number;
      if (key === 0) break;
      auxv.set(key, getUser64(kernel, task, at + 8) as number);
    }
    expect(auxv.get(3)).toBe(0x10040);
    expect(auxv.get(5)).toBe(2);
    expect(auxv.get(9)).toBe(0x10100);
    expect(text(auxv.get(31)!)).toEqual({ bytes: '/prog' });
    expect(getUser8(kernel, task, auxv.get(25)!)).toBe(7);
  });

  it('gives everything back at exit', () => {
    putProgram(kernel, '/prog', smallElf());
    // What the first run leaves behind (file pages) stays.
    for (let round = 0; round < 2; round++) exitGroup(kernel, started('/prog'), 0);
    const before = {
      free: kernel.frames.freePages,
      files: kernel.files.size,
      queues: kernel.waitQueues.size,
      mms: kernel.mms.size,
    };
    for (let round = 0; round < 10; round++) exitGroup(kernel, started('/prog'), 0);
    expect({
      free: kernel.frames.freePages,
      files: kernel.files.size,
      queues: kernel.waitQueues.size,
      mms: kernel.mms.size,
    }).toEqual(before);
    expect(kernel.tasks.size).toBe(1);
    expect(kernel.inodes.size).toBeGreaterThan(0);
  });

  it('survives any header: it runs, is refused, or dies by SIGSEGV', () => {
    let seed = 12345;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const interesting = [0, 1, 7, 8, 0x7f, 0x80, 0xff];
    const outcomes = new Map<string, number>();
    const good = smallElf();
    for (let round = 0; round < 1500; round++) {
      const bytes = good.slice(0, random(20) === 0 ? random(good.length) : good.length);
      // Changes fall into the headers; magic and machine are mostly left alone.
      for (let changes = 1 + random(4); changes > 0; changes--) {
        const at = random(10) === 0 ? random(24) : 24 + random(152);
        if (at < bytes.length) bytes[at] = random(2) === 0 ? random(256) : interesting[random(interesting.length)]!;
      }
      putProgram(kernel, '/fuzz', bytes);
      const pid = spawn(kernel, '/fuzz');
      if (typeof pid === 'string') outcomes.set(pid, (outcomes.get(pid) ?? 0) + 1);
      else {
        const status = kernel.hostProcesses.get(pid)?.status ?? null;
        outcomes.set(status === null ? 'ran' : `status ${status}`, 1);
        const task = kernel.tasks.get(pid);
        if (task !== undefined) exitGroup(kernel, task, 0);
      }
      kernel.hostProcesses.clear();
    }
    expect(checkConsistency(kernel)).toEqual([]);
    expect(kernel.mms.size).toBe(0);
    expect(kernel.tasks.size).toBe(1);
    for (const outcome of outcomes.keys())
      expect(['ENOEXEC', 'ENOMEM', 'EINVAL', 'EIO', 'ENOENT', 'EACCES', 'ELIBBAD', 'ran', 'status 11']).toContain(
        outcome,
      );
    expect(outcomes.has('ran')).toBe(true);
  });
});
