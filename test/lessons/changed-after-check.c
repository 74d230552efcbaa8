/*
 * A thread changes what a system call was given while the call runs: the path between "allowed" and "secret", the bytes and the
 * lengths of what is written. The kernel must act on its own copy: what it does is one of the two, never a mixture.
 *
 * changed-after-check ROUNDS; prints counts of what must not happen.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char path[16] = "allowed/file";
static volatile int stop;
static struct iovec vectors[2];
static char small[16] = "small", large[4096];

static void *change(void *unused) {
  (void)unused;
  while (!stop) {
    memcpy(path, "secret/", 7);
    vectors[0].iov_base = (void *)0xffffffd600000000;
    vectors[1].iov_len = sizeof large;
    memcpy(path, "allowed", 7);
    vectors[0].iov_base = small;
    vectors[1].iov_len = 3;
  }
  return 0;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 20000, mixtures = 0, wrong_lengths = 0, odd_errors = 0;
  mkdir("allowed", 0755);
  int file = open("allowed/file", O_RDWR | O_CREAT, 0644), out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (write(file, "allowed", 7) != 7) return 1;
  mkdir("secret", 0);
  vectors[0].iov_base = small;
  vectors[0].iov_len = 5;
  vectors[1].iov_base = large;
  vectors[1].iov_len = 3;
  pthread_t racer;
  pthread_create(&racer, 0, change, 0);
  for (int i = 0; i < rounds; i++) {
    int fd = open(path, O_RDONLY);
    char read_back[8] = "";
    if (fd >= 0) {
      if (read(fd, read_back, 7) != 7 || strcmp(read_back, "allowed") != 0) mixtures++;
      close(fd);
    } else if (errno != EACCES && errno != ENOENT) odd_errors++;
    ssize_t written = pwritev(out, vectors, 2, 0);
    if (written >= 0 && written != 8 && written != 5 + (ssize_t)sizeof large) wrong_lengths++;
    if (written < 0 && errno != EFAULT) odd_errors++;
  }
  stop = 1;
  pthread_join(racer, 0);
  printf("mixtures %d, wrong lengths %d, odd errors %d\n", mixtures, wrong_lengths, odd_errors);
  return 0;
}
