/* Code on a page that is mapped twice, side by side, and runs across from the one to the other; then it is changed, and unmapped. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, HEAD = PAGE - 8, ROUNDS = 3000000 };

/* The round begins at the page's end, where `step` is added, and goes on at its beginning, where it is counted. */
#if defined(__riscv)
static void put(unsigned char *page, int step) {
    unsigned head[] = {0x00058593u | (unsigned)step << 20 /* addi a1, a1, step */, 0x00000013 /* nop */};
    unsigned tail[] = {0xfff50513 /* addi a0, a0, -1 */, 0xfe051ae3 /* bnez a0, .-12 */, 0x00058513 /* mv a0, a1 */, 0x00008067};
    memcpy(page + HEAD, head, sizeof head);
    memcpy(page, tail, sizeof tail);
}
#else
static void put(unsigned char *page, int step) {
    unsigned char head[] = {0x48, 0x83, 0xc6, (unsigned char)step /* add rsi, step */, 0x0f, 0x1f, 0x40, 0x00 /* nop */};
    unsigned char tail[] = {0x48, 0xff, 0xcf /* dec rdi */, 0x75, 0xf3 /* jnz .-11 */, 0x48, 0x89, 0xf0 /* mov rax, rsi */, 0xc3};
    memcpy(page + HEAD, head, sizeof head);
    memcpy(page, tail, sizeof tail);
}
#endif

static void *map(void *at, int prot, int fd) {
    void *page = mmap(at, PAGE, prot, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
    if (page == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return page;
}

int main(void) {
    int fd = memfd_create("code", 0);
    if (fd < 0 || ftruncate(fd, PAGE) < 0) {
        perror("memfd");
        return 1;
    }
    unsigned char *writable = map(NULL, PROT_READ | PROT_WRITE, fd);
    unsigned char *twice = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 2; i++) map(twice + i * PAGE, PROT_READ | PROT_EXEC, fd);
    long (*rounds)(long, long) = (long (*)(long, long))(void *)(twice + HEAD);
    for (int step = 1; step <= 3; step++) {
        put(writable, step);
        __builtin___clear_cache((char *)twice, (char *)twice + 2 * PAGE);
        printf("step %d: %ld\n", step, rounds(ROUNDS, 7));
    }
    munmap(twice, PAGE);
    printf("unmapped\n");
    return 0;
}
