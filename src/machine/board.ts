/**
 * The board's wiring: which device answers at which physical address, and how devices drive the hart's interrupt bits.
 * Addresses are those of QEMU's `virt` board, which guests know.
 *
 * Interface: Board.
 */
import type { Bus } from '../cpu/riscv/bus.ts';
import { MIP } from '../cpu/riscv/privileged.ts';
import type { Uart } from './console-device.ts';
import type { Plic } from './interrupt-controller.ts';
import type { Clint } from './timer.ts';

const CLINT = { base: 0x0200_0000, end: 0x0201_0000 } as const;
const PLIC = { base: 0x0c00_0000, end: 0x0c40_0000 } as const;
const UART = { base: 0x1000_0000, end: 0x1000_0100 } as const;
/** How long the hart runs without looking at the clock, in instructions: some 0.2 ms. */
const SLICE_INSTRUCTIONS = 100_000;

const REGIONS = [CLINT, PLIC, UART];

export class Board implements Bus {
  lo = 0;
  hi = 0;
  readonly #plic: Plic;
  readonly #clint: Clint;
  readonly #uart: Uart;
  readonly #retired: () => number;

  constructor(plic: Plic, clint: Clint, uart: Uart, retired: () => number) {
    this.#plic = plic;
    this.#clint = clint;
    this.#uart = uart;
    this.#retired = retired;
  }

  load(pa: number, size: number): boolean {
    this.lo = this.hi = 0;
    if (pa >= CLINT.base && pa < CLINT.end) {
      this.#clint.load(pa - CLINT.base, this.#retired());
      this.lo = this.#clint.lo;
      if (size === 8) this.hi = this.#clint.hi;
    } else if (pa >= PLIC.base && pa < PLIC.end) this.lo = this.#plic.load(pa - PLIC.base);
    else if (pa >= UART.base && pa < UART.end) this.lo = this.#uart.load(pa - UART.base);
    else return false;
    return true;
  }

  answers(pa: number): boolean {
    return REGIONS.some(({ base, end }) => pa >= base && pa < end);
  }

  store(pa: number, size: number, lo: number, hi: number): void {
    if (pa >= CLINT.base && pa < CLINT.end) this.#clint.store(pa - CLINT.base, size, lo, hi, this.#retired());
    else if (pa >= PLIC.base && pa < PLIC.end) this.#plic.store(pa - PLIC.base, lo);
    else if (pa >= UART.base && pa < UART.end) this.#uart.store(pa - UART.base, lo);
  }

  timeTicks(retired: number): number {
    return this.#clint.ticks(retired);
  }

  get isDeterministic(): boolean {
    return this.#clint.isDeterministic;
  }

  sliceLimitUntil(deadline: number, retired: number): number {
    return Math.min(SLICE_INSTRUCTIONS, this.#clint.instructionsUntil(deadline, retired));
  }

  machineDeadline(): number {
    return this.#clint.deadline();
  }

  interruptWires(): number {
    let wires = this.#clint.state.softwareInterrupt ? MIP.MSIP : 0;
    if (this.#plic.isQuiet()) return wires;
    if (this.#plic.raisesSupervisor()) wires |= MIP.SEIP;
    if (this.#plic.raisesMachine()) wires |= MIP.MEIP;
    return wires;
  }
}
