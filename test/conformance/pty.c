/* Pseudoterminals: opening, termios, window size, VMIN and VTIME, packet mode, sessions, job control, hang-up. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int out;

static void say(const char *format, ...) {
  char line[400];
  va_list list;
  __builtin_va_start(list, format);
  int length = vsnprintf(line, sizeof line, format, list);
  __builtin_va_end(list);
  write(out, line, length);
}

static void show(const char *what, long value) { say("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static void text(const char *what, int fd) {
  char bytes[200];
  usleep(3000);
  long count = read(fd, bytes, sizeof bytes);
  if (count < 0) return show(what, count);
  say("%s: %ld \"", what, count);
  for (long i = 0; i < count; i++) say(bytes[i] >= 32 && bytes[i] < 127 ? "%c" : "\\%03o", (unsigned char)bytes[i]);
  say("\"\n");
}

static void events(const char *what, int fd) {
  struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};
  int count = poll(&polled, 1, 0);
  say("%s: %d %#x\n", what, count, polled.revents);
}

static volatile int last_signal;
static void on_signal(int signo) { last_signal = signo; }
/** A busy machine takes its time until a signal comes. */
static void heard(const char *what, int wait_ms) {
  for (int ms = 0; ms < wait_ms && last_signal == 0; ms++) usleep(1000);
  say("%s: signal %d\n", what, last_signal);
  last_signal = 0;
}

static int master, slave;

static void open_pair(void) {
  master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  slave = open(ptsname(master), O_RDWR | O_NOCTTY);
}

static void close_pair(void) { close(slave), close(master); }

