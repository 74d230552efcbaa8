/* Resource limits, prctl, record locks, flock, process groups, and files of /proc/self that say the same on every Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static void child(const char *what, void (*body)(void)) {
  int status;
  printf("%s\n", what);
  fflush(stdout);
  if (fork() == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  wait(&status);
  printf("status %x\n", status & 0xff7f);
}

static void limit(int which, rlim_t soft, rlim_t hard) { show("setrlimit", setrlimit(which, &(struct rlimit){soft, hard})); }

static void no_files(void) {
  limit(RLIMIT_NOFILE, 5, 5);
  int fd = 0, last = -1;
  while (fd >= 0) last = fd, fd = open("/dev/null", O_RDONLY);
  show("open", fd);
  show("last", last);
  show("dup2", dup2(0, 5));
  show("dupfd", fcntl(0, F_DUPFD, 5));
  int ends[2];
  show("pipe", pipe(ends));
}
static void small_files(void) {
  limit(RLIMIT_FSIZE, 10, 100);
  signal(SIGXFSZ, SIG_IGN);
  int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
  show("up to it", write(fd, "0123456789abc", 13));
  show("past it", write(fd, "x", 1));
  show("truncate", ftruncate(fd, 20));
  signal(SIGXFSZ, SIG_DFL);
  write(fd, "x", 1);
}
static void little_memory(void) {
  limit(RLIMIT_AS, 64 << 20, 64 << 20);
  show("mmap", (long)mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  show("a little", mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}
static void little_data(void) {
  limit(RLIMIT_DATA, 1 << 20, 1 << 20);
  show("sbrk", (long)sbrk(2 << 20));
}
static int deeper(int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  return depth == 1 ? frame[0] : deeper(depth - 1) + frame[0];
}
static void stack(void) {
  limit(RLIMIT_STACK, 1 << 20, RLIM_INFINITY);
  printf("deep enough %d\n", deeper(100) != 0);
  fflush(stdout);
  deeper(1000);
}
static void time_up(void) {
  limit(RLIMIT_CPU, 1, 2);
  fflush(stdout);
  while (1) continue;
}
static void no_core(void) {
  limit(RLIMIT_CORE, 0, 0);
  show("raise hard", setrlimit(RLIMIT_CORE, &(struct rlimit){0, 5}) <= 0);
}

static void resources(void) {
  struct rlimit now;
  show("soft over hard", setrlimit(RLIMIT_NOFILE, &(struct rlimit){10, 5}));
  show("bad", getrlimit(77, &now));
  show("prlimit nobody", prlimit(0x3ffffff, RLIMIT_NOFILE, NULL, &now));
  child("NOFILE", no_files);
  child("FSIZE", small_files);
  child("AS", little_memory);
  child("DATA", little_data);
  child("STACK", stack);
  child("CPU", time_up);
  child("CORE", no_core);
  struct rusage usage;
  show("rusage", getrusage(RUSAGE_CHILDREN, &usage));
  // Linux samples the time that it limits at ticks, so what it then tells may be much less than the limit.
  show("children took time", usage.ru_utime.tv_sec + usage.ru_stime.tv_sec > 0 || usage.ru_utime.tv_usec + usage.ru_stime.tv_usec >= 100000);
  show("bad rusage", getrusage(5, &usage));
}

static void orphan(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (fork() == 0) {
    if (fork() == 0) {
      usleep(50000);
      _exit(4);
    }
    _exit(3);
  }
  int status;
  wait(&status);
  show("child", WEXITSTATUS(status));
  wait(&status);
  show("grandchild", WEXITSTATUS(status));
}
static void parent_dies(void) {
  int ends[2];
  char byte;
  pipe(ends);
  if (fork() == 0) {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(ends[0]);
      pause();
    }
    usleep(50000);
    _exit(0);
  }
  close(ends[1]);
  show("end of file when it is killed", read(ends[0], &byte, 1));
}

static void controls(void) {
  char name[16] = "";
  int value = -1;
  show("set name", prctl(PR_SET_NAME, "a name of more than 15"));
  prctl(PR_GET_NAME, name);
  printf("name %s\n", name);
  show("dumpable", prctl(PR_GET_DUMPABLE));
  show("undump", prctl(PR_SET_DUMPABLE, 0));
  show("bad dumpable", prctl(PR_SET_DUMPABLE, 7));
  prctl(PR_SET_DUMPABLE, 1);
  show("no new privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  show("bad", prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
  show("death signal", prctl(PR_SET_PDEATHSIG, SIGUSR1));
  prctl(PR_GET_PDEATHSIG, &value);
  show("is", value == SIGUSR1);
  show("bad signal", prctl(PR_SET_PDEATHSIG, 100));
  prctl(PR_SET_PDEATHSIG, 0);
  show("keepcaps", prctl(PR_SET_KEEPCAPS, 1));
  show("is", prctl(PR_GET_KEEPCAPS));
  show("timer slack", prctl(PR_SET_TIMERSLACK, 12345));
  show("is", prctl(PR_GET_TIMERSLACK));
  show("seccomp", prctl(PR_GET_SECCOMP));
  show("unknown", prctl(123456));
  child("orphans", orphan);
  child("parent dies", parent_dies);
}

static int fd;
static long lock(int command, short type, off_t start, off_t length) {
  return fcntl(fd, command, &(struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length});
}
static void other_locks(void) {
  struct flock found = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10};
  show("taken", lock(F_SETLK, F_WRLCK, 0, 1));
  show("getlk", fcntl(fd, F_GETLK, &found));
  printf("type %d start %ld length %ld parent's %d\n", found.l_type, (long)found.l_start, (long)found.l_len, found.l_pid == getppid());
  show("read against write", lock(F_SETLK, F_RDLCK, 9, 1));
  show("between", lock(F_SETLK, F_WRLCK, 10, 10));
  show("read with read", lock(F_SETLK, F_RDLCK, 20, 5));
  show("write against read", lock(F_SETLK, F_WRLCK, 20, 5));
  int again = open("lock", O_RDWR);
  show("flock", flock(again, LOCK_EX | LOCK_NB));
  show("shared flock", flock(again, LOCK_SH | LOCK_NB));
  show("flock of the inherited", flock(fd, LOCK_UN));
  show("now", flock(again, LOCK_EX | LOCK_NB));
}
static void waits_for_lock(void) {
  show("waits", lock(F_SETLKW, F_WRLCK, 0, 1));
  show("ofd conflicts", lock(F_OFD_SETLK, F_WRLCK, 50, 1));
}

static void locks(void) {
  fd = open("lock", O_RDWR | O_CREAT, 0600);
  show("write", lock(F_SETLK, F_WRLCK, 0, 10));
  show("read", lock(F_SETLK, F_RDLCK, 20, 0));
  show("split", lock(F_SETLK, F_UNLCK, 4, 1));
  show("bad type", lock(F_SETLK, 9, 4, 1));
  show("negative", lock(F_SETLK, F_RDLCK, -1, 1));
  flock(fd, LOCK_EX);
  child("other process", other_locks);
  pid_t pid = fork();
  if (pid == 0) {
    fd = open("lock", O_RDWR);
    waits_for_lock();
    fflush(stdout);
    _exit(0);
  }
  usleep(50000);
  printf("unlocking\n");
  fflush(stdout);
  lock(F_SETLK, F_UNLCK, 0, 0);
  wait(NULL);
  int read_only = open("lock", O_RDONLY);
  show("write lock of read-only", fcntl(read_only, F_SETLK, &(struct flock){.l_type = F_WRLCK}));
  lock(F_SETLK, F_WRLCK, 0, 1);
  close(read_only);
  show("ofd", lock(F_OFD_SETLK, F_WRLCK, 50, 1));
  show("flock bad", flock(fd, 77));
}

static void group_child(void) {
  show("leads", setpgid(0, 0));
  show("is leader", getpgrp() == getpid());
  show("setsid of a leader", setsid());
  pid_t pid = fork();
  if (pid == 0) {
    show("inherits", getpgrp() == getppid());
    show("session", setsid() == getpid());
    show("group", getpgrp() == getpid());
    show("setpgid of a session leader", setpgid(0, 0));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  show("no such group", setpgid(0, 0x3ffffff));
  show("negative", setpgid(0, -1));
  show("not a child", setpgid(getppid(), 0));
  show("kill an empty group", kill(-0x3ffffff, 0));
  signal(SIGTERM, SIG_IGN);
  pid = fork();
  if (pid == 0) {
    signal(SIGTERM, SIG_DFL);
    pause();
  }
  usleep(30000);
  show("kill the group", kill(0, SIGTERM));
  int status;
  show("wait for the group", waitpid(0, &status, 0) == pid && WTERMSIG(status) == SIGTERM);
}

static void show_file(const char *path, const char *wanted) {
  char line[512];
  FILE *file = fopen(path, "r");
  if (file == NULL) return show(path, -1);
  while (fgets(line, sizeof line, file) != NULL)
    if (strstr(wanted, strtok(strdup(line), "\t:\n")) != NULL) printf("%s %s", path, line);
  fclose(file);
}

static void proc(void) {
  char target[100] = "";
  prctl(PR_SET_NAME, "proc (test)");
  show_file("/proc/self/status", "Name Umask State Uid Gid Threads NoNewPrivs SigPnd ShdPnd");
  show_file("/proc/self/comm", "proc (test)");
  FILE *file = fopen("/proc/self/comm", "w");
  show("write comm", fputs("renamed", file) >= 0 && fclose(file) == 0);
  show_file("/proc/self/comm", "renamed");
  show("cwd", readlink("/proc/self/cwd", target, 99) > 0);
  show("cwd is the directory", access("/proc/self/cwd/lock", F_OK));
  dup2(open("/dev/null", O_RDWR), 50);
  memset(target, 0, sizeof target);
  show("fd", readlink("/proc/self/fd/50", target, 99));
  printf("%s\n", target);
  int gone = open("gone", O_RDWR | O_CREAT, 0600);
  write(gone, "data", 4);
  unlink("gone");
  char path[40], text[8] = "";
  sprintf(path, "/proc/self/fd/%d", gone);
  show("deleted", readlink(path, target, 99) > 10 && strstr(target, "gone (deleted)") != NULL);
  show("open again", read(open(path, O_RDONLY), text, 7));
  show("self", readlink("/proc/self", target, 99) > 0 && atoi(target) == getpid());
  show("no process", access("/proc/0", F_OK));
  show("write to status", open("/proc/self/status", O_WRONLY) < 0 || 1);
  show("unlink", unlink("/proc/self/comm"));
  show("create", open("/proc/new", O_CREAT | O_WRONLY, 0600));
  show("mkdir", mkdir("/proc/new", 0700));
  show("symlink", symlink("x", "/proc/self/new"));
  struct stat info;
  show("exe", stat("/proc/self/exe", &info) == 0 && S_ISREG(info.st_mode));
  show("mem", open("/proc/self/mem", O_RDWR) >= 0);
  int memory = open("/proc/self/mem", O_RDWR), value = 77, copy = 0;
  show("mem read", pread(memory, &copy, sizeof copy, (off_t)&value));
  show("value", copy);
  show("mem hole", pread(memory, &copy, sizeof copy, 16));
}

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  umask(022);
  resources();
  controls();
  fflush(stdout);
  locks();
  child("groups", group_child);
  proc();
  return 0;
}
