/* pipe2, PIPE_BUF and capacity, packets, SIGPIPE, FIFOs, F_SETPIPE_SZ, FIONREAD, interrupted transfers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static void events(const char *what, int fd) {
  struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLPRI};
  int count = poll(&polled, 1, 0);
  printf("%s: %d %#x\n", what, count, polled.revents);
}

static char bytes[300000];
static volatile int signals;
static void on_signal(int signo) { (void)signo; signals++; }

static void capacity(int size) {
  int p[2];
  pipe2(p, O_NONBLOCK);
  long total = 0, last = 0, count;
  while ((count = write(p[1], bytes, size)) > 0) total += last = count;
  printf("writes of %d: %ld, last %ld\n", size, total, last);
  events("full", p[1]);
  read(p[0], bytes, 1);
  show("write 1 after reading 1", write(p[1], bytes, 1));
  read(p[0], bytes, 4095);
  show("write 5000 after reading a page", write(p[1], bytes, 5000));
  int left;
  show("FIONREAD", ioctl(p[0], FIONREAD, &left));
  printf("left %d\n", left);
  close(p[0]);
  close(p[1]);
}

static void ends(void) {
  int p[2];
  pipe(p);
  struct stat st;
  fstat(p[0], &st);
  printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
  show("read end F_GETFL", fcntl(p[0], F_GETFL));
  show("write end F_GETFL", fcntl(p[1], F_GETFL));
  show("write to read end", write(p[0], "x", 1));
  show("read from write end", read(p[1], bytes, 1));
  show("lseek", lseek(p[0], 0, SEEK_SET));
  show("pread", pread(p[0], bytes, 1, 0));
  show("fsync", fsync(p[0]));
  show("ftruncate", ftruncate(p[1], 0));
  show("ioctl TCGETS", ioctl(p[0], 0x5401, bytes));
  events("empty read end", p[0]);
  events("empty write end", p[1]);
  show("write", write(p[1], "hello", 5));
  events("read end with data", p[0]);
  show("write 0", write(p[1], "", 0));
  show("read 0", read(p[0], bytes, 0));
  show("bad address", write(p[1], (void *)1, 3));
  show("bad address to read", read(p[0], (void *)1, 3));
  show("read", read(p[0], bytes, 100));
  struct iovec parts[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  show("writev", writev(p[1], parts, 3));
  close(p[1]);
  events("read end after close of the other", p[0]);
  show("read", read(p[0], bytes, 100));
  events("at the end", p[0]);
  show("read", read(p[0], bytes, 100));
  close(p[0]);
  pipe(p);
  close(p[0]);
  events("write end after close of the other", p[1]);
  signal(SIGPIPE, on_signal);
  show("write", write(p[1], "x", 1));
  printf("signals %d\n", signals);
  show("write 0", write(p[1], "x", 0));
  signal(SIGPIPE, SIG_IGN);
  show("write, ignored", write(p[1], "x", 1));
  close(p[1]);
  show("pipe2 flags", pipe2(p, O_APPEND));
  show("pipe2 address", pipe2((int *)8, 0));
  show("next descriptor", dup(0));
  close(3);
}

static void packets(void) {
  int p[2];
  pipe2(p, O_DIRECT | O_NONBLOCK | O_CLOEXEC);
  show("F_GETFD", fcntl(p[0], F_GETFD));
  show("F_GETFL", fcntl(p[1], F_GETFL) & ~O_NONBLOCK);
  write(p[1], "abc", 3);
  write(p[1], "defg", 4);
  write(p[1], bytes, 5000);
  show("read 2", read(p[0], bytes, 2));
  show("read", read(p[0], bytes, 100));
  show("read", read(p[0], bytes, 10000));
  show("read", read(p[0], bytes, 10000));
  show("read", read(p[0], bytes, 10000));
  close(p[0]);
  close(p[1]);
}

static void size(void) {
  int p[2];
  pipe2(p, O_NONBLOCK);
  show("F_GETPIPE_SZ", fcntl(p[0], F_GETPIPE_SZ));
  show("F_SETPIPE_SZ 5000", fcntl(p[0], F_SETPIPE_SZ, 5000));
  write(p[1], bytes, 8192);
  show("F_SETPIPE_SZ 1", fcntl(p[1], F_SETPIPE_SZ, 1));
  show("write to full", write(p[1], bytes, 1));
  show("F_SETPIPE_SZ 200000", fcntl(p[1], F_SETPIPE_SZ, 200000));
  show("write", write(p[1], bytes, 300000));
  show("read", read(p[0], bytes, 300000));
  show("F_SETPIPE_SZ 0", fcntl(p[1], F_SETPIPE_SZ, 0));
  show("F_SETPIPE_SZ -1", fcntl(p[1], F_SETPIPE_SZ, -1));
  show("F_GETPIPE_SZ of a file", fcntl(open("/dev/null", O_RDONLY), F_GETPIPE_SZ));
  close(p[0]);
  close(p[1]);
}

/* A large write waits for its reader, goes on, and is cut short by a signal. */
static void waiting(void) {
  int p[2];
  pipe(p);
  pid_t reader = fork();
  if (reader == 0) {
    close(p[1]);
    long total = 0, count;
    while ((count = read(p[0], bytes, 7777)) > 0) total += count;
    printf("reader got %ld\n", total);
    exit(0);
  }
  show("large write", write(p[1], bytes, 300000));
  close(p[1]);
  close(p[0]);
  waitpid(reader, NULL, 0);
  pipe(p);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, 30000}};
  signals = 0;
  setitimer(ITIMER_REAL, &timer, NULL);
  show("interrupted write", write(p[1], bytes, 100000));
  printf("signals %d\n", signals);
  setitimer(ITIMER_REAL, &timer, NULL);
  show("interrupted write to a full pipe", write(p[1], bytes, 100));
  read(p[0], bytes, 65536);
  setitimer(ITIMER_REAL, &timer, NULL);
  show("interrupted read", read(p[0], bytes, 100));
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
  pid_t writer = fork();
  if (writer == 0) {
    usleep(90000);
    write(p[1], "later", 5);
    _exit(0);
  }
  setitimer(ITIMER_REAL, &timer, NULL);
  show("restarted read", read(p[0], bytes, 100));
  waitpid(writer, NULL, 0);
  /* The last reader goes while a writer waits. */
  pid_t closer = fork();
  if (closer == 0) {
    close(p[1]);
    usleep(60000);
    _exit(0);
  }
  close(p[0]);
  signals = 0;
  signal(SIGPIPE, on_signal);
  show("write until the reader goes", write(p[1], bytes, 100000));
  printf("signals %d\n", signals);
  waitpid(closer, NULL, 0);
  close(p[1]);
}

