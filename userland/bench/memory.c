/* Work that moves through memory. */
#include <string.h>

#include "bench.h"

enum { SIZE = 1 << 20 };

static uint64_t copy_bytes(long n) {
    static volatile unsigned char from[SIZE], to[SIZE];
    for (int i = 0; i < SIZE; i++) from[i] = (unsigned char)(i * 7);
    for (long round = 0; round < n; round++)
        for (int i = 0; i < SIZE; i++) to[i] = from[i];
    return to[12345];
}

static uint64_t libc_memcpy(long n) {
    static unsigned char from[SIZE], to[SIZE];
    uint64_t sum = 0;
    for (long round = 0; round < n; round++) {
        from[round % SIZE] ^= 1;
        memcpy(to, from, SIZE);
        sum += to[round % SIZE];
    }
    return sum;
}

/* A ring through 32 MiB in which each element, 64 bytes wide, leads to one far away. A unit is a thousand steps. */
static uint64_t pointer_chase(long n) {
    enum { COUNT = (32 << 20) / 64 };
    static struct node {
        uint32_t next;
        uint32_t rest[15];
    } nodes[COUNT];
    if (nodes[0].next == 0) {
        /* A full-period generator visits every element once. */
        uint32_t at = 0;
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t next = (at * 1664525u + 1013904223u) % COUNT;
            nodes[at].next = next;
            at = next;
        }
    }
    uint32_t at = 0;
    for (long i = 0; i < n * 1000; i++) at = nodes[at].next;
    return at;
}

const struct benchmark memory_group[] = {
    {"copy-bytes", copy_bytes, 750}, {"memcpy", libc_memcpy, 10000}, {"pointer-chase", pointer_chase, 2000}, {0}};
