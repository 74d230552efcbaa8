/**
 * Cursors over the bytes of a transfer: user buffers or kernel bytes.
 *
 * Interface: userIo, userIovec, bytesIo, copyToIo, copyFromIo, fillIo, advanceIo, MAX_RW_COUNT,
 * BYTES_AT_A_TIME.
 * A copy that meets a bad address moves what it can: EFAULT only if nothing was moved. See readv(2).
 */
import type { Kernel } from '../kernel.ts';
import { getUser64, userPageOffset } from '../mm/uaccess.ts';
import type { Task } from '../task/types.ts';
import type { Io } from './types.ts';

/** Linux: no transfer is longer than this, whatever was asked. */
export const MAX_RW_COUNT = 0x7ffff000;

/** After so much a call gives way to others, and to the host, and goes on later. */
export const BYTES_AT_A_TIME = 2 ** 21;

const IOV_MAX = 1024;
const IOVEC_BYTES = 16;
const SSIZE_MAX = 2 ** 63;
const PAGE_MASK = 4095;
/** Below this a byte loop is faster than a call of TypedArray.set. */
const SMALL = 32;

export function userIo(task: Task, address: number, length: number): Io {
  const count = length > MAX_RW_COUNT ? MAX_RW_COUNT : length;
  return { mm: task.mm, bytes: null, segments: [{ address, length: count }], segment: 0, offset: 0, remaining: count };
}

/** The iovecs of readv and its kin, copied in. EINVAL for more than 1024 or a negative length; the sum is cut at MAX_RW_COUNT. */
export function userIovec(kernel: Kernel, task: Task, iov: number, count: number): Io | 'EINVAL' | 'EFAULT' {
  if (count < 0 || count > IOV_MAX) return 'EINVAL';
  const taskSize = kernel.mms.get(task.mm)!.taskSize;
  const segments: { address: number; length: number }[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const address = getUser64(kernel, task, iov + i * IOVEC_BYTES);
    const length = getUser64(kernel, task, iov + i * IOVEC_BYTES + 8);
    if (typeof address === 'string' || typeof length === 'string') return 'EFAULT';
    if (length >= SSIZE_MAX) return 'EINVAL';
    if (address + length > taskSize) return 'EFAULT';
    const taken = Math.min(length, MAX_RW_COUNT - total);
    if (taken > 0) segments.push({ address, length: taken });
    total += taken;
  }
  return { mm: task.mm, bytes: null, segments, segment: 0, offset: 0, remaining: total };
}

export function bytesIo(bytes: Uint8Array): Io {
  return { mm: 0, bytes, segments: [], segment: 0, offset: 0, remaining: bytes.length };
}

/** Copies `src[offset .. offset + length)` to the cursor, at most `io.remaining`. Returns bytes copied. */
export function copyToIo(kernel: Kernel, io: Io, src: Uint8Array, offset: number, length: number): number | 'EFAULT' {
  return transfer(kernel, io, length, true, src, offset);
}

/** Copies up to `length` bytes from the cursor to `dst[offset …]`. Returns bytes copied. */
export function copyFromIo(kernel: Kernel, io: Io, dst: Uint8Array, offset: number, length: number): number | 'EFAULT' {
  return transfer(kernel, io, length, false, dst, offset);
}

/** Writes `length` zero bytes to the cursor. */
export function fillIo(kernel: Kernel, io: Io, length: number): number | 'EFAULT' {
  return transfer(kernel, io, length, true, null, 0);
}

/** Skips bytes that an earlier entry of the call has moved. */
export function advanceIo(io: Io, count: number): void {
  let left = Math.min(count, io.remaining);
  io.remaining -= left;
  if (io.bytes !== null) {
    io.offset += left;
    return;
  }
  while (left > 0) {
    const room = io.segments[io.segment]!.length - io.offset;
    const step = Math.min(room, left);
    left -= step;
    io.offset += step;
    if (step === room) {
      io.segment++;
      io.offset = 0;
    }
  }
}

/** Moves bytes between the cursor and `other` (null: zeros), page by page. */
function transfer(
  kernel: Kernel,
  io: Io,
  length: number,
  toCursor: boolean,
  other: Uint8Array | null,
  otherOffset: number,
): number | 'EFAULT' {
  let left = length < io.remaining ? length : io.remaining;
  if (io.bytes !== null) {
    moveBytes(io.bytes, io.offset, other, otherOffset, left, toCursor);
    io.offset += left;
    io.remaining -= left;
    return left;
  }
  const ram = kernel.machine.ram.u8;
  const mm = kernel.mms.get(io.mm)!;
  let done = 0;
  while (left > 0) {
    const segment = io.segments[io.segment]!;
    const room = segment.length - io.offset;
    if (room === 0) {
      io.segment++;
      io.offset = 0;
      continue;
    }
    const address = segment.address + io.offset;
    const at = userPageOffset(kernel, mm, address, toCursor);
    if (at < 0) return done === 0 ? 'EFAULT' : done;
    let step = PAGE_MASK + 1 - (at & PAGE_MASK);
    if (step > room) step = room;
    if (step > left) step = left;
    moveBytes(ram, at, other, otherOffset + done, step, toCursor);
    io.offset += step;
    io.remaining -= step;
    done += step;
    left -= step;
  }
  return done;
}

function moveBytes(
  cursor: Uint8Array,
  at: number,
  other: Uint8Array | null,
  otherAt: number,
  length: number,
  toCursor: boolean,
): void {
  if (other === null) {
    cursor.fill(0, at, at + length);
  } else if (length <= SMALL) {
    if (toCursor) for (let i = 0; i < length; i++) cursor[at + i] = other[otherAt + i]!;
    else for (let i = 0; i < length; i++) other[otherAt + i] = cursor[at + i]!;
  } else if (toCursor) {
    cursor.set(other.subarray(otherAt, otherAt + length), at);
  } else {
    other.set(cursor.subarray(at, at + length), otherAt);
  }
}