static void fifo(void) {
  show("mkfifo", mkfifo("fifo", 0600));
  show("O_WRONLY|O_NONBLOCK without reader", open("fifo", O_WRONLY | O_NONBLOCK));
  int in = open("fifo", O_RDONLY | O_NONBLOCK);
  show("O_RDONLY|O_NONBLOCK", in >= 0);
  events("no writer yet", in);
  show("read", read(in, bytes, 10));
  int out = open("fifo", O_WRONLY | O_NONBLOCK);
  show("O_WRONLY|O_NONBLOCK", out >= 0);
  show("read", read(in, bytes, 10));
  show("write", write(out, "fifo", 4));
  close(out);
  events("writer gone, data left", in);
  show("read", read(in, bytes, 10));
  events("writer gone", in);
  show("read", read(in, bytes, 10));
  out = open("fifo", O_RDWR);
  show("O_RDWR", out >= 0);
  events("O_RDWR", out);
  show("write", write(out, "x", 1));
  show("read back", read(out, bytes, 10));
  close(out);
  close(in);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    usleep(30000);
    int fd = open("fifo", O_WRONLY);
    write(fd, "met", 3);
    _exit(0);
  }
  in = open("fifo", O_RDONLY);
  show("blocking open met a writer", in >= 0);
  waitpid(child, NULL, 0);
  show("read", read(in, bytes, 10));
  show("read", read(in, bytes, 10));
  close(in);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, 30000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  show("interrupted open", open("fifo", O_RDONLY));
  show("no reader was left behind", open("fifo", O_WRONLY | O_NONBLOCK));
  setitimer(ITIMER_REAL, &timer, NULL);
  show("interrupted open for writing", open("fifo", O_WRONLY));
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  static const int sizes[] = {1, 100, 3000, 4095, 4096, 4097, 10000, 70000};
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) capacity(sizes[i]);
  ends();
  packets();
  size();
  waiting();
  fifo();
  return 0;
}
