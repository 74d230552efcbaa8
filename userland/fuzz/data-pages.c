/*
 * Loops over pages that come and go: the pages of a file are mapped at random places of a window, shared and private, several times, and
 * remapped, unmapped and protected between runs. Each run of a loop is compared with what a model does: its result, where it faulted, and
 * what is in memory then.
 *
 * Usage: data-pages SEED CHANGES. Prints how many runs there were and how many of them faulted; the first that differs ends it with status 1.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include "pages.h"

enum { PAGES = 4, WINDOW = 8, RUNS = 4 };

struct place {
  /* The page of the file, or NOWHERE. */
  int page;
  int prot;
  int is_private;
  /* Whether a private mapping has been written to, and what it holds since. */
  int is_copied;
  uint8_t copy[PAGE];
};

static struct place places[WINDOW];
static uint8_t model[PAGES][PAGE];

struct outcome {
  uint64_t result;
  long fault;
};

/* --- The loops, each written once: of memory as it is, and of the model --- */

#define LOOPS(NAME, READ, WRITE)                                                                                          \
  static uint64_t fill32_##NAME(long to, long step, long count, long from) {                                              \
    uint64_t sum = (uint64_t)from;                                                                                        \
    for (long i = 0; i < count; i++, to += step) WRITE(uint32_t, to, (uint32_t)(from + i));                               \
    return sum;                                                                                                           \
  }                                                                                                                       \
  static uint64_t sum64_##NAME(long at, long step, long count, long from) {                                               \
    uint64_t sum = (uint64_t)from;                                                                                        \
    for (long i = 0; i < count; i++, at += step) sum = sum * 3 + READ(uint64_t, at);                                      \
    return sum;                                                                                                           \
  }                                                                                                                       \
  static uint64_t copy8_##NAME(long to, long step, long count, long from) {                                               \
    for (long i = 0; i < count; i++) WRITE(uint8_t, to + i, READ(uint8_t, from + i));                                     \
    return (uint64_t)step;                                                                                                \
  }                                                                                                                       \
  static uint64_t copy64_##NAME(long to, long step, long count, long from) {                                              \
    from &= ~7l;                                                                                                          \
    for (long i = 0; i < count; i++) WRITE(uint64_t, to + 8 * i, READ(uint64_t, from + 8 * i) + 1);                       \
    return (uint64_t)step;                                                                                                \
  }                                                                                                                       \
  static uint64_t count16_##NAME(long at, long step, long count, long from) {                                             \
    for (long i = 0; i < count; i++, at += step) WRITE(uint16_t, at, (uint16_t)(READ(uint16_t, at) + from));              \
    return (uint64_t)at;                                                                                                  \
  }                                                                                                                       \
  static uint64_t chase_##NAME(long at, long step, long count, long from) {                                               \
    uint64_t sum = (uint64_t)from;                                                                                        \
    for (long i = 0; i < count; i++) {                                                                                    \
      uint32_t next = READ(uint32_t, at);                                                                                 \
      sum += next;                                                                                                        \
      at = (long)((next + (uint64_t)(i * step)) % (WINDOW * PAGE / 4)) * 4;                                               \
    }                                                                                                                     \
    return sum;                                                                                                           \
  }                                                                                                                       \
  static uint64_t (*const loops_##NAME[])(long, long, long, long) = {fill32_##NAME, sum64_##NAME,   copy8_##NAME,         \
                                                                     copy64_##NAME, count16_##NAME, chase_##NAME};

static sigjmp_buf after;
static struct outcome now, seen;

static uint8_t *modelled(long at, int prot) {
  long index = at >= 0 ? at / PAGE : -1;
  struct place *place = index >= 0 && index < WINDOW ? &places[index] : NULL;
  if (!place || place->page == NOWHERE || (place->prot & prot) == 0) {
    now.fault = at;
    siglongjmp(after, 1);
  }
  if (place->is_private && prot == PROT_WRITE && !place->is_copied) {
    memcpy(place->copy, model[place->page], PAGE);
    place->is_copied = 1;
  }
  return (place->is_copied ? place->copy : model[place->page]) + at % PAGE;
}

#define MODEL_READ(TYPE, AT) (*(TYPE *)modelled(AT, PROT_READ))
#define MODEL_WRITE(TYPE, AT, VALUE)                                                                                      \
  do {                                                                                                                    \
    TYPE value = (VALUE);                                                                                                 \
    *(TYPE *)modelled(AT, PROT_WRITE) = value;                                                                            \
  } while (0)
#define READ(TYPE, AT) (*(TYPE *)(window + (AT)))
#define WRITE(TYPE, AT, VALUE) (*(TYPE *)(window + (AT)) = (VALUE))

LOOPS(model, MODEL_READ, MODEL_WRITE)
LOOPS(machine, READ, WRITE)

enum { LOOP_COUNT = sizeof loops_model / sizeof loops_model[0] };
static const int SIZES[LOOP_COUNT] = {4, 8, 1, 8, 2, 4};

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  seen.fault = (uint8_t *)info->si_addr - window;
  siglongjmp(after, 1);
}