static void opening(void) {
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  char *name = ptsname(master);
  int locked = -1, number = -1;
  show("TIOCGPTN", ioctl(master, TIOCGPTN, &number));
  say("name %d\n", strncmp(name, "/dev/pts/", 9) == 0 && atoi(name + 9) == number);
  show("TIOCGPTLCK", ioctl(master, TIOCGPTLCK, &locked));
  say("locked %d\n", locked);
  show("open of a locked slave", open(name, O_RDWR | O_NOCTTY));
  show("unlockpt", unlockpt(master));
  slave = open(name, O_RDWR | O_NOCTTY);
  show("open", slave >= 0);
  struct stat st;
  fstat(slave, &st);
  say("type %o rdev %d %d\n", st.st_mode & S_IFMT, (int)(st.st_rdev >> 8), (int)(st.st_rdev & 255) == number);
  show("isatty", isatty(slave));
  show("isatty of the master", isatty(master));
  say("ttyname %d\n", ttyname(slave) != NULL && strcmp(ttyname(slave), name) == 0);
  show("TIOCGPTN of the slave", ioctl(slave, TIOCGPTN, &number));
  int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  show("TIOCGPTPEER", peer >= 0);
  say("ttyname of the peer %d\n", ttyname(peer) != NULL && strcmp(ttyname(peer), name) == 0);
  close(peer);
  struct winsize size = {1, 2, 3, 4};
  show("TIOCGWINSZ", ioctl(slave, TIOCGWINSZ, &size));
  say("size %d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
  size = (struct winsize){24, 80, 0, 0};
  show("TIOCSWINSZ", ioctl(master, TIOCSWINSZ, &size));
  ioctl(slave, TIOCGWINSZ, &size);
  say("size %d %d\n", size.ws_row, size.ws_col);
  struct termios modes;
  show("tcgetattr", tcgetattr(slave, &modes));
  say("modes %o %o %o %o\n", modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag);
  for (int i = 0; i < 17; i++) say(" %d", modes.c_cc[i]);
  say("\nspeed %d %d\n", cfgetospeed(&modes) == B38400, cfgetispeed(&modes) == B38400);
  cfsetspeed(&modes, B9600);
  modes.c_cflag = (modes.c_cflag & ~CSIZE) | CS7 | PARENB;
  show("tcsetattr", tcsetattr(slave, TCSADRAIN, &modes));
  tcgetattr(master, &modes);
  say("cflag %o speed %d\n", modes.c_cflag, cfgetospeed(&modes) == B9600);
  show("lseek", lseek(slave, 0, SEEK_SET));
  show("pread", pread(slave, &modes, 1, 0));
  int line = -1;
  show("TIOCGETD", ioctl(slave, TIOCGETD, &line));
  say("line %d\n", line);
  show("unknown request", ioctl(slave, 0x54ff, &line));
  show("TIOCGSID without a session", ioctl(slave, TIOCGSID, &line));
  show("tcgetpgrp of a stranger", tcgetpgrp(slave));
  show("tcgetpgrp of the master", tcgetpgrp(master));
  show("tcsendbreak", tcsendbreak(slave, 0));
  show("tcdrain", tcdrain(slave));
  show("TIOCEXCL", ioctl(slave, TIOCEXCL));
  ioctl(slave, TIOCNXCL);
  events("master", master);
  events("slave", slave);
  write(slave, "out\n", 4);
  events("master with output", master);
  text("master reads", master);
  write(master, "in\n", 3);
  events("slave with input", slave);
  text("slave reads", slave);
  text("echo", master);
  close(slave);
  events("master after the slave's close", master);
  text("master reads", master);
  show("master writes", write(master, "kept\n", 5));
  slave = open(name, O_RDWR | O_NOCTTY);
  text("slave opened again reads", slave);
  text("echo", master);
  close(master);
  events("slave after the master's close", slave);
  text("slave reads", slave);
  show("slave writes", write(slave, "x", 1));
  show("tcgetattr", tcgetattr(slave, &modes));
  show("open of the name", open(name, O_RDWR | O_NOCTTY));
  close(slave);
}

static long tenths(const struct timespec *since) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ((now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000 + 30) / 100;
}

/** `expected` tenths of a second; a busy machine may take some more. */
static void timing(int min, int time, const char *typed, int delay_ms, long expected) {
  struct termios modes;
  tcgetattr(slave, &modes);
  cfmakeraw(&modes);
  modes.c_cc[VMIN] = min;
  modes.c_cc[VTIME] = time;
  tcsetattr(slave, TCSAFLUSH, &modes);
  pid_t child = fork();
  if (child == 0) {
    for (; *typed; typed++) {
      usleep(delay_ms * 1000);
      write(master, typed, 1);
    }
    _exit(0);
  }
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  char bytes[8];
  long count = read(slave, bytes, sizeof bytes);
  long took = tenths(&start);
  if (took > expected && took < expected + 4) took = expected;
  say("VMIN %d VTIME %d: %ld after %ld tenths\n", min, time, count, took);
  waitpid(child, NULL, 0);
}

static void packets(void) {
  open_pair();
  show("TIOCPKT", ioctl(master, TIOCPKT, &(int){1}));
  write(slave, "data", 4);
  text("data", master);
  tcflush(slave, TCIFLUSH);
  events("after flush", master);
  text("flush", master);
  tcflow(slave, TCOOFF);
  text("stop", master);
  tcflow(slave, TCOON);
  text("start", master);
  struct termios modes;
  tcgetattr(slave, &modes);
  modes.c_iflag &= ~IXON;
  tcsetattr(slave, TCSANOW, &modes);
  text("no flow control", master);
  close_pair();
}

static void session(void) {
  open_pair();
  fflush(stdout);
  pid_t leader = fork();
  if (leader != 0) {
    int status;
    waitpid(leader, &status, 0);
    say("leader ended %d\n", status);
    events("master after the session", master);
    close_pair();
    return;
  }
  static const int watched[] = {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGHUP, SIGCONT};
  for (unsigned i = 0; i < sizeof watched / sizeof *watched; i++) signal(watched[i], on_signal);
  show("TIOCSCTTY before setsid", ioctl(slave, TIOCSCTTY, 0));
  show("setsid", setsid() == getpid());
  show("/dev/tty", open("/dev/tty", O_RDWR));
  int again = open(ptsname(master), O_RDWR | O_NOCTTY);
  show("tcgetpgrp with O_NOCTTY", tcgetpgrp(again));
  close(again);
  again = open(ptsname(master), O_WRONLY);
  show("tcgetpgrp, opened for writing", tcgetpgrp(again));
  close(again);
  again = open(ptsname(master), O_RDWR);
  show("tcgetpgrp, opened", tcgetpgrp(again) == getpid());
  show("tcgetsid", tcgetsid(again) == getpid());
  show("tcgetpgrp of the master", tcgetpgrp(master) == getpid());
  show("TIOCSCTTY again", ioctl(slave, TIOCSCTTY, 0));
  int tty = open("/dev/tty", O_RDWR);
  show("/dev/tty", tty >= 0);
  show("isatty", isatty(tty));
  close(tty);
  write(master, "\003", 1), heard("VINTR", 5000);
  write(master, "\034", 1), heard("VQUIT", 5000);
  write(master, "\032", 1), heard("VSUSP", 5000);
  struct winsize size = {30, 90, 0, 0};
  ioctl(master, TIOCSWINSZ, &size), heard("TIOCSWINSZ", 5000);
  ioctl(master, TIOCSWINSZ, &size), heard("TIOCSWINSZ to the same", 5);
  text("echoes", master);
  show("tcsetpgrp to nobody", tcsetpgrp(slave, 1 << 22));
  show("tcsetpgrp to another session", tcsetpgrp(slave, getppid()));
  show("tcsetpgrp negative", ioctl(slave, TIOCSPGRP, &(int){-1}));
  show("tcsetpgrp of stdin", tcsetpgrp(0, getpid()));
  /* A child in the background. */
  pid_t job = fork();
  if (job == 0) {
    setpgid(0, 0);
    char byte;
    signal(SIGTTOU, SIG_IGN);
    show("background, SIGTTOU ignored: tcsetattr", tcsetpgrp(slave, tcgetpgrp(slave)));
    signal(SIGTTOU, SIG_DFL);
    signal(SIGTTIN, SIG_IGN);
    show("background, SIGTTIN ignored: read", read(slave, &byte, 1));
    signal(SIGTTIN, SIG_DFL);
    show("background write", write(slave, "bg", 2));
    read(slave, &byte, 1);
    say("continued in the foreground, read '%c'\n", byte);
    struct termios modes;
    tcgetattr(slave, &modes);
    tcsetattr(slave, TCSANOW, &modes);
    say("continued in the foreground, set modes\n");
    _exit(3);
  }
  int status;
  waitpid(job, &status, WUNTRACED);
  say("stopped by SIGTTIN %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
  text("master reads", master);
  write(master, "y\n", 2);
  usleep(3000);
  show("tcsetpgrp", tcsetpgrp(slave, job));
  kill(-job, SIGCONT);
  usleep(20000);
  waitpid(job, &status, 0);
  say("job ended %d\n", WEXITSTATUS(status));
  signal(SIGTTOU, SIG_IGN);
  show("tcsetpgrp back", tcsetpgrp(slave, getpid()));
  signal(SIGTTOU, SIG_DFL);
  job = fork();
  if (job == 0) {
    setpgid(0, 0);
    struct termios modes;
    tcgetattr(slave, &modes);
    modes.c_lflag |= TOSTOP;
    tcsetattr(slave, TCSANOW, &modes);
    say("set TOSTOP\n");
    _exit(write(slave, "x", 1));
  }
  waitpid(job, &status, WUNTRACED);
  say("stopped by SIGTTOU %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
  kill(job, SIGKILL);
  waitpid(job, &status, 0);
  /* An orphaned group in the background gets EIO. */
  int p[2];
  pipe(p);
  job = fork();
  if (job == 0) {
    if (fork() == 0) {
      setpgid(0, 0);
      usleep(30000);
      char byte;
      show("orphaned: read", read(slave, &byte, 1));
      _exit(0);
    }
    _exit(0);
  }
  close(p[1]);
  waitpid(job, NULL, 0);
  read(p[0], p, 1);
  /* Giving it up. */
  show("TIOCNOTTY", ioctl(slave, TIOCNOTTY));
  heard("TIOCNOTTY", 5000);
  show("/dev/tty", open("/dev/tty", O_RDWR));
  show("tcgetpgrp", tcgetpgrp(slave));
  show("TIOCSCTTY", ioctl(slave, TIOCSCTTY, 0));
  close(p[0]);
  pipe(p);
  job = fork();
  if (job == 0) {
    signal(SIGHUP, SIG_DFL);
    write(p[1], "", 1);
    for (;;) pause();
  }
  read(p[0], &(char){0}, 1);
  close(p[0]);
  close(p[1]);
  last_signal = 0;
  signal(SIGCONT, SIG_DFL);
  close(slave);
  close(again);
  _exit(0);
}

static void hangup(void) {
  open_pair();
  pid_t leader = fork();
  if (leader == 0) {
    close(master);
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    signal(SIGHUP, on_signal);
    char byte;
    long count = read(slave, &byte, 1);
    show("read of the hung up", count < 0 ? count : count);
    heard("master closed", 5000);
    show("write", write(slave, "x", 1));
    show("/dev/tty", open("/dev/tty", O_RDWR));
    _exit(0);
  }
  close(slave);
  usleep(20000);
  close(master);
  waitpid(leader, NULL, 0);
}

int main(void) {
  out = dup(1);
  opening();
  open_pair();
  timing(0, 0, "", 0, 0);
  timing(0, 2, "", 0, 2);
  timing(0, 5, "a", 100, 1);
  timing(1, 0, "a", 100, 1);
  timing(3, 0, "abc", 100, 3);
  timing(3, 4, "ab", 100, 6);
  timing(2, 5, "ab", 100, 2);
  close_pair();
  packets();
  session();
  hangup();
  return 0;
}
