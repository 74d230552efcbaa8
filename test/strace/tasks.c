/* Children that exit, wait, and are killed in the middle of calls, for comparing strace -f. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(...) syscall(__VA_ARGS__)

static void pause_ms(long ms) {
  CALL(SYS_nanosleep, &(struct timespec){0, ms * 1000000}, NULL);
}

int main(void) {
  int ends[2], child, status;
  char byte;
  CALL(SYS_write, -1, "BEGIN", 5L);
  CALL(SYS_pipe2, ends, 0);
  if (fork() == 0) {
    pause_ms(50);
    CALL(SYS_write, ends[1], "x", 1L);
    CALL(SYS_exit_group, 4);
  }
  CALL(SYS_read, ends[0], &byte, 1L);
  CALL(SYS_wait4, -1, &status, 0, NULL);
  if ((child = fork()) == 0) CALL(SYS_read, ends[0], &byte, 1L);
  pause_ms(80);
  CALL(SYS_kill, child, SIGTERM);
  CALL(SYS_wait4, -1, &status, 0, NULL);
  if ((child = fork()) == 0) CALL(SYS_read, ends[0], &byte, 1L);
  pause_ms(80);
  CALL(SYS_kill, child, SIGKILL);
  CALL(SYS_wait4, -1, &status, 0, NULL);
  if ((child = fork()) == 0) CALL(SYS_ppoll, NULL, 0L, NULL, NULL, 8L);
  pause_ms(80);
  CALL(SYS_kill, child, SIGKILL);
  CALL(SYS_wait4, -1, &status, 0, NULL);
  *(volatile int *)0 = 1;
}
