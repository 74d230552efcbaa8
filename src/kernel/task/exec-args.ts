/**
 * Argument and environment strings on their way through execve. See execve(2), "Limits on size of arguments and environment".
 *
 * Interface: ArgBlock, userArgs, listArgs, replaceFirst, argumentSpace.
 */
import { bytesOf, type ByteString } from '../../util/byte-string.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, getUser64, strnlenUser } from '../mm/uaccess.ts';
import { softLimit } from './rlimit.ts';
import type { Task, ThreadGroup } from './types.ts';

/** Strings one after the other, each with its NUL, as they lie on the new stack. */
export interface ArgBlock {
  bytes: Uint8Array;
  length: number;
  count: number;
}

/** MAX_ARG_STRLEN: of one string with its NUL. */
const MAX_STRING = 131072;
const STACK_LIMIT = 8 << 20;
const ARG_MAX = 131072;
const POINTER_BYTES = 8;

/** Bytes that strings and the pointers to them may take: a quarter of the stack limit, at least ARG_MAX, at most 6 MiB. */
export function argumentSpace(group: ThreadGroup): number {
  return Math.max(Math.min((STACK_LIMIT / 4) * 3, softLimit(group, 'RLIMIT_STACK') / 4), ARG_MAX);
}

/** Reads the null-terminated array of strings at `address`; a null `address` is an empty one. `space`: E2BIG beyond it. */
export function userArgs(kernel: Kernel, task: Task, address: number, space: number): ArgBlock | 'EFAULT' | 'E2BIG' {
  const block: ArgBlock = { bytes: new Uint8Array(4096), length: 0, count: 0 };
  if (address === 0) return block;
  for (let at = address; ; at += POINTER_BYTES) {
    const pointer = getUser64(kernel, task, at);
    if (typeof pointer === 'string') return pointer;
    if (pointer === 0) return block;
    // With the NUL.
    const length = strnlenUser(kernel, task, pointer, MAX_STRING);
    if (typeof length === 'string') return length;
    if (length > MAX_STRING) return 'E2BIG';
    if (block.length + length + (block.count + 1) * POINTER_BYTES > space) return 'E2BIG';
    reserve(block, length);
    const end = block.length + length;
    if (copyFromUser(kernel, task, pointer, block.bytes.subarray(block.length, end)) !== 0) return 'EFAULT';
    // Another thread may have changed it in between.
    block.bytes[end - 1] = 0;
    block.length = end;
    block.count++;
  }
}

/** The same from strings of the kernel. */
export function listArgs(strings: readonly ByteString[]): ArgBlock {
  const bytes = bytesOf(strings.map((text) => `${text}\0`).join(''));
  return { bytes, length: bytes.length, count: strings.length };
}

/** Replaces the first argument by `strings`. */
export function replaceFirst(block: ArgBlock, strings: readonly ByteString[]): ArgBlock {
  const start = block.count === 0 ? 0 : block.bytes.indexOf(0) + 1;
  const head = listArgs(strings);
  const bytes = new Uint8Array(head.length + block.length - start);
  bytes.set(head.bytes);
  bytes.set(block.bytes.subarray(start, block.length), head.length);
  return { bytes, length: bytes.length, count: head.count + Math.max(block.count - 1, 0) };
}

function reserve(block: ArgBlock, more: number): void {
  if (block.length + more <= block.bytes.length) return;
  const grown = new Uint8Array(Math.max(block.bytes.length * 2, block.length + more));
  grown.set(block.bytes.subarray(0, block.length));
  block.bytes = grown;
}
