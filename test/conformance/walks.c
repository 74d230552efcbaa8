/* Short walks through few pages, up and down, by pointers and by indexes, often over the end of a page: what is read and written there. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, PAGES = 6, ROUNDS = 160000 };

static uint32_t state = 1;
static uint32_t below(uint32_t limit) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)state * limit >> 32);
}

/* Mostly near the end of a page. */
static uint32_t somewhere(void) {
  uint32_t page = (1 + below(PAGES - 2)) * PAGE;
  return below(4) ? page + PAGE - 24 + below(40) : page + below(PAGE);
}

#define WALKS(type)                                                                                                        \
  static __attribute__((noinline)) uint64_t read_##type(const unsigned char *memory, int walks) {                          \
    uint64_t sum = 0;                                                                                                      \
    for (int walk = 0; walk < walks; walk++) {                                                                             \
      const type *from = (const type *)(memory + somewhere() / sizeof(type) * sizeof(type));                               \
      int count = 1 + below(12);                                                                                           \
      for (int i = 0; i < count; i++) sum = sum * 31 + from[i];                                                            \
    }                                                                                                                      \
    return sum;                                                                                                            \
  }                                                                                                                        \
  static __attribute__((noinline)) uint64_t count_##type(const type *memory, int walks) {                                   \
    uint64_t sum = 0;                                                                                                      \
    for (int walk = 0; walk < walks; walk++) {                                                                             \
      uint32_t at = somewhere() / sizeof(type), end = at + 1 + below(12);                                                  \
      do sum = sum * 31 + memory[at++];                                                                                    \
      while (at != end);                                                                                                   \
      for (uint32_t i = below(12) + 1; i-- > 0;) sum = sum * 31 + memory[at + i - 3];                                      \
    }                                                                                                                      \
    return sum;                                                                                                            \
  }                                                                                                                        \
  static __attribute__((noinline)) void write_##type(unsigned char *memory, int walks) {                                   \
    for (int walk = 0; walk < walks; walk++) {                                                                             \
      type *to = (type *)(memory + somewhere() / sizeof(type) * sizeof(type));                                             \
      type *end = to + 1 + below(12);                                                                                      \
      type value = (type)state;                                                                                            \
      do *to = value++;                                                                                                    \
      while (++to < end);                                                                                                  \
    }                                                                                                                      \
  }                                                                                                                        \
  static __attribute__((noinline)) void copy_##type(unsigned char *memory, int walks) {                                    \
    for (int walk = 0; walk < walks; walk++) {                                                                             \
      volatile type *to = (volatile type *)(memory + somewhere() / sizeof(type) * sizeof(type));                           \
      volatile type *from = (volatile type *)(memory + somewhere() / sizeof(type) * sizeof(type));                         \
      int32_t count = 1 + below(12), first = -(int32_t)below(3);                                                           \
      for (int32_t i = first; i < count; i++) to[i] = from[i];                                                             \
      for (int32_t i = count; i-- > first;) from[i] = (type)(to[i] + 1);                                                   \
    }                                                                                                                      \
  }

WALKS(uint8_t)
WALKS(uint16_t)
WALKS(uint32_t)
WALKS(uint64_t)

typedef struct {
  uint64_t words[4];
} block;

/* Blocks that often overlap. */
static __attribute__((noinline)) void copy_blocks(unsigned char *memory, int walks) {
  for (int walk = 0; walk < walks; walk++) {
    const block *from = (const block *)(memory + somewhere() / 8 * 8);
    block *to = below(2) ? (block *)((uintptr_t)from + 8 * below(12) - 40) : (block *)(memory + somewhere() / 8 * 8);
    const block *end = from + 1 + below(6);
    do {
      uint64_t a = from->words[0], b = from->words[1], c = from->words[2], d = from->words[3];
      to->words[0] = a, to->words[1] = b, to->words[2] = c, to->words[3] = d;
      to++;
    } while (++from < end);
  }
}

