/**
 * Who gets the processor: the guest first. V8 optimises code on several threads of its own, which otherwise take turns with the guest's
 * where there are few processors. Only the command line does this: as a library, Ringfence leaves the threads of its process alone.
 *
 * Interface: putGuestFirst.
 */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** setpriority(2) takes a thread's number only on Linux. */
const THREADS = '/proc/self/task';
const NICENESS = 10;
/** A program that ends before has no use for it. */
const AFTER_MS = 200;

/** Lowers the priority of the threads that there are besides this one; to be called before any are made that are not V8's. */
export function putGuestFirst(): void {
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
