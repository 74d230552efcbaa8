/**
 * Platform-level interrupt controller: 31 sources, an M-mode and an S-mode context for one hart. Follows the RISC-V
 * PLIC specification's memory map.
 *
 * Interface: InterruptController, InterruptControllerState, Plic.
 * Invariant: a source is pending when its level is high and it is not being served; claim() moves it to served.
 */

/** Number of an interrupt source, 1..31. */
export type IrqSource = number;

/** The part that a kernel uses. Also at 0x0c00_0000 for code on the hart. */
export interface InterruptController {
  /** Raises (level high) or lowers a source. */
  setLevel(source: IrqSource, high: boolean): void;
  /** Names a source, as in /proc/interrupts. */
  setName(source: IrqSource, name: string): void;
  /** Enables a source for the supervisor context with priority 1. */
  enable(source: IrqSource): void;
  disable(source: IrqSource): void;
  /** The highest pending enabled source, which is served from now on; 0 if there is none. As reading the S-mode claim register. */
  claim(): IrqSource;
  /** Ends the service of a source; it becomes pending again if its level is still high. */
  complete(source: IrqSource): void;
  /** Times each source has been claimed, for /proc/interrupts; sources never named or claimed are left out. */
  counts(): { readonly source: IrqSource; readonly name: string; readonly count: number }[];
}

/** Bit n is source n. Index 0 of an array by context is M mode, 1 is S mode. */
export interface InterruptControllerState {
  levels: number;
  served: number;
  enabled: [number, number];
  thresholds: [number, number];
  priorities: number[];
  counts: number[];
  names: string[];
}

const SOURCES = 32;
const MACHINE = 0;
const SUPERVISOR = 1;

export class Plic implements InterruptController {
  state: InterruptControllerState = {
    levels: 0,
    served: 0,
    enabled: [0, 0],
    thresholds: [0, 0],
    priorities: new Array<number>(SOURCES).fill(0),
    counts: new Array<number>(SOURCES).fill(0),
    names: new Array<string>(SOURCES).fill(''),
  };
  readonly #changed: () => void;

  /** `changed` is told when an interrupt may have been raised. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  setLevel(source: IrqSource, high: boolean): void {
    this.#changed();
    if (high) this.state.levels |= 1 << source;
    else this.state.levels &= ~(1 << source);
  }

  setName(source: IrqSource, name: string): void {
    this.state.names[source] = name;
  }

  enable(source: IrqSource): void {
    this.#changed();
    this.state.enabled[SUPERVISOR] |= 1 << source;
    this.state.priorities[source] = 1;
  }

  disable(source: IrqSource): void {
    this.state.enabled[SUPERVISOR] &= ~(1 << source);
  }

  claim(): IrqSource {
    return this.#claim(SUPERVISOR);
  }

  complete(source: IrqSource): void {
    this.#changed();
    this.state.served &= ~(1 << source);
  }

  counts(): { readonly source: IrqSource; readonly name: string; readonly count: number }[] {
    const { names, counts } = this.state;
    return counts
      .map((count, source) => ({ source, name: names[source]!, count }))
      .filter(({ name, count }) => name !== '' || count > 0);
  }

  /** Whether no source is high. */
  isQuiet(): boolean {
    return this.state.levels === 0;
  }

  /** Whether the external interrupt of M mode, S mode is raised. */
  raisesMachine(): boolean {
    return this.#best(MACHINE) !== 0;
  }

  raisesSupervisor(): boolean {
    return this.#best(SUPERVISOR) !== 0;
  }

  /** Register read at an offset in the controller's region; registers that do not exist read as zero. */
  load(offset: number): number {
    const { state } = this;
    if (offset < 0x1000) return state.priorities[offset >> 2] ?? 0;
    if (offset === 0x1000) return state.levels & ~state.served;
    if (offset === 0x2000 || offset === 0x2080) return state.enabled[(offset - 0x2000) >> 7]!;
    const context = (offset - 0x20_0000) >> 12;
    if (context !== MACHINE && context !== SUPERVISOR) return 0;
    if ((offset & 0xfff) === 0) return state.thresholds[context]!;
    return (offset & 0xfff) === 4 ? this.#claim(context) : 0;
  }

  store(offset: number, value: number): void {
    const { state } = this;
    if (offset < 0x1000) {
      const source = offset >> 2;
      if (source > 0 && source < SOURCES) state.priorities[source] = value & 7;
    } else if (offset === 0x2000 || offset === 0x2080) {
      state.enabled[(offset - 0x2000) >> 7] = value & ~1;
    } else {
      const context = (offset - 0x20_0000) >> 12;
      if (context !== MACHINE && context !== SUPERVISOR) return;
      if ((offset & 0xfff) === 0) state.thresholds[context] = value & 7;
      else if ((offset & 0xfff) === 4) this.complete(value & 31);
    }
  }

  #claim(context: number): IrqSource {
    const source = this.#best(context);
    if (source === 0) return 0;
    this.state.served |= 1 << source;
    this.state.counts[source]!++;
    return source;
  }

  /** Highest priority above the threshold, lowest number among equals. */
  #best(context: number): IrqSource {
    const { levels, served, enabled, thresholds, priorities } = this.state;
    const candidates = levels & ~served & enabled[context]!;
    if (candidates === 0) return 0;
    let best = 0;
    let bestPriority = thresholds[context]!;
    for (let source = 1; source < SOURCES; source++) {
      if (((candidates >> source) & 1) === 0 || priorities[source]! <= bestPriority) continue;
      best = source;
      bestPriority = priorities[source]!;
    }
    return best;
  }
}
