/* futex(2): wait, wake, bitset, requeue, timeouts, priority inheritance's errors, robust lists, across threads and processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static long futex(void *word, int op, uint32_t value, const void *timeout, void *word2, uint32_t value3) {
  return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static const struct timespec soon = {0, 30000000};

static void arguments(void) {
  uint32_t word = 5;
  show("other value", futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0));
  show("timeout", futex(&word, FUTEX_WAIT, 5, &soon, NULL, 0));
  show("private timeout", futex(&word, FUTEX_WAIT_PRIVATE, 5, &soon, NULL, 0));
  show("odd address", futex((char *)&word + 1, FUTEX_WAIT, 5, NULL, NULL, 0));
  show("no address", futex(NULL, FUTEX_WAIT, 5, NULL, NULL, 0));
  show("bad timeout", futex(&word, FUTEX_WAIT, 5, &(struct timespec){0, 1000000000}, NULL, 0));
  show("no bits", futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0));
  show("absolute, past", futex(&word, FUTEX_WAIT_BITSET, 5, &(struct timespec){1, 0}, NULL, 1));
  show("absolute, real time, past", futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &(struct timespec){1, 0}, NULL, 1));
  show("wake nobody", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
  show("wake at no page", futex((void *)0x1000, FUTEX_WAKE, 1, NULL, NULL, 0));
  show("wake at no page, private", futex((void *)0x1000, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  show("unknown", futex(&word, 99, 1, NULL, NULL, 0));
  show("real time wake", futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
  show("requeue, compare fails", futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word, 4));
}

static uint32_t words[3];
static int woken[8], total;
struct waiter { int id; uint32_t *word; uint32_t bits; };

static void *sleeper(void *argument) {
  struct waiter *self = argument;
  long result = futex(self->word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, self->bits);
  woken[self->id] = result == 0 ? 1 : -1;
  __atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static void settle(void) { usleep(60000); }

static void print_woken(const char *what) {
  settle();
  printf("%s:", what);
  for (int i = 0; i < 6; i++) printf(" %d", woken[i]);
  printf("\n");
}

static void waking(void) {
  pthread_t threads[6];
  struct waiter waiters[6];
  for (int i = 0; i < 6; i++) {
    waiters[i] = (struct waiter){i, &words[0], i < 4 ? FUTEX_BITSET_MATCH_ANY : 1u << i};
    pthread_create(&threads[i], NULL, sleeper, &waiters[i]);
    settle();
  }
  show("wake bit 5", futex(&words[0], FUTEX_WAKE_BITSET_PRIVATE, 2, NULL, NULL, 1u << 5));
  print_woken("first in line and the bit's");
  show("other word", futex(&words[1], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
  show("shared key", futex(&words[0], FUTEX_WAKE, 9, NULL, NULL, 0));
  show("requeue", futex(&words[0], FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &words[1], 0));
  print_woken("one woken");
  show("the moved", futex(&words[1], FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
  print_woken("moved");
  show("the rest", futex(&words[0], FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
  for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  print_woken("all");
  struct waiter two[2] = {{0, &words[0], ~0u}, {1, &words[1], ~0u}};
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, sleeper, &two[i]);
  settle();
  words[1] = 0;
  show("wake op", futex(&words[0], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &words[1], FUTEX_OP(FUTEX_OP_ADD, 7, FUTEX_OP_CMP_EQ, 0)));
  show("word", words[1]);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

static void processes(void) {
  uint32_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fflush(stdout);
  if (fork() == 0) _exit(futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 3 : 4);
  settle();
  show("private key", futex(shared, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  show("across processes", futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0));
  int status;
  wait(&status);
  show("child", WEXITSTATUS(status));
}

static pthread_mutex_t robust;
static void *die_holding(void *unused) {
  pthread_mutex_lock(&robust);
  return unused;
}

static void mutexes(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attributes);
  pthread_t thread;
  pthread_create(&thread, NULL, die_holding, NULL);
  pthread_join(thread, NULL);
  printf("robust lock: %s\n", strerrorname_np(pthread_mutex_lock(&robust)));
  printf("consistent: %d\n", pthread_mutex_consistent(&robust));
  printf("unlock: %d\n", pthread_mutex_unlock(&robust));
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  pthread_mutex_lock(&robust);
  pthread_mutexattr_destroy(&attributes);
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  printf("cond timeout: %s\n", strerrorname_np(pthread_cond_timedwait(&condition, &mutex, &until)));
}

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  arguments();
  waking();
  processes();
  mutexes();
  return 0;
}
