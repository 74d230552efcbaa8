/* fork, vfork, getpid and friends, process groups and sessions. Prints facts that hold on every Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int private_value = 1;

static int wait_for(pid_t pid) {
  int status = -1;
  if (waitpid(pid, &status, 0) != pid) perror("waitpid");
  return status;
}

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static void memory(void) {
  int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  *shared = 1;
  pid_t pid = fork();
  if (pid == 0) {
    private_value = 2;
    *shared = 2;
    _exit(private_value);
  }
  show("child's copy", WEXITSTATUS(wait_for(pid)));
  show("parent's copy", private_value);
  show("shared page", *shared);
}

static void identity(void) {
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    if (getppid() != parent || getpid() == parent || getpgrp() != getpgid(parent) || getsid(0) != getsid(parent)) _exit(1);
    _exit(0);
  }
  show("child knows its parent", wait_for(pid) == 0);
}

static void groups(void) {
  int gate[2];
  char byte;
  pipe(gate);
  pid_t pid = fork();
  if (pid == 0) {
    close(gate[1]);
    read(gate[0], &byte, 1);
    _exit(getpgrp() == getpid() ? 0 : 1);
  }
  show("setpgid of child", setpgid(pid, pid));
  show("getpgid of child is its pid", getpgid(pid) == pid);
  show("setpgid to no group", setpgid(pid, 99999999));
  show("setpgid negative", setpgid(0, -1));
  show("setpgid of a stranger", setpgid(1, 0));
  close(gate[1]);
  show("child saw it", wait_for(pid) == 0);

  pid = fork();
  if (pid == 0) {
    if (setsid() != getpid() || getsid(0) != getpid() || getpgrp() != getpid()) _exit(1);
    if (setsid() != -1 || errno != EPERM) _exit(2);
    if (setpgid(0, 0) != -1 || errno != EPERM) _exit(3);
    _exit(0);
  }
  show("setsid", WEXITSTATUS(wait_for(pid)));
}

static volatile int vforked;

static void vforks(void) {
  pid_t pid = vfork();
  if (pid == 0) {
    vforked = 7;
    _exit(9);
  }
  show("vfork shares memory", vforked);
  show("vfork status", WEXITSTATUS(wait_for(pid)));
}

static void descriptors(void) {
  int ends[2];
  char text[8] = "";
  pipe(ends);
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    write(ends[1], "child", 5);
    _exit(0);
  }
  close(ends[1]);
  ssize_t count = read(ends[0], text, sizeof text);
  printf("pipe: %zd %s\n", count, text);
  show("end of file after the child", read(ends[0], text, sizeof text));
  wait_for(pid);
}

static void limit(void) {
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit none = {0, 0};
    if (setgid(65534) || setuid(65534)) _exit(1);
    setrlimit(RLIMIT_NPROC, &none);
    pid_t inner = fork();
    if (inner == 0) _exit(0);
    _exit(inner == -1 && errno == EAGAIN ? 0 : 2);
  }
  show("RLIMIT_NPROC", WEXITSTATUS(wait_for(pid)));
}

static void orphans(void) {
  int ends[2];
  int ok = 0;
  pipe(ends);
  pid_t pid = fork();
  if (pid == 0) {
    pid_t middle = getpid();
    if (fork() == 0) {
      for (int i = 0; i < 2000 && getppid() == middle; i++) usleep(1000);
      int gone = getppid() != middle;
      write(ends[1], &gone, sizeof gone);
      _exit(0);
    }
    _exit(0);
  }
  wait_for(pid);
  read(ends[0], &ok, sizeof ok);
  show("orphan has a new parent", ok);
}

static void stopped_orphans(void) {
  int ends[2];
  pipe(ends);
  pid_t leader = fork();
  if (leader == 0) {
    setsid();
    pid_t middle = fork();
    if (middle == 0) {
      setpgid(0, 0);
      pid_t stopped = fork();
      if (stopped == 0) {
        raise(SIGSTOP);
        _exit(0);
      }
      int status;
      waitpid(stopped, &status, WUNTRACED);
      char byte = WIFSTOPPED(status) ? 's' : '?';
      setpgid(stopped, stopped);
      write(ends[1], &byte, 1);
      close(ends[1]);
      _exit(0);
    }
    wait_for(middle);
    _exit(0);
  }
  char byte = 0;
  close(ends[1]);
  read(ends[0], &byte, 1);
  printf("stopped: %c\n", byte);
  wait_for(leader);
  /* The end of file comes when the stopped process is killed by SIGHUP. */
  show("stopped orphan is hung up", read(ends[0], &byte, 1));
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  memory();
  identity();
  groups();
  vforks();
  descriptors();
  limit();
  orphans();
  stopped_orphans();
  return 0;
}
