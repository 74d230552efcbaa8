/** hart.runUser: the way into user mode from a frame and out of it by an ecall does what loadRegisters, sret, run and saveRegisters do. */
import { describe, expect, it } from 'vitest';
import { nodeWasm } from '../host/node/wasm.ts';
import { createMachine, LOAD, RAM_BASE, type Load, type Machine, type MachineOptions } from './machine.ts';

const VECTOR = 0xffff_ffff_8000_0000;
const CODE = 0x10000;
/** In a frame that no program has: RAM's last page. */
const FRAME_PA = RAM_BASE + (4 << 20) - 4096;
const [A0, A1, A7] = [10, 11, 17] as const;
const ECALL = 0x73;
const addi = (rd: number, rs1: number, imm: number) => (imm << 20) | (rs1 << 15) | (rd << 7) | 0x13;
const rdtime = (rd: number) => 0xc010_2073 | (rd << 7) | 0;
const LOOP = 0x0000_006f;
const bltu = (rs1: number, rs2: number, by: number) =>
  0x6063 | (rs1 << 15) | (rs2 << 20) | (((by >> 1) & 15) << 8) | (by < 0 ? 0xfe00_0080 : 0) | 0;
/** jal x0, to a near address. */
const jump = (by: number) => (((by >> 1) & 0x3ff) << 21) | (by < 0 ? 0x801f_f000 : 0) | 0x6f;

/** A kernel at the native vector, and `code` for user mode. */
function userMachine(code: readonly number[], options: Partial<MachineOptions> = {}): Machine {
  const machine = createMachine({ wasm: nodeWasm, ramBytes: 4 << 20, clock: { nowNs: () => 0 }, ...options });
  const put = (pa: number, words: readonly number[]) => machine.ram.i32.set(words, machine.ram.offsetOf(pa) >>> 2);
  const table = (frame: number, index: number, target: number, flags: number) =>
    put(RAM_BASE + frame * 4096 + index * 8, [((0x80000 + target) << 10) | flags, 0]);
  machine.bootSupervisor(VECTOR);
  machine.hart.setCsr('stvec', VECTOR);
  machine.setNativeVector(VECTOR);
  table(1, 0, 2, 1);
  table(2, 0, 3, 1);
  table(3, CODE / 4096, 8, 0xdf);
  put(RAM_BASE + 8 * 4096, code);
  machine.hart.setCsrHalves('satp', 0x80001, 0x8000_0000 | 0);
  machine.hart.setCsr('sstatus', 1 << 5);
  machine.hart.setCsr('scounteren', 7);
  return machine;
}

function frameOf(machine: Machine) {
  const at = machine.ram.offsetOf(FRAME_PA);
  const word = (index: number) => Number(machine.ram.view.getBigUint64(at + 8 * index, true));
  const set = (index: number, value: number) => machine.ram.view.setBigUint64(at + 8 * index, BigInt(value), true);
  set(0, CODE);
  return { at, word, set };
}

const PC = 0;

const WAYS = ([false, true] as const).flatMap((deterministic) =>
  (['interpreter', 'translator'] as const).map((tier) => ({ deterministic, tier })),
);

