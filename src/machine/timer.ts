/**
 * mtime, mtimecmp and the software interrupt: the CLINT. One tick is 100 ns.
 *
 * Interface: Clock, Timer, TimerState, Clint.
 * Invariant: mtime never goes backwards. In deterministic mode one retired instruction takes one nanosecond.
 */

/** The host's monotonic clock. Read only outside deterministic mode. */
export interface Clock {
  nowNs(): number;
}

/** The part that a kernel uses. */
export interface Timer {
  readonly frequencyHz: number;
  /** mtime in ticks. */
  now(): number;
  /** mtime in nanoseconds, a multiple of 100. */
  nowNs(): number;
  /** Tick at which the next timer interrupt (stimecmp or mtimecmp) becomes pending, or Infinity. */
  nextDeadline(): number;
  /** Moves time forward to `tick` while the hart is idle. Deterministic mode only; elsewhere the clock does it. */
  skipTo(tick: number): void;
}

export interface TimerState {
  /** Ticks added to what the clock or the count of instructions gives. */
  offsetTicks: number;
  mtimecmpLo: number;
  mtimecmpHi: number;
  softwareInterrupt: boolean;
}

export const TICK_NS = 100;

export class Clint {
  state: TimerState = { offsetTicks: 0, mtimecmpLo: -1, mtimecmpHi: -1, softwareInterrupt: false };
  /** Halves of what the last load() gave. */
  lo = 0;
  hi = 0;
  readonly #clock: Clock;
  readonly isDeterministic: boolean;
  readonly #startNs: number;

  constructor(clock: Clock, isDeterministic: boolean) {
    this.#clock = clock;
    this.isDeterministic = isDeterministic;
    this.#startNs = isDeterministic ? 0 : clock.nowNs();
  }

  ticks(retired: number): number {
    const ns = this.isDeterministic ? retired : this.#clock.nowNs() - this.#startNs;
    return Math.floor(ns / TICK_NS) + this.state.offsetTicks;
  }

  /** mtimecmp as a number; inexact above 2^53, which no clock reaches. */
  deadline(): number {
    const { mtimecmpLo, mtimecmpHi } = this.state;
    return (mtimecmpHi >>> 0) * 0x1_0000_0000 + (mtimecmpLo >>> 0);
  }

  /** Deterministic mode: instructions until mtime reaches the deadline, Infinity where it has. */
  instructionsUntil(deadline: number, retired: number): number {
    const atRetired = (deadline - this.state.offsetTicks) * TICK_NS;
    return atRetired > retired ? atRetired - retired : Infinity;
  }

  skipTo(tick: number, retired: number): void {
    if (!this.isDeterministic) throw new Error('time can be moved only in deterministic mode');
    this.state.offsetTicks += Math.max(0, tick - this.ticks(retired));
  }

  /** Makes mtime equal to `tick`, as after a restore. */
  setNow(tick: number, retired: number): void {
    this.state.offsetTicks += tick - this.ticks(retired);
  }

  load(offset: number, retired: number): void {
    this.lo = this.hi = 0;
    if (offset === 0) this.lo = this.state.softwareInterrupt ? 1 : 0;
    else if (offset >> 3 === 0x4000 >> 3) this.#give(this.state.mtimecmpLo, this.state.mtimecmpHi, offset);
    else if (offset >> 3 === 0xbff8 >> 3) {
      const ticks = this.ticks(retired);
      this.#give(ticks | 0, (ticks / 0x1_0000_0000) | 0, offset);
    }
  }

  store(offset: number, size: number, lo: number, hi: number, retired: number): void {
    const { state } = this;
    if (offset === 0) state.softwareInterrupt = (lo & 1) !== 0;
    else if (offset === 0x4000) {
      state.mtimecmpLo = lo;
      if (size === 8) state.mtimecmpHi = hi;
    } else if (offset === 0x4004) state.mtimecmpHi = lo;
    else if (offset === 0xbff8 && size === 8) this.setNow((hi >>> 0) * 0x1_0000_0000 + (lo >>> 0), retired);
  }

  #give(lo: number, hi: number, offset: number): void {
    this.lo = (offset & 4) !== 0 ? hi : lo;
    this.hi = hi;
  }
}
