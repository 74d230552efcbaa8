/**
 * A serial port like the 16550, as far as drivers without FIFO tuning need: receive and transmit, line status, interrupt
 * enable and identification, scratch, divisor latch.
 *
 * Interface: ConsoleDevice, ConsoleState, Uart.
 * Invariant: the interrupt level is high exactly while an enabled condition holds.
 */
import type { InterruptController, IrqSource } from './interrupt-controller.ts';

/** The part that a kernel and the host use. Registers are at 0x1000_0000 for code on the hart. */
export interface ConsoleDevice {
  readonly irq: IrqSource;
  /** Output of the guest, in order: appends to the transmit queue. */
  write(bytes: Uint8Array): void;
  /** The host's side: takes everything from the transmit queue. */
  takeOutput(): Uint8Array;
  /** The host's side: appends to the receive queue and raises the interrupt. */
  input(bytes: Uint8Array): void;
  /** Takes up to `max` bytes from the receive queue; lowers the interrupt when it becomes empty. */
  read(max: number): Uint8Array;
  /** Bytes in the receive queue. */
  readonly inputLength: number;
}

export interface ConsoleState {
  received: number[];
  transmitted: number[];
  interruptEnable: number;
  lineControl: number;
  modemControl: number;
  scratch: number;
  divisor: number;
  /** The transmitter-empty interrupt is pending (it is cleared by reading the identification register). */
  transmitterEmpty: boolean;
}

/** Register offsets. */
const REG = { DATA: 0, IER: 1, IIR_FCR: 2, LCR: 3, MCR: 4, LSR: 5, MSR: 6, SCR: 7 } as const;
const IER = { RECEIVED: 1, TRANSMITTER_EMPTY: 2 } as const;
const LCR_DIVISOR_LATCH = 0x80;
const LSR = { DATA_READY: 1, TRANSMITTER_EMPTY: 0x60 } as const;
const IIR = { NONE: 1, TRANSMITTER_EMPTY: 2, RECEIVED: 4 } as const;

export class Uart implements ConsoleDevice {
  readonly irq: IrqSource;
  state: ConsoleState = {
    received: [],
    transmitted: [],
    // A kernel that uses the methods never writes registers, so received data interrupts from the start.
    interruptEnable: IER.RECEIVED,
    lineControl: 3,
    modemControl: 0,
    scratch: 0,
    divisor: 1,
    transmitterEmpty: false,
  };
  readonly #interrupts: InterruptController;

  constructor(irq: IrqSource, interrupts: InterruptController) {
    this.irq = irq;
    this.#interrupts = interrupts;
    interrupts.setName(irq, 'ttyS0');
  }

  get inputLength(): number {
    return this.state.received.length;
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.state.transmitted.push(byte);
  }

  takeOutput(): Uint8Array {
    const taken = Uint8Array.from(this.state.transmitted);
    this.state.transmitted.length = 0;
    return taken;
  }

  input(bytes: Uint8Array): void {
    for (const byte of bytes) this.state.received.push(byte);
    this.#updateLevel();
  }

  read(max: number): Uint8Array {
    const taken = Uint8Array.from(this.state.received.splice(0, max));
    this.#updateLevel();
    return taken;
  }

  load(offset: number): number {
    const { state } = this;
    const isLatched = (state.lineControl & LCR_DIVISOR_LATCH) !== 0;
    switch (offset) {
      case REG.DATA:
        return isLatched ? state.divisor & 0xff : (this.read(1)[0] ?? 0);
      case REG.IER:
        return isLatched ? state.divisor >> 8 : state.interruptEnable;
      case REG.IIR_FCR:
        return this.#identify();
      case REG.LCR:
        return state.lineControl;
      case REG.MCR:
        return state.modemControl;
      case REG.LSR:
        return LSR.TRANSMITTER_EMPTY | (state.received.length > 0 ? LSR.DATA_READY : 0);
      case REG.MSR:
        return 0xb0;
      case REG.SCR:
        return state.scratch;
      default:
        return 0;
    }
  }

  store(offset: number, value: number): void {
    const { state } = this;
    const byte = value & 0xff;
    const isLatched = (state.lineControl & LCR_DIVISOR_LATCH) !== 0;
    switch (offset) {
      case REG.DATA:
        if (isLatched) state.divisor = (state.divisor & 0xff00) | byte;
        else this.#transmit(byte);
        break;
      case REG.IER:
        if (isLatched) state.divisor = (state.divisor & 0xff) | (byte << 8);
        else this.#enableInterrupts(byte & 0xf);
        break;
      case REG.LCR:
        state.lineControl = byte;
        break;
      case REG.MCR:
        state.modemControl = byte;
        break;
      case REG.SCR:
        state.scratch = byte;
        break;
    }
    this.#updateLevel();
  }

  /** Sending takes no time, so the transmitter is empty again at once. */
  #transmit(byte: number): void {
    this.state.transmitted.push(byte);
    this.state.transmitterEmpty = true;
  }

  #enableInterrupts(bits: number): void {
    const added = bits & ~this.state.interruptEnable;
    this.state.interruptEnable = bits;
    if ((added & IER.TRANSMITTER_EMPTY) !== 0) this.state.transmitterEmpty = true;
  }

  #identify(): number {
    const cause = this.#cause();
    if (cause === IIR.TRANSMITTER_EMPTY) {
      this.state.transmitterEmpty = false;
      this.#updateLevel();
    }
    return cause | 0xc0;
  }

  #cause(): number {
    const { interruptEnable, received, transmitterEmpty } = this.state;
    if ((interruptEnable & IER.RECEIVED) !== 0 && received.length > 0) return IIR.RECEIVED;
    if ((interruptEnable & IER.TRANSMITTER_EMPTY) !== 0 && transmitterEmpty) return IIR.TRANSMITTER_EMPTY;
    return IIR.NONE;
  }

  #updateLevel(): void {
    this.#interrupts.setLevel(this.irq, this.#cause() !== IIR.NONE);
  }
}
