/** Physical memory: views over the machine's one linear memory. */
import { RAM_BASE } from '../cpu/layout.ts';
import type { Layout } from '../cpu/layout.ts';

export { RAM_BASE };

/** The views cover the whole linear memory; index them through `offsetOf`. They are never reallocated. */
export interface Ram {
  /** RAM size in bytes. */
  readonly bytes: number;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly view: DataView;
  /** Offset into the views (in bytes; `>>> 2` for the 32-bit ones) of guest-physical address `pa`, which must be in RAM. */
  offsetOf(pa: number): number;
  /** Whether [pa, pa + length) lies in RAM. */
  contains(pa: number, length: number): boolean;
}

export function createRam(layout: Layout, buffer: ArrayBufferLike): Ram {
  const delta = layout.ram - RAM_BASE;
  const end = RAM_BASE + layout.ramBytes;
  return {
    bytes: layout.ramBytes,
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    view: new DataView(buffer),
    offsetOf: (pa) => pa + delta,
    contains: (pa, length) => pa >= RAM_BASE && pa + length <= end,
  };
}
