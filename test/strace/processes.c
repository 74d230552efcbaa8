/* Calls on processes, memory, signals and time, for comparing what strace prints. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(...) syscall(__VA_ARGS__)

static void handler(int signo) {
  (void)signo;
}

int main(void) {
  CALL(SYS_write, -1, "BEGIN", 5L);
  void *area = (void *)CALL(SYS_mmap, NULL, 8192L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  CALL(SYS_mprotect, area, 4096L, PROT_READ);
  CALL(SYS_madvise, area, 4096L, MADV_DONTNEED);
  CALL(SYS_mmap, NULL, 0L, PROT_NONE, MAP_SHARED, 99, 4096L);
  CALL(SYS_mremap, area, 8192L, 4096L, 0, 0L);
  CALL(SYS_munmap, area, 4096L);
  CALL(SYS_munmap, 1L, 4096L);
  CALL(SYS_msync, 0L, 0L, MS_SYNC | MS_INVALIDATE);
  CALL(SYS_mlock, 4096L, 1L);
  struct rlimit64 { unsigned long cur, max; } limit;
  CALL(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &limit);
  limit.cur = 64 * 1024;
  CALL(SYS_prlimit64, 0, RLIMIT_FSIZE, &limit, NULL);
  limit.cur = limit.max = -1;
  CALL(SYS_prlimit64, 0, RLIMIT_FSIZE, &limit, NULL);
  CALL(SYS_prlimit64, 0, 99, NULL, &limit);
  struct sigaction { void *handler; unsigned long flags; unsigned long last[2]; } act;
  memset(&act, 0, sizeof act);
  act.handler = SIG_IGN;
  CALL(SYS_rt_sigaction, SIGUSR2, &act, NULL, 8L);
  CALL(SYS_rt_sigaction, SIGUSR2, NULL, &act, 8L);
  CALL(SYS_rt_sigaction, SIGKILL, &act, NULL, 8L);
  CALL(SYS_rt_sigaction, 77, NULL, NULL, 8L);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGINT);
  CALL(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8L);
  sigset_t old;
  CALL(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &old, 8L);
  CALL(SYS_kill, getpid(), SIGUSR1);
  CALL(SYS_rt_sigpending, &old, 8L);
  signal(SIGUSR1, handler);
  CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8L);
  sigfillset(&set);
  CALL(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8L);
  sigemptyset(&set);
  CALL(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8L);
  CALL(SYS_tgkill, getpid(), getpid(), SIGUSR1);
  CALL(SYS_kill, 0x7ffffff, 0);
  CALL(SYS_kill, -1, 99);
  struct timespec time = {0, 1000000}, left;
  CALL(SYS_nanosleep, &time, NULL);
  CALL(SYS_nanosleep, &time, &left);
  CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
  time.tv_nsec = 1000000000;
  CALL(SYS_nanosleep, &time, NULL);
  CALL(SYS_clock_getres, CLOCK_MONOTONIC, &time);
  CALL(SYS_clock_gettime, 99, &time);
  struct itimerval timer = {{0, 0}, {0, 20000}};
  signal(SIGALRM, handler);
  CALL(SYS_setitimer, ITIMER_REAL, &timer, NULL);
  struct timespec pause = {5, 0};
  CALL(SYS_nanosleep, &pause, &left);
  CALL(SYS_setitimer, ITIMER_REAL, &timer, NULL);
  sigemptyset(&set);
  CALL(SYS_rt_sigsuspend, &set, 8L);
  sigaddset(&set, SIGUSR2);
  CALL(SYS_rt_sigtimedwait, &set, NULL, &(struct timespec){0, 1000}, 8L);
  CALL(SYS_getpriority, PRIO_PROCESS, 0);
  CALL(SYS_setpriority, PRIO_PROCESS, 0, 1);
  CALL(SYS_sched_yield);
  CALL(SYS_sched_getscheduler, 0);
  CALL(SYS_sched_get_priority_max, SCHED_FIFO);
  struct sched_param param;
  CALL(SYS_sched_getparam, 0, &param);
  CALL(SYS_getuid);
  CALL(SYS_getresuid, &limit, (char *)&limit + 4, (char *)&limit + 8);
  CALL(SYS_setresgid, -1, -1, -1);
  CALL(SYS_getgroups, -1, NULL);
  CALL(SYS_setgroups, 0L, NULL);
  CALL(SYS_getpgid, 0x7ffffff);
  CALL(SYS_prctl, PR_SET_NAME, "renamed", 0, 0, 0);
  char name[16];
  CALL(SYS_prctl, PR_GET_NAME, name);
  CALL(SYS_prctl, PR_SET_PDEATHSIG, 0);
  CALL(SYS_prctl, PR_GET_DUMPABLE);
  CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  int word = 1;
  CALL(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
  CALL(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL);
  struct timespec brief = {0, 1000};
  CALL(SYS_futex, &word, FUTEX_WAIT, 1, &brief);
  CALL(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 1, &brief, NULL, FUTEX_BITSET_MATCH_ANY);
  CALL(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 1, 2, &limit);
  CALL(SYS_futex, &word, 77, 1, 2L, &limit, 3);
  CALL(SYS_membarrier, 0, 0, 0);
  CALL(SYS_getrandom, name, 0L, GRND_NONBLOCK);
  CALL(SYS_sigaltstack, NULL, &(stack_t){0});
  CALL(SYS_personality, 0xffffffff);
  int child = fork();
  if (child == 0) {
    CALL(SYS_exit_group, 3);
  }
  int status;
  CALL(SYS_wait4, child, &status, 0, NULL);
  CALL(SYS_wait4, -1, &status, WNOHANG, NULL);
  child = fork();
  if (child == 0) {
    CALL(SYS_kill, getpid(), SIGTERM);
  }
  CALL(SYS_wait4, -1, &status, 0, NULL);
  siginfo_t info;
  child = fork();
  if (child == 0) {
    CALL(SYS_exit, 1);
  }
  CALL(SYS_waitid, P_PID, child, &info, WEXITED | WSTOPPED, NULL);
  CALL(SYS_waitid, P_ALL, 0, &info, WEXITED, NULL);
  char *argv[] = {"nothing", "two words", NULL}, *envp[] = {"A=b", NULL};
  CALL(SYS_execve, "/nowhere/nothing", argv, envp);
  CALL(SYS_execve, "/nowhere/nothing", NULL, NULL);
  CALL(SYS_exit, 256 + 9);
}
