/* clone and clone3: flags and their invalid combinations, threads, tid words, pidfds. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static long raw(unsigned long flags) {
#ifdef __riscv
  return syscall(SYS_clone, flags, 0, 0, 0, 0);
#else
  return syscall(SYS_clone, flags, 0, 0, 0, 0);
#endif
}

/* Only for combinations that must fail: a child would run on. */
static void refuse(const char *what, unsigned long flags) {
  long pid = raw(flags);
  if (pid == 0) _exit(0);
  show(what, pid > 0 ? 0 : pid);
  if (pid > 0) waitpid(pid, NULL, __WALL);
}

static void refuse3(const char *what, struct clone_args args, size_t size) {
  long pid = syscall(SYS_clone3, &args, size);
  if (pid == 0) _exit(0);
  show(what, pid > 0 ? 0 : pid);
  if (pid > 0) waitpid(pid, NULL, __WALL);
}

static char stack[65536] __attribute__((aligned(16)));
static int shared_value;
static volatile pid_t parent_word, child_word;

static int body(void *argument) {
  shared_value = *(int *)argument;
  if (chdir("/")) return 1;
  close(100);
  return child_word == syscall(SYS_gettid) ? 7 : 8;
}

static void *thread_body(void *argument) {
  *(int *)argument = syscall(SYS_gettid) != getpid();
  return argument;
}

static void *exits_first(void *argument) {
  usleep(30000);
  _exit(33);
  return argument;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  int status;
  refuse("thread without sighand", CLONE_THREAD | CLONE_VM | SIGCHLD);
  refuse("sighand without vm", CLONE_SIGHAND | SIGCHLD);
  refuse("fs with new mount namespace", CLONE_FS | CLONE_NEWNS | SIGCHLD);
  refuse("pidfd with detached", CLONE_PIDFD | CLONE_DETACHED | SIGCHLD);
  refuse("pidfd without room", CLONE_PIDFD | SIGCHLD);
  refuse("plain", SIGCHLD);

  struct clone_args args = {.exit_signal = SIGCHLD};
  refuse3("clone3", args, sizeof args);
  refuse3("clone3 small", args, 63);
  refuse3("clone3 first version", args, 64);
  refuse3("clone3 large", args, 8192);
  args.flags = SIGCHLD;
  refuse3("clone3 signal in flags", args, sizeof args);
  args.flags = 1ull << 40;
  refuse3("clone3 unknown flag", args, sizeof args);
  args.flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND;
  refuse3("clone3 share and clear", args, sizeof args);
  args.flags = CLONE_PARENT;
  refuse3("clone3 parent with signal", args, sizeof args);
  args.flags = 0;
  args.exit_signal = 65;
  refuse3("clone3 bad signal", args, sizeof args);
  args.exit_signal = SIGCHLD;
  args.stack = (uintptr_t)stack;
  refuse3("clone3 stack without size", args, sizeof args);
  args.stack = 0;
  args.set_tid_size = 1;
  refuse3("clone3 tids without pointer", args, sizeof args);
  pid_t wanted[2] = {1, 1};
  args.set_tid = (uintptr_t)wanted;
  refuse3("clone3 taken tid", args, sizeof args);
  wanted[0] = 0;
  refuse3("clone3 bad tid", args, sizeof args);
  args.set_tid = args.set_tid_size = 0;
  long bad = syscall(SYS_clone3, (void *)8, sizeof args);
  show("clone3 bad address", bad);

  int argument = 42;
  int fd = open("/", O_RDONLY);
  dup2(fd, 100);
  chdir("/proc");
  pid_t pid = clone(body, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
                    &argument, &parent_word, NULL, &child_word);
  pid_t told = parent_word;
  waitpid(pid, &status, 0);
  show("parent's word", told == pid);
  show("child's word is cleared", child_word);
  show("child's status", WEXITSTATUS(status));
  show("shared memory", shared_value);
  show("shared descriptors", fcntl(100, F_GETFD));
  char where[64];
  printf("shared directory: %s\n", getcwd(where, sizeof where));

  child_word = -1;
  pid = clone(body, stack + sizeof stack, CLONE_CHILD_SETTID | CLONE_VFORK | SIGCHLD, &argument, NULL, NULL, &child_word);
  waitpid(pid, &status, 0);
  show("copied word", child_word);
  show("copy's status", WEXITSTATUS(status));

  int pidfd = -1;
  pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
  if (pid == 0) _exit(pidfd == -1 ? 5 : 6);
  show("pidfd is a descriptor", pidfd >= 0);
  show("close on exec", fcntl(pidfd, F_GETFD));
  siginfo_t info;
  show("waitid", waitid(P_PIDFD, pidfd, &info, WEXITED));
  show("its status", info.si_status);
  close(pidfd);

  signal(SIGUSR1, SIG_IGN);
  signal(SIGUSR2, (void (*)(int))body);
  memset(&args, 0, sizeof args);
  args.exit_signal = SIGCHLD;
  args.flags = CLONE_CLEAR_SIGHAND;
  pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    struct sigaction one, two;
    sigaction(SIGUSR1, NULL, &one);
    sigaction(SIGUSR2, NULL, &two);
    _exit((one.sa_handler == SIG_IGN) * 2 + (two.sa_handler == SIG_DFL));
  }
  waitpid(pid, &status, 0);
  show("cleared handlers", WEXITSTATUS(status));

  pthread_t threads[8];
  int ok[8] = {0};
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, thread_body, &ok[i]);
  int sum = 0;
  for (int i = 0; i < 8; i++) {
    pthread_join(threads[i], NULL);
    sum += ok[i];
  }
  show("threads", sum);

  if ((pid = fork()) == 0) {
    pthread_create(&threads[0], NULL, exits_first, NULL);
    pthread_join(threads[0], NULL);
    _exit(1);
  }
  waitpid(pid, &status, 0);
  show("exit of a thread ends all", WEXITSTATUS(status));

  if ((pid = fork()) == 0) {
    pthread_create(&threads[0], NULL, exits_first, NULL);
    syscall(SYS_exit, 2);
  }
  waitpid(pid, &status, 0);
  show("leader that left first", WEXITSTATUS(status));

  /* A mutex whose owner dies. */
  pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attributes);
  if ((pid = fork()) == 0) {
    pthread_mutex_lock(mutex);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  show("robust mutex says EOWNERDEAD", pthread_mutex_lock(mutex) == EOWNERDEAD);
  if (fork() == 0) {
    usleep(20000);
    _exit(0);
  }
  wait(NULL);
  show("unshare files", unshare(CLONE_FILES | CLONE_FS));
  show("unshare nonsense", unshare(1));
  return 0;
}