/* Copies two words while it computes with doubles, which hardly ever, but sometimes, needs care. */
static __attribute__((noinline)) double copy_and_sum(unsigned char *memory, int walks) {
  double sum = 1;
  for (int walk = 0; walk < walks; walk++) {
    const uint64_t *from = (const uint64_t *)(memory + somewhere() / 8 * 8);
    uint64_t *to = (uint64_t *)(memory + somewhere() / 8 * 8);
    double by = walk % 100 == 0 ? 0x1p-1060 : 1.0 / (1 + walk);
#ifdef __riscv
    uint64_t a, b;
    __asm__ volatile("fmul.d %0, %0, %5\n ld %1, 0(%3)\n ld %2, 8(%3)\n fadd.d %0, %0, %5\n sd %1, 0(%4)\n sd %2, 8(%4)"
                     : "+&f"(sum), "=&r"(a), "=&r"(b)
                     : "r"(from), "r"(to), "f"(by)
                     : "memory");
#else
    uint64_t a = from[0], b = from[1];
    sum *= by, sum += by;
    to[0] = a, to[1] = b;
#endif
  }
  return sum;
}

typedef struct node {
  struct node *next;
  uint32_t *value;
} node;

static uint32_t values[PAGES * PAGE / 4];

/* Lists whose nodes lie anywhere: what is found, and in which order after they were turned around. */
static __attribute__((noinline)) uint64_t follow(unsigned char *memory, int lists) {
  uint64_t sum = 0;
  for (int list = 0; list < lists; list++) {
    node *first = 0;
    for (int length = 1 + below(40); length > 0; length--) {
      node *one = (node *)(memory + somewhere() / sizeof(node) * sizeof(node));
      one->value = values + somewhere() / 4;
      one->next = first;
      if (one != first) first = one;
    }
    int steps = 0;
    for (node *at = first; at && steps < 50; at = at->next, steps++) sum = sum * 31 + (*at->value += steps);
    node *turned = 0;
    for (node *at = first, *next; at && steps > 0; at = next, steps--) next = at->next, at->next = turned, turned = at;
    for (node *at = turned; at && steps < 50; at = at->next, steps++) sum = sum * 31 + (at - (node *)memory);
  }
  return sum;
}

int main(void) {
  /* Pages that do not follow each other in physical memory. */
  unsigned char *memory = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = PAGES - 1; i >= 0; i -= 2) memory[i * PAGE] = 1;
  for (int i = 0; i < PAGES; i += 2) memory[i * PAGE] = 2;
  uint64_t sum = 0;
  for (int round = 0; round < 4; round++) {
    write_uint8_t(memory, ROUNDS / 16), copy_uint8_t(memory, ROUNDS / 16), sum += read_uint8_t(memory, ROUNDS / 16);
    sum += count_uint8_t((const uint8_t *)memory, ROUNDS / 16);
    write_uint16_t(memory, ROUNDS / 16), copy_uint16_t(memory, ROUNDS / 16), sum += read_uint16_t(memory, ROUNDS / 16);
    sum += count_uint16_t((const uint16_t *)memory, ROUNDS / 16);
    write_uint32_t(memory, ROUNDS / 16), copy_uint32_t(memory, ROUNDS / 16), sum += read_uint32_t(memory, ROUNDS / 16);
    sum += count_uint32_t((const uint32_t *)memory, ROUNDS / 16);
    write_uint64_t(memory, ROUNDS / 16), copy_uint64_t(memory, ROUNDS / 16), sum += read_uint64_t(memory, ROUNDS / 16);
    sum += count_uint64_t((const uint64_t *)memory, ROUNDS / 16);
    copy_blocks(memory, ROUNDS / 16);
    printf("%a\n", copy_and_sum(memory, ROUNDS / 16));
    sum = sum * 131 + follow(memory, ROUNDS / 160);
    memset(memory, round, PAGES * PAGE);
    for (int i = 0; i < PAGES * PAGE; i++) sum = sum * 131 + memory[i];
    printf("%016llx\n", (unsigned long long)sum);
  }
}
