/** Which instructions need mstatus.FS to be on: those of F and D and their compressed forms. */

const FP_OPCODES = [0x07, 0x27, 0x43, 0x47, 0x4b, 0x4f, 0x53];

/** CSR accesses to fcsr check FS themselves. */
export function needsFpState(instruction: number): boolean {
  if ((instruction & 3) === 3) return FP_OPCODES.includes(instruction & 0x7f);
  // c.fld, c.fsd in quadrant 0 and c.fldsp, c.fsdsp in quadrant 2 have funct3 = x01.
  return (instruction & 1) === 0 && ((instruction >> 13) & 3) === 1;
}
