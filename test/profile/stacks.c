/*
 * Known stacks: main calls outer, which calls left and right for a third and two thirds of the work; right calls itself, keeps a frame of
 * changing size and leaves early or late. A signal handler works too. Prints a check that makes the work necessary.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORK 2000000

static volatile unsigned sink;

__attribute__((noipa)) static unsigned spin(unsigned n) {
    unsigned x = n;
    for (unsigned i = 0; i < n; i++) x = x * 1664525u + 1013904223u;
    return x;
}

__attribute__((noipa)) static unsigned left(unsigned n) { return spin(n) + 1; }

__attribute__((noipa)) static unsigned right(unsigned n, int depth) {
    char *room = alloca(16 + n % 64);
    memset(room, depth, 16);
    if (depth == 0) return spin(n) + room[3];
    unsigned below = right(n, depth - 1);
    return below + room[5];
}

__attribute__((noipa)) static unsigned outer(unsigned n) {
    unsigned a = left(n);
    unsigned b = right(2 * n, 5);
    return a ^ b;
}

__attribute__((noipa)) static void in_handler(void) { sink += spin(WORK); }

static void on_signal(int signo) {
    if (signo == SIGUSR1) in_handler();
    sink++;
}

int main(void) {
    signal(SIGUSR1, on_signal);
    sink = outer(WORK);
    raise(SIGUSR1);
    for (volatile int i = 0; i < 7; i++) getppid();
    return printf("%u\n", sink) < 0;
}
