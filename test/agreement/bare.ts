/**
 * A program on the bare machine: user mode over Sv39 tables, and a kernel of a few lines that notes every trap and goes on behind it,
 * as the driver's handler does under Linux.
 *
 * Interface: BareRun, Trap.
 * Pages of guest-virtual memory get frames in the order in which they are mapped, so that two machines with the same program are
 * equal byte for byte.
 */
import { HART } from '../../src/cpu/layout.ts';
import { MODE_WORD } from '../../src/cpu/riscv/csr-table.ts';
import { nodeWasm } from '../../src/host/node/wasm.ts';
import { instructionLength } from '../../src/isa/riscv/decode.ts';
import { createMachine, RAM_BASE, type Machine, type MachineOptions } from '../../src/machine/machine.ts';
import { PAGE, REG } from './places.ts';
import type { InitialState } from './program.ts';

const RAM_BYTES = 1 << 18;
const VECTOR = 0xffff_ffff_8000_0000;
const ENOSYS = 38;
const CAUSE = { fetchAccess: 1, fetchPage: 12, ecall: 8 } as const;
/** Bits of a page-table entry: V alone; V, U and A; R, W, X. A may be set early, so it is set; D is left to the machine. */
const PTE = { table: 0x01, user: 0x51, r: 2, w: 4, x: 8 } as const;
/** Where code returns to at its end: a page of the machine's own with an ecall in it. */
const EXIT_PAGE = 0x8000;
const ECALL = 0x73;
const SIE_TIMER = 1 << 5;
const SSTATUS_FS_DIRTY_SPIE = (3 << 13) | (1 << 5);

export interface Trap {
  readonly cause: string;
  readonly sepc: number;
  readonly stval: string;
  /** Instructions retired before it. */
  readonly retired: number;
}

export interface Mapping {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly access: string;
}

export class BareRun {
  readonly machine: Machine;
  readonly traps: Trap[] = [];
  ended = false;
  #frames = 1;

  constructor(options: Partial<MachineOptions> = {}) {
    this.machine = createMachine({
      wasm: nodeWasm,
      ramBytes: RAM_BYTES,
      clock: { nowNs: () => 0 },
      deterministic: true,
      tablePairs: 2,
      codePages: 64,
      ...options,
    });
  }

  /** Starts afresh with these pages and registers, in user mode at `entry`. */
  start(mappings: readonly Mapping[], { x, f, fcsr }: Omit<InitialState, 'windows'>, entry: number): void {
    const { hart, ram, hartPage } = this.machine;
    ram.u8.fill(0, ram.offsetOf(RAM_BASE), ram.offsetOf(RAM_BASE) + RAM_BYTES);
    for (let pfn = 0; pfn < RAM_BYTES / PAGE; pfn++) this.machine.invalidateCode(RAM_BASE / PAGE + pfn);
    this.traps.length = 0;
    this.ended = false;
    this.#frames = 1;
    this.machine.bootSupervisor(VECTOR);
    this.machine.setNativeVector(VECTOR);
    for (const mapping of mappings) this.#map(mapping);
    this.#map({ start: EXIT_PAGE, bytes: Uint8Array.of(ECALL, 0, 0, 0), access: 'rx' });
    hart.setCsr('stvec', VECTOR);
    hart.setCsrHalves('satp', RAM_BASE / PAGE, 0x8000_0000 | 0);
    hart.sfenceVma(undefined, undefined);
    hart.setCsr('sepc', entry);
    hart.setCsr('sstatus', SSTATUS_FS_DIRTY_SPIE);
    hart.setCsr('fcsr', fcsr);
    hart.setCsr('sie', SIE_TIMER);
    this.setTimer(undefined);
    const state = new DataView(hartPage.buffer, hartPage.byteOffset);
    x.forEach((value, i) => state.setBigUint64(HART.x + 8 * i, value, true));
    f.forEach((value, i) => state.setBigUint64(HART.f + 8 * i, value, true));
    state.setBigUint64(HART.x + 8 * REG.ra, BigInt(EXIT_PAGE), true);
    state.setBigInt64(HART.reservation, -1n, true);
    hart.sret();
  }

  /** Lets the timer interrupt in so many ticks of a hundred instructions; never when undefined. */
  setTimer(ticks: number | undefined): void {
    const { hart, timer } = this.machine;
    if (ticks === undefined) hart.setCsrHalves('stimecmp', -1, -1);
    else hart.setCsr('stimecmp', timer.now() + ticks);
  }

