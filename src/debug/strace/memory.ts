/**
 * How the printers look into the traced program. Interface: TracedMemory, memoryOf.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import { copyFromUser } from '../../kernel/mm/uaccess.ts';
import type { Task } from '../../kernel/task/types.ts';

export interface TracedMemory {
  /** `length` bytes at `address`, or null where any of them cannot be read. */
  read(address: bigint, length: number): Uint8Array | null;
}

const PAGE_BYTES = 4096;

export function memoryOf(kernel: Kernel, task: Task): TracedMemory {
  return {
    read(address, length) {
      if (length <= 0) return new Uint8Array(0);
      const bytes = new Uint8Array(length);
      return copyFromUser(kernel, task, Number(address), bytes) === 0 ? bytes : null;
    },
  };
}

/** The bytes up to a NUL, at most `max` of them; `ended` tells whether the NUL was found. Null: it cannot be read. */
export function readCString(
  memory: TracedMemory,
  address: bigint,
  max: number,
): { bytes: Uint8Array; ended: boolean } | null {
  const found: number[] = [];
  let at = address;
  while (found.length < max) {
    const step = Math.min(max - found.length, PAGE_BYTES - Number(at & BigInt(PAGE_BYTES - 1)));
    const chunk = memory.read(at, step);
    if (chunk === null) return null;
    const end = chunk.indexOf(0);
    found.push(...(end < 0 ? chunk : chunk.subarray(0, end)));
    if (end >= 0) return { bytes: Uint8Array.from(found), ended: true };
    at += BigInt(step);
  }
  return { bytes: Uint8Array.from(found), ended: false };
}
