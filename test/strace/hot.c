/* Calls and signals in a loop that runs often, for comparing what strace prints of code that was translated. */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define CALL(...) syscall(__VA_ARGS__)
#define ROUNDS 40
#define WORK 5000

static int ends[2];

static void handler(int signo) {
  if (signo == SIGALRM) CALL(SYS_write, ends[1], "x", 1L);
}

static void handle(int signo, int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signo, &action, NULL);
}

/* Numbers in which no round is like another. */
static unsigned long work(unsigned long state) {
  for (int i = 0; i < WORK; i++) state = state * 6364136223846793005 + 1442695040888963407;
  return state;
}

int main(void) {
  unsigned long state = 1;
  char byte;
  pipe(ends);
  handle(SIGUSR1, SA_RESTART);
  CALL(SYS_write, -1, "BEGIN", 5L);
  for (int i = 0; i < ROUNDS; i++) {
    state = work(state);
    CALL(SYS_lseek, -1, state & 0xffffff, SEEK_CUR);
    if (i % 4 == 0) CALL(SYS_kill, getpid(), SIGUSR1);
    CALL(SYS_write, -1, &state, sizeof state);
    if (i % 8 != 7) continue;
    /* The handler's byte is read if the call is made again, or the next time. */
    int restarts = i % 16 == 7 ? SA_RESTART : 0;
    handle(SIGALRM, restarts);
    struct itimerval timer = {{0, 0}, {0, 20000}};
    CALL(SYS_setitimer, ITIMER_REAL, &timer, NULL);
    CALL(SYS_read, ends[0], &byte, 1L);
    if (!restarts) CALL(SYS_read, ends[0], &byte, 1L);
  }
  CALL(SYS_exit_group, (int)(state & 0x7f));
}
