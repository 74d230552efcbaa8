import { describe, expect, it } from 'vitest';
import { OPEN } from '../../abi/flags/open.ts';
import { POLL } from '../../abi/flags/poll.ts';
import { createEpoll, addItem, collectReady, epollOps } from './epoll.ts';
import { eventfdData, eventfdOps } from './eventfd.ts';
import { createHostPipe, hostPipeClose, hostPipeRead, hostPipeState, hostPipeWrite } from './host-pipe.ts';
import { createPipe, pipeOps, pipeSize, setPipeSize } from './pipe.ts';
import type { Kernel } from '../kernel.ts';
import { isWait } from '../result.ts';
import { ROOT_CRED } from '../task/cred.ts';
import type { Task } from '../task/types.ts';
import { registerFileOps } from '../vfs/file-ops.ts';
import { createAnonFile, putFile } from '../vfs/file.ts';
import { registerFileSystems } from '../vfs/file-systems.ts';
import { bytesIo } from '../vfs/io.ts';
import type { OpenFile } from '../vfs/types.ts';
import { newSyscallState } from '../task/syscall-state.ts';

registerFileOps();
registerFileSystems();

const { O_NONBLOCK, O_DIRECT } = OPEN.values;
const { POLLIN, POLLRDNORM, POLLOUT, POLLWRNORM, POLLHUP, POLLERR } = POLL.values;
const EPOLLET = 0x80000000;
const EPOLLONESHOT = 0x40000000;

/** A kernel with files and queues, and nobody who sleeps. */
function bareKernel(): Kernel {
  const tables = ['inodes', 'dentries', 'mounts', 'superBlocks', 'files', 'pipes', 'epolls', 'ttys', 'waitQueues'];
  return {
    ...Object.fromEntries(tables.map((name) => [name, new Map()])),
    nextId: 1,
    nextDev: 1,
    tasks: new Map(),
    groups: new Map(),
    current: 0,
    stats: { outputBytes: 0 },
    bootTime: { realtimeSec: 0, realtimeNsec: 0, portMonotonicNs: 0 },
    machine: { timer: { nowNs: () => 0 } },
  } as unknown as Kernel;
}

const task = {
  tid: 1,
  tgid: 1,
  cred: ROOT_CRED,
  signalPending: false,
  state: 'zombie',
  syscall: newSyscallState(),
} as unknown as Task;

function write(kernel: Kernel, file: OpenFile, count: number, byte = 120) {
  const result = pipeOps.write!(kernel, task, file, bytesIo(new Uint8Array(count).fill(byte)), 0);
  return isWait(result) ? 'wait' : result;
}

function read(kernel: Kernel, file: OpenFile, count: number) {
  const result = pipeOps.read!(kernel, task, file, bytesIo(new Uint8Array(count)), 0);
  return isWait(result) ? 'wait' : result;
}

