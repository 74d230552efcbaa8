/*
 * Code on pages that come and go: random functions on a few pages, which are mapped at random places of a window, several times side by side,
 * and remapped, unmapped, made not executable and rewritten between runs. Every run is compared with what a model of the same code gives:
 * the result, what is left of the fuel, and where it faulted.
 *
 * Usage: code-pages SEED CHANGES. Prints how many runs there were and how many of them faulted; the first that differs ends it with status 1.
 * For riscv64 only: it writes instructions.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include "pages.h"

enum {
  SLOT = 64,
  SLOTS = PAGE / SLOT,
  PAGES = 6,
  WINDOW = 12,
  RUNS = 6,
  MAX_FUEL = 3000,
};

/* Every piece of code begins with: one unit of fuel less, and back if there is none; then the sum is changed, and then: */
enum kind { RETURN, JUMP, CALL, BRANCH, INDIRECT, FALL, REMEMBER, KINDS };

struct piece {
  enum kind kind;
  int add;
  /* Distance of where it goes, in pieces. */
  int to;
  /* Of the bits that a branch looks at. */
  int mask;
};

static struct piece pieces[PAGES][SLOTS];
/* The page at each place of the window, or NOWHERE; and whether it may be executed. */
static int mapped[WINDOW];
static int executable[WINDOW];
/* Pieces begin so far from the beginning of each page: with 2, one instruction lies across the end of each. */
static int shift;

/* --- Instructions --- */

static uint32_t addi(int rd, int rs, int imm) { return (uint32_t)imm << 20 | (uint32_t)rs << 15 | (uint32_t)rd << 7 | 0x13; }
static uint32_t branch(int funct3, int rs1, int rs2, int by) {
  uint32_t b = (uint32_t)by;
  return (b >> 12 & 1) << 31 | (b >> 5 & 63) << 25 | (uint32_t)rs2 << 20 | (uint32_t)rs1 << 15 | (uint32_t)funct3 << 12 |
         (b >> 1 & 15) << 8 | (b >> 11 & 1) << 7 | 0x63;
}
static uint32_t jal(int rd, int by) {
  uint32_t b = (uint32_t)by;
  return (b >> 20 & 1) << 31 | (b >> 1 & 1023) << 21 | (b >> 11 & 1) << 20 | (b >> 12 & 255) << 12 | (uint32_t)rd << 7 | 0x6f;
}

enum { ZERO = 0, RA = 1, SP = 2, T0 = 5, T1 = 6, A0 = 10, A1 = 11 };
static const uint32_t NOP = 0x13, RET = 0x8067;

static void encode(uint32_t *at, const struct piece *piece) {
  int n = 0, to = piece->to * SLOT;
  at[n++] = addi(A1, A1, -1);
  at[n++] = branch(5 /* bge */, A1, ZERO, 8);
  at[n++] = RET;
  at[n++] = 0x00251293; /* slli t0, a0, 2 */
  at[n++] = 0x00550533; /* add a0, a0, t0 */
  at[n++] = addi(A0, A0, piece->add);
  switch (piece->kind) {
  case RETURN: at[n++] = RET; break;
  case JUMP: at[n] = jal(ZERO, to - 4 * n); n++; break;
  case CALL:
    at[n++] = addi(SP, SP, -16);
    at[n++] = 0x00113023; /* sd ra, 0(sp) */
    at[n] = jal(RA, to - 4 * n); n++;
    at[n++] = 0x00013083; /* ld ra, 0(sp) */
    at[n++] = addi(SP, SP, 16);
    at[n++] = 0x00154513; /* xori a0, a0, 1 */
    at[n++] = RET;
    break;
  case BRANCH:
    at[n++] = 0x00057293u | (uint32_t)piece->mask << 20; /* andi t0, a0, mask */
    at[n] = branch(0 /* beq */, T0, ZERO, to - 4 * n); n++;
    break;
  case INDIRECT: {
    int by = to - 4 * n, low = (int)((uint32_t)by << 20) >> 20;
    at[n++] = (uint32_t)(by - low) | T1 << 7 | 0x17; /* auipc */
    at[n++] = addi(T1, T1, low);
    at[n++] = 0x00030067; /* jr t1 */
    break;
  }
  case REMEMBER:
    at[n++] = 0xfea13c23; /* sd a0, -8(sp) */
    at[n++] = 0xffc12283; /* lw t0, -4(sp) */
    at[n++] = 0x00550533; /* add a0, a0, t0 */
    break;
  default: break;
  }
  while (n < SLOT / 4) at[n++] = NOP;
}

static void write_piece(int page, int slot) {
  uint32_t code[SLOT / 4];
  encode(code, &pieces[page][slot]);
  uint8_t *at = contents + page * PAGE;
  size_t from = (size_t)(shift + slot * SLOT), bytes = slot == SLOTS - 1 ? (size_t)(SLOT - shift) : SLOT;
  memcpy(at + from, code, bytes);
  /* The last instruction of every page is a nop, whose second half is at the beginning of the next one, whichever that is. */
  if (shift != 0) memcpy(at, (const uint8_t *)&NOP + 2, 2);
}

static void make_piece(int page, int slot) {
  struct piece *piece = &pieces[page][slot];
  piece->kind = below(KINDS);
  piece->add = (int)below(2000) - 1000;
  piece->mask = 1 << below(4);
  int reach = piece->kind == BRANCH ? 56 : below(4) == 0 ? 4 * SLOTS : 24;
  piece->to = (int)below(2 * (unsigned)reach + 1) - reach;
  write_piece(page, slot);
}

