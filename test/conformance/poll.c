/* poll, ppoll, select, pselect: masks, timeouts, signals, bad descriptors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static volatile int signals;
static void on_signal(int signo) { (void)signo; signals++; }

static long elapsed_ms(const struct timespec *since) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void polls(void) {
  int p[2];
  pipe(p);
  int file = open("file", O_RDWR | O_CREAT, 0600);
  struct pollfd fds[] = {
    {.fd = p[0], .events = POLLIN}, {.fd = p[1], .events = POLLOUT}, {.fd = -1, .events = POLLIN, .revents = 7},
    {.fd = 99, .events = POLLIN},   {.fd = file, .events = 0x7fff},  {.fd = p[1], .events = 0},
  };
  show("poll", poll(fds, 6, 0));
  for (int i = 0; i < 6; i++) printf(" %#x", fds[i].revents);
  printf("\n");
  write(p[1], "x", 1);
  show("poll", poll(fds, 2, -1));
  printf(" %#x %#x\n", fds[0].revents, fds[1].revents);
  read(p[0], fds, 0);
  char byte;
  read(p[0], &byte, 1);
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  show("poll times out", poll(fds, 1, 40));
  long ms = elapsed_ms(&start);
  printf("in time: %d\n", ms >= 40 && ms < 1000);
  show("nothing to poll", poll(NULL, 0, 1));
  show("bad address", poll((void *)8, 1, 0));
  show("too many", poll(fds, 1u << 30, 0));
  pid_t child = fork();
  if (child == 0) {
    usleep(30000);
    write(p[1], "y", 1);
    _exit(0);
  }
  show("woken", poll(fds, 1, 5000));
  waitpid(child, NULL, 0);
  read(p[0], &byte, 1);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  show("interrupted in spite of SA_RESTART", poll(fds, 1, 5000));
  close(p[1]);
  show("hang-up", poll(fds, 1, -1));
  printf(" %#x\n", fds[0].revents);
  fds[0].events = 0;
  show("hang-up unasked", poll(fds, 1, -1));
  close(p[0]);
  close(file);
}

static void ppolls(void) {
  sigset_t blocked, none;
  sigemptyset(&none);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  signal(SIGUSR1, on_signal);
  signals = 0;
  raise(SIGUSR1);
  struct timespec time = {0, 50000000};
  show("ppoll, signal blocked", ppoll(NULL, 0, &(struct timespec){0, 1000000}, &blocked));
  printf("signals %d\n", signals);
  show("ppoll, signal let through", ppoll(NULL, 0, &time, &none));
  printf("signals %d\n", signals);
  sigset_t now;
  sigprocmask(SIG_SETMASK, NULL, &now);
  printf("blocked again: %d\n", sigismember(&now, SIGUSR1));
  show("negative time", ppoll(NULL, 0, &(struct timespec){-1, 0}, NULL));
  show("nanoseconds", ppoll(NULL, 0, &(struct timespec){0, 1000000000}, NULL));
  int p[2];
  pipe(p);
  write(p[1], "x", 1);
  raise(SIGUSR1);
  struct pollfd polled = {.fd = p[0], .events = POLLIN};
  show("ready before the signal", ppoll(&polled, 1, NULL, &none));
  printf("signals %d\n", signals);
  time = (struct timespec){10, 0};
  show("raw ppoll", syscall(SYS_ppoll, &polled, 1, &time, NULL, 8));
  printf("time left is written back: %d\n", time.tv_sec == 9);
  show("wrong mask size", syscall(SYS_ppoll, &polled, 1, &time, &none, 4));
  close(p[0]);
  close(p[1]);
}

static void selects(void) {
  int p[2];
  pipe(p);
  fd_set in, out, except;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_ZERO(&except);
  FD_SET(p[0], &in);
  FD_SET(p[1], &in);
  FD_SET(p[0], &out);
  FD_SET(p[1], &out);
  FD_SET(p[0], &except);
  struct timeval none = {0, 0};
  show("select", select(p[1] + 1, &in, &out, &except, &none));
  printf(" in %d%d out %d%d except %d\n", !!FD_ISSET(p[0], &in), !!FD_ISSET(p[1], &in), !!FD_ISSET(p[0], &out), !!FD_ISSET(p[1], &out),
         !!FD_ISSET(p[0], &except));
  write(p[1], "x", 1);
  FD_ZERO(&in);
  FD_SET(p[0], &in);
  FD_SET(p[1], &out);
  show("select", select(p[1] + 1, &in, &out, NULL, NULL));
  char byte;
  read(p[0], &byte, 1);
  FD_ZERO(&in);
  FD_SET(p[0], &in);
  show("times out", select(p[0] + 1, &in, NULL, NULL, &(struct timeval){0, 20000}));
  printf(" cleared %d\n", !FD_ISSET(p[0], &in));
  FD_SET(50, &in);
  show("bad descriptor", select(51, &in, NULL, NULL, &none));
  show("negative count", select(-1, NULL, NULL, NULL, &none));
  show("invalid time", select(0, NULL, NULL, NULL, &(struct timeval){-1, 0}));
  show("only a time", select(0, NULL, NULL, NULL, &(struct timeval){0, 1000}));
  close(p[1]);
  FD_ZERO(&in);
  FD_SET(p[0], &in);
  show("end of file is readable", select(p[0] + 1, &in, NULL, NULL, NULL));
  struct itimerval timer = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  FD_ZERO(&in);
  show("interrupted", select(0, &in, NULL, NULL, NULL));
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  show("pselect", pselect(0, NULL, NULL, NULL, &(struct timespec){0, 1000000}, &mask));
  raise(SIGUSR1);
  sigemptyset(&mask);
  show("pselect lets a signal through", pselect(0, NULL, NULL, NULL, NULL, &mask));
  close(p[0]);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  polls();
  ppolls();
  selects();
  return 0;
}
