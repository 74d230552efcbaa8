/**
 * Why the interpreter returned, and what the hart state then holds (offsets in layout.ts, HART).
 *
 * Always: pc is the instruction at which to go on, budget is what may still retire, with every retired instruction taken off
 * and none that did not retire. `record` is the record concerned, except after SLICE and FETCH, and after a SYSTEM from translated code.
 *
 *   SLICE       budget is 0
 *   DECODE      the record at pc is not decoded, or its second half lies in a page whose first halfword was not the one
 *               expected: encode it (encode.ts) and run again
 *   FETCH       tval, the address of an instruction or of its second half, is not in the code TLB: fill, or raise the fault
 *   LOAD_MISS   tval is an address (of a byte, when the access crosses pages) without a read entry; accessSize is the
 *   STORE_MISS  size of the whole access. Fill the entry and run again, or raise the fault, or carry the instruction out.
 *   AMO_MISS    Nothing has been changed. A store or AMO needs a write entry.
 *   TRAP        synchronous exception `cause` with tval; an illegal instruction leaves its word in tval, or 0
 *   SYSTEM      `instruction` is to be carried out by the privileged part, which advances pc and takes 1 off the budget
 *   REGION      a region of translated code begins at pc, and the jump cache has no entry for it: make one and run again
 *   ECALL       an ecall in U mode has trapped into S mode at the native vector, and the frame is complete; from cross() only
 *   UNREADY     nothing was done: something is to be looked at before user mode is entered; from cross() only (riscv/crossing.ts)
 *
 * Interface: EXIT, ExitReason.
 */
export const EXIT = {
  slice: 3,
  decode: 4,
  fetch: 5,
  loadMiss: 6,
  storeMiss: 7,
  amoMiss: 8,
  trap: 9,
  system: 10,
  region: 11,
  ecall: 12,
  unready: 13,
} as const;
export type ExitReason = (typeof EXIT)[keyof typeof EXIT];

/** Results of `execute` below the first record address that are no exits: pc holds the next instruction's address. */
export const JUMPED = 1;
/** As JUMPED, but no instruction was executed (the end of a page). */
export const MOVED = 2;
