/*
 * Small benchmarks, one a name. Each does a fixed amount of work, first a tenth of it to warm up, and prints "NAME NANOSECONDS CHECK": the
 * time of the whole by the monotonic clock, and a value that must be the same wherever it runs.
 *
 * Usage: bench NAME [SCALE]     SCALE multiplies the amount of work (default 1)
 *        bench                  lists the names
 */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "bench.h"

static const struct benchmark *const groups[] = {compute_group, matmul_fused_group, matmul_plain_group,
                                                 memory_group,  syscall_group,      process_group};

const char *self_path;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static const struct benchmark *find(const char *name) {
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const struct benchmark *b = groups[i]; b->name; b++)
            if (!strcmp(b->name, name)) return b;
    return 0;
}

static void list(void) {
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const struct benchmark *b = groups[i]; b->name; b++) puts(b->name);
}

int main(int argc, char **argv) {
    self_path = argv[0];
    if (argc < 2) {
        list();
        return 0;
    }
    const struct benchmark *b = find(argv[1]);
    if (!b) {
        fprintf(stderr, "bench: no benchmark is called %s; bench alone lists them\n", argv[1]);
        return 2;
    }
    long amount = (long)(b->amount * (argc > 2 ? atof(argv[2]) : 1));
    if (amount < 1) amount = 1;
    b->work(amount / 10 > 0 ? amount / 10 : 1);
    uint64_t start = now_ns();
    uint64_t check = b->work(amount);
    uint64_t elapsed = now_ns() - start;
    printf("%s %llu %llu\n", b->name, (unsigned long long)elapsed, (unsigned long long)check);
    return 0;
}
