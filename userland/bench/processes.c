/* Work between processes. */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

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

/* Both processes on one processor, or neither would have to give way. */
static uint64_t yield_two(long n) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu() < 0 ? 0 : sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
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

const struct benchmark process_group[] = {{"pipe-ping-pong", ping_pong, 40000},
                                          {"sched_yield", yield_two, 60000},
                                          {"fork-exit-wait", fork_exit, 1000},
                                          {"fork-exec-true", fork_exec, 500},
                                          {0}};
