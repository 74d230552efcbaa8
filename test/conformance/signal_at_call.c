/*
 * Signals that arrive at a system call in a loop that runs often: in the handler's context and after it all registers are as they
 * should be, whether the call was done, was interrupted or is made again, and with what the handler put there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "counting-registers.h"

#define ENOUGH 50
#define PATIENCE_S 20
#define HANDLERS_SUM 1000
#define HANDLERS_RESULT 0x7700000077
#define N_COUNTERS (int)(sizeof COUNTERS / sizeof COUNTERS[0])

static struct rounds rounds;
/* What the registers start with: each another number. */
static uint64_t start_of(int i) { return (uint64_t)COUNTERS[i] << (i == 0 ? 0 : 40); }
static double start_of_float(int i) { return (i + 1) * 1e9; }

/* Where signals arrived: with the call done, interrupted, still to be made. */
static volatile int done, interrupted, again;
static volatile int wrong, wrong_after;
static uint64_t last_count;
/* The handler adds to all counters and gives another result. */
static int changes;

static void on_signal(int signo, siginfo_t *info, void *ucontext) {
  (void)signo, (void)info;
  ucontext_t *context = ucontext;
  uintptr_t pc = CONTEXT_PC(context);
  if (pc != (uintptr_t)call_site && pc != (uintptr_t)call_done) return;
  uint64_t count = CONTEXT_REGISTER(context, COUNTERS[0]) - start_of(0);
  for (int i = 0; i < N_COUNTERS; i++)
    if (CONTEXT_REGISTER(context, COUNTERS[i]) - start_of(i) != count) wrong++;
  for (int i = 0; i < FLOATS; i++)
    if (CONTEXT_FLOAT(context, i) - start_of_float(i) != (double)count) wrong++;
  if (pc == (uintptr_t)call_site) {
    again++;
    if ((uint64_t)CONTEXT_RESULT(context) != rounds.arguments[0]) wrong++;
    return;
  }
  /* The next signal may come before the loop went on. */
  if (CONTEXT_RESULT(context) == HANDLERS_RESULT || last_count == count) return;
  last_count = count;
  if ((long)CONTEXT_RESULT(context) == -EINTR) interrupted++;
  else done++;
  if (!changes) return;
  CONTEXT_RESULT(context) = HANDLERS_RESULT;
  for (int i = 0; i < N_COUNTERS; i++) CONTEXT_REGISTER(context, COUNTERS[i]) += HANDLERS_SUM;
  for (int i = 0; i < FLOATS; i++) CONTEXT_FLOAT(context, i) += HANDLERS_SUM;
}

static void handle(int signo, int flags) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};
  sigaction(signo, &action, NULL);
}

