/*
 * A loop around a system call, in assembly, in which every register counts rounds that can: `count_rounds` adds one to each of them,
 * makes the call, and adds its result to `results`, until register COUNTERS[0] has reached `limit`. So wherever a signal arrives at
 * the call, all of them are as far from where they started.
 *
 * Interface: struct rounds, count_rounds, call_site (the call's instruction), call_done (the one behind it), COUNTERS, FLOATS, and what
 * is in a handler's context: CONTEXT_PC, CONTEXT_RESULT (the first argument at call_site), CONTEXT_REGISTER, CONTEXT_FLOAT.
 */
#ifndef COUNTING_REGISTERS_H
#define COUNTING_REGISTERS_H
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

/* By the numbers in COUNTERS and below FLOATS; afterwards they hold what they were left with. */
struct rounds {
  uint64_t registers[32];
  double floats[32];
  uint64_t limit, results;
  uint64_t number, arguments[3];
};

void count_rounds(struct rounds *rounds);
extern const char call_site[], call_done[];

#if defined(__riscv)
/* The others: sp, gp and tp; s1 (the structure), a3 (at hand), and what the call takes. */
#define FOR_COUNTERS ".irp i, 8, 1, 5, 6, 7, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
#define FOR_FLOATS \
  ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
static const int COUNTERS[] = {8, 1, 5, 6, 7, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
#define FLOATS 31
#define CONTEXT_PC(context) ((context)->uc_mcontext.__gregs[REG_PC])
#define CONTEXT_RESULT(context) ((context)->uc_mcontext.__gregs[10])
#define CONTEXT_REGISTER(context, i) ((context)->uc_mcontext.__gregs[i])
#define CONTEXT_FLOAT(context, i) (*(double *)&(context)->uc_mcontext.__fpregs.__d.__f[i])

__asm__(".text\n.globl count_rounds, call_site, call_done\n"
        ".option push\n.option norelax\n"
        "count_rounds:\n"
        "  addi sp, sp, -208\n"
        "  sd ra, 0(sp)\n"
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"
        "  sd s\\i, 8 + 8 * \\i(sp)\n  fsd fs\\i, 104 + 8 * \\i(sp)\n"
        ".endr\n"
        "  mv s1, a0\n"
        "  li t0, 1\n  fcvt.d.w f31, t0\n"
        "  ld a7, 528(s1)\n  ld a1, 544(s1)\n  ld a2, 552(s1)\n"
        FOR_COUNTERS "  ld x\\i, 8 * \\i(s1)\n.endr\n"
        FOR_FLOATS "  fld f\\i, 256 + 8 * \\i(s1)\n.endr\n"
        "1:\n"
        FOR_COUNTERS "  addi x\\i, x\\i, 1\n.endr\n"
        FOR_FLOATS "  fadd.d f\\i, f\\i, f31\n.endr\n"
        "  ld a0, 536(s1)\n"
        "call_site:\n  ecall\n"
        "call_done:\n"
        "  ld a3, 520(s1)\n  add a3, a3, a0\n  sd a3, 520(s1)\n"
        "  ld a3, 512(s1)\n  bltu s0, a3, 1b\n"
        FOR_COUNTERS "  sd x\\i, 8 * \\i(s1)\n.endr\n"
        FOR_FLOATS "  fsd f\\i, 256 + 8 * \\i(s1)\n.endr\n"
        "  ld ra, 0(sp)\n"
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"
        "  ld s\\i, 8 + 8 * \\i(sp)\n  fld fs\\i, 104 + 8 * \\i(sp)\n"
        ".endr\n"
        "  addi sp, sp, 208\n  ret\n"
        ".option pop\n");

#elif defined(__x86_64__)
/* By REG_R8 and so on; the others: rsp, rbx (the structure), rcx and r11 (the call's own), and what the call takes. */
static const int COUNTERS[] = {REG_RBP, REG_R8, REG_R9, REG_R10, REG_R12, REG_R13, REG_R14, REG_R15};
#define FLOATS 15
#define FOR_FLOATS ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14\n"
#define CONTEXT_PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
#define CONTEXT_RESULT(context) ((context)->uc_mcontext.gregs[CONTEXT_PC(context) == (intptr_t)call_site ? REG_RDI : REG_RAX])
#define CONTEXT_REGISTER(context, i) ((context)->uc_mcontext.gregs[i])
#define CONTEXT_FLOAT(context, i) (*(double *)(context)->uc_mcontext.fpregs->_xmm[i].element)

#define MOVE(register, place) "  mov " place "(%rbx), %" register "\n"
#define STORE(register, place) "  mov %" register ", " place "(%rbx)\n"
#define ALL_COUNTERS(DO) \
  DO("r8", "0") DO("r9", "8") DO("r10", "16") DO("r12", "32") DO("r13", "40") DO("r14", "48") DO("r15", "56") DO("rbp", "80")
_Static_assert(REG_R8 == 0 && REG_R15 == 7 && REG_RBP == 10, "places of registers");

__asm__(".text\n.globl count_rounds, call_site, call_done\n"
        "count_rounds:\n"
        "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
        "  mov %rdi, %rbx\n"
        "  mov $1, %eax\n  cvtsi2sd %eax, %xmm15\n"
        "  mov 536(%rbx), %rdi\n  mov 544(%rbx), %rsi\n  mov 552(%rbx), %rdx\n"
        ALL_COUNTERS(MOVE)
        FOR_FLOATS "  movsd 256 + 8 * \\i(%rbx), %xmm\\i\n.endr\n"
        "1:\n"
        ".irp r, rbp, r8, r9, r10, r12, r13, r14, r15\n  inc %\\r\n.endr\n"
        FOR_FLOATS "  addsd %xmm15, %xmm\\i\n.endr\n"
        "  mov 528(%rbx), %rax\n"
        "call_site:\n  syscall\n"
        "call_done:\n"
        "  add %rax, 520(%rbx)\n"
        "  cmp 512(%rbx), %rbp\n  jb 1b\n"
        ALL_COUNTERS(STORE)
        FOR_FLOATS "  movsd %xmm\\i, 256 + 8 * \\i(%rbx)\n.endr\n"
        "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
        "  ret\n");
#endif
#endif
