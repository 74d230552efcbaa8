/**
 * Which pairs of instructions the hot loop does in one go. Nothing is said about their meaning: the code of a pair is that of its two
 * rows, one after the other, without the dispatch between them. The list was measured: the most frequent adjacent
 * pairs in CoreMark, sorting, trees, printf, string functions and a sieve; and the idioms for constants and addresses.
 *
 * Interface: FUSED_PAIRS. A pair is `first/length second/length chain`.
 */
export const FUSED_PAIRS: readonly string[] = `
add/2 add/2 none | slli/4 srli/2 rs1 | srli/2 add/2 rs1 | add/2 sb/4 rs1 | sb/4 addw/2 none | lbu/4 addi/2 none
slli/4 add/2 rs1 | add/2 add/2 rs1 | srli/4 addi/2 none | addi/2 xor/2 none | add/2 srli/4 rs1 | xor/2 bne/4 none
addi/2 addi/2 none | addw/2 bgeu/4 rs2 | addw/2 bltu/4 rs2 | sd/2 sd/2 none | addw/2 bne/4 none | ld/2 ld/2 none
sd/2 add/2 none | sb/4 bne/4 none | addi/2 sb/4 rs1 | subw/2 jalr/2 none | addi/2 addw/2 none | add/2 jalr/2 none
lw/2 lw/2 none | lw/2 subw/2 rs2 | andi/2 andi/4 none | ld/2 sd/2 none | add/2 ld/2 rs1 | lh/4 lh/4 none
srli/4 add/2 none | slli/4 slli/4 none | lh/4 addiw/2 none | slli/4 srli/4 none | addw/2 mulw/4 none
addiw/2 addw/2 none | add/2 bne/2 none | lbu/4 lbu/4 none | sb/4 sb/4 none | srli/4 srli/4 none | mulw/4 addw/2 rs2
addi/4 beq/4 rs2 | addiw/2 srli/2 none | srli/2 beq/2 none | add/2 jal/2 none | srli/2 andi/2 none
addiw/4 andi/4 rs1 | add/2 bge/4 none | andi/4 xor/4 none | xor/4 srli/2 none | andi/4 addi/2 none
slli/4 srli/4 rs1 | xor/4 addiw/2 none | add/2 lh/4 rs1 | sraiw/4 andi/2 none | addi/2 beq/4 none
sraiw/4 sraiw/4 none | andi/4 mulw/4 rs2 | ld/2 lh/4 rs1 | mulw/4 sraiw/4 rs1 | ld/2 beq/4 rs1 | add/2 lh/4 none
ld/2 lbu/4 rs1 | lh/4 bne/4 rs1 | addi/4 jal/2 none | ld/2 beq/2 rs1 | addi/2 bltu/4 rs1 | lbu/4 bne/4 rs2
add/2 addi/2 none | srli/4 add/2 rs1 | addi/2 lbu/4 none | addi/2 jalr/2 none | add/2 lbu/4 none | addi/2 sd/2 rs1
addi/2 add/2 none | ld/2 add/2 none | lbu/4 beq/2 none | addi/4 addi/2 none | ld/2 addi/2 none | auipc/4 ld/4 rs1
addiw/4 bne/2 none | srli/2 bne/2 none | addw/2 lbu/4 none | lbu/4 addiw/4 none | slliw/4 addw/2 rs1
addw/2 addi/2 none | auipc/4 addi/4 rs1 | ld/2 addi/4 none | add/2 lbu/4 rs1 | add/4 add/2 rs2 | andi/4 addi/4 none
lbu/4 add/2 none | lbu/4 beq/4 rs1 | add/2 jal/4 none | addi/2 jal/2 none | sd/4 sd/4 none | slli/2 srli/2 rs1
ld/4 ld/4 none | addi/4 addiw/2 none | add/2 ld/2 none | srli/2 slt/4 none | addi/2 beq/2 none | add/2 add/4 none
slt/4 addw/2 none | remu/4 addi/2 none | lw/2 slli/2 none | addiw/4 addw/2 none | add/4 lbu/4 none
addw/2 bge/4 none | add/2 bne/4 none | sb/4 bltu/4 none | add/2 bgeu/4 none | lbu/4 divu/4 none | sub/4 bgeu/4 none
add/2 bltu/4 rs1 | addiw/2 sraiw/4 none | add/2 beq/2 none | divu/4 sb/4 none | slliw/4 addiw/2 none
add/4 add/2 none | lbu/4 beq/2 rs1 | ld/4 add/2 none | sw/2 lbu/4 none | addiw/2 sw/2 rs2 | lw/4 lbu/4 none
lbu/4 addiw/2 none | ld/2 lw/4 none | lw/2 add/2 none | addw/2 addiw/4 none | add/4 ld/2 none | lw/2 addi/4 none
lw/2 addiw/4 none | addiw/2 sw/4 rs2 | add/2 sb/4 none | addi/2 bgeu/4 rs1 | ld/2 jal/4 none | addi/4 add/4 rs1
add/2 lhu/4 rs1 | add/2 beq/4 none | sb/4 sub/4 none | ld/4 sd/2 none | addw/4 slli/4 rs1 | sw/4 bne/2 none
addi/2 mulw/4 none | lw/2 addi/2 none | addiw/4 beq/4 rs2 | add/2 lw/2 none | addi/2 sd/2 none | sh/4 bne/4 none
addi/4 add/2 none | addi/2 bne/4 none | addiw/2 bne/4 rs1 | andi/2 beq/2 rs1 | slli/2 add/2 rs1 | add/2 lw/2 rs1
lui/4 addi/4 rs1 | auipc/4 jalr/4 rs1 | lui/2 addi/4 rs1 | lui/4 addiw/4 rs1 | lw/2 addiw/2 rs1 | addi/2 bne/4 rs1
`
  .trim()
  .split(/\s*[|\n]\s*/);