  /** Retires so many instructions, less only at the end or while the program keeps faulting. */
  slice(instructions: number): void {
    const { hart } = this.machine;
    const target = hart.retired + instructions;
    const enough = this.traps.length + instructions;
    while (!this.ended && hart.retired < target && this.traps.length < enough)
      if (hart.run(target - hart.retired) === 'native-vector') this.#trap();
  }

  /** All that can be seen: hart state, CSRs, retired instructions. Not memory. */
  state(): Uint8Array {
    const { hart, hartPage } = this.machine;
    return Buffer.concat([
      ...VISIBLE.map(([from, to]) => hartPage.subarray(from, to)),
      Buffer.from(`${hart.retired} ${hart.mode} ${this.traps.length} ${this.ended}`),
    ]);
  }

  /** The frames in use. */
  memory(): Uint8Array {
    const { ram } = this.machine;
    return ram.u8.subarray(ram.offsetOf(RAM_BASE), ram.offsetOf(RAM_BASE) + PAGE * this.#frames);
  }

  #trap(): void {
    const { hart } = this.machine;
    const [cause, sepc] = [hart.csrLo('scause'), hart.csr('sepc')];
    const isInterrupt = hart.csrHi('scause') < 0;
    const stval = `${(hart.csrHi('stval') >>> 0).toString(16)}:${(hart.csrLo('stval') >>> 0).toString(16)}`;
    this.traps.push({ cause: `${isInterrupt ? 'interrupt ' : ''}${cause}`, sepc, stval, retired: hart.retired });
    if (isInterrupt) this.setTimer(undefined);
    else if (cause === CAUSE.ecall && sepc === EXIT_PAGE) {
      this.ended = true;
      return;
    } else if (cause === CAUSE.fetchPage || cause === CAUSE.fetchAccess) {
      hart.setCsrHalves('sepc', hart.xLo(REG.ra), hart.xHi(REG.ra));
    } else {
      if (cause === CAUSE.ecall) hart.setX(REG.a0, -ENOSYS);
      hart.setCsr('sepc', sepc + this.#lengthAt(sepc));
    }
    hart.sret();
  }

  #lengthAt(address: number): number {
    const { ram } = this.machine;
    return instructionLength(ram.view.getUint16(ram.offsetOf(this.#physical(address)), true));
  }

  #map({ start, bytes, access }: Mapping): void {
    const { ram } = this.machine;
    const flags =
      PTE.user |
      (access.includes('r') ? PTE.r : 0) |
      (access.includes('w') ? PTE.w : 0) |
      (access.includes('x') ? PTE.x : 0);
    for (let at = 0; at < bytes.length; at += PAGE) {
      const frame = this.#newFrame();
      ram.u8.set(bytes.subarray(at, at + PAGE), ram.offsetOf(frame));
      this.#setEntry(this.#slot(start + at, true), frame, flags);
    }
  }

  #newFrame(): number {
    if (this.#frames * PAGE >= RAM_BYTES) throw new RangeError('the program takes more frames than there are');
    return RAM_BASE + PAGE * this.#frames++;
  }

  #setEntry(slot: number, target: number, flags: number): void {
    this.machine.ram.i32[slot] = ((target / PAGE) * 1024) | flags;
    this.machine.ram.i32[slot + 1] = 0;
  }

  /** Index of the leaf entry for an address, in words of RAM. */
  #slot(address: number, make: boolean): number {
    const { ram } = this.machine;
    const vpn = Math.floor(address / PAGE);
    let table = RAM_BASE;
    for (const level of [2 ** 18, 2 ** 9]) {
      const slot = (ram.offsetOf(table) + 8 * (Math.floor(vpn / level) % 512)) >>> 2;
      if (ram.i32[slot] === 0 && make) this.#setEntry(slot, this.#newFrame(), PTE.table);
      table = Math.floor((ram.i32[slot]! >>> 0) / 1024) * PAGE;
    }
    return (ram.offsetOf(table) + 8 * (vpn % 512)) >>> 2;
  }

  #physical(address: number): number {
    return Math.floor((this.machine.ram.i32[this.#slot(address, false)]! >>> 0) / 1024) * PAGE + (address % PAGE);
  }
}

/** x, then f, pc and floating-point state; the reservation; CSRs. What lies between serves the way of executing. */
const VISIBLE: readonly (readonly [number, number])[] = [
  [HART.x, HART.sink],
  [HART.f, HART.fetchContext],
  [HART.reservation, HART.scratch],
  [HART.csr, 4 * (MODE_WORD + 1)],
];
