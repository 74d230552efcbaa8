/* What the programs about changing pages share: random numbers, a file of pages, and a window in which they are mapped. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, NOWHERE = -1 };

/* The file, all of it mapped, and the window. */
static int fd;
static uint8_t *contents, *window;

static uint64_t state;
static unsigned below(unsigned bound) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(state >> 33) % bound;
}

static void fail(const char *what) {
  perror(what);
  exit(2);
}

/* Around the window, of so many pages, as much again stays unmapped on either side. */
static void open_pages(const char *seed, int pages, int places) {
  state = strtoull(seed, NULL, 0) * 2 + 1;
  fd = memfd_create("pages", 0);
  if (fd < 0 || ftruncate(fd, pages * PAGE) < 0) fail("memfd");
  contents = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  window = mmap(NULL, 3 * places * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (contents == MAP_FAILED || window == MAP_FAILED) fail("mmap");
  window += places * PAGE;
}

/* Maps a page of the file, or nothing (NOWHERE), at a place of the window; `sharing` is MAP_SHARED or MAP_PRIVATE. */
static void map_page(int place, int page, int prot, int sharing) {
  uint8_t *at = window + place * PAGE;
  void *got = page == NOWHERE ? mmap(at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
                              : mmap(at, PAGE, prot, sharing | MAP_FIXED, fd, page * PAGE);
  if (got == MAP_FAILED) fail("mmap");
}
