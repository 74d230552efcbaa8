import { describe, expect, it } from 'vitest';
import { nodeWasm } from '../../host/node/wasm.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import { createLayout, HART } from '../layout.ts';
import { CsrFile } from './csr-file.ts';
import { csrByName } from './csr-table.ts';
import type { CsrName } from './csr-table.ts';
import { MIP, MSTATUS, PRV } from './privileged.ts';
import { OUTCOME, SystemInstructions } from './system.ts';
import { defineTrapEntries, trapEntriesOf } from './trap-entry.ts';
import { Traps } from './traps.ts';

const PC = HART.pc / 4;
const X = HART.x / 4;

const layout = createLayout({ ramBytes: 4096 });
const entries = new ModuleBuilder();
entries.importMemory('env', 'memory', 1, { maximum: 1 });
defineTrapEntries(entries, layout);

function setUp() {
  const memory = nodeWasm.createMemory(1);
  const words = new Int32Array(memory.buffer, layout.hart, HART.bytes / 4);
  const inputs = { wires: 0, ticks: 0, retired: 0 };
  const csrs = new CsrFile(words, {
    retiredCount: () => inputs.retired,
    timeTicks: () => inputs.ticks,
    machineDeadline: () => Infinity,
    timerSet: () => {},
    wires: { interruptWires: () => inputs.wires },
  });
  csrs.reset();
  const traps = new Traps(csrs, trapEntriesOf(nodeWasm.instantiate(entries.toBytes(), memory, {})));
  const flushed: unknown[][] = [];
  const system = new SystemInstructions(csrs, traps, words, (...args) => void flushed.push(args));
  const write = (name: CsrName, lo: number, hi = 0) => csrs.write(csrByName(name), lo, hi);
  const read = (name: CsrName) => {
    csrs.read(csrByName(name));
    return [csrs.lo, csrs.hi];
  };
  write('mtvec', 0x1000);
  write('stvec', 0x2000);
  words[PC] = 0x4444;
  return { words, csrs, traps, system, inputs, write, read, flushed };
}

describe('exceptions', () => {
  it('go to M mode unless delegated', () => {
    const { traps, csrs, words, read } = setUp();
    csrs.mode = PRV.U;
    csrs.mstatus |= MSTATUS.MIE;
    traps.exception(8, 0, 0);
    expect([csrs.mode, words[PC]]).toEqual([PRV.M, 0x1000]);
    expect(read('mcause')).toEqual([8, 0]);
    expect(read('mepc')).toEqual([0x4444, 0]);
    expect(csrs.mstatus & (MSTATUS.MIE | MSTATUS.MPIE | MSTATUS.MPP)).toBe(MSTATUS.MPIE);
  });

  it('go to S mode when delegated, from U and S but never from M', () => {
    const { traps, csrs, words, write, read } = setUp();
    write('medeleg', 1 << 13);
    csrs.mode = PRV.S;
    csrs.mstatus |= MSTATUS.SIE;
    traps.exception(13, 0x1234, -1);
    expect([csrs.mode, words[PC]]).toEqual([PRV.S, 0x2000]);
    expect(read('stval')).toEqual([0x1234, -1]);
    expect(csrs.mstatus & (MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP)).toBe(MSTATUS.SPIE | MSTATUS.SPP);
    csrs.mode = PRV.M;
    traps.exception(13, 0, 0);
    expect([csrs.mode, words[PC]]).toEqual([PRV.M, 0x1000]);
  });

  it('nest: sret and mret undo one level each', () => {
    const { traps, csrs, words, write } = setUp();
    write('medeleg', 1 << 8);
    csrs.mode = PRV.U;
    traps.exception(8, 0, 0);
    traps.exception(2, 0, 0);
    expect(csrs.mode).toBe(PRV.M);
    traps.mret();
    expect([csrs.mode, words[PC]]).toEqual([PRV.S, 0x2000]);
    traps.sret();
    expect([csrs.mode, words[PC]]).toEqual([PRV.U, 0x4444]);
  });

  it('clear MPRV when they return below M', () => {
    const { traps, csrs } = setUp();
    csrs.mstatus |= MSTATUS.MPRV | MSTATUS.MPP;
    traps.mret();
    expect(csrs.mstatus & MSTATUS.MPRV).not.toBe(0);
    csrs.mstatus |= 1 << MSTATUS.MPP_SHIFT;
    traps.mret();
    expect([csrs.mode, csrs.mstatus & MSTATUS.MPRV]).toEqual([PRV.S, 0]);
  });
});

