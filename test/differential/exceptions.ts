/**
 * Where qemu-user differs from Linux and Ringfence does not: the answer that Linux gives, checked with this machine's own programs.
 * Each needs its reason. The test fails for one that qemu answers as Linux does, so none outlives its reason.
 *
 * Interface: EXCEPTIONS, Exception.
 */
import type { Answer } from './script.ts';

export interface Exception extends Answer {
  readonly group: string;
  readonly line: string;
  readonly reason: string;
}

export const EXCEPTIONS: readonly Exception[] = [];
