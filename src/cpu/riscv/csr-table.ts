/**
 * The control and status registers, one row each. RISC-V Privileged Architecture, chapter "Control and Status
 * Registers"; names and numbers are the manual's. Bits 9:8 of a number are the lowest privilege that may access it,
 * bits 11:10 = 3 mean read-only; neither is repeated in the rows.
 *
 * Interface: CSRS, csrByName, csrWord, CsrName, CsrRow, CSR_BY_NUMBER, MODE_WORD.
 * Invariant: a row of kind `plain` is storage: a read gives what was stored, a write changes the bits in its mask.
 */
import { HART } from '../layout.ts';

/** Rows whose reading or writing does more than move masked bits name a kind; csr-file.ts gives each its behaviour. */
export type CsrKind =
  | 'plain'
  | 'mstatus'
  | 'sstatus'
  | 'mip'
  | 'sip'
  | 'sie'
  | 'satp'
  | 'fflags'
  | 'frm'
  | 'fcsr'
  | 'counter'
  | 'time'
  | 'stimecmp'
  | 'pmpcfg'
  | 'pmpaddr';

export interface CsrRow {
  readonly name: string;
  readonly number: number;
  readonly kind: CsrKind;
  /** Bits that a write may change (WARL: the others keep their value), low and high half. */
  readonly maskLo: number;
  readonly maskHi: number;
  /** Value after reset, low and high half. */
  readonly resetLo: number;
  readonly resetHi: number;
  /** Position of this row, and of its i64 in the hart state's CSR area. */
  readonly index: number;
}

type Spec = readonly [name: string, number: number, kind: CsrKind, mask: Mask, reset?: Mask];
type Mask = readonly [lo: number, hi: number];

const ALL: Mask = [-1, -1];
const NONE: Mask = [0, 0];

/** MXL = 64 bits; A, C, D, F, I, M, S, U. */
const MISA: Mask = [0x14112d, 0x8000_0000 | 0];
/** UXL = SXL = 64 bits. */
const MSTATUS_RESET: Mask = [0, 0xa];