/* --- Changes --- */

static void map(int index) {
  const struct place *place = &places[index];
  map_page(index, place->page, place->prot, place->is_private ? MAP_PRIVATE : MAP_SHARED);
}

static int any_prot(void) {
  unsigned choice = below(12);
  return choice == 0 ? PROT_NONE : choice < 4 ? PROT_READ : PROT_READ | PROT_WRITE;
}

static void change(void) {
  int index = (int)below(WINDOW);
  struct place *place = &places[index];
  switch (below(8)) {
  case 0: case 1: case 2:
    if (place->page == NOWHERE) return;
    place->prot = any_prot();
    if (mprotect(window + index * PAGE, PAGE, place->prot) < 0) fail("mprotect");
    return;
  case 3: {
    /* As another process would, or the kernel. */
    uint64_t value = below(1u << 30);
    long at = below(PAGES * PAGE / 8) * 8l;
    if (below(2)) memcpy(contents + at, &value, 8);
    else if (pwrite(fd, &value, 8, at) != 8) fail("pwrite");
    memcpy(model[at / PAGE] + at % PAGE, &value, 8);
    return;
  }
  case 4:
    place->page = below(3) ? (int)below(PAGES) : NOWHERE;
    break;
  default: place->page = (int)below(PAGES);
  }
  place->prot = any_prot();
  place->is_private = below(3) == 0;
  place->is_copied = 0;
  map(index);
}

/* --- Comparison --- */

static int is_memory_as_modelled(void) {
  if (memcmp(contents, model, sizeof model) != 0) return 0;
  for (int i = 0; i < WINDOW; i++) {
    const struct place *place = &places[i];
    if (place->page == NOWHERE || (place->prot & PROT_READ) == 0) continue;
    if (memcmp(window + i * PAGE, place->is_copied ? place->copy : model[place->page], PAGE) != 0) return 0;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  open_pages(argv[1], PAGES, WINDOW);
  for (int i = 0; i < WINDOW; i++) {
    places[i] = (struct place){.page = (int)below(PAGES), .prot = PROT_READ | PROT_WRITE, .is_private = below(3) == 0};
    map(i);
  }
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);

  static long runs, faults, changes;
  for (changes = atoi(argv[2]); changes > 0; changes--) {
    change();
    for (int i = 0; i < RUNS; i++) {
      int loop = (int)below(LOOP_COUNT), size = SIZES[loop];
      long at = below(WINDOW * PAGE / 8) * 8l, from = below(WINDOW * PAGE);
      long step = (below(4) ? 1 : (long)below(600) - 300) * size, count = below(below(4) ? 100 : 3000);
      now = seen = (struct outcome){0, NOWHERE};
      if (sigsetjmp(after, 1) == 0) now.result = loops_model[loop](at, step, count, from);
      if (sigsetjmp(after, 1) == 0) seen.result = loops_machine[loop](at, step, count, from);
      runs++;
      faults += now.fault != NOWHERE;
      if (seen.result == now.result && seen.fault == now.fault && is_memory_as_modelled()) continue;
      printf("seed %s, %ld changes before the end: loop %d at %ld, step %ld, count %ld, from %ld\n", argv[1], changes, loop, at, step, count, from);
      printf("machine: %lx, fault %ld\n", (long)seen.result, seen.fault);
      printf("model:   %lx, fault %ld%s\n", (long)now.result, now.fault, is_memory_as_modelled() ? "" : "; memory differs");
      return 1;
    }
  }
  printf("%ld runs, %ld of them faulted\n", runs, faults);
}
