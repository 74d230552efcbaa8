/*
 * Small benchmarks, one a name. Each runs a fixed amount of work and prints "NAME NANOSECONDS CHECK": the time that
 * the work took by the monotonic clock, and a value that must be the same wherever it runs.
 *
 * Usage: bench NAME [SCALE]     SCALE multiplies the amount of work (default 1)
 *        bench                  lists the names
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t (*work_fn)(long n);

static const char *self_path;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t sieve(long n) {
    enum { SIZE = 1 << 20 };
    static unsigned char composite[SIZE];
    uint64_t primes = 0;
    for (long round = 0; round < n; round++) {
        memset(composite, 0, SIZE);
        for (uint32_t i = 2; i * i < SIZE; i++)
            if (!composite[i])
                for (uint32_t j = i * i; j < SIZE; j += i) composite[j] = 1;
        for (uint32_t i = 2; i < SIZE; i++) primes += !composite[i];
    }
    return primes;
}

static __attribute__((noinline)) uint64_t fib_of(unsigned k) { return k < 2 ? k : fib_of(k - 1) + fib_of(k - 2); }

static uint64_t fib(long n) {
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) sum += fib_of(32);
    return sum;
}

static uint64_t matmul(long n) {
    enum { SIZE = 96 };
    static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = 1.0 / (1 + i + j);
            b[i][j] = 1.0 / (1 + i * j);
        }
    for (long round = 0; round < n; round++)
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) {
                double sum = 0;
                for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
    return (uint64_t)(c[SIZE / 2][SIZE / 3] * 1e9);
}

static uint64_t copy_bytes(long n) {
    enum { SIZE = 1 << 20 };
    static volatile unsigned char from[SIZE], to[SIZE];
    for (int i = 0; i < SIZE; i++) from[i] = (unsigned char)(i * 7);
    for (long round = 0; round < n; round++)
        for (int i = 0; i < SIZE; i++) to[i] = from[i];
    return to[12345];
}

static uint64_t libc_memcpy(long n) {
    enum { SIZE = 1 << 20 };
    static unsigned char from[SIZE], to[SIZE];
    uint64_t sum = 0;
    for (long round = 0; round < n; round++) {
        from[round % SIZE] ^= 1;
        memcpy(to, from, SIZE);
        sum += to[round % SIZE];
    }
    return sum;
}

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

static uint64_t ping_pong(long n) {
    int to[2], from[2];
    if (pipe(to) || pipe(from)) die("pipe");
    pid_t child = fork();
    if (child < 0) die("fork");
    char byte = 0;
    if (child == 0) {
        close(to[1]);
        while (read(to[0], &byte, 1) == 1)
            if (write(from[1], &byte, 1) != 1) break;
        _exit(0);
    }
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        if (write(to[1], "x", 1) != 1) die("write");
        sum += read(from[0], &byte, 1);
    }
    close(to[1]);
    waitpid(child, 0, 0);
    close(to[0]);
    close(from[0]);
    close(from[1]);
    return sum;
}

static uint64_t yield_two(long n) {
    pid_t child = fork();
    if (child < 0) die("fork");
    for (long i = 0; i < n; i++) sched_yield();
    if (child == 0) _exit(0);
    waitpid(child, 0, 0);
    return n;
}

static uint64_t fork_exit(long n) {
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) _exit(7);
        int status;
        waitpid(child, &status, 0);
        sum += WEXITSTATUS(status);
    }
    return sum;
}

static uint64_t fork_exec(long n) {
    char path[4096];
    snprintf(path, sizeof path, "%s", self_path);
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "true");
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) {
            execl(path, "true", (char *)0);
            _exit(127);
        }
        int status;
        waitpid(child, &status, 0);
        sum += WEXITSTATUS(status) == 0;
    }
    return sum;
}

static const struct {
    const char *name;
    work_fn work;
    long amount;
} benchmarks[] = {
    {"sieve", sieve, 20},
    {"fib", fib, 1},
    {"matmul", matmul, 10},
    {"copy-bytes", copy_bytes, 20},
    {"memcpy", libc_memcpy, 200},
    {"getpid", getpid_raw, 2000000},
    {"clock_gettime", clock_libc, 1000000},
    {"write-null", write_null, 500000},
    {"mmap-touch-munmap", map_touch, 3000},
    {"signal", signal_self, 100000},
    {"pipe-ping-pong", ping_pong, 40000},
    {"sched_yield", yield_two, 100000},
    {"fork-exit-wait", fork_exit, 1000},
    {"fork-exec-true", fork_exec, 500},
};

int main(int argc, char **argv) {
    size_t count = sizeof benchmarks / sizeof *benchmarks;
    self_path = argv[0];
    if (argc < 2) {
        for (size_t i = 0; i < count; i++) puts(benchmarks[i].name);
        return 0;
    }
    double scale = argc > 2 ? atof(argv[2]) : 1;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(argv[1], benchmarks[i].name)) continue;
        long amount = (long)(benchmarks[i].amount * scale);
        if (amount < 1) amount = 1;
        uint64_t start = now_ns();
        uint64_t check = benchmarks[i].work(amount);
        uint64_t elapsed = now_ns() - start;
        printf("%s %llu %llu\n", argv[1], (unsigned long long)elapsed, (unsigned long long)check);
        return 0;
    }
    fprintf(stderr, "bench: no benchmark is called %s; bench alone lists them\n", argv[1]);
    return 2;
}
