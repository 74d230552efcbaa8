/**
 * The ring of slots inside a pipe. See pipe(7), "Pipe capacity" and PIPE_BUF; Linux fs/pipe.c for which bytes share a slot.
 *
 * Interface: newPipe, forgetPipe, appendToPipe, takeFromPipe, peekPipe, resizePipe, SLOT_BYTES.
 * Invariants: used <= slots; every used slot has bytes; `ring` holds a power of two of slots. Nobody is woken here.
 * Because a write of at most a page goes to one slot or to none, it is atomic.
 */
import { nextId } from '../id.ts';
import type { PipeId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import { waitOn } from '../result.ts';
import { freeWaitQueue, newWaitQueue } from '../sched/wait-queue.ts';
import { copyFromIo, copyToIo } from '../vfs/io.ts';
import type { Io } from '../vfs/types.ts';
import type { Pipe } from './types.ts';

export const SLOT_BYTES = 4096;

/** An empty pipe without readers and writers. `slots` is a power of two. */
export function newPipe(kernel: Kernel, slots: number): Pipe {
  const readable = newWaitQueue(kernel);
  const writable = newWaitQueue(kernel);
  const id: PipeId = nextId(kernel);
  const pipe: Pipe = {
    id,
    ring: new Uint8Array(0),
    starts: [],
    lengths: [],
    packets: [],
    head: 0,
    used: 0,
    slots,
    length: 0,
    readers: 0,
    writers: 0,
    host: null,
    readerOpens: 0,
    writerOpens: 0,
    readable,
    writable,
    readWait: waitOn([readable]),
    writeWait: waitOn([writable]),
  };
  kernel.pipes.set(id, pipe);
  return pipe;
}

/** The end of a pipe's record. */
export function forgetPipe(kernel: Kernel, pipe: Pipe): void {
  kernel.pipes.delete(pipe.id);
  freeWaitQueue(kernel, pipe.readable);
  freeWaitQueue(kernel, pipe.writable);
}

/**
 * Moves bytes from the cursor into the pipe until it is full. `packet`: each slot is read on its own (O_DIRECT). `merge`: the odd
 * bytes beyond whole pages may join the last slot, which Linux tries at the start of a write only.
 */
export function appendToPipe(kernel: Kernel, pipe: Pipe, io: Io, packet: boolean, merge: boolean): number | 'EFAULT' {
  let done = 0;
  if (merge && pipe.used > 0) {
    const odd = io.remaining & (SLOT_BYTES - 1);
    const slot = (pipe.head + pipe.used - 1) & (pipe.starts.length - 1);
    const end = pipe.starts[slot]! + pipe.lengths[slot]!;
    if (odd > 0 && end + odd <= SLOT_BYTES && !pipe.packets[slot]) {
      const copied = copyFromIo(kernel, io, pipe.ring, slot * SLOT_BYTES + end, odd);
      if (copied === 'EFAULT') return copied;
      pipe.lengths[slot]! += copied;
      pipe.length += copied;
      if (copied < odd) return copied;
      done = copied;
    }
  }
  while (io.remaining > 0 && pipe.used < pipe.slots) {
    if (pipe.used === pipe.starts.length) grow(pipe);
    const slot = (pipe.head + pipe.used) & (pipe.starts.length - 1);
    const wanted = io.remaining < SLOT_BYTES ? io.remaining : SLOT_BYTES;
    const copied = copyFromIo(kernel, io, pipe.ring, slot * SLOT_BYTES, wanted);
    if (copied === 'EFAULT') return done > 0 ? done : copied;
    pipe.starts[slot] = 0;
    pipe.lengths[slot] = copied;
    pipe.packets[slot] = packet;
    pipe.used++;
    pipe.length += copied;
    done += copied;
    if (copied < wanted) break;
  }
  return done;
}

/** Moves bytes from the pipe to the cursor: to its end, or one packet. What does not fit of a packet is lost. */
export function takeFromPipe(kernel: Kernel, pipe: Pipe, io: Io): number | 'EFAULT' {
  let done = 0;
  while (io.remaining > 0 && pipe.used > 0) {
    const slot = pipe.head;
    const length = pipe.lengths[slot]!;
    const wanted = io.remaining < length ? io.remaining : length;
    const copied = copyToIo(kernel, io, pipe.ring, slot * SLOT_BYTES + pipe.starts[slot]!, wanted);
    if (copied === 'EFAULT') return done > 0 ? done : copied;
    done += copied;
    if (pipe.packets[slot]) {
      consume(pipe, slot, length);
      break;
    }
    consume(pipe, slot, copied);
    if (copied < wanted) break;
  }
  return done;
}

/** The pipe's first bytes, up to `max`, which stay in it. */
export function peekPipe(pipe: Pipe, max: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(max, pipe.length));
  let done = 0;
  for (let i = 0; i < pipe.used && done < bytes.length; i++) {
    const slot = (pipe.head + i) & (pipe.starts.length - 1);
    const at = slot * SLOT_BYTES + pipe.starts[slot]!;
    const count = Math.min(pipe.lengths[slot]!, bytes.length - done);
    bytes.set(pipe.ring.subarray(at, at + count), done);
    done += count;
  }
  return bytes;
}

/** F_SETPIPE_SZ. False: more slots are in use. */
export function resizePipe(pipe: Pipe, slots: number): boolean {
  if (slots < pipe.used) return false;
  if (pipe.starts.length > slots) relocate(pipe, slots);
  pipe.slots = slots;
  return true;
}

function consume(pipe: Pipe, slot: number, count: number): void {
  pipe.length -= count;
  if (pipe.lengths[slot] === count) {
    pipe.used--;
    // An empty pipe starts again at its first slot, so that short messages stay in one page.
    pipe.head = pipe.used === 0 ? 0 : (slot + 1) & (pipe.starts.length - 1);
  } else {
    pipe.starts[slot]! += count;
    pipe.lengths[slot]! -= count;
  }
}

function grow(pipe: Pipe): void {
  relocate(pipe, Math.max(1, Math.min(pipe.slots, pipe.starts.length * 2)));
}

/** Gives the ring another number of slots, the used ones first. */
function relocate(pipe: Pipe, count: number): void {
  const ring = new Uint8Array(count * SLOT_BYTES);
  const order = Array.from({ length: pipe.used }, (_, i) => (pipe.head + i) & (pipe.starts.length - 1));
  order.forEach((slot, i) => {
    const at = slot * SLOT_BYTES;
    ring.set(pipe.ring.subarray(at, at + SLOT_BYTES), i * SLOT_BYTES);
  });
  const rest = count - pipe.used;
  pipe.starts = [...order.map((slot) => pipe.starts[slot]!), ...Array<number>(rest).fill(0)];
  pipe.lengths = [...order.map((slot) => pipe.lengths[slot]!), ...Array<number>(rest).fill(0)];
  pipe.packets = [...order.map((slot) => pipe.packets[slot]!), ...Array<boolean>(rest).fill(false)];
  pipe.ring = ring;
  pipe.head = 0;
}
