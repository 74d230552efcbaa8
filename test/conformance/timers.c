/* Interval timers, POSIX timers, timerfd and clocks. Times are long against each other, so that a busy machine gives the same facts. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static volatile int alarms, code, value, overrun;
static void on_alarm(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  alarms++;
  code = info->si_code;
  value = info->si_value.sival_int;
  overrun = info->si_overrun;
}

static void interval(void) {
  struct itimerval one = {.it_value = {0, 20000}}, now;
  show("set", setitimer(ITIMER_REAL, &one, NULL));
  pause();
  show("alarms", alarms);
  getitimer(ITIMER_REAL, &now);
  show("disarmed", now.it_value.tv_sec == 0 && now.it_value.tv_usec == 0);
  struct itimerval every = {.it_value = {0, 10000}, .it_interval = {0, 10000}};
  setitimer(ITIMER_REAL, &every, NULL);
  while (alarms < 4) pause();
  getitimer(ITIMER_REAL, &now);
  show("interval", now.it_interval.tv_usec);
  setitimer(ITIMER_REAL, &(struct itimerval){0}, &now);
  show("alarm", alarm(100));
  show("alarm left", alarm(0));
  show("bad which", setitimer(7, &one, NULL));
  show("bad usec", setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 1000000}}, NULL));
  show("bad get", getitimer(-1, &now));
  alarms = 0;
  signal(SIGVTALRM, SIG_DFL);
  struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
  sigaction(SIGVTALRM, &action, NULL);
  sigaction(SIGPROF, &action, NULL);
  setitimer(ITIMER_VIRTUAL, &one, NULL);
  while (alarms == 0) continue;
  show("virtual", alarms);
  setitimer(ITIMER_PROF, &one, NULL);
  while (alarms == 1) continue;
  show("profile", alarms);
}

static void posix(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value = {.sival_int = 42}};
  struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  alarms = 0;
  show("create", timer_create(CLOCK_MONOTONIC, &event, &timer));
  struct itimerspec spec = {.it_value = {0, 20000000}}, now;
  show("settime", timer_settime(timer, 0, &spec, NULL));
  while (alarms == 0) pause();
  printf("code %d value %d overrun %d\n", code, value, overrun);
  timer_gettime(timer, &now);
  show("disarmed", now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  spec.it_interval.tv_nsec = 1000000;
  timer_settime(timer, 0, &spec, NULL);
  nanosleep(&(struct timespec){0, 100000000}, NULL);
  siginfo_t info;
  show("taken", sigwaitinfo(&set, &info) == SIGUSR1);
  show("overruns", info.si_overrun > 20);
  show("same", timer_getoverrun(timer) == info.si_overrun);
  show("delete", timer_delete(timer));
  show("again", timer_delete(timer));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  show("bad clock", timer_create(77, &event, &timer));
  event.sigev_signo = 99;
  show("bad signal", timer_create(CLOCK_REALTIME, &event, &timer));
  event.sigev_notify = SIGEV_NONE;
  show("none", timer_create(CLOCK_REALTIME, &event, &timer));
  show("bad time", timer_settime(timer, 0, &(struct itimerspec){.it_value = {0, 1000000000}}, NULL));
  show("past", timer_settime(timer, TIMER_ABSTIME, &(struct itimerspec){.it_value = {1, 0}}, NULL));
  timer_gettime(timer, &now);
  show("over", now.it_value.tv_sec);
  timer_settime(timer, 0, &(struct itimerspec){.it_value = {1000, 0}}, NULL);
  timer_gettime(timer, &now);
  show("runs", now.it_value.tv_sec == 999);
}

static void descriptor(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  uint64_t expirations;
  show("bad clock", timerfd_create(99, 0));
  show("bad flags", timerfd_create(CLOCK_MONOTONIC, 1));
  show("read, not armed", read(fd, &expirations, 8));
  struct itimerspec spec = {.it_value = {0, 20000000}, .it_interval = {0, 1000000}}, now;
  show("settime", timerfd_settime(fd, 0, &spec, NULL));
  struct pollfd wait = {.fd = fd, .events = POLLIN | POLLOUT};
  show("poll", poll(&wait, 1, 5000));
  show("events", wait.revents);
  nanosleep(&(struct timespec){0, 30000000}, NULL);
  show("short read", read(fd, &expirations, 4));
  show("read", read(fd, &expirations, 8));
  show("many", expirations > 5);
  timerfd_gettime(fd, &now);
  show("interval", now.it_interval.tv_nsec);
  spec = (struct itimerspec){.it_value = {1, 0}};
  show("absolute, past", timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL));
  poll(&wait, 1, 5000);
  show("read", read(fd, &expirations, 8));
  show("once", expirations);
  show("bad time", timerfd_settime(fd, 0, &(struct itimerspec){.it_value = {0, -1}}, NULL));
  show("bad flag", timerfd_settime(fd, 64, &spec, NULL));
  show("write", write(fd, &expirations, 8));
  show("lseek", lseek(fd, 0, SEEK_SET));
  show("settime of a file", timerfd_settime(0, 0, &spec, NULL));
  close(fd);
  fd = timerfd_create(CLOCK_REALTIME, 0);
  timerfd_settime(fd, 0, &(struct itimerspec){.it_value = {0, 20000000}}, NULL);
  show("blocking read", read(fd, &expirations, 8));
  show("once", expirations);
}

static void clocks(void) {
  struct timespec a, b;
  static const int ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
  for (unsigned i = 0; i < sizeof ids / sizeof *ids; i++) {
    int first = clock_gettime(ids[i], &a);
    clock_gettime(ids[i], &b);
    int goes_on = b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec);
    printf("clock %d: %d, goes on %d, resolution %d\n", ids[i], first, goes_on, clock_getres(ids[i], &b));
  }
  show("no clock", clock_gettime(55, &a));
  clockid_t of;
  errno = clock_getcpuclockid(getpid(), &of);
  show("own clock", errno == 0 && clock_gettime(of, &a) == 0);
  show("set monotonic", clock_settime(CLOCK_MONOTONIC, &a));
  show("sleep on CPU time of a thread", clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &a, NULL));
  show("bad nanosleep", nanosleep(&(struct timespec){0, 1000000000}, NULL));
  show("negative nanosleep", nanosleep(&(struct timespec){-1, 0}, NULL));
  clock_gettime(CLOCK_MONOTONIC, &a);
  show("absolute, past", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &a, NULL));
  a.tv_nsec += 20000000;
  if (a.tv_nsec >= 1000000000) a.tv_sec++, a.tv_nsec -= 1000000000;
  show("absolute", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &a, NULL));
  clock_gettime(CLOCK_MONOTONIC, &b);
  show("not early", b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
  sigaction(SIGALRM, &action, NULL);
  interval();
  posix();
  descriptor();
  clocks();
  return 0;
}