const SPECS = [
  // Unprivileged floating point and counters.
  ['fflags', 0x001, 'fflags', [0x1f, 0]],
  ['frm', 0x002, 'frm', [0x7, 0]],
  ['fcsr', 0x003, 'fcsr', [0xff, 0]],
  ['cycle', 0xc00, 'counter', NONE],
  ['time', 0xc01, 'time', NONE],
  ['instret', 0xc02, 'counter', NONE],

  // Supervisor.
  ['sstatus', 0x100, 'sstatus', [0x000c_6122, 0]],
  ['sie', 0x104, 'sie', [0x222, 0]],
  ['stvec', 0x105, 'plain', [~2, -1]],
  ['scounteren', 0x106, 'plain', [7, 0]],
  ['senvcfg', 0x10a, 'plain', [1, 0]],
  ['sscratch', 0x140, 'plain', ALL],
  ['sepc', 0x141, 'plain', [~1, -1]],
  ['scause', 0x142, 'plain', ALL],
  ['stval', 0x143, 'plain', ALL],
  ['sip', 0x144, 'sip', [0x2, 0]],
  ['stimecmp', 0x14d, 'stimecmp', ALL, ALL],
  ['satp', 0x180, 'satp', ALL],

  // Machine information.
  ['mvendorid', 0xf11, 'plain', NONE],
  ['marchid', 0xf12, 'plain', NONE],
  ['mimpid', 0xf13, 'plain', NONE],
  ['mhartid', 0xf14, 'plain', NONE],
  ['mconfigptr', 0xf15, 'plain', NONE],

  // Machine trap set-up. mstatus: TSR TW TVM MXR SUM MPRV FS MPP SPP MPIE SPIE MIE SIE are writable.
  ['mstatus', 0x300, 'mstatus', [0x007e_79aa, 0], MSTATUS_RESET],
  ['misa', 0x301, 'plain', NONE, MISA],
  ['medeleg', 0x302, 'plain', [0xb3ff, 0]],
  ['mideleg', 0x303, 'plain', [0x222, 0]],
  ['mie', 0x304, 'plain', [0xaaa, 0]],
  ['mtvec', 0x305, 'plain', [~2, -1]],
  ['mcounteren', 0x306, 'plain', [7, 0]],
  ['menvcfg', 0x30a, 'plain', [1, 0x8000_0000 | 0]],
  ['mcountinhibit', 0x320, 'plain', NONE],

  // Machine trap handling.
  ['mscratch', 0x340, 'plain', ALL],
  ['mepc', 0x341, 'plain', [~1, -1]],
  ['mcause', 0x342, 'plain', ALL],
  ['mtval', 0x343, 'plain', ALL],
  ['mip', 0x344, 'mip', [0x222, 0]],

  // Machine counters.
  ['mcycle', 0xb00, 'counter', ALL],
  ['minstret', 0xb02, 'counter', ALL],

  // Debug triggers: none is implemented, so all of them read as zero.
  ['tselect', 0x7a0, 'plain', NONE],
  ['tdata1', 0x7a1, 'plain', NONE],
  ['tdata2', 0x7a2, 'plain', NONE],
  ['tdata3', 0x7a3, 'plain', NONE],

  // Physical memory protection: sixteen entries, grain 4 KiB.
  ['pmpcfg0', 0x3a0, 'pmpcfg', ALL],
  ['pmpcfg2', 0x3a2, 'pmpcfg', ALL],
  ['pmpaddr0', 0x3b0, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr1', 0x3b1, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr2', 0x3b2, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr3', 0x3b3, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr4', 0x3b4, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr5', 0x3b5, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr6', 0x3b6, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr7', 0x3b7, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr8', 0x3b8, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr9', 0x3b9, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr10', 0x3ba, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr11', 0x3bb, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr12', 0x3bc, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr13', 0x3bd, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr14', 0x3be, 'pmpaddr', [-1, 0x003f_ffff]],
  ['pmpaddr15', 0x3bf, 'pmpaddr', [-1, 0x003f_ffff]],
] as const satisfies readonly Spec[];

/** The manual's names of the implemented registers. */
export type CsrName = (typeof SPECS)[number][0];

export const CSRS: readonly CsrRow[] = SPECS.map((spec: Spec, index): CsrRow => {
  const [name, number, kind, mask, reset = NONE] = spec;
  return { name, number, kind, maskLo: mask[0], maskHi: mask[1], resetLo: reset[0], resetHi: reset[1], index };
});

/** Index in the hart-state page of the current privilege mode (PRV), after the rows and one place that stays zero. */
export const MODE_WORD = HART.csr / 4 + 2 * (CSRS.length + 1);

/** A register that exists, reads as zero and ignores writes; its storage is one more i64 after the rows'. */
const ZERO_ROW: CsrRow = {
  name: 'hpm',
  number: 0,
  kind: 'plain',
  maskLo: 0,
  maskHi: 0,
  resetLo: 0,
  resetHi: 0,
  index: SPECS.length,
};

/** Row by number (4096 places), undefined where no such register exists. */
export const CSR_BY_NUMBER: readonly (CsrRow | undefined)[] = (() => {
  const rows: (CsrRow | undefined)[] = new Array<CsrRow | undefined>(4096).fill(undefined);
  for (const row of CSRS) rows[row.number] = row;
  // Hardware performance counters 3..31 exist and read as zero: mhpmcounter, mhpmevent, hpmcounter.
  for (let i = 3; i < 32; i++) {
    for (const base of [0xb00, 0x320, 0xc00]) rows[base + i] = { ...ZERO_ROW, number: base + i };
  }
  return rows;
})();

const BY_NAME: ReadonlyMap<string, CsrRow> = new Map(CSRS.map((row) => [row.name, row]));

/** Index in the hart-state page (as an Int32Array) of the low half of a register. */
export function csrWord(name: CsrName): number {
  return HART.csr / 4 + 2 * csrByName(name).index;
}

/** Row by name. */
export function csrByName(name: CsrName): CsrRow {
  return BY_NAME.get(name)!;
}
