/**
 * The fixed numbers of the Privileged Architecture: modes, mstatus fields, interrupt bits, causes, PTE bits.
 */

/** Privilege modes. */
export const PRV = { U: 0, S: 1, M: 3 } as const;

/** Fields in the low half of mstatus and sstatus. */
export const MSTATUS = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  MPP: 3 << 11,
  MPP_SHIFT: 11,
  FS: 3 << 13,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
} as const;

/** mstatus.SD and the interrupt bit of a cause, in the high half. */
export const BIT_63_HI = 0x8000_0000 | 0;

/** Interrupt bits of mip and mie. */
export const MIP = {
  SSIP: 1 << 1,
  MSIP: 1 << 3,
  STIP: 1 << 5,
  MTIP: 1 << 7,
  SEIP: 1 << 9,
  MEIP: 1 << 11,
} as const;

/** Interrupt numbers from highest to lowest priority: MEI, MSI, MTI, SEI, SSI, STI. */
export const INTERRUPT_PRIORITY = [11, 3, 7, 9, 1, 5] as const;

/** Exception causes. */
export const CAUSE = {
  FETCH_ACCESS: 1,
  ILLEGAL: 2,
  BREAKPOINT: 3,
  LOAD_MISALIGNED: 4,
  LOAD_ACCESS: 5,
  STORE_MISALIGNED: 6,
  STORE_ACCESS: 7,
  ECALL_U: 8,
  ECALL_S: 9,
  ECALL_M: 11,
  FETCH_PAGE: 12,
  LOAD_PAGE: 13,
  STORE_PAGE: 15,
} as const;

/** Bits of a page-table entry. */
export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 } as const;

/** menvcfg.STCE (stimecmp is enabled), in the high half. */
export const MENVCFG_STCE_HI = 0x8000_0000 | 0;

/** What an access wants to do. */
export const ACCESS = { LOAD: 0, STORE: 1, FETCH: 2 } as const;
export type Access = (typeof ACCESS)[keyof typeof ACCESS];