describe('pipe', () => {
  // What Linux gives: bytes until EAGAIN, the last write, then after reading 1: write 1; after reading 4095 more: write 5000, write 1.
  it.each([
    [1, 65536, 1, 'EAGAIN', 4096, 'EAGAIN'],
    [100, 64000, 100, 1, 4096, 'EAGAIN'],
    [3000, 48000, 3000, 1, 5000, 'EAGAIN'],
    [4095, 65520, 4095, 1, 4096, 'EAGAIN'],
    [4096, 65536, 4096, 'EAGAIN', 4096, 'EAGAIN'],
    [4097, 45066, 4096, 'EAGAIN', 4096, 'EAGAIN'],
    [5000, 54096, 4096, 'EAGAIN', 4096, 'EAGAIN'],
    [10000, 64096, 4096, 'EAGAIN', 4096, 'EAGAIN'],
    [65536, 65536, 65536, 'EAGAIN', 4096, 'EAGAIN'],
    [70000, 65536, 65536, 'EAGAIN', 4096, 'EAGAIN'],
  ])('fills by writes of %i bytes as Linux does', (size, total, last, ...after) => {
    const kernel = bareKernel();
    const { reader, writer } = createPipe(kernel, task, O_NONBLOCK);
    const counts: number[] = [];
    for (let count = write(kernel, writer, size); typeof count === 'number'; count = write(kernel, writer, size))
      counts.push(count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
    expect(counts.at(-1)).toBe(last);
    read(kernel, reader, 1);
    const first = write(kernel, writer, 1);
    read(kernel, reader, 4095);
    expect([first, write(kernel, writer, 5000), write(kernel, writer, 1)]).toEqual(after);
  });

  it('keeps packets apart and loses what is not read of one', () => {
    const kernel = bareKernel();
    const { reader, writer } = createPipe(kernel, task, O_NONBLOCK | O_DIRECT);
    for (const count of [3, 4, 5000]) write(kernel, writer, count);
    expect([2, 100, 10000, 10000, 1].map((count) => read(kernel, reader, count))).toEqual([2, 4, 4096, 904, 'EAGAIN']);
  });

  it('says what is ready, and ends with its ends', () => {
    const kernel = bareKernel();
    const { reader, writer } = createPipe(kernel, task, 0);
    expect(pipeOps.poll!(kernel, reader)).toBe(0);
    expect(pipeOps.poll!(kernel, writer)).toBe(POLLOUT | POLLWRNORM);
    expect(read(kernel, reader, 1)).toBe('wait');
    write(kernel, writer, 1);
    expect(pipeOps.poll!(kernel, reader)).toBe(POLLIN | POLLRDNORM);
    putFile(kernel, writer);
    expect(pipeOps.poll!(kernel, reader)).toBe(POLLIN | POLLRDNORM | POLLHUP);
    expect([read(kernel, reader, 9), read(kernel, reader, 9)]).toEqual([1, 0]);
    putFile(kernel, reader);
    expect([kernel.pipes.size, kernel.waitQueues.size]).toEqual([0, 0]);
  });

  it('refuses to write without a reader', () => {
    const kernel = bareKernel();
    const { reader, writer } = createPipe(kernel, task, 0);
    putFile(kernel, reader);
    expect(write(kernel, writer, 1)).toBe('EPIPE');
    expect(write(kernel, writer, 0)).toBe(0);
    expect(pipeOps.poll!(kernel, writer)).toBe(POLLOUT | POLLWRNORM | POLLERR);
  });

  it('changes its size', () => {
    const kernel = bareKernel();
    const { reader, writer } = createPipe(kernel, task, O_NONBLOCK);
    expect(pipeSize(kernel, reader)).toBe(65536);
    write(kernel, writer, 9000, 65);
    expect(setPipeSize(kernel, task, reader, 4096)).toBe('EBUSY');
    expect(setPipeSize(kernel, task, reader, 10000)).toBe(16384);
    expect(write(kernel, writer, 9000, 66)).toBe(4096 + 808);
    expect(setPipeSize(kernel, task, writer, 1 << 20)).toBe(1 << 20);
    const bytes = new Uint8Array(20000);
    expect(pipeOps.read!(kernel, task, reader, bytesIo(bytes), 0)).toBe(9000 + 4904);
    expect([bytes[8999], bytes[9000], bytes[13903]]).toEqual([65, 66, 66]);
  });
});

describe('host pipe', () => {
  it('streams to the guest in order and in bounded memory', () => {
    const kernel = bareKernel();
    const { pipe, file } = createHostPipe(kernel, 'to-guest');
    const source = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7) & 0xff);
    let sent = 0;
    let received = 0;
    while (received < 8 * source.length) {
      if (sent < 8 * source.length) sent += hostPipeWrite(kernel, pipe, source, sent % source.length);
      const chunk = new Uint8Array(50_000);
      const count = pipeOps.read!(kernel, task, file, bytesIo(chunk), 0) as number;
      for (let i = 0; i < count; i += 997)
        if (chunk[i] !== ((((received + i) % source.length) * 7) & 0xff)) throw new Error('differs');
      received += count;
    }
    expect(kernel.pipes.get(pipe)!.ring.length).toBe(1 << 18);
    expect(hostPipeState(kernel, pipe)).toEqual({ readable: 0, room: 1 << 18, otherEndOpen: true });
    hostPipeClose(kernel, pipe);
    expect(pipeOps.read!(kernel, task, file, bytesIo(new Uint8Array(1)), 0)).toBe(0);
    putFile(kernel, file);
    expect(kernel.pipes.size).toBe(0);
  });

  it('keeps what the guest wrote before it closed', () => {
    const kernel = bareKernel();
    const { pipe, file } = createHostPipe(kernel, 'from-guest');
    write(kernel, file, 5);
    putFile(kernel, file);
    expect(hostPipeState(kernel, pipe).otherEndOpen).toBe(false);
    expect(hostPipeRead(kernel, pipe, 100).length).toBe(5);
    expect(hostPipeRead(kernel, pipe, 100).length).toBe(0);
    hostPipeClose(kernel, pipe);
    hostPipeClose(kernel, pipe);
    expect(kernel.pipes.size).toBe(0);
  });
});

