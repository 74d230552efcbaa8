/* System calls that one process makes alone. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static uint64_t getpid_raw(long n) {
    long sum = 0;
    for (long i = 0; i < n; i++) sum += syscall(SYS_getpid) > 0;
    return sum;
}

static uint64_t clock_libc(long n) {
    struct timespec t;
    for (long i = 0; i < n; i++) clock_gettime(CLOCK_MONOTONIC, &t);
    return n;
}

static uint64_t write_null(long n) {
    int fd = open("/dev/null", O_WRONLY);
    if (fd < 0) die("/dev/null");
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) sum += write(fd, "x", 1);
    close(fd);
    return sum;
}

static uint64_t map_touch(long n) {
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        volatile char *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) die("mmap");
        for (int at = 0; at < 65536; at += 4096) p[at] = 1;
        sum += p[4096];
        munmap((void *)p, 65536);
    }
    return sum;
}

static volatile sig_atomic_t handled;
static void on_signal(int signo) { handled += signo != 0; }

static uint64_t signal_self(long n) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, 0);
    handled = 0;
    pid_t pid = getpid();
    for (long i = 0; i < n; i++) kill(pid, SIGUSR1);
    return handled;
}

const struct benchmark syscall_group[] = {{"getpid", getpid_raw, 1000000},
                                          {"clock_gettime", clock_libc, 3000000},
                                          {"write-null", write_null, 500000},
                                          {"mmap-touch-munmap", map_touch, 5000},
                                          {"signal", signal_self, 80000},
                                          {0}};
