import { describe, expect, it } from 'vitest';
import { CsrFile } from './csr-file.ts';
import { csrByName } from './csr-table.ts';
import { Pmp } from './pmp.ts';
import { ACCESS, PRV, PTE } from './privileged.ts';
import type { Access } from './privileged.ts';
import { Sv39Walker, WALK } from './sv39.ts';

const RAM = 0x8000_0000;
const ROOT = RAM / 4096;
const RWXUAD = PTE.V | PTE.R | PTE.W | PTE.X | PTE.U | PTE.A | PTE.D;

/** Four frames of tables at the start of RAM: root, level 1, level 0, and one more. */
function setUp() {
  const words = new Int32Array(4096);
  const wrote: number[] = [];
  const memory = {
    words,
    wordOf: (pa: number) => (pa >= RAM && pa < RAM + words.byteLength ? (pa - RAM) / 4 : -1),
    wrote: (pfn: number) => wrote.push(pfn),
  };
  const csrs = new CsrFile(new Int32Array(1024), {
    retiredCount: () => 0,
    timeTicks: () => 0,
    machineDeadline: () => Infinity,
    timerSet: () => {},
    wires: { interruptWires: () => 0 },
  });
  csrs.reset();
  csrs.write(csrByName('pmpaddr0'), -1, 0x003f_ffff);
  csrs.write(csrByName('pmpcfg0'), 0x1f, 0);
  const pmp = new Pmp();
  pmp.refresh(csrs);
  const walker = new Sv39Walker(memory, pmp);
  const setPte = (frame: number, index: number, pfn: number, flags: number, hi = 0) => {
    words[(frame * 4096 + index * 8) / 4] = (pfn << 10) | flags;
    words[(frame * 4096 + index * 8) / 4 + 1] = hi | Math.floor(pfn / 0x40_0000);
  };
  const walk = (va: number, access: Access, mode: number = PRV.U, sum = false, mxr = false) =>
    walker.walk(ROOT, va | 0, Math.floor(va / 2 ** 32) | 0, access, mode, sum, mxr);
  setPte(0, 0, ROOT + 1, PTE.V);
  setPte(1, 0, ROOT + 2, PTE.V);
  return { words, wrote, walker, setPte, walk, csrs, pmp };
}

describe('Sv39 walk', () => {
  it('finds a 4 KiB page and leaves set A and D bits alone', () => {
    const { walker, setPte, walk, wrote } = setUp();
    setPte(2, 5, 0x80123, RWXUAD);
    expect(walk(0x5abc, ACCESS.STORE)).toBe(WALK.OK);
    expect(walker.pfn).toBe(0x80123);
    expect(wrote).toEqual([]);
  });

  it('sets A on a load and D on a store only', () => {
    const { words, setPte, walk, wrote } = setUp();
    setPte(2, 5, 0x80123, PTE.V | PTE.R | PTE.W | PTE.U);
    const entry = () => words[(2 * 4096 + 5 * 8) / 4]! & 0xff;
    expect(walk(0x5000, ACCESS.FETCH)).toBe(WALK.PAGE_FAULT);
    expect(entry() & (PTE.A | PTE.D)).toBe(0);
    expect(walk(0x5000, ACCESS.LOAD)).toBe(WALK.OK);
    expect(entry() & (PTE.A | PTE.D)).toBe(PTE.A);
    expect(walk(0x5000, ACCESS.STORE)).toBe(WALK.OK);
    expect(entry() & (PTE.A | PTE.D)).toBe(PTE.A | PTE.D);
    expect(wrote).toEqual([ROOT + 2, ROOT + 2]);
  });

  it('maps superpages, and faults on misaligned ones', () => {
    const { walker, setPte, walk } = setUp();
    setPte(1, 3, 0x80200, RWXUAD);
    expect(walk(0x0060_5000, ACCESS.LOAD)).toBe(WALK.OK);
    expect(walker.pfn).toBe(0x80205);
    setPte(1, 4, 0x80201, RWXUAD);
    expect(walk(0x0080_0000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
    setPte(0, 1, 0x80000, RWXUAD);
    expect(walk(0x4123_4000, ACCESS.LOAD)).toBe(WALK.OK);
    expect(walker.pfn).toBe(0x81234);
    setPte(0, 2, 0x80200, RWXUAD);
    expect(walk(0x8000_0000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
  });

  it('demands canonical addresses', () => {
    const { setPte, walk, walker } = setUp();
    setPte(0, 0x1ff, 0x80000, RWXUAD);
    setPte(0, 0x100, 0x80000, RWXUAD);
    expect(walk(2 ** 64 - 2 ** 30, ACCESS.LOAD)).toBe(WALK.OK);
    expect(walker.pfn).toBe(0x80000);
    expect(walk(0x7f_c000_0000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
    expect(walk(0x40_0000_0000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
    expect(walk(0x80_0000_0000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
  });

  it('keeps user and supervisor pages apart', () => {
    const { setPte, walk } = setUp();
    setPte(2, 1, 0x80100, RWXUAD);
    setPte(2, 2, 0x80100, RWXUAD & ~PTE.U);
    expect(walk(0x2000, ACCESS.LOAD, PRV.U)).toBe(WALK.PAGE_FAULT);
    expect(walk(0x2000, ACCESS.FETCH, PRV.S)).toBe(WALK.OK);
    expect(walk(0x1000, ACCESS.LOAD, PRV.S)).toBe(WALK.PAGE_FAULT);
    expect(walk(0x1000, ACCESS.LOAD, PRV.S, true)).toBe(WALK.OK);
    expect(walk(0x1000, ACCESS.FETCH, PRV.S, true)).toBe(WALK.PAGE_FAULT);
  });

  it('lets MXR read executable pages', () => {
    const { setPte, walk } = setUp();
    setPte(2, 1, 0x80100, PTE.V | PTE.X | PTE.U | PTE.A);
    expect(walk(0x1000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
    expect(walk(0x1000, ACCESS.LOAD, PRV.U, false, true)).toBe(WALK.OK);
  });

  it('faults on reserved encodings', () => {
    const { setPte, walk } = setUp();
    setPte(2, 1, 0x80100, PTE.V | PTE.W | PTE.U | PTE.A | PTE.D);
    expect(walk(0x1000, ACCESS.STORE)).toBe(WALK.PAGE_FAULT);
    for (const bit of [22, 28, 29, 31]) {
      setPte(2, 1, 0x80100, RWXUAD, 1 << bit);
      expect(walk(0x1000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
    }
    setPte(1, 0, ROOT + 2, PTE.V | PTE.A);
    setPte(2, 1, 0x80100, RWXUAD);
    expect(walk(0x1000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
    setPte(1, 0, ROOT + 2, PTE.V);
    setPte(2, 1, ROOT + 3, PTE.V);
    expect(walk(0x1000, ACCESS.LOAD)).toBe(WALK.PAGE_FAULT);
  });

  it('raises an access fault where a table is outside RAM or refused by PMP', () => {
    const { setPte, walk, csrs, pmp } = setUp();
    setPte(0, 1, 0x1000, PTE.V);
    expect(walk(0x4000_0000, ACCESS.LOAD)).toBe(WALK.ACCESS_FAULT);
    setPte(2, 1, 0x80100, RWXUAD & ~PTE.A);
    csrs.write(csrByName('pmpcfg0'), 0x19, 0);
    pmp.refresh(csrs);
    expect(walk(0x1000, ACCESS.LOAD)).toBe(WALK.ACCESS_FAULT);
  });
});
