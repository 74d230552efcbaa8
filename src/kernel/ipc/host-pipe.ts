/**
 * Pipes whose far end the host holds: the standard streams of processes that the host started.
 *
 * Interface: createHostPipe, hostPipeWrite, hostPipeRead, hostPipeClose, hostPipeState.
 * The host counts as one reader or writer of the pipe until it closes its end. Its calls never wait: they move what fits.
 */
import { OPEN } from '../../abi/flags/open.ts';
import type { PipeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { wakeAll } from '../sched/wait-queue.ts';
import { ROOT_CRED } from '../task/cred.ts';
import { bytesIo } from '../vfs/io.ts';
import type { OpenFile } from '../vfs/types.ts';
import { closePipeReader, closePipeWriter, pipeEnd } from './pipe.ts';
import { appendToPipe, newPipe, SLOT_BYTES, takeFromPipe } from './pipe-ring.ts';

const { O_RDONLY, O_WRONLY } = OPEN.values;
/** 256 KiB: the host takes turns with the guest, so larger turns cost less. */
const HOST_SLOTS = 64;

export type HostPipeDirection = 'to-guest' | 'from-guest';

export interface HostPipeState {
  /** Bytes that the host may read, or that the guest has not read yet. */
  readonly readable: number;
  /** Bytes that certainly fit. */
  readonly room: number;
  /** Whether the guest still has its end open. */
  readonly otherEndOpen: boolean;
}

/** A pipe to or from the guest. `file` is the guest's end, with one reference. */
export function createHostPipe(kernel: Kernel, direction: HostPipeDirection): { pipe: PipeId; file: OpenFile } {
  const pipe = newPipe(kernel, HOST_SLOTS);
  const toGuest = direction === 'to-guest';
  pipe.host = toGuest ? 'writer' : 'reader';
  if (toGuest) pipe.writers++;
  else pipe.readers++;
  return { pipe: pipe.id, file: pipeEnd(kernel, pipe, ROOT_CRED, toGuest ? O_RDONLY : O_WRONLY, null) };
}

/** Writes `bytes` from `offset` on. Gives how many were taken; 0 when the pipe is full or nobody reads it any more. */
export function hostPipeWrite(kernel: Kernel, id: PipeId, bytes: Uint8Array, offset: number): number {
  const pipe = kernel.pipes.get(id);
  if (pipe === undefined || pipe.readers === 0 || offset >= bytes.length) return 0;
  const taken = appendToPipe(kernel, pipe, bytesIo(bytes.subarray(offset)), false, true);
  if (taken === 'EFAULT' || taken === 0) return 0;
  wakeAll(kernel, pipe.readable);
  return taken;
}

/** Takes up to `max` bytes out of the pipe; empty when there is nothing (now, or at its end). */
export function hostPipeRead(kernel: Kernel, id: PipeId, max: number): Uint8Array {
  const pipe = kernel.pipes.get(id);
  if (pipe === undefined || pipe.used === 0) return new Uint8Array(0);
  const bytes = new Uint8Array(Math.min(max, pipe.length));
  const wasFull = pipe.used >= pipe.slots;
  const io = bytesIo(bytes);
  for (let before = -1; io.offset > before && io.remaining > 0;) {
    before = io.offset;
    takeFromPipe(kernel, pipe, io);
  }
  if (wasFull && pipe.used < pipe.slots) wakeAll(kernel, pipe.writable);
  return io.offset === bytes.length ? bytes : bytes.subarray(0, io.offset);
}

/** The host gives its end up: the guest sees end of file, or EPIPE and SIGPIPE. */
export function hostPipeClose(kernel: Kernel, id: PipeId): void {
  const pipe = kernel.pipes.get(id);
  const end = pipe?.host;
  if (pipe === undefined || end === null) return;
  pipe.host = null;
  if (end === 'writer') closePipeWriter(kernel, pipe, null);
  else closePipeReader(kernel, pipe, null);
}

export function hostPipeState(kernel: Kernel, id: PipeId): HostPipeState {
  const pipe = kernel.pipes.get(id);
  if (pipe === undefined) return { readable: 0, room: 0, otherEndOpen: false };
  return {
    readable: pipe.length,
    room: (pipe.slots - pipe.used) * SLOT_BYTES,
    otherEndOpen: pipe.readers > 0 && pipe.writers > 0,
  };
}