/* --- The model --- */

struct outcome {
  uint64_t sum;
  int64_t fuel;
  /* Where it faulted, from the beginning of the window; NOWHERE: it came back. */
  long fault;
};

static struct outcome now;

static int is_code(long at) {
  if (at < 0 || at >= WINDOW * PAGE) return 0;
  return mapped[at / PAGE] != NOWHERE && executable[at / PAGE];
}

/* From the piece at `place`, counted from the beginning of the window, to where it returns; 0 when it faulted. */
static int model(long place) {
  for (;;) {
    long at = place * SLOT + shift;
    if (!is_code(at)) {
      now.fault = at;
      return 0;
    }
    const struct piece *piece = &pieces[mapped[place / SLOTS]][place % SLOTS];
    if (--now.fuel < 0) return 1;
    now.sum += now.sum << 2;
    now.sum += (uint64_t)(int64_t)piece->add;
    switch (piece->kind) {
    case RETURN: return 1;
    case JUMP:
    case INDIRECT: place += piece->to; continue;
    case CALL:
      if (!model(place + piece->to)) return 0;
      now.sum ^= 1;
      return 1;
    case BRANCH:
      if ((now.sum & (uint64_t)piece->mask) != 0) break;
      place += piece->to;
      continue;
    case REMEMBER: now.sum += (uint64_t)(int64_t)(int32_t)(now.sum >> 32); break;
    default: break;
    }
    place++;
    /* The second half of the last instruction. */
    if (shift != 0 && place % SLOTS == 0 && !is_code(place * SLOT)) {
      now.fault = place * SLOT;
      return 0;
    }
  }
}

/* --- The machine --- */

static sigjmp_buf after;
static struct outcome seen;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal;
  const ucontext_t *machine = context;
  seen.fault = (uint8_t *)info->si_addr - window;
  seen.sum = machine->uc_mcontext.__gregs[A0];
  seen.fuel = (int64_t)machine->uc_mcontext.__gregs[A1];
  siglongjmp(after, 1);
}

/* Calls code with the fuel in a1, where it leaves what is left. */
static void run(long place, uint64_t sum, int64_t fuel) {
  if (sigsetjmp(after, 1) != 0) return;
  register uint64_t a0 __asm__("a0") = sum;
  register int64_t a1 __asm__("a1") = fuel;
  register uint8_t *target __asm__("t1") = window + place * SLOT + shift;
  __asm__ volatile("jalr ra, t1" : "+r"(a0), "+r"(a1), "+r"(target) : : "ra", "t0", "memory");
  seen = (struct outcome){a0, a1, NOWHERE};
}

/* --- Changes --- */

static void map(int place) {
  map_page(place, mapped[place], executable[place] ? PROT_READ | PROT_EXEC : PROT_READ, MAP_SHARED);
}

static void change(int may_write) {
  int place = (int)below(WINDOW);
  switch (below(may_write ? 16 : 12)) {
  case 0: mapped[place] = NOWHERE; map(place); break;
  case 1: executable[place] = 0; map(place); break;
  case 2: case 3: case 4:
    executable[place] = 1;
    if (mapped[place] != NOWHERE && mprotect(window + place * PAGE, PAGE, PROT_READ | PROT_EXEC) < 0) fail("mprotect");
    break;
  case 12: case 13: case 14: case 15: make_piece((int)below(PAGES), (int)below(SLOTS)); break;
  default: mapped[place] = (int)below(PAGES); executable[place] = 1; map(place);
  }
  __builtin___clear_cache((char *)window, (char *)window + WINDOW * PAGE);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  open_pages(argv[1], PAGES, WINDOW);
  shift = below(2) ? 2 : 0;
  for (int page = 0; page < PAGES; page++)
    for (int slot = 0; slot < SLOTS; slot++) make_piece(page, slot);
  for (int place = 0; place < WINDOW; place++) mapped[place] = (int)below(PAGES), executable[place] = 1, map(place);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  sigaction(SIGSEGV, &action, NULL);

  long runs = 0, faults = 0;
  for (int changes = atoi(argv[2]); changes > 0; changes--) {
    change(1);
    /* Another process has its own mappings of the same code. */
    pid_t child = below(64) == 0 ? fork() : 1;
    if (child == 0) change(0);
    for (int i = 0; i < RUNS; i++) {
      long place = below(WINDOW * SLOTS);
      uint64_t sum = below(1 << 20);
      int64_t fuel = 1 + below(below(8) == 0 ? MAX_FUEL : 60);
      now = (struct outcome){sum, fuel, NOWHERE};
      model(place);
      run(place, sum, fuel);
      runs++;
      faults += now.fault != NOWHERE;
      if (seen.sum == now.sum && seen.fuel == now.fuel && seen.fault == now.fault) continue;
      printf("seed %s, %d changes before the end, from %ld with %lu and fuel %ld:\n", argv[1], changes, place, sum, fuel);
      printf("machine: %lx, fuel %ld, fault %ld\n", seen.sum, seen.fuel, seen.fault);
      printf("model:   %lx, fuel %ld, fault %ld\n", now.sum, now.fuel, now.fault);
      return 1;
    }
    if (child == 0) _exit(0);
    int status = 0;
    if (child > 1 && (waitpid(child, &status, 0) < 0 || status != 0)) {
      printf("seed %s: a child ended with %x\n", argv[1], status);
      return 1;
    }
  }
  printf("%ld runs, %ld of them faulted\n", runs, faults);
}