describe('interrupts', () => {
  it('come in the manual’s order, M before S', () => {
    const { traps, csrs, write, read, inputs } = setUp();
    write('mie', 0xaaa);
    write('mideleg', 0x222);
    write('mip', MIP.SSIP | MIP.STIP);
    inputs.wires = MIP.MSIP | MIP.MTIP | MIP.SEIP;
    csrs.mode = PRV.U;
    expect(traps.takeInterrupt()).toBe(true);
    expect(read('mcause')).toEqual([3, -0x8000_0000]);
    inputs.wires = MIP.SEIP;
    csrs.mode = PRV.U;
    expect(traps.takeInterrupt()).toBe(true);
    expect(read('scause')).toEqual([9, -0x8000_0000]);
    inputs.wires = 0;
    csrs.mode = PRV.U;
    expect(traps.takeInterrupt()).toBe(true);
    expect(read('scause')).toEqual([1, -0x8000_0000]);
  });

  it('wait for SIE in S mode and are never delegated downwards', () => {
    const { traps, csrs, write } = setUp();
    write('mie', 0xaaa);
    write('mideleg', 0x222);
    write('mip', MIP.SSIP);
    csrs.mode = PRV.S;
    expect(traps.takeInterrupt()).toBe(false);
    csrs.mode = PRV.M;
    csrs.mstatus |= MSTATUS.MIE | MSTATUS.SIE;
    expect(traps.takeInterrupt()).toBe(false);
    csrs.mode = PRV.S;
    expect(traps.takeInterrupt()).toBe(true);
    expect(csrs.mstatus & MSTATUS.SIE).toBe(0);
  });

  it('use the vector table in vectored mode; exceptions do not', () => {
    const { traps, csrs, write, words } = setUp();
    write('mtvec', 0x1001);
    write('mie', 0xaaa);
    write('mip', MIP.STIP);
    csrs.mode = PRV.U;
    expect(traps.takeInterrupt()).toBe(true);
    expect(words[PC]).toBe(0x1000 + 4 * 5);
    csrs.mode = PRV.U;
    traps.exception(2, 0, 0);
    expect(words[PC]).toBe(0x1000);
  });

  it('follow stimecmp once menvcfg.STCE is set', () => {
    const { csrs, write, inputs } = setUp();
    write('stimecmp', 100);
    expect(csrs.pendingInterrupts() & MIP.STIP).toBe(0);
    write('menvcfg', 0, 0x8000_0000 | 0);
    inputs.ticks = 99;
    csrs.refreshTimers();
    expect(csrs.pendingInterrupts() & MIP.STIP).toBe(0);
    inputs.ticks = 100;
    csrs.refreshTimers();
    expect(csrs.pendingInterrupts() & MIP.STIP).toBe(MIP.STIP);
  });
});

describe('system instructions', () => {
  const csrrw = (rd: number, csr: number, rs1: number) => (csr << 20) | (rs1 << 15) | (1 << 12) | (rd << 7) | 0x73;
  const csrrs = (rd: number, csr: number, rs1: number) => (csr << 20) | (rs1 << 15) | (2 << 12) | (rd << 7) | 0x73;

  it('swap a register with a CSR', () => {
    const { words, system, read } = setUp();
    words[X + 2 * 5] = 77;
    words[X + 2 * 5 + 1] = -2;
    expect(system.execute(csrrw(6, 0x340, 5))).toBe(OUTCOME.RETIRED);
    expect(system.execute(csrrs(7, 0x340, 0))).toBe(OUTCOME.RETIRED);
    expect([words[X + 14], words[X + 15], words[PC]]).toEqual([77, -2, 0x444c]);
    expect(read('mscratch')).toEqual([77, -2]);
  });

  it('are illegal below the register’s privilege, on read-only ones, and where a switch forbids them', () => {
    const { system, csrs, read } = setUp();
    const isIllegal = (insn: number, mode: number) => {
      csrs.mode = mode;
      const outcome = system.execute(insn);
      if (outcome === OUTCOME.TRAPPED) expect(read('mcause')).toEqual([2, 0]);
      return outcome === OUTCOME.TRAPPED;
    };
    expect(isIllegal(csrrs(1, 0x300, 0), PRV.S)).toBe(true);
    expect(isIllegal(csrrw(1, 0xf14, 0), PRV.M)).toBe(true);
    expect(isIllegal(csrrs(1, 0xf14, 0), PRV.M)).toBe(false);
    expect(isIllegal(csrrs(1, 0x123, 0), PRV.M)).toBe(true);
    expect(isIllegal(csrrs(1, 0x180, 0), PRV.S)).toBe(false);
    csrs.mstatus |= MSTATUS.TVM | MSTATUS.TSR | MSTATUS.TW;
    expect(isIllegal(csrrs(1, 0x180, 0), PRV.S)).toBe(true);
    expect(isIllegal(0x1020_0073, PRV.S)).toBe(true);
    expect(isIllegal(0x1050_0073, PRV.S)).toBe(true);
    expect(isIllegal(0x1200_0073, PRV.S)).toBe(true);
    // fcsr with FS = Off; cycle without mcounteren.
    expect(isIllegal(csrrs(1, 0x003, 0), PRV.M)).toBe(true);
    expect(isIllegal(csrrs(1, 0xc00, 0), PRV.M)).toBe(false);
    expect(isIllegal(csrrs(1, 0xc00, 0), PRV.U)).toBe(true);
  });

  it('ignore a satp write with an unknown mode', () => {
    const { write, read } = setUp();
    write('satp', 0x80000, 0x8000_0000 | 0);
    write('satp', 0x12345, 0x9000_0000 | 0);
    expect(read('satp')).toEqual([0x80000, 0x8000_0000 | 0]);
  });

  it('count the instruction after a write of minstret from the value written', () => {
    const { write, read, inputs } = setUp();
    inputs.retired = 1000;
    write('minstret', 5, 7);
    inputs.retired = 1001;
    expect(read('minstret')).toEqual([5, 7]);
    expect(read('instret')).toEqual([5, 7]);
    inputs.retired = 5_000_001_001;
    const total = 5_000_000_005;
    expect(read('instret')).toEqual([total | 0, 7 + 1]);
  });
});
