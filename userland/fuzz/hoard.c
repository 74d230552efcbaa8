/*
 * Takes as much of one kind of kernel object as it is given: hoard KIND MOST. Prints `KIND count ERRNO` (`-` when it got all).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static char name[5000], block[65536];
static int file = -1, epoll = -1;

static int take_inode(long i) {
  snprintf(name, sizeof name, "i%ld", i);
  return mknod(name, S_IFREG | 0600, 0);
}
static int take_link(long i) {
  snprintf(name, sizeof name, "l%ld", i);
  return link("file", name);
}
static int take_symlink(long i) {
  snprintf(name, sizeof name, "s%ld", i);
  memset(block, 'x', 4000);
  block[4000] = 0;
  return symlink(block, name);
}
static int take_negative(long i) {
  memset(name, 'n', 240);
  snprintf(name + 230, 20, "%ld", i);
  access(name, F_OK);
  return 0;
}
static int take_directory(long i) {
  (void)i;
  return mkdir("d", 0700) != 0 ? -1 : chdir("d");
}
static int take_xattr(long i) {
  snprintf(name, sizeof name, "trusted.x%ld", i);
  return fsetxattr(file, name, block, 60000, 0);
}
static int take_watch(long i) {
  struct epoll_event event = {.events = EPOLLIN};
  int fd = (int)(i % 900) + 20;
  if (i % 900 == 0) {
    epoll = epoll_create1(0);
    if (epoll < 0) return -1;
  }
  if (fcntl(fd, F_GETFD) < 0 && dup2(file, fd) < 0) return -1;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}
static int take_signal(long i) {
  union sigval value = {.sival_int = (int)i};
  return sigqueue(getpid(), SIGRTMIN + 1, value);
}
static int take_timer(long i) {
  (void)i;
  int id;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  return (int)syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
}
static int take_lock(long i) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2 * i, .l_len = 1};
  return fcntl(file, F_SETLK, &lock);
}
static int take_area(long i) { return mmap(0, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0; }
static int take_fd(long i) { return i % 2 ? eventfd(0, 0) : open("/dev/null", O_RDONLY); }
static int take_pipe(long i) {
  (void)i;
  int ends[2];
  if (pipe2(ends, O_NONBLOCK) != 0) return -1;
  return write(ends[1], block, 65536) < 0 ? -1 : 0;
}
static int take_process(long i) {
  (void)i;
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  return child;
}
static int take_page(long i) {
  volatile char *page = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  (void)i;
  if (page == MAP_FAILED) return -1;
  for (int at = 0; at < 1 << 20; at += 4096) page[at] = 1;
  return 0;
}
static int take_block(long i) {
  (void)i;
  return write(file, block, sizeof block) < 0 ? -1 : 0;
}
static int take_hole(long i) { return pwrite(file, "x", 1, (1L << 40) + i * (1L << 30)) < 0 ? -1 : 0; }

static const struct {
  const char *kind;
  int (*take)(long);
} KINDS[] = {
    {"inode", take_inode}, {"link", take_link}, {"symlink", take_symlink}, {"negative", take_negative}, {"directory", take_directory}, {"xattr", take_xattr}, {"watch", take_watch},
    {"signal", take_signal}, {"timer", take_timer}, {"lock", take_lock}, {"area", take_area}, {"fd", take_fd}, {"pipe", take_pipe}, {"process", take_process}, {"page", take_page},
    {"block", take_block}, {"hole", take_hole},
};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  long most = atol(argv[2]), count = 0;
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, 0);
  file = open("file", O_RDWR | O_CREAT, 0600);
  if (strcmp(argv[1], "watch") == 0) file = eventfd(0, 0);
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
    if (strcmp(KINDS[i].kind, argv[1]) != 0) continue;
    errno = 0;
    while (count < most && KINDS[i].take(count) >= 0) count++;
    printf("%s %ld %s\n", argv[1], count, count == most ? "-" : strerrorname_np(errno));
    fflush(stdout);
    kill(0, SIGKILL);
  }
  return 2;
}
