/**
 * A growing ring of bytes. Interface: newByteQueue, pushByte, pushBytes, takeBytes, dropBytes, keepBytes.
 */
import type { ByteQueue } from './types.ts';

const SMALLEST = 256;

export function newByteQueue(): ByteQueue {
  return { bytes: new Uint8Array(0), head: 0, length: 0 };
}

export function pushByte(queue: ByteQueue, byte: number): void {
  if (queue.length === queue.bytes.length) grow(queue, queue.length + 1);
  queue.bytes[(queue.head + queue.length) & (queue.bytes.length - 1)] = byte;
  queue.length++;
}

export function pushBytes(queue: ByteQueue, source: Uint8Array, start: number, end: number): void {
  const count = end - start;
  if (queue.length + count > queue.bytes.length) grow(queue, queue.length + count);
  const at = (queue.head + queue.length) & (queue.bytes.length - 1);
  const first = Math.min(count, queue.bytes.length - at);
  queue.bytes.set(source.subarray(start, start + first), at);
  queue.bytes.set(source.subarray(start + first, end), 0);
  queue.length += count;
}

/** Takes up to `max` bytes from the front. */
export function takeBytes(queue: ByteQueue, max: number): Uint8Array {
  const taken = new Uint8Array(Math.min(max, queue.length));
  const first = Math.min(taken.length, queue.bytes.length - queue.head);
  taken.set(queue.bytes.subarray(queue.head, queue.head + first));
  taken.set(queue.bytes.subarray(0, taken.length - first), first);
  dropBytes(queue, taken.length);
  return taken;
}

/** Forgets the first `count` bytes. */
export function dropBytes(queue: ByteQueue, count: number): void {
  queue.length -= count;
  queue.head = queue.length === 0 ? 0 : (queue.head + count) & (queue.bytes.length - 1);
}

/** Forgets all but the first `count` bytes. */
export function keepBytes(queue: ByteQueue, count: number): void {
  if (queue.length > count) queue.length = count;
}

function grow(queue: ByteQueue, needed: number): void {
  let size = Math.max(SMALLEST, queue.bytes.length);
  while (size < needed) size *= 2;
  const bytes = new Uint8Array(size);
  const first = Math.min(queue.length, queue.bytes.length - queue.head);
  bytes.set(queue.bytes.subarray(queue.head, queue.head + first));
  bytes.set(queue.bytes.subarray(0, queue.length - first), first);
  queue.bytes = bytes;
  queue.head = 0;
}
