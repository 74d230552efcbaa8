/**
 * What may be done where the whole process is Ringfence's. Only the command line does this: as a library, Ringfence leaves the threads and
 * the other WebAssembly of its process alone.
 *
 *   - The guest gets the processor first. V8 optimises code on several threads of its own, which otherwise take turns with the guest's
 *     where there are few processors.
 *   - V8 leaves out what it does at each function and each round of a loop in WebAssembly: to look whether the stack is at its end.
 *
 * Interface: claimProcess.
 */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { leaveStackUnchecked } from '../host/node/wasm.ts';

/** setpriority(2) takes a thread's number only on Linux. */
const THREADS = '/proc/self/task';
const NICENESS = 10;
/** A program that ends before has no use for it. */
const AFTER_MS = 200;

/** To be called before there are threads that are not V8's, and before any WebAssembly. */
export function claimProcess(): void {
  leaveStackUnchecked();
  putGuestFirst();
}

/** Lowers the priority of the threads that there are besides this one. */
function putGuestFirst(): void {
  if (process.platform !== 'linux') return;
  let others: readonly number[];
  try {
    others = readdirSync(THREADS).map(Number);
  } catch {
    return;
  }
  setTimeout(() => {
    for (const thread of others) if (thread !== process.pid) lower(thread);
  }, AFTER_MS).unref();
}

function lower(thread: number): void {
  try {
    setPriority(thread, NICENESS);
  } catch {
    // It has ended.
  }
}
