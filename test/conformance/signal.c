/* Signals: actions and their flags, masks, queueing, alternate stacks, waiting for them, restart and EINTR. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static int order[64], count;
static void note(int signo) { order[count++] = signo; }
static void print_order(const char *what) {
  printf("%s:", what);
  for (int i = 0; i < count; i++) printf(" %d", order[i] >= SIGRTMIN ? 1000 + order[i] - SIGRTMIN : order[i]);
  printf("\n");
  count = 0;
}

static void handle(int signo, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  if (sigaction(signo, &action, NULL) != 0) perror("sigaction");
}

static void mask(int how, int signo) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signo);
  sigprocmask(how, &set, NULL);
}

static void actions(void) {
  struct sigaction action;
  show("KILL", sigaction(SIGKILL, &(struct sigaction){.sa_handler = note}, NULL));
  show("read KILL", sigaction(SIGKILL, NULL, &action));
  show("0", sigaction(0, NULL, &action));
  show("65", sigaction(65, NULL, &action));
  handle(SIGUSR1, note, SA_RESTART | SA_NODEFER);
  sigaction(SIGUSR1, NULL, &action);
  show("flags", action.sa_flags & (SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_SIGINFO));
  handle(SIGUSR1, note, SA_RESETHAND);
  raise(SIGUSR1);
  sigaction(SIGUSR1, NULL, &action);
  show("reset", action.sa_handler == SIG_DFL);
  print_order("ran");
  show("kill 0 signal", kill(getpid(), 0));
  show("kill bad signal", kill(getpid(), 65));
  show("kill nobody", kill(0x3ffffff, 0));
  show("tgkill wrong group", syscall(SYS_tgkill, 1, gettid(), 0));
}

static void queueing(void) {
  for (int signo = SIGRTMIN; signo < SIGRTMIN + 3; signo++) handle(signo, note, 0);
  handle(SIGUSR1, note, 0);
  handle(SIGUSR2, note, 0);
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &old);
  kill(getpid(), SIGRTMIN + 2);
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGRTMIN + 1);
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGRTMIN + 1);
  sigset_t pending;
  sigpending(&pending);
  printf("pending %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGRTMIN + 2));
  sigprocmask(SIG_SETMASK, &old, NULL);
  /* Handlers stack up, so the last one set up runs first. */
  print_order("delivered");
  sigprocmask(SIG_BLOCK, &all, &old);
  for (int i = 0; i < 3; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 10 - i});
  siginfo_t info;
  while (1) {
    struct timespec none = {0, 0};
    int got = sigtimedwait(&all, &info, &none);
    if (got < 0) break;
    printf("took %d value %d code %d mine %d\n", got - SIGRTMIN, info.si_value.sival_int, info.si_code, info.si_pid == getpid());
  }
  show("none left", errno == EAGAIN);
  sigprocmask(SIG_SETMASK, &old, NULL);
}

static void nested(int signo) {
  order[count++] = signo;
  if (signo == SIGUSR1 && count == 1) {
    raise(SIGUSR1);
    raise(SIGUSR2);
    order[count++] = -signo;
  }
}

static void masks(void) {
  handle(SIGUSR1, nested, 0);
  handle(SIGUSR2, nested, 0);
  raise(SIGUSR1);
  for (int i = 0; i < count && i < 8; i++) printf("%d ", order[i]);
  printf("(deferred)\n");
  count = 0;
  struct sigaction action = {.sa_handler = nested};
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &action, NULL);
  mask(SIG_BLOCK, SIGKILL);
  sigset_t now;
  sigprocmask(SIG_BLOCK, NULL, &now);
  show("KILL is never blocked", sigismember(&now, SIGKILL));
  show("bad how", sigprocmask(17, &now, NULL));
  handle(SIGUSR1, note, 0);
  handle(SIGUSR2, note, 0);
}

static char stack[65536];
static volatile int on_stack, flags_inside, disable_errno;
static void on_alternate(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)info, (void)context;
  char here;
  on_stack = &here >= stack && &here < stack + sizeof stack;
  stack_t now;
  sigaltstack(NULL, &now);
  flags_inside = now.ss_flags;
  errno = 0;
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
  disable_errno = errno;
}

static void alternate(void) {
  show("small", sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = 100}, NULL));
  show("set", sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL));
  struct sigaction action = {.sa_sigaction = on_alternate, .sa_flags = SA_ONSTACK | SA_SIGINFO};
  sigaction(SIGALRM, &action, NULL);
  raise(SIGALRM);
  printf("on it %d, SS_ONSTACK %d, disable there %s\n", on_stack, flags_inside == SS_ONSTACK, strerrorname_np(disable_errno));
  stack_t old;
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, &old);
  show("was", old.ss_size);
  signal(SIGALRM, SIG_DFL);
}

static void interrupter(int signo, int times) {
  pid_t parent = getpid();
  fflush(stdout);
  if (fork() == 0) {
    for (int i = 0; i < times; i++) {
      usleep(60000);
      kill(parent, signo);
    }
    _exit(0);
  }
}

