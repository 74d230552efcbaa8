/**
 * The data page of the vDSO, '[vvar]': what its code needs to tell the time. The layout is ours; only image and kernel share it.
 *
 * Interface: VDSO_DATA, VDSO_CLOCK, VDSO_CLOCK_COUNT, VDSO_DATA_BYTES.
 * The kernel counts `sequence` up with every change, so that a reader that was interrupted by one begins again.
 * A clock reads: its time in the page, plus nsPerTick for each tick of the time CSR since `ticks`.
 */

/** Byte offsets in the page. */
export const VDSO_DATA = {
  /** u32 */
  sequence: 0,
  /** u64, the time CSR at which the times below are right. */
  ticks: 8,
  /** VDSO_CLOCK_COUNT clocks by their number, VDSO_CLOCK.bytes each. */
  clocks: 64,
} as const;

/** Byte offsets in the record of a clock; i64 each. */
export const VDSO_CLOCK = {
  sec: 0,
  nsec: 8,
  /** 0: a coarse clock, which stands still between changes. Negative: only the kernel can read this clock. */
  nsPerTick: 16,
  resolutionNs: 24,
  bytes: 32,
} as const;

/** CLOCK_REALTIME … CLOCK_TAI. */
export const VDSO_CLOCK_COUNT = 12;

export const VDSO_DATA_BYTES = 4096;
