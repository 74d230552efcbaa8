/**
 * Where a generated program finds what it uses, and which registers have a fixed meaning in it. The driver under Linux and the bare
 * machine set it up alike.
 *
 * A region is four pages: two to read and write, one to read, one that is not there; nor is the page before them. Programs work in two
 * windows: around the border of the first two pages, and before the border to the page that cannot be written.
 *
 * Interface: Region, LOW_REGION, HIGH_REGION, windowsOf, WINDOW_BYTES, CODE_BASES, DUMP, STACK_TOP, STACK_PAGES, REG.
 */
export const PAGE = 4096;

export interface Region {
  /** Address of the first page. */
  readonly start: number;
  readonly writablePages: 2;
  readonly readOnlyPages: 1;
}

/** Reached by lui, and through the flat tables. */
export const LOW_REGION: Region = { start: 0x1000_0000, writablePages: 2, readOnlyPages: 1 };
/** Above 4 GiB; not far, since qemu takes time for all that lies between. */
export const HIGH_REGION: Region = { start: 0x1_4000_0000, writablePages: 2, readOnlyPages: 1 };

/** The windows' pointers (held by REG.window and REG.edge) and what of memory around them programs use. */
export function windowsOf(region: Region) {
  const [window, edge] = [region.start + PAGE, region.start + 2 * PAGE];
  return {
    window,
    edge,
    ranges: [
      { start: window - 256, bytes: 512 },
      { start: edge - 128, bytes: 128 },
    ],
  } as const;
}
export const WINDOW_BYTES = 640;

export const CODE_BASES = { low: 0x40_0000, high: 0x1_8000_0000 } as const;

/** What a program leaves is written here; gp points to it all the time. */
export const DUMP = 0x1800_0000;
export const STACK_TOP = 0x1900_0000;
export const STACK_PAGES = 16;

/** Registers that random instructions read but do not write. */
export const REG = {
  ra: 1,
  sp: 2,
  gp: 3,
  /** Points to the border of the two writable pages. */
  window: 8,
  /** Points to the border of the writable and the read-only page. */
  edge: 9,
  /** Counts what recursion is left. */
  depth: 27,
  a0: 10,
  a7: 17,
  counters: [18, 13, 19, 14, 20, 21],
  /** All that random instructions may write. */
  free: [4, 5, 6, 7, 10, 11, 12, 15, 16, 17, 22, 23, 24, 25, 26, 28, 29, 30, 31],
} as const;