/* Signals by a timer. */
static void tick_every(int us) {
  struct itimerval timer = {{0, us}, {0, us}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

/* Signals by another process, until it is killed; a byte into `out` after each, if that is one. */
static int signal_by_process(int out) {
  int parent = getpid(), child = fork();
  if (child != 0) return child;
  for (struct timespec pause = {0, 300000};;) {
    nanosleep(&pause, NULL);
    if (kill(parent, SIGUSR1) < 0) _exit(1);
    nanosleep(&pause, NULL);
    if (out >= 0 && write(out, "x", 1) < 0) _exit(1);
  }
}

static void end(int child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

/* Makes a call `count` times; gives the sum of its results. */
static uint64_t call(uint64_t count, long number, long a, void *b, long c) {
  for (int i = 0; i < N_COUNTERS; i++) rounds.registers[COUNTERS[i]] = start_of(i);
  for (int i = 0; i < FLOATS; i++) rounds.floats[i] = start_of_float(i);
  rounds.limit = start_of(0) + count;
  rounds.results = last_count = 0;
  rounds.number = (uint64_t)number;
  rounds.arguments[0] = (uint64_t)a, rounds.arguments[1] = (uint64_t)b, rounds.arguments[2] = (uint64_t)c;
  count_rounds(&rounds);
  uint64_t counted = rounds.registers[COUNTERS[0]] - start_of(0);
  if (counted < count || (!changes && counted != count)) wrong_after++;
  for (int i = 0; i < N_COUNTERS; i++)
    if (rounds.registers[COUNTERS[i]] - start_of(i) != counted) wrong_after++;
  for (int i = 0; i < FLOATS; i++)
    if (rounds.floats[i] - start_of_float(i) != (double)counted) wrong_after++;
  return rounds.results;
}

static int is_enough(int count, time_t since) { return count >= ENOUGH || time(NULL) > since + PATIENCE_S; }

static void begin(int with_changes) {
  changes = with_changes;
  done = interrupted = again = wrong = wrong_after = 0;
}

static void tell(const char *what, int arrived, int is_right) {
  printf("%s: %s, %d wrong in handlers, %d after them, results %s\n", what, arrived >= ENOUGH ? "arrived" : "did not arrive",
         wrong, wrong_after, is_right ? "right" : "wrong");
}

/* A call that does not wait. */
static void without_waiting(const char *what, int by_timer, int with_changes) {
  begin(with_changes);
  int child = by_timer ? 0 : signal_by_process(-1), is_right = 1;
  if (by_timer) tick_every(200);
  for (time_t since = time(NULL); !is_enough(done, since);) {
    int before = done;
    if (by_timer) {
      uint64_t sum = call(2000, SYS_getppid, 0, NULL, 0), parent = (uint64_t)getppid();
      uint64_t replaced = with_changes ? (uint64_t)(done - before) : 0;
      uint64_t made = rounds.registers[COUNTERS[0]] - start_of(0) - replaced * HANDLERS_SUM;
      if (sum != parent * (made - replaced) + HANDLERS_RESULT * replaced) is_right = 0;
    } else if (call(2000, SYS_sched_yield, 0, NULL, 0) != (with_changes ? (uint64_t)(done - before) * HANDLERS_RESULT : 0)) is_right = 0;
  }
  if (by_timer) tick_every(0);
  else end(child);
  tell(what, done, is_right);
}

/* A call that waits until there is something to read. */
static void reading(const char *what, int flags) {
  begin(0);
  int ends[2], is_right = 1;
  char byte;
  if (pipe(ends) < 0) exit(1);
  handle(SIGUSR1, flags);
  int child = signal_by_process(ends[1]);
  volatile int *arrived = flags & SA_RESTART ? &again : &interrupted;
  for (time_t since = time(NULL); !is_enough(*arrived, since);) {
    int before = interrupted;
    uint64_t sum = call(10, SYS_read, ends[0], &byte, 1), failed = (uint64_t)(interrupted - before);
    if (sum != 10 - failed - failed * EINTR) is_right = 0;
  }
  end(child);
  close(ends[0]), close(ends[1]);
  tell(what, *arrived, is_right && (!(flags & SA_RESTART) || interrupted == 0));
}

/* A call that waits for a time, and is never made again. */
static void sleeping(const char *what, int flags) {
  begin(0);
  handle(SIGALRM, flags);
  struct timespec pause = {0, 1500000};
  int is_right = 1;
  tick_every(1000);
  for (time_t since = time(NULL); !is_enough(interrupted, since);) {
    int before = interrupted;
    if (call(10, SYS_nanosleep, (long)&pause, NULL, 0) != -(uint64_t)(interrupted - before) * EINTR) is_right = 0;
  }
  tick_every(0);
  tell(what, interrupted, is_right);
}

int main(void) {
  handle(SIGUSR1, 0);
  handle(SIGALRM, 0);
  without_waiting("timer", 1, 0);
  without_waiting("timer, changes", 1, 1);
  without_waiting("other process", 0, 0);
  without_waiting("other process, changes", 0, 1);
  reading("read", 0);
  reading("read, SA_RESTART", SA_RESTART);
  sleeping("nanosleep", 0);
  sleeping("nanosleep, SA_RESTART", SA_RESTART);
}
