import { describe, expect, it } from 'vitest';
import { S_IFCHR } from '../../abi/file-mode.ts';
import { MMAP } from '../../abi/flags/memory.ts';
import { OPEN } from '../../abi/flags/open.ts';
import type { SyscallName } from '../../abi/syscalls.ts';
import type { Kernel } from '../kernel.ts';
import { isWait } from '../result.ts';
import { processKernel, putProgram, smallElf, spawn } from '../task/testing.ts';
import type { Task } from '../task/types.ts';
import { inodeOf } from '../vfs/inode.ts';
import { BYTES_AT_A_TIME } from '../vfs/io.ts';
import { newCaller } from '../vfs/testing.ts';
import type { AnyHandler } from './handlers.ts';
import { HANDLERS } from './table.ts';

const { O_RDWR, O_CREAT, O_APPEND } = OPEN.values;
const { MAP_PRIVATE, MAP_ANONYMOUS, MAP_POPULATE } = MMAP.values;
const CWD = -100;
const MIB = 2 ** 20;
const RLIMIT_FSIZE = 1;
const SIGXFSZ_BIT = 1n << 24n;

/** A process with 9 MiB of memory, a file of so many bytes, and /zero. */
function boot(fileBytes = 0) {
  const kernel = processKernel(8192);
  putProgram(kernel, '/program', smallElf());
  const caller = newCaller(kernel, kernel.tasks.get(spawn(kernel, '/program') as number)!);
  const call = (name: string, ...args: (number | string | Uint8Array)[]) => caller.call(name, ...args) as number;
  const memory = call('mmap', 0, 9 * MIB, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  const file = call('openat', CWD, '/f', O_RDWR | O_CREAT, 0o600);
  if (fileBytes > 0) call('ftruncate', file, fileBytes);
  call('mknodat', CWD, '/zero', S_IFCHR | 0o666, 0x105);
  return { ...caller, call, memory, file, zero: call('openat', CWD, '/zero', O_RDWR, 0) };
}

/** Enters a call again until it does not wait any more; tells what came, and how often it was entered. */
function finish(kernel: Kernel, task: Task, name: SyscallName, first: unknown): { result: unknown; entries: number } {
  const { args } = task.syscall;
  const handler = (HANDLERS as unknown as Readonly<Record<SyscallName, AnyHandler>>)[name];
  let result: unknown = first;
  let entries = 1;
  for (; isWait(result); entries++) result = handler(kernel, task, ...args);
  return { result, entries };
}

describe('transfers of many bytes', () => {
  it('are made in pieces, so that others have their turn', () => {
    const { kernel, task, call, memory, file, zero } = boot();
    expect(finish(kernel, task, 'write', call('write', file, memory, 9 * MIB))).toEqual({
      result: 9 * MIB,
      entries: 5,
    });
    expect(call('lseek', file, 0, 1)).toBe(9 * MIB);
    expect(inodeOf(kernel, kernel.files.get(kernel.fdTables.get(task.files)!.fds[file]!.file)!.inode).size).toBe(
      9 * MIB,
    );
    expect(finish(kernel, task, 'pread64', call('pread64', file, memory, 9 * MIB, MIB))).toEqual({
      result: 8 * MIB,
      entries: 5,
    });
    expect(call('lseek', file, 0, 1)).toBe(9 * MIB);
    expect(finish(kernel, task, 'read', call('read', zero, memory, 9 * MIB))).toEqual({ result: 9 * MIB, entries: 5 });
    expect(finish(kernel, task, 'getrandom', call('getrandom', memory, 3 * MIB, 0))).toEqual({
      result: 3 * MIB,
      entries: 2,
    });
    expect(task.usage.writeBytes).toBe(9 * MIB);
    expect(call('read', zero, memory, BYTES_AT_A_TIME)).toBe(BYTES_AT_A_TIME);
  });

  it('keep the order of what is moved', () => {
    const { kernel, task, call, memory, file } = boot();
    const vector = new Uint8Array(BigInt64Array.from([memory, 3 * MIB, memory + 5 * MIB, 2 * MIB], BigInt).buffer);
    call('pwrite64', file, new Uint8Array(2).fill(7), 2, 3 * MIB + 5);
    expect(finish(kernel, task, 'readv', call('readv', file, vector, 2))).toEqual({ result: 3 * MIB + 7, entries: 2 });
    expect(call('pwrite64', file, memory + 5 * MIB, 8, 0)).toBe(8);
    const bytes = new Uint8Array(8);
    call('pread64', file, bytes, 8, 0);
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 7, 7, 0]);
  });

  it('append each piece at the end, wherever that is by then', () => {
    const { kernel, task, call, memory } = boot();
    const file = call('openat', CWD, '/f', O_RDWR | O_APPEND, 0);
    const first = call('write', file, memory, 3 * MIB);
    const own = { ...task.syscall, progress: { ...task.syscall.progress } };
    expect(call('write', file, new Uint8Array(1).fill(9), 1)).toBe(1);
    Object.assign(task.syscall, own);
    expect(finish(kernel, task, 'write', first)).toEqual({ result: 3 * MIB, entries: 2 });
    const byte = new Uint8Array(1);
    expect(call('pread64', file, byte, 1, 2 * MIB)).toBe(1);
    expect(byte[0]).toBe(9);
  });

  it('of devices end early at a signal', () => {
    const { kernel, task, call, memory, file, zero } = boot(9 * MIB);
    const first = call('read', zero, memory, 9 * MIB);
    task.signalPending = true;
    expect(finish(kernel, task, 'read', first)).toEqual({ result: 2 * MIB, entries: 2 });
    expect(finish(kernel, task, 'read', call('read', file, memory, 9 * MIB))).toEqual({ result: 9 * MIB, entries: 5 });
  });

  it('stop at the limit of file sizes without its signal', () => {
    const { kernel, task, call, memory, file } = boot();
    const group = kernel.groups.get(task.tgid)!;
    group.rlimits[RLIMIT_FSIZE] = { soft: 4 * MIB, hard: Infinity };
    expect(finish(kernel, task, 'write', call('write', file, memory, 9 * MIB))).toEqual({
      result: 4 * MIB,
      entries: 3,
    });
    expect((task.pending.set | group.pending.set) & SIGXFSZ_BIT).toBe(0n);
    expect(call('write', file, memory, 9 * MIB)).toBe('EFBIG');
    expect((task.pending.set | group.pending.set) & SIGXFSZ_BIT).not.toBe(0n);
  });

  it('between processes go on where they were', () => {
    const { kernel, task, call, memory } = boot();
    const local = new Uint8Array(BigInt64Array.from([memory, 4 * MIB], BigInt).buffer);
    const remote = new Uint8Array(
      BigInt64Array.from([memory + 4 * MIB, MIB, memory + 6 * MIB, 3 * MIB], BigInt).buffer,
    );
    const first = call('process_vm_readv', task.tgid, local, 1, remote, 2, 0);
    expect(finish(kernel, task, 'process_vm_readv', first)).toEqual({ result: 4 * MIB, entries: 2 });
  });
});
