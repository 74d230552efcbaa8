/* epoll, eventfd and signalfd. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static int ctl(int ep, int op, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(ep, op, fd, &event);
}

static void wait_show(const char *what, int ep, int timeout) {
  struct epoll_event got[8];
  int count = epoll_wait(ep, got, 8, timeout);
  printf("%s: %d%s%s", what, count, count < 0 ? " " : "", count < 0 ? strerrorname_np(errno) : "");
  for (int i = 0; i < count; i++) printf(" [%#x %llx]", got[i].events, (unsigned long long)got[i].data.u64);
  printf("\n");
}

static void on_signal(int signo) { (void)signo; }

static void basics(void) {
  show("epoll_create 0", epoll_create(0));
  show("epoll_create1 flags", epoll_create1(1));
  int ep = epoll_create1(EPOLL_CLOEXEC), p[2];
  show("F_GETFD", fcntl(ep, F_GETFD));
  pipe2(p, O_NONBLOCK);
  char byte;
  show("add", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0x1234567890abcdefull));
  show("add again", ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0));
  show("mod what is not there", ctl(ep, EPOLL_CTL_MOD, p[1], EPOLLOUT, 0));
  show("del what is not there", ctl(ep, EPOLL_CTL_DEL, p[1], 0, 0));
  show("add itself", ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 0));
  show("add bad descriptor", ctl(ep, EPOLL_CTL_ADD, 99, EPOLLIN, 0));
  show("on bad descriptor", ctl(99, EPOLL_CTL_ADD, p[1], EPOLLIN, 0));
  show("on what is no epoll", ctl(p[0], EPOLL_CTL_ADD, p[1], EPOLLIN, 0));
  show("unknown operation", ctl(ep, 9, p[1], EPOLLIN, 0));
  show("null event", epoll_ctl(ep, EPOLL_CTL_ADD, p[1], NULL));
  show("null event to delete", epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL));
  int file = open("file", O_RDWR | O_CREAT, 0600), directory = open(".", O_RDONLY), null = open("/dev/null", O_RDWR);
  show("add a file", ctl(ep, EPOLL_CTL_ADD, file, EPOLLIN, 0));
  show("add a directory", ctl(ep, EPOLL_CTL_ADD, directory, EPOLLIN, 0));
  show("add /dev/null", ctl(ep, EPOLL_CTL_ADD, null, EPOLLIN, 0));
  wait_show("nothing", ep, 0);
  struct epoll_event event;
  show("maxevents 0", epoll_wait(ep, &event, 0, 0));
  show("wait on no epoll", epoll_wait(p[0], &event, 1, 0));
  show("wait on bad descriptor", epoll_wait(99, &event, 1, 0));
  write(p[1], "ab", 2);
  wait_show("level", ep, 0);
  wait_show("level again", ep, -1);
  read(p[0], &byte, 1);
  wait_show("level with one left", ep, 0);
  read(p[0], &byte, 1);
  wait_show("level empty", ep, 0);
  show("mod to edge", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2));
  write(p[1], "a", 1);
  wait_show("edge", ep, 0);
  wait_show("edge again", ep, 0);
  write(p[1], "b", 1);
  wait_show("edge, more came", ep, 0);
  show("mod to one-shot", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 3));
  wait_show("one-shot", ep, 0);
  write(p[1], "c", 1);
  wait_show("one-shot fired", ep, 0);
  show("armed again", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 4));
  wait_show("one-shot", ep, 0);
  show("exclusive by mod", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 4));
  show("write end", ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 5));
  wait_show("write end", ep, 0);
  show("exclusive with one-shot", ctl(ep, EPOLL_CTL_ADD, dup(p[0]), EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 4));
  int copy = dup(p[1]);
  close(p[1]);
  wait_show("closed, but a duplicate lives", ep, 0);
  close(copy);
  wait_show("closed altogether", ep, 0);
  show("mod", ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 6));
  wait_show("hang-up", ep, 0);
  show("del", ctl(ep, EPOLL_CTL_DEL, p[0], 0, 0));
  wait_show("deleted", ep, 10);
  close(ep);
}

static void order(void) {
  int ep = epoll_create1(0), p[3][2];
  for (int i = 0; i < 3; i++) {
    pipe(p[i]);
    ctl(ep, EPOLL_CTL_ADD, p[i][0], EPOLLIN, i);
  }
  for (int i = 2; i >= 0; i--) write(p[i][1], "x", 1);
  struct epoll_event got;
  for (int i = 0; i < 4; i++) {
    epoll_wait(ep, &got, 1, 0);
    printf("turn %d: %d\n", i, (int)got.data.u64);
  }
  for (int i = 0; i < 3; i++) close(p[i][0]), close(p[i][1]);
  wait_show("all closed", ep, 0);
  close(ep);
}

static void nesting(void) {
  int inner = epoll_create1(0), outer = epoll_create1(0), p[2];
  pipe(p);
  show("inner", ctl(inner, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  show("outer", ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2));
  show("circle", ctl(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 3));
  wait_show("outer, nothing", outer, 0);
  struct pollfd polled = {.fd = inner, .events = POLLIN};
  show("poll inner", poll(&polled, 1, 0));
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    write(p[1], "x", 1);
    _exit(0);
  }
  wait_show("outer is woken", outer, 5000);
  wait_show("inner", inner, 0);
  show("poll inner", poll(&polled, 1, 0));
  waitpid(child, NULL, 0);
  int chain[7];
  for (int i = 0; i < 7; i++) chain[i] = epoll_create1(0);
  for (int i = 0; i < 6; i++) {
    int result = ctl(chain[i + 1], EPOLL_CTL_ADD, chain[i], EPOLLIN, 0);
    printf("nest %d: %d%s%s\n", i, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : "");
  }
  for (int i = 0; i < 7; i++) close(chain[i]);
  close(inner), close(outer), close(p[0]), close(p[1]);
}

static void interrupted(void) {
  int ep = epoll_create1(0);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  wait_show("interrupted", ep, 5000);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  struct epoll_event event;
  sigset_t none;
  sigemptyset(&none);
  show("epoll_pwait", epoll_pwait(ep, &event, 1, 5000, &none));
  show("epoll_pwait2", epoll_pwait2(ep, &event, 1, &(struct timespec){0, 1000000}, NULL));
  close(ep);
}

static void counter(void) {
  uint64_t value = 0;
  int fd = eventfd(5, EFD_NONBLOCK);
  show("flags", eventfd(0, 0x40));
  show("read", read(fd, &value, 8));
  printf("value %llu\n", (unsigned long long)value);
  show("read", read(fd, &value, 8));
  show("short read", read(fd, &value, 7));
  show("short write", write(fd, &value, 7));
  value = UINT64_MAX;
  show("write of the forbidden value", write(fd, &value, 8));
  value = UINT64_MAX - 1;
  show("write of the largest", write(fd, &value, 8));
  struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT};
  poll(&polled, 1, 0);
  printf("events %#x\n", polled.revents);
  value = 1;
  show("write beyond", write(fd, &value, 8));
  char buffer[16];
  show("long read", read(fd, buffer, 16));
  poll(&polled, 1, 0);
  printf("events %#x\n", polled.revents);
  show("lseek", lseek(fd, 0, SEEK_SET));
  close(fd);
  fd = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
  for (int i = 0; i < 4; i++) show("semaphore", read(fd, &value, 8));
  printf("value %llu\n", (unsigned long long)value);
  close(fd);
  fd = eventfd(0, 0);
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    write(fd, &(uint64_t){42}, 8);
    _exit(0);
  }
  read(fd, &value, 8);
  printf("waited for %llu\n", (unsigned long long)value);
  waitpid(child, NULL, 0);
  close(fd);
}

static void signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  struct signalfd_siginfo info[4];
  show("flags", signalfd(-1, &set, 1));
  show("of what is no signalfd", signalfd(0, &set, 0));
  show("of bad descriptor", signalfd(99, &set, 0));
  show("read nothing", read(fd, info, sizeof info));
  raise(SIGUSR2);
  raise(SIGUSR1);
  raise(SIGUSR1);
  struct pollfd polled = {.fd = fd, .events = POLLIN};
  show("poll", poll(&polled, 1, 0));
  show("short read", read(fd, info, 100));
  long size = read(fd, info, sizeof info);
  show("read", size);
  for (unsigned i = 0; i < size / sizeof *info; i++)
    printf("signal %u code %d own pid %d\n", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_pid == (unsigned)getpid());
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR2);
  show("new mask", signalfd(fd, &one, 0) == fd);
  raise(SIGUSR1);
  show("not taken any more", read(fd, info, sizeof info));
  sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 77});
  show("read", read(fd, info, sizeof info));
  printf("value %d\n", info[0].ssi_int);
  int ep = epoll_create1(0);
  ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 9);
  raise(SIGUSR2);
  wait_show("epoll", ep, 0);
  close(ep), close(fd);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  basics();
  order();
  nesting();
  interrupted();
  counter();
  signals();
  return 0;
}
