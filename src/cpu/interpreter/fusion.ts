/**
 * Which sequences of instructions the hot loop does in one go. Nothing is said about their meaning: the code of a sequence is that of its
 * rows, one after the other, without the dispatch between them, which costs as much as three instructions.
 *
 * The list was measured: each in its turn saves the most dispatches for its size, in gzip, sort, sha256sum, bash, dash, mawk, sed, grep, tar,
 * ls, find, python3, as, cc1, CoreMark and a sieve, all weighed alike.
 *
 * Interface: FUSED_SEQUENCES. A sequence is `name/length` for each instruction; `:rs1` or `:rs2` says that this operand is what the
 * instruction before it wrote.
 */
export const FUSED_SEQUENCES: readonly string[] = `
slli/4 srli/2:rs1 add/2:rs1 | add/2 add/2 | lbu/4 addi/2 | addw/2 bltu/4:rs1 | ld/2 addi/2 | sd/2 sd/2
auipc/4 ld/4:rs1 | slli/4 srli/4:rs1 | slli/4 add/2:rs1 | addi/2 bne/4 | sltiu/4 add/2:rs2 bne/4 | ld/2 ld/2
auipc/4 addi/4:rs1 | lui/4 addi/4:rs1 | xori/4 and/2:rs1 and/4:rs1 | slli/2 add/2 | addi/2 beq/4 | add/2 jal/4
addi/2 addi/2 | sb/4 addw/2 bltu/4:rs1 | addi/2 sd/2 | addw/2 bne/4 | addi/2 add/2 | addiw/2 beq/2:rs1
slli/4 srli/4:rs1 add/2:rs1 | andi/4 bne/2:rs1 | add/2 beq/2 | slli/4 blt/4:rs1 | srliw/4 slliw/4
slliw/4 sraiw/4:rs1 beq/2 | lbu/4 bne/4 | add/2 ld/2 addi/2 | addi/4 beq/4:rs2 | add/4 sb/4:rs1 bne/4 | add/2 bne/2
addi/4 addi/4 | slli/4 srli/2:rs1 | slliw/4 srliw/4 | add/2 jalr/2 | or/4 xor/4 | auipc/4 ld/4:rs1 jalr/4:rs1
slli/2 srli/2:rs1 | addiw/4 andi/4:rs1 | add/2 addi/2 | add/2 bgeu/4 | andi/4 beq/2:rs1 | slli/4 slli/4 srli/4
and/4 xor/4 | add/2 beq/4 | add/2 ld/2 | addi/2 bne/2 | andi/2 andi/4 | addi/4 bne/4 | auipc/4 lw/4:rs1 | add/2 jal/2
add/2 or/2:rs1 | add/2 add/2 jal/4 | addiw/2 addw/2 mulw/4 | andi/4 slli/2:rs1 add/2:rs1 | addi/2 jal/2
addi/4 bgeu/4 | add/4 lbu/4:rs1 bne/4:rs1 | add/2 andi/4 | lbu/4 lbu/4 | add/2 addi/4 | slliw/4 srl/4:rs2 bne/2:rs1
lhu/4 bgeu/4:rs2 | sub/4 beq/4 | xor/4 addiw/2 srli/2 | xor/4 srli/2 beq/2 | andi/4 andi/4 | srliw/4 xor/4
sd/2 sd/2 sd/2 | addi/2 blt/4 | sub/4 andi/2:rs1 | addi/2 bltu/4:rs1 | andi/4 srli/4 | add/4 xori/4 and/2:rs2
addi/4 add/2 | addi/4 addi/2 | or/2 andi/4 xori/4 | andi/2 bne/2:rs1 | slliw/4 addw/4 | slliw/4 addw/2:rs1 slliw/4:rs1
ld/2 addi/2 jalr/2 | lw/2 add/2:rs1 jalr/2:rs1 | andi/2 beq/2:rs1 | add/2 ld/4 | add/2 lbu/4:rs1 | addw/4 xor/4
addi/4 bltu/4:rs1 | auipc/4 lbu/4:rs1 | add/2 and/4 or/2 | addi/2 jal/4 | ld/4 ld/4 | addi/4 sub/2:rs1 add/2
xori/4 or/2:rs1 | addi/2 jalr/2 | slliw/4 or/4 | addi/4 jal/2 | andi/4 beq/4 | ld/2 beq/4 | lbu/4 bne/2:rs1
ld/2 ld/4 xor/2:rs1 | addi/2 addw/2 | addw/4 srliw/4 slliw/4 | addi/2 bgeu/4:rs1 | add/2 add/2 add/2
xor/2 mulw/4:rs1 bne/4 | lhu/4 addi/2 | srli/4 add/2 add/2 | srl/4 sll/4 or/4:rs2 | ld/4 sd/2 | sb/4 addi/2 bne/4
addi/2 sd/2:rs1 sd/2 | sb/4 sb/4 | lui/4 lui/4 | add/4 beq/2 | sd/2 add/2 | ld/4 addi/4 | ld/2 add/2
andi/4 bne/4:rs1 | andi/4 andi/4 subw/2:rs1 | slli/4 add/2:rs1 and/4:rs2 | sd/2 addi/2 | addiw/4 addiw/4:rs1 addi/2
and/4 and/4 | auipc/4 jalr/4:rs1 | slli/2 addi/4 | add/4 lbu/4 | lw/4 lbu/4 blt/4 | ld/2 ld/2 ld/2 | addiw/4 bne/2
srliw/4 slli/2:rs1 | lui/4 slli/4 | ld/4 beq/4 | slliw/4 addiw/2 | andi/4 srli/4 jalr/2 | lbu/4 beq/4 | addi/2 bge/4
srliw/4 or/4 | sraiw/4 sraiw/4 | addw/4 addw/4 | or/4 slliw/4 srliw/4 | srli/4 addi/2 xor/2 | sd/4 sd/4
andi/2 bne/4:rs1 | addiw/2 slli/2:rs1 srli/2:rs1 | lui/2 addw/2:rs1 | add/2 lw/2 | addiw/2 sw/2:rs2 | lbu/4 beq/2:rs1
andi/4 lui/4 addi/4:rs1 | ld/4 beq/2:rs1 | sd/2 add/2 bne/2 | slli/4 addi/2 blt/4 | ld/2 beq/2:rs1
addiw/4 slli/2:rs1 srli/2:rs1 | xor/4 addw/4 | andi/2 andi/4 mulw/4:rs2 | srli/2 srli/2 jal/2 | lui/2 addi/2
lbu/4 addi/2 bne/2 | andi/4 sub/4:rs2 bltu/4:rs1 | add/4 sb/4:rs1 bne/2 | srliw/4 addw/4 | srl/4 andi/4:rs1 beq/4:rs1
sb/4 addi/2 addi/2 | or/2 and/4:rs1 beq/2:rs1 | sd/2 ld/2 | lh/4 lh/4 | subw/4 add/2:rs2 bne/2 | xor/2 and/4
addi/2 beq/2 | lh/4 bne/4:rs1
`
  .trim()
  .split(/\s*[|\n]\s*/);
