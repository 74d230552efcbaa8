/** What a hart needs from the board around it; machine/board.ts gives it. */
export interface Bus {
  /** Halves of what the last load() gave, zero-extended. */
  readonly lo: number;
  readonly hi: number;
  /** Device load at a physical address outside RAM; false where nothing answers (an access fault). */
  load(pa: number, size: number): boolean;
  /** Whether a device answers at a physical address. */
  answers(pa: number): boolean;
  /** Device store, where something answers. */
  store(pa: number, size: number, lo: number, hi: number): void;
  /** mtime, now. */
  timeTicks(retired: number): number;
  /** Whether time is a function of retired instructions, so that a slice can end exactly at a timer interrupt. */
  readonly isDeterministic: boolean;
  /** In deterministic mode: instructions that may run before time has to be looked at again, given the tick of the next timer interrupt. */
  sliceLimitUntil(deadline: number, retired: number): number;
  /** Tick at which MTIP becomes pending. */
  machineDeadline(): number;
  /** Bits of mip that devices drive, MTIP excepted: MSIP, SEIP, MEIP. */
  interruptWires(): number;
}
