/** Records of signals. Interface: SigInfo, PendingSignals, SigAction, Sighand, AltStack. See signal(7), sigaction(2). */
import type { SighandId } from '../ids.ts';

/** siginfo_t as data; fields beyond signo, errno and code depend on the code. */
export interface SigInfo {
  readonly signo: number;
  readonly errno: number;
  /** SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL, CLD_*, SEGV_*, … */
  readonly code: number;
  readonly pid?: number;
  readonly uid?: number;
  readonly status?: number;
  readonly userTimeTicks?: number;
  readonly systemTimeTicks?: number;
  /** si_addr; a bigint from 2^53. */
  readonly address?: number | bigint;
  readonly value?: bigint;
  readonly timerId?: number;
  readonly overrun?: number;
  readonly band?: number;
  readonly fd?: number;
}

/** Signals that wait for delivery: `set` has the bit signo-1; real-time signals queue, others are recorded once. */
export interface PendingSignals {
  set: bigint;
  queue: SigInfo[];
}

/** Replaced, never changed in place: tables of several processes share the records. */
export interface SigAction {
  /** Handler address; 0 SIG_DFL, 1 SIG_IGN. */
  readonly handler: number;
  readonly flags: number;
  readonly mask: bigint;
  readonly restorer: number;
}

export interface Sighand {
  readonly id: SighandId;
  users: number;
  /** Index is the signal number, 1..64. */
  actions: SigAction[];
}

export interface AltStack {
  sp: number;
  size: number;
  flags: number;
}