static void interruption(void) {
  int ends[2];
  char byte;
  pipe(ends);
  handle(SIGUSR1, note, 0);
  interrupter(SIGUSR1, 1);
  show("read", read(ends[0], &byte, 1));
  wait(NULL);
  handle(SIGUSR1, note, SA_RESTART);
  fflush(stdout);
  pid_t parent = getpid();
  if (fork() == 0) {
    usleep(60000);
    kill(parent, SIGUSR1);
    usleep(60000);
    write(ends[1], "x", 1);
    _exit(0);
  }
  show("read restarted", read(ends[0], &byte, 1));
  wait(NULL);
  interrupter(SIGUSR1, 1);
  struct timespec left = {0, 0};
  show("nanosleep", nanosleep(&(struct timespec){5, 0}, &left));
  show("rest", left.tv_sec == 4);
  wait(NULL);
  interrupter(SIGUSR1, 1);
  errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){5, 0}, &left);
  printf("clock_nanosleep: %s\n", strerrorname_np(errno));
  wait(NULL);
  interrupter(SIGUSR1, 1);
  show("poll", poll(NULL, 0, 5000));
  wait(NULL);
  interrupter(SIGUSR1, 1);
  show("pause", pause());
  wait(NULL);
  interrupter(SIGUSR1, 1);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR2);
  show("sigtimedwait", sigtimedwait(&one, NULL, &(struct timespec){5, 0}));
  wait(NULL);
  handle(SIGUSR1, note, 0);
  pid_t slow = fork();
  if (slow == 0) {
    pause();
    _exit(0);
  }
  interrupter(SIGUSR1, 1);
  show("waitpid", waitpid(slow, NULL, 0));
  kill(slow, SIGKILL);
  waitpid(slow, NULL, 0);
  wait(NULL);
  count = 0;
  /* A signal without a handler does not end a sleep. */
  signal(SIGUSR2, SIG_IGN);
  interrupter(SIGUSR2, 1);
  show("nanosleep, ignored", nanosleep(&(struct timespec){0, 150000000}, NULL));
  wait(NULL);
  handle(SIGUSR2, note, 0);
}

static void suspension(void) {
  sigset_t empty;
  sigemptyset(&empty);
  mask(SIG_BLOCK, SIGUSR1);
  handle(SIGUSR1, note, 0);
  kill(getpid(), SIGUSR1);
  show("sigsuspend", sigsuspend(&empty));
  print_order("in it");
  sigset_t now;
  sigprocmask(SIG_BLOCK, NULL, &now);
  show("blocked again", sigismember(&now, SIGUSR1));
  kill(getpid(), SIGUSR1);
  show("ppoll", ppoll(NULL, 0, NULL, &empty));
  print_order("in it");
  mask(SIG_UNBLOCK, SIGUSR1);
}

static void stops(void) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    while (1) pause();
  }
  show("stopped", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  show("once", waitpid(child, &status, WUNTRACED | WNOHANG));
  kill(child, SIGUSR2);
  kill(child, SIGCONT);
  show("continued", waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
  kill(child, SIGTERM);
  show("ended", waitpid(child, &status, 0) == child);
  printf("status %x\n", status);
  child = fork();
  if (child == 0) {
    signal(SIGTERM, SIG_IGN);
    raise(SIGSTOP);
    _exit(7);
  }
  siginfo_t info = {0};
  waitid(P_PID, child, &info, WSTOPPED | WNOWAIT);
  printf("waitid code %d status %d\n", info.si_code, info.si_status);
  kill(child, SIGTERM);
  kill(child, SIGKILL);
  waitid(P_PID, child, &info, WEXITED);
  printf("waitid code %d status %d\n", info.si_code, info.si_status);
}

static volatile int chld_code = -1, chld_status;
static void on_child(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  chld_code = info->si_code;
  chld_status = info->si_status;
}

static void children(void) {
  struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGCHLD, &action, NULL);
  fflush(stdout);
  if (fork() == 0) _exit(3);
  wait(NULL);
  printf("SIGCHLD code %d status %d\n", chld_code, chld_status);
  fflush(stdout);
  if (fork() == 0) abort();
  wait(NULL);
  printf("SIGCHLD code %s status %d\n", chld_code == CLD_DUMPED || chld_code == CLD_KILLED ? "killed" : "?", chld_status);
  signal(SIGCHLD, SIG_IGN);
  fflush(stdout);
  if (fork() == 0) _exit(0);
  show("wait with SIGCHLD ignored", wait(NULL));
  signal(SIGCHLD, SIG_DFL);
  static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGPIPE, SIGALRM, SIGSTKFLT, SIGXCPU, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSYS, 34, 64, SIGURG, SIGWINCH, SIGCONT};
  for (unsigned i = 0; i < sizeof deadly / sizeof *deadly; i++) {
    int status;
    if (fork() == 0) {
      signal(deadly[i], SIG_DFL);
      raise(deadly[i]);
      _exit(1);
    }
    wait(&status);
    printf("%d -> %x\n", deadly[i], status & 0xff7f);
  }
}

static void inherited(void) {
  mask(SIG_BLOCK, SIGUSR1);
  signal(SIGUSR2, SIG_IGN);
  raise(SIGUSR1);
  fflush(stdout);
  if (fork() == 0) {
    sigset_t set;
    sigpending(&set);
    int pending = sigismember(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, NULL, &set);
    struct sigaction action;
    sigaction(SIGUSR2, NULL, &action);
    printf("child: pending %d blocked %d ignored %d\n", pending, sigismember(&set, SIGUSR1), action.sa_handler == SIG_IGN);
    fflush(stdout);
    execl("/bin/sh", "sh", "-c", "grep -E 'Sig(Blk|Ign)|ShdPnd' /proc/self/status", NULL);
    _exit(1);
  }
  wait(NULL);
  mask(SIG_UNBLOCK, SIGUSR1);
}

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  actions();
  queueing();
  masks();
  alternate();
  interruption();
  suspension();
  stops();
  children();
  inherited();
  return 0;
}