describe('epoll', () => {
  function watched(events: number) {
    const kernel = bareKernel();
    const epoll = createEpoll(kernel);
    const { reader, writer } = createPipe(kernel, task, O_NONBLOCK);
    addItem(kernel, epoll, 3, reader, events, 7n);
    const ready = () => {
      const seen: number[] = [];
      collectReady(kernel, epoll, 10, (_item, mask) => seen.push(mask) > 0);
      return seen;
    };
    return { kernel, epoll, reader, writer, ready };
  }

  it('reports level-triggered files as long as they are ready', () => {
    const { kernel, reader, writer, ready } = watched(POLLIN);
    expect(ready()).toEqual([]);
    write(kernel, writer, 2);
    expect([ready(), ready()]).toEqual([[POLLIN], [POLLIN]]);
    read(kernel, reader, 2);
    expect(ready()).toEqual([]);
    putFile(kernel, writer);
    expect(ready()).toEqual([POLLHUP]);
  });

  it('reports edge-triggered files once for each arrival', () => {
    const { kernel, writer, ready } = watched((POLLIN | EPOLLET) >>> 0);
    write(kernel, writer, 2);
    expect([ready(), ready()]).toEqual([[POLLIN], []]);
    write(kernel, writer, 1);
    expect([ready(), ready()]).toEqual([[POLLIN], []]);
  });

  it('disables one-shot files, and forgets closed ones', () => {
    const { kernel, epoll, reader, writer, ready } = watched(POLLIN | EPOLLONESHOT);
    write(kernel, writer, 2);
    expect([ready(), ready()]).toEqual([[POLLIN], []]);
    putFile(kernel, reader);
    putFile(kernel, writer);
    expect([epoll.items.size, epoll.byFd.size, epoll.ready.length]).toEqual([0, 0, 0]);
  });

  it('nests', () => {
    const { kernel, epoll, writer, ready } = watched(POLLIN);
    const inner = createAnonFile(kernel, task, 'epoll', '[eventpoll]', 0, epoll.id);
    const outer = createEpoll(kernel);
    addItem(kernel, outer, 4, inner, POLLIN, 0n);
    expect(epollOps.poll!(kernel, inner)).toBe(0);
    write(kernel, writer, 1);
    const seen: number[] = [];
    collectReady(kernel, outer, 10, (_item, mask) => seen.push(mask) > 0);
    expect(seen).toEqual([POLLIN]);
    expect(ready()).toEqual([POLLIN]);
  });
});

describe('eventfd', () => {
  it('counts, and waits at its limits', () => {
    const kernel = bareKernel();
    const file = createAnonFile(kernel, task, 'eventfd', '[eventfd]', 2 | O_NONBLOCK, eventfdData(kernel, 3, false));
    const put = (value: bigint) =>
      eventfdOps.write!(kernel, task, file, bytesIo(new Uint8Array(BigUint64Array.of(value).buffer)), 0);
    const get = () => {
      const bytes = new Uint8Array(8);
      const result = eventfdOps.read!(kernel, task, file, bytesIo(bytes), 0);
      return result === 8 ? new DataView(bytes.buffer).getBigUint64(0, true) : result;
    };
    expect([get(), get()]).toEqual([3n, 'EAGAIN']);
    expect([put(0xffff_ffff_ffff_fffen), put(1n), put(0n), put(0xffff_ffff_ffff_ffffn)]).toEqual([
      8,
      'EAGAIN',
      8,
      'EINVAL',
    ]);
    expect(eventfdOps.poll!(kernel, file)).toBe(POLLIN);
    expect(get()).toBe(0xffff_ffff_ffff_fffen);
  });
});
