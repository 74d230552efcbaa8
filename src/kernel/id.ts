/** Hands out ids. Interface: nextId. Ids are never used twice in the life of a system. */
import type { KernelState } from './kernel.ts';

export function nextId(kernel: KernelState): number {
  return kernel.nextId++;
}
