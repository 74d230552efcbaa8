/*
 * System calls that move as much as one call may. Prints what each gave, and whether the bytes are right.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#define MB (1L << 20)
#define COUNT 1024

static struct iovec vector[COUNT];

int main(void) {
  char *buffer = mmap(NULL, 64 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < COUNT; i++) vector[i] = (struct iovec){buffer, MB};
  memset(buffer, 'x', MB);

  int zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_WRONLY);
  printf("readv %zd\n", readv(zero, vector, COUNT));
  printf("writev %zd\n", writev(null, vector, COUNT));
  printf("getrandom %zd\n", getrandom(buffer, 64 * MB, 0));

  int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), copy = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
  printf("write %zd\n", writev(file, vector, 48));
  printf("lseek %ld\n", (long)lseek(file, 0, SEEK_CUR));
  printf("pread %zd\n", pread(file, buffer + 16 * MB, 48 * MB, 0));
  printf("same %d\n", memcmp(buffer, buffer + 16 * MB, MB) == 0 && memcmp(buffer, buffer + 63 * MB, MB) == 0);
  lseek(file, 0, SEEK_SET);
  printf("copy_file_range %zd\n", copy_file_range(file, NULL, copy, NULL, 48 * MB, 0));
  lseek(copy, 0, SEEK_SET);
  printf("sendfile %zd\n", sendfile(null, copy, NULL, 1L << 40));
}
