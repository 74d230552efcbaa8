import { describe, expect, it } from 'vitest';
import { nodeWasm } from '../host/node/wasm.ts';
import { createMachine, RAM_BASE } from './machine.ts';
import type { Machine, MachineOptions } from './machine.ts';

const VECTOR = 0xffff_ffff_8000_0000;
const ECALL = 0x73;
const NOP = 0x13;
const [A0, A1, A2] = [10, 11, 12] as const;
const addi = (rd: number, rs1: number, imm: number) => (imm << 20) | (rs1 << 15) | (rd << 7) | 0x13;
const lui = (rd: number, upper: number) => (upper << 12) | (rd << 7) | 0x37;
const load = (funct3: number, rd: number, rs1: number, imm: number) =>
  (imm << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | 0x03;
const store = (funct3: number, rs2: number, rs1: number, imm: number) =>
  ((imm >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((imm & 31) << 7) | 0x23;
const jal = (offset: number) =>
  ((offset >> 20) << 31) | (((offset >> 1) & 0x3ff) << 21) | (((offset >> 11) & 1) << 20) | (offset & 0xff000) | 0x6f;

const PTE = { TABLE: 0x01, USER_RWX: 0xdf, USER_RX: 0x5b, KERNEL: 0xcf } as const;

function newMachine(options: Partial<MachineOptions> = {}): Machine {
  return createMachine({
    wasm: nodeWasm,
    ramBytes: 4 << 20,
    clock: { nowNs: () => 0 },
    deterministic: true,
    ...options,
  });
}

/** Writes words at a guest-physical address. */
function poke(machine: Machine, pa: number, words: readonly number[]): void {
  machine.ram.i32.set(words, machine.ram.offsetOf(pa) >>> 2);
  machine.invalidateCode(Math.floor(pa / 4096));
}

/** An address space whose tables are in three frames from `frame`; maps virtual page `vpn` to frame `target`. */
function mapPage(machine: Machine, frame: number, vpn: number, target: number, flags: number): void {
  const put = (table: number, index: number, to: number, bits: number) =>
    poke(machine, RAM_BASE + table * 4096 + index * 8, [((0x80000 + to) << 10) | bits, 0]);
  put(frame, vpn >> 18, frame + 1, PTE.TABLE);
  put(frame + 1, (vpn >> 9) & 511, frame + 2, PTE.TABLE);
  put(frame + 2, vpn & 511, target, flags);
}

function useTables(machine: Machine, frame: number, asid = 0): void {
  machine.hart.setCsrHalves('satp', 0x80000 + frame, 0x8000_0000 | (asid << 12) | 0);
}

/** A machine with a TypeScript kernel's trap vector, and user code at 0x10000 (frame 8) over tables at frame 1. */
function userMachine(code: readonly number[], options: Partial<MachineOptions> = {}): Machine {
  const machine = newMachine(options);
  machine.bootSupervisor(VECTOR);
  machine.hart.setCsr('stvec', VECTOR);
  machine.setNativeVector(VECTOR);
  mapPage(machine, 1, 0x10, 8, PTE.USER_RWX);
  poke(machine, RAM_BASE + 8 * 4096, code);
  useTables(machine, 1);
  enterUser(machine, 0x10000);
  return machine;
}

function enterUser(machine: Machine, pc: number): void {
  machine.hart.setCsr('sepc', pc);
  machine.hart.setCsr('sstatus', 1 << 5);
  machine.hart.sret();
}

const trapOf = ({ hart }: Machine) => ({
  cause: hart.csrLo('scause'),
  sepc: hart.csr('sepc'),
  stval: hart.csr('stval'),
});

describe('a TypeScript kernel over user code', () => {
  it('gets ecalls at the native vector and returns with sret', () => {
    const machine = userMachine([addi(A0, 0, 42), ECALL, addi(A0, A0, 1), ECALL]);
    const { hart } = machine;
    expect(hart.run(100)).toBe('native-vector');
    expect([trapOf(machine), hart.x(A0), hart.mode, hart.pc]).toEqual([
      { cause: 8, sepc: 0x10004, stval: 0 },
      42,
      'S',
      VECTOR,
    ]);
    hart.setCsr('sepc', 0x10008);
    hart.sret();
    expect(hart.mode).toBe('U');
    expect(hart.run(100)).toBe('native-vector');
    expect([hart.x(A0), hart.retired]).toEqual([43, 2]);
  });

  it('gets page faults with cause and address, and nothing is half done', () => {
    // A store across the end of the mapped page.
    const machine = userMachine([lui(A1, 0x11), addi(A0, 0, -1), store(3, A0, A1, -4), ECALL]);
    expect(machine.hart.run(100)).toBe('native-vector');
    expect(trapOf(machine)).toEqual({ cause: 15, sepc: 0x10008, stval: 0x11000 });
    expect(machine.ram.i32[machine.ram.offsetOf(RAM_BASE + 9 * 4096 - 4) >>> 2]).toBe(0);
    mapPage(machine, 1, 0x11, 9, PTE.USER_RWX);
    enterUser(machine, 0x10008);
    expect(machine.hart.run(100)).toBe('native-vector');
    expect(trapOf(machine).cause).toBe(8);
    expect(machine.ram.i32[machine.ram.offsetOf(RAM_BASE + 9 * 4096) >>> 2]).toBe(-1);
  });

  it('keeps the kernel’s pages from user code', () => {
    const machine = userMachine([lui(A1, 0x11), load(3, A0, A1, 0), ECALL]);
    mapPage(machine, 1, 0x11, 9, PTE.KERNEL);
    machine.hart.run(100);
    expect(trapOf(machine)).toEqual({ cause: 13, sepc: 0x10004, stval: 0x11000 });
  });

  it('sees changed mappings after sfence.vma, of one address or all', () => {
    const machine = userMachine([lui(A1, 0x11), load(2, A0, A1, 0), ECALL]);
    poke(machine, RAM_BASE + 9 * 4096, [111]);
    poke(machine, RAM_BASE + 10 * 4096, [222]);
    const readThrough = (target: number, va: number | undefined) => {
      mapPage(machine, 1, 0x11, target, PTE.USER_RWX);
      machine.hart.sfenceVma(va, va === undefined ? undefined : 0);
      enterUser(machine, 0x10000);
      machine.hart.run(100);
      return machine.hart.x(A0);
    };
    expect([readThrough(9, undefined), readThrough(10, 0x11000), readThrough(9, undefined)]).toEqual([111, 222, 111]);
  });

  it('turns FS to Dirty at the first floating-point instruction, and traps when FS is Off', () => {
    const fmvWX = 0xf000_0053; // fmv.w.x f0, x0
    const machine = userMachine([NOP, fmvWX, ECALL]);
    machine.hart.run(100);
    expect(trapOf(machine)).toEqual({ cause: 2, sepc: 0x10004, stval: fmvWX });
    machine.hart.setCsr('sepc', 0x10000);
    machine.hart.setCsr('sstatus', (1 << 5) | (1 << 13));
    machine.hart.sret();
    machine.hart.run(100);
    expect(trapOf(machine).cause).toBe(8);
    expect((machine.hart.csrLo('sstatus') >> 13) & 3).toBe(3);
  });

  it('shares a bounded number of table pairs between address spaces', () => {
    const machine = userMachine([lui(A1, 0x11), load(2, A0, A1, 0), addi(A0, A0, 1), store(2, A0, A1, 0), ECALL], {
      tablePairs: 2,
    });
    const spaces = [20, 30, 40, 50];
    for (const frame of spaces) {
      mapPage(machine, frame, 0x10, 8, PTE.USER_RX);
      mapPage(machine, frame, 0x11, frame + 5, PTE.USER_RWX);
    }
    for (let round = 1; round <= 3; round++) {
      for (const frame of spaces) {
        useTables(machine, frame, frame);
        enterUser(machine, 0x10000);
        expect(machine.hart.run(100)).toBe('native-vector');
        expect(machine.hart.x(A0)).toBe(round);
      }
    }
    expect(machine.stats.tablePairEvictions).toBeGreaterThanOrEqual(10);
  });
});

describe('run', () => {
  it('retires exactly the budget', () => {
    const machine = userMachine([addi(A0, A0, 1), addi(A0, A0, 1), addi(A0, A0, 1), jal(-12)]);
    let total = 0;
    for (const budget of [1, 2, 3, 5, 7, 1000, 12345]) {
      expect(machine.hart.run(budget)).toBe('budget');
      total += budget;
      expect(machine.hart.retired).toBe(total);
      expect(machine.hart.pc).toBe(0x10000 + (total % 4) * 4);
    }
  });

  it('takes the timer interrupt at the exact instruction in deterministic mode', () => {
    const machine = userMachine([NOP, jal(-4)]);
    machine.hart.setCsr('sie', 1 << 5);
    machine.hart.setCsr('stimecmp', 123);
    expect(machine.hart.run(1e6)).toBe('native-vector');
    expect([machine.hart.csrHi('scause') < 0, machine.hart.csrLo('scause')]).toEqual([true, 5]);
    expect([machine.hart.retired, machine.timer.now()]).toEqual([12300, 123]);
  });

  it('wakes user code for console input', () => {
    const machine = userMachine([NOP, jal(-4)]);
    machine.hart.setCsr('sie', 1 << 9);
    machine.interrupts.enable(machine.console.irq);
    expect(machine.hart.run(1000)).toBe('budget');
    machine.console.input(Uint8Array.of(65));
    expect(machine.hart.run(1000)).toBe('native-vector');
    expect(machine.hart.csrLo('scause')).toBe(9);
    expect(machine.interrupts.claim()).toBe(machine.console.irq);
    expect([...machine.console.read(8)]).toEqual([65]);
    machine.interrupts.complete(machine.console.irq);
    expect(machine.interrupts.counts()).toEqual([{ source: 10, name: 'ttyS0', count: 1 }]);
    machine.hart.sret();
    expect(machine.hart.run(1000)).toBe('budget');
  });

  it('goes on from a saved state as if nothing had happened', () => {
    const code = [addi(A0, A0, 3), store(2, A0, A1, 256), load(2, A2, A1, 256), jal(-12)];
    const machine = userMachine(code);
    machine.hart.setX(A1, 0x10000);
    machine.hart.run(1001);
    const ram = machine.ram.u8.slice(machine.ram.offsetOf(RAM_BASE));
    const [page, state] = [machine.hartPage.slice(), machine.saveState()];
    const other = newMachine();
    other.ram.u8.set(ram, other.ram.offsetOf(RAM_BASE));
    other.hartPage.set(page);
    other.restoreState(state);
    for (const each of [machine, other]) {
      each.hart.run(5000);
      each.dropCaches();
      each.hart.run(333);
    }
    expect(other.hartPage.slice(0, 528)).toEqual(machine.hartPage.slice(0, 528));
    expect([other.hart.retired, other.timer.now()]).toEqual([machine.hart.retired, machine.timer.now()]);
  });
});

describe('the bare machine', () => {
  const bare = (code: readonly number[]) => {
    const machine = newMachine();
    poke(machine, RAM_BASE, code);
    machine.hart.pc = RAM_BASE;
    return machine;
  };

  it('reaches devices by loads and stores', () => {
    const machine = bare([lui(A1, 0x10000), addi(A0, 0, 0x48), store(0, A0, A1, 0), load(4, A2, A1, 5), 0x1050_0073]);
    expect(machine.hart.run(100)).toBe('wfi');
    expect([...machine.console.takeOutput()]).toEqual([0x48]);
    expect([machine.hart.x(A2), machine.hart.retired]).toEqual([0x60, 5]);
  });

  it('raises an access fault where nothing answers', () => {
    const machine = bare([lui(A1, 0x20000), load(2, A0, A1, 4)]);
    machine.hart.setCsr('mtvec', RAM_BASE + 0x100);
    poke(machine, RAM_BASE + 0x100, [0x1050_0073]);
    expect(machine.hart.run(100)).toBe('wfi');
    expect([machine.hart.csr('mcause'), machine.hart.csr('mtval')]).toEqual([5, 0x2000_0004]);
  });

  it('does not keep the host when its trap handler faults forever', () => {
    for (const word of [0, ECALL]) {
      const machine = bare([word]);
      machine.hart.setCsr('mtvec', RAM_BASE);
      expect(machine.hart.run(1000)).toBe('budget');
      expect(machine.hart.retired).toBe(0);
    }
  });

  it('executes code that it has just written, in its own page and while running', () => {
    // auipc a1, 0; the store replaces the instruction right after it by `addi a0, a0, 7`.
    const code = [(A1 << 7) | 0x17, load(2, A2, A1, 64), store(2, A2, A1, 12), addi(A0, A0, 1), 0x1050_0073];
    const machine = bare(code);
    poke(machine, RAM_BASE + 64, [addi(A0, A0, 7)]);
    expect(machine.hart.run(100)).toBe('wfi');
    expect([machine.hart.x(A0), machine.hart.retired]).toEqual([7, 5]);
  });
});
