/* Threads: creation, joining, cancellation, thread-local storage, signals to threads, exec and exit of a process of several. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static __thread int local = 10;
static pthread_key_t key;
static int destroyed;
static void destroy(void *value) { destroyed += *(int *)value; }

static void *body(void *argument) {
  local += (int)(long)argument;
  static int values[8];
  values[(long)argument] = (int)(long)argument;
  pthread_setspecific(key, &values[(long)argument]);
  errno = (int)(long)argument;
  sched_yield();
  return (void *)(long)(local + errno);
}

static void basics(void) {
  pthread_t threads[5];
  pthread_key_create(&key, destroy);
  for (long i = 0; i < 5; i++) show("create", pthread_create(&threads[i], NULL, body, (void *)i));
  for (int i = 0; i < 5; i++) {
    void *result;
    pthread_join(threads[i], &result);
    show("joined", (long)result);
  }
  show("own local", local);
  show("destructors", destroyed);
  show("join itself", pthread_join(pthread_self(), NULL));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  show("small stack", pthread_attr_setstacksize(&attributes, 1));
}

static int counter;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static void *adder(void *unused) {
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < 20000; i++) {
    pthread_mutex_lock(&lock);
    counter++;
    pthread_mutex_unlock(&lock);
  }
  return unused;
}

static void contention(void) {
  pthread_t threads[4];
  pthread_barrier_init(&barrier, NULL, 4);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, adder, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  show("counter", counter);
}

static sem_t ping, pong;
static void *ponger(void *unused) {
  for (int i = 0; i < 2000; i++) sem_wait(&ping), sem_post(&pong);
  return unused;
}

static void semaphores(void) {
  pthread_t thread;
  sem_init(&ping, 0, 0), sem_init(&pong, 0, 0);
  pthread_create(&thread, NULL, ponger, NULL);
  for (int i = 0; i < 2000; i++) sem_post(&ping), sem_wait(&pong);
  pthread_join(thread, NULL);
  show("try", sem_trywait(&ping));
}

static void cleanup(void *text) { printf("cleaning up %s\n", (char *)text); }
static void *sleeper(void *unused) {
  pthread_cleanup_push(cleanup, "the sleeper");
  pause();
  pthread_cleanup_pop(0);
  return unused;
}
static volatile int spinning;
static void *spinner(void *unused) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  spinning = 1;
  while (spinning) continue;
  return unused;
}

static void cancellation(void) {
  pthread_t thread;
  void *result;
  pthread_create(&thread, NULL, sleeper, NULL);
  usleep(30000);
  int error = pthread_cancel(thread);
  pthread_join(thread, &result);
  show("cancel", error);
  show("cancelled", result == PTHREAD_CANCELED);
  pthread_create(&thread, NULL, spinner, NULL);
  while (!spinning) sched_yield();
  pthread_cancel(thread);
  pthread_join(thread, &result);
  show("cancelled", result == PTHREAD_CANCELED);
}

static volatile pid_t handled_by;
static void note(int signo) { (void)signo, handled_by = gettid(); }
static volatile pid_t waiter_tid;
static void *waiter(void *unused) {
  sigset_t none;
  sigemptyset(&none);
  waiter_tid = gettid();
  while (handled_by != waiter_tid) sigsuspend(&none);
  return unused;
}

static void signals(void) {
  pthread_t thread;
  sigset_t set;
  struct sigaction action = {.sa_handler = note};
  sigaction(SIGUSR1, &action, NULL);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  pthread_create(&thread, NULL, waiter, NULL);
  usleep(30000);
  kill(getpid(), SIGUSR1);
  pthread_join(thread, NULL);
  show("the thread that lets it took it", handled_by == waiter_tid);
  pthread_create(&thread, NULL, waiter, NULL);
  usleep(30000);
  show("pthread_kill", pthread_kill(thread, SIGUSR1));
  pthread_join(thread, NULL);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *name_thread(void *unused) {
  pthread_setname_np(pthread_self(), "worker");
  char name[16];
  prctl(PR_GET_NAME, name);
  printf("thread is %s\n", name);
  printf("ids differ %d, group the same %d\n", gettid() != getpid(), getpid() == *(pid_t *)unused);
  return NULL;
}

static void *exits(void *unused) {
  (void)unused;
  exit(6);
}
static void *execs(void *unused) {
  execl("/bin/sh", "sh", "-c", "grep Threads /proc/self/status; exit 8", NULL);
  return unused;
}
static void *only_thread(void *unused) {
  usleep(100000);
  syscall(SYS_exit, 5);
  return unused;
}

static void in_child(const char *what, void *(*start)(void *), int main_leaves) {
  int status;
  fflush(stdout);
  if (fork() == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, start, NULL);
    if (main_leaves) syscall(SYS_exit, 9);
    while (1) pause();
  }
  wait(&status);
  printf("%s: status %x\n", what, status);
}

static void *crash(void *unused) {
  *(volatile int *)8 = 1;
  return unused;
}

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  pid_t self = getpid();
  pthread_t thread;
  basics();
  contention();
  semaphores();
  cancellation();
  signals();
  pthread_create(&thread, NULL, name_thread, &self);
  pthread_join(thread, NULL);
  in_child("exit in a thread", exits, 0);
  in_child("exec in a thread", execs, 0);
  in_child("both threads leave", only_thread, 1);
  in_child("crash", crash, 0);
  return 0;
}