describe.each(WAYS)('runUser, deterministic $deterministic, $tier', ({ deterministic, tier }) => {
  it('loads the frame, runs, and is back in it at an ecall', () => {
    const machine = userMachine([addi(A0, A1, 1), ECALL, addi(A0, A0, 1), ECALL], { deterministic, tier });
    const { hart } = machine;
    const frame = frameOf(machine);
    frame.set(A1, 41);
    frame.set(A7, 172);
    expect(hart.runUser(1000, frame.at, LOAD.all)).toBe('ecall');
    expect([frame.word(PC), frame.word(A0), frame.word(A7)]).toEqual([CODE + 8, 42, 172]);
    expect([hart.csr('sepc'), hart.csr('scause'), hart.csr('stval'), hart.mode]).toEqual([CODE + 4, 8, 0, 'S']);
    expect([hart.pc, hart.retired, machine.stats.traps[8]]).toEqual([VECTOR, 1, 1]);
    // SPIE is what SIE was in user mode; SPP says user mode.
    expect(hart.csrLo('sstatus') & 0x122).toBe(0x20);

    // The other registers are in the hart still.
    frame.set(A0, 100);
    expect(hart.runUser(1000, frame.at, LOAD.a0)).toBe('ecall');
    expect([frame.word(A0), frame.word(A1), frame.word(PC)]).toEqual([101, 41, CODE + 16]);
  });

  it('leaves by an interrupt that is pending already with the registers in the hart', () => {
    const machine = userMachine([ECALL], { deterministic, tier });
    const { hart } = machine;
    const frame = frameOf(machine);
    frame.set(A1, 5);
    hart.setCsr('sie', 0x222);
    hart.setCsr('stimecmp', 0);
    expect(hart.runUser(1000, frame.at, LOAD.all)).toBe('native-vector');
    expect([hart.csrLo('scause'), hart.csr('sepc'), hart.x(A1), hart.retired]).toEqual([5, CODE, 5, 0]);
  });

  it('stops at the count with the registers in the hart, and goes on', () => {
    const machine = userMachine([addi(A0, A0, 1), LOOP], { deterministic, tier });
    const frame = frameOf(machine);
    frame.set(A0, 3);
    expect(machine.hart.runUser(0, frame.at, LOAD.all)).toBe('budget');
    expect([machine.hart.x(A0), machine.hart.mode]).toEqual([3, 'U']);
    expect(machine.hart.runUser(11, frame.at, LOAD.nothing)).toBe('budget');
    expect([machine.hart.x(A0), machine.hart.retired]).toEqual([4, 11]);
  });

  it('gives other traps as run() does', () => {
    const machine = userMachine([addi(A0, 0, 9), 0], { deterministic, tier });
    const frame = frameOf(machine);
    expect(machine.hart.runUser(1000, frame.at, LOAD.all)).toBe('native-vector');
    expect([machine.hart.csrLo('scause'), machine.hart.x(A0), frame.word(A0)]).toEqual([2, 9, 0]);
  });

  it('reads the time where the kernel lets it, and counts the instruction', () => {
    let ns = 0;
    const machine = userMachine([rdtime(A0), rdtime(0), ECALL, rdtime(A1), ECALL], {
      deterministic,
      tier,
      clock: { nowNs: () => (ns += 100_000) },
    });
    const frame = frameOf(machine);
    expect(machine.hart.runUser(1000, frame.at, LOAD.all)).toBe('ecall');
    expect(machine.hart.runUser(1000, frame.at, LOAD.a0)).toBe('ecall');
    if (!deterministic) expect(frame.word(A1)).toBeGreaterThan(frame.word(A0));
    else expect([frame.word(A0), frame.word(A1)]).toEqual([0, 0]);
    expect(machine.hart.retired).toBe(3);
    if (tier === 'translator' && !deterministic) expect(machine.stats.translator!.retired).toBe(2);
    machine.hart.setCsr('scounteren', 5);
    frame.set(PC, CODE);
    expect(machine.hart.runUser(1000, frame.at, LOAD.all)).toBe('native-vector');
    expect(machine.hart.csrLo('scause')).toBe(2);
  });

  it('reads the clock of the host once in some hundred instructions', () => {
    let reads = 0;
    const clock = { nowNs: () => 100 * ++reads };
    const machine = userMachine([rdtime(A1), bltu(A1, A0, -4), ECALL], { deterministic, tier, clock });
    const { hart } = machine;
    const frame = frameOf(machine);
    frame.set(A0, 1000);
    expect(hart.runUser(1e6, frame.at, LOAD.all)).toBe('ecall');
    // In deterministic mode an instruction takes a nanosecond.
    expect(frame.word(A1)).toBe(deterministic ? 1000 : frame.word(A0));
    if (!deterministic) expect(hart.retired / reads).toBeGreaterThan(100);
    else expect(hart.retired).toBe(100_002);
  });

  it('goes from ecall to ecall, and stops between any two instructions on the way', () => {
    const machine = userMachine([addi(A0, A0, 1), addi(A1, A1, 1), ECALL, jump(-12)], { deterministic, tier });
    const { hart } = machine;
    const frame = frameOf(machine);
    const ECALL_PC = CODE + 8;
    let calls = 0;
    let load: Load = LOAD.all;
    for (let until = 1; until <= 400; until++) {
      const reason = hart.runUser(until, frame.at, load);
      if (reason === 'budget') {
        // Three instructions a round; the ecall does not retire.
        const step = hart.retired % 3;
        expect([hart.retired, hart.pc, hart.mode]).toEqual([until, [CODE, CODE + 4, ECALL_PC][step], 'U']);
        load = LOAD.nothing;
        continue;
      }
      expect([reason, hart.retired]).toEqual(['ecall', 3 * calls + 2]);
      calls++;
      expect([frame.word(PC), frame.word(A1), frame.word(35)]).toEqual([ECALL_PC + 4, calls, frame.word(A0)]);
      expect([hart.csr('sepc'), machine.stats.traps[8]]).toEqual([ECALL_PC, calls]);
      frame.set(A0, 1000 + calls);
      load = LOAD.a0;
      until--;
    }
    expect([calls, frame.word(A0)]).toEqual([133, 1133]);
  });

  it('takes an interrupt before it goes back, whatever raised it', () => {
    let ns = 0;
    const machine = userMachine([ECALL, jump(-4)], { deterministic, tier, clock: { nowNs: () => ns } });
    const { hart, interrupts } = machine;
    const frame = frameOf(machine);
    const go = () => hart.runUser(1e9, frame.at, LOAD.a0);
    hart.setCsr('sie', 0x222);
    for (let i = 0; i < 100; i++) expect(go()).toBe('ecall');
    interrupts.enable(3);
    expect(go()).toBe('ecall');
    interrupts.setLevel(3, true);
    expect([go(), hart.csrLo('scause'), hart.csrHi('scause')]).toEqual(['native-vector', 9, 0x8000_0000 | 0]);
    interrupts.setLevel(3, false);
    for (let i = 0; i < 100; i++) expect(go()).toBe('ecall');
    hart.setCsr('stimecmp', machine.timer.now() + 1);
    if (deterministic) machine.timer.skipTo(machine.timer.now() + 1);
    ns += 100;
    let calls = 0;
    while (go() === 'ecall') calls++;
    expect(hart.csrLo('scause')).toBe(5);
    // The clock is looked at now and then.
    expect(calls).toBeLessThan(100);
  });
});
