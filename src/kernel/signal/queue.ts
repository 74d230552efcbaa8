/**
 * Queues of pending signals. Interface: enqueueSignal, dequeueSignal, removeSignals, emptyPending.
 * Standard signals are recorded once, real-time ones as often as they come, in order. See signal(7).
 */
import { SIGNALS } from '../../abi/signals.ts';
import { signalBit } from './mask.ts';
import type { PendingSignals, SigInfo } from './types.ts';

const FIRST_REALTIME = 32;
/** However large RLIMIT_SIGPENDING is. */
const MOST_QUEUED = 16384;

/** Signals that an instruction caused come before all others, as in Linux. */
const SYNCHRONOUS =
  signalBit(SIGNALS.SIGSEGV) |
  signalBit(SIGNALS.SIGBUS) |
  signalBit(SIGNALS.SIGILL) |
  signalBit(SIGNALS.SIGTRAP) |
  signalBit(SIGNALS.SIGFPE) |
  signalBit(SIGNALS.SIGSYS);

export function emptyPending(): PendingSignals {
  return { set: 0n, queue: [] };
}

/** Adds a signal. False when a standard one is pending already and this one is lost. */
export function enqueueSignal(pending: PendingSignals, info: SigInfo): boolean {
  const bit = signalBit(info.signo);
  if (info.signo < FIRST_REALTIME && (pending.set & bit) !== 0n) return false;
  // Linux: past the limit a signal that is sent without sigqueue still becomes pending, but is not counted.
  if (pending.queue.length >= MOST_QUEUED && (pending.set & bit) !== 0n) return false;
  pending.set |= bit;
  pending.queue.push(info);
  return true;
}

/** Takes the next signal out of those in `wanted`: caused by an instruction first, then the lowest number; undefined if there is none. */
export function dequeueSignal(pending: PendingSignals, wanted: bigint): SigInfo | undefined {
  if (pending.set === 0n) return undefined;
  const ready = pending.set & wanted;
  if (ready === 0n) return undefined;
  const signo = lowestSignal((ready & SYNCHRONOUS) === 0n ? ready : ready & SYNCHRONOUS);
  const { queue } = pending;
  if (queue.length === 1) {
    pending.set = 0n;
    return queue.pop();
  }
  const index = queue.findIndex((info) => info.signo === signo);
  const [info] = queue.splice(index, 1);
  if (!queue.some((other) => other.signo === signo)) pending.set &= ~signalBit(signo);
  return info;
}

/** Forgets all signals in `unwanted`. */
export function removeSignals(pending: PendingSignals, unwanted: bigint): void {
  if ((pending.set & unwanted) === 0n) return;
  pending.set &= ~unwanted;
  pending.queue = pending.queue.filter((info) => (signalBit(info.signo) & unwanted) === 0n);
}

function lowestSignal(set: bigint): number {
  const low = Number(BigInt.asIntN(32, set));
  if (low !== 0) return 32 - Math.clz32(low & -low);
  const high = Number(BigInt.asIntN(32, set >> 32n));
  return 64 - Math.clz32(high & -high);
}
