/*
 * What the benchmarks of a group have in common. A group is a table of them, which main.c finds by its name.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Does `n` units of work and gives a value that must be the same wherever it runs. */
typedef uint64_t (*work_fn)(long n);

struct benchmark {
    const char *name;
    work_fn work;
    /* Units that are timed. */
    long amount;
};

/* Ends with a null name. */
extern const struct benchmark compute_group[], matmul_fused_group[], matmul_plain_group[], memory_group[], syscall_group[],
    process_group[];

/* Where the program was started from: other programs stand beside it. */
extern const char *self_path;

static inline void die(const char *what) {
    perror(what);
    exit(1);
}

#endif
