/* wait4, waitid and their options, SIGCHLD, statuses, rusage. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static pid_t child(int how) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  if (how < 0) {
    signal(-how, SIG_DFL);
    raise(-how);
    for (;;) pause();
  }
  _exit(how);
}

static void status(const char *what, int status) {
  if (WIFEXITED(status)) printf("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
  else if (WIFSTOPPED(status)) printf("%s: stopped by %d\n", what, WSTOPSIG(status));
  else if (WIFCONTINUED(status)) printf("%s: continued\n", what);
}

static void info(const char *what, int result, siginfo_t *info, pid_t pid) {
  printf("%s: %d signo %d code %d status %d pid %s\n", what, result, info->si_signo, info->si_code, info->si_status,
         info->si_pid == pid ? "child" : info->si_pid == 0 ? "0" : "other");
}

static int children_heard;
static siginfo_t heard;
static void on_child(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  children_heard++;
  heard = *info;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  int word;
  siginfo_t record;
  pid_t pid;

  show("no child", wait4(-1, NULL, 0, NULL));
  show("bad options", wait4(-1, NULL, 0x100, NULL));
  show("no such child", waitpid(99999999, NULL, 0));
  show("waitid without events", waitid(P_ALL, 0, &record, WNOHANG));
  show("waitid bad type", waitid(17, 0, &record, WEXITED));

  waitpid(child(5), &word, 0);
  status("exit", word);
  waitpid(child(-SIGTERM), &word, 0);
  status("kill", word);
  waitpid(child(-SIGKILL), &word, 0);
  status("SIGKILL", word);

  pid = child(-SIGSTOP);
  waitpid(pid, &word, WUNTRACED);
  status("stop", word);
  show("nothing new", waitpid(pid, &word, WUNTRACED | WNOHANG));
  kill(pid, SIGCONT);
  waitpid(pid, &word, WCONTINUED);
  status("continue", word);
  memset(&record, 0, sizeof record);
  kill(pid, SIGSTOP);
  info("waitid stopped", waitid(P_PID, pid, &record, WSTOPPED | WNOWAIT), &record, pid);
  info("waitid stopped again", waitid(P_PID, pid, &record, WSTOPPED), &record, pid);
  memset(&record, 0xff, sizeof record);
  info("waitid no news", waitid(P_PID, pid, &record, WEXITED | WNOHANG), &record, pid);
  kill(pid, SIGKILL);
  info("waitid killed, kept", waitid(P_PID, pid, &record, WEXITED | WNOWAIT), &record, pid);
  info("waitid killed", waitid(P_ALL, 0, &record, WEXITED), &record, pid);
  show("gone", waitid(P_PID, pid, &record, WEXITED));

  pid = child(3);
  setpgid(pid, pid);
  info("waitid group", waitid(P_PGID, pid, &record, WEXITED), &record, pid);
  pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    _exit(1);
  }
  setpgid(pid, pid);
  show("other group", waitpid(0, &word, 0));
  show("that group", waitpid(-pid, &word, 0) == pid);

  pid = child(4);
  int fd = syscall(SYS_pidfd_open, pid, 0);
  struct pollfd watch = {fd, POLLIN, 0};
  show("pidfd is ready", poll(&watch, 1, -1));
  show("pidfd events", watch.revents);
  info("waitid pidfd", waitid(P_PIDFD, fd, &record, WEXITED), &record, pid);
  show("waitid pidfd again", waitid(P_PIDFD, fd, &record, WEXITED));
  show("signal through pidfd", syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
  close(fd);

  struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGCHLD, &action, NULL);
  pid = child(6);
  waitpid(pid, &word, 0);
  info("SIGCHLD", children_heard, &heard, pid);
  action.sa_flags |= SA_NOCLDSTOP;
  sigaction(SIGCHLD, &action, NULL);
  children_heard = 0;
  pid = child(-SIGSTOP);
  waitpid(pid, &word, WUNTRACED);
  show("stops told", children_heard);
  kill(pid, SIGKILL);
  waitpid(pid, &word, 0);
  show("death told", children_heard);

  action.sa_flags |= SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, NULL);
  children_heard = 0;
  child(0);
  show("nothing to wait for", waitpid(-1, &word, 0));
  show("but told", children_heard);
  signal(SIGCHLD, SIG_IGN);
  child(0);
  show("ignored", waitpid(-1, &word, 0));
  signal(SIGCHLD, SIG_DFL);

  pid = syscall(SYS_clone, SIGUSR1 & 0, NULL, NULL, NULL, NULL);
  if (pid == 0) _exit(8);
  show("clone child to plain wait", waitpid(pid, &word, 0));
  show("clone child with __WCLONE", waitpid(pid, &word, __WCLONE) == pid);
  status("clone child", word);
  pid = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
  if (pid == 0) _exit(8);
  show("clone child with __WALL", waitpid(pid, &word, __WALL) == pid);

  struct rusage usage;
  memset(&usage, 0xff, sizeof usage);
  show("rusage", wait4(child(0), &word, 0, &usage) > 0);
  show("its times", usage.ru_utime.tv_sec == 0 && usage.ru_stime.tv_sec == 0 && usage.ru_maxrss > 0);
  pid = fork();
  if (pid == 0) {
    // Given back, it still counts; but for some pages, as Linux counts for each processor and adds up later.
    void *memory = mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    munmap(memory, 32 << 20);
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    _exit(own.ru_maxrss > 24 << 10);
  }
  show("its peak", wait4(pid, &word, 0, &usage) > 0 && usage.ru_maxrss > 24 << 10 && usage.ru_maxrss < 64 << 10);
  status("its own peak", word);
  pid = child(0);
  show("bad status address", wait4(pid, (int *)8, 0, NULL));
  show("reaped all the same", waitpid(pid, &word, 0));

  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  pipe(ends);
  if ((pid = fork()) == 0) {
    if (fork() == 0) {
      char byte;
      close(ends[1]);
      read(ends[0], &byte, 1);
      _exit(21);
    }
    _exit(20);
  }
  waitpid(pid, &word, 0);
  status("middle", word);
  close(ends[1]);
  waitpid(-1, &word, 0);
  status("adopted", word);

  pipe(ends);
  if ((pid = fork()) == 0) {
    pid_t inner = fork();
    char byte = 0;
    if (inner == 0) {
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      write(ends[1], &byte, 1);
      pause();
      _exit(0);
    }
    read(ends[0], &byte, 1);
    _exit(0);
  }
  waitpid(pid, &word, 0);
  waitpid(-1, &word, 0);
  status("parent died", word);
  return 0;
}
