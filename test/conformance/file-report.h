/*
 * What the conformance programs of the file calls share: each call is printed with its result, errors by name, so that a run on Linux and
 * one in Ringfence can be compared byte by byte. Programs run in an empty directory and print nothing that depends on the machine.
 */
#ifndef FILE_REPORT_H
#define FILE_REPORT_H
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls once, prints the text of the call and what came of it. Descriptors are shown as "fd". */
#define TRY(call) report(#call, (call))
#define TRY_FD(call) report_fd(#call, (call))

static inline long report(const char *text, long result) {
  if (result < 0) printf("%s: %s\n", text, strerrorname_np(errno));
  else printf("%s: %ld\n", text, result);
  return result;
}

static inline int report_fd(const char *text, int fd) {
  printf("%s: %s\n", text, fd < 0 ? strerrorname_np(errno) : "fd");
  return fd;
}

static inline void show_stat(const char *label, const struct stat *s) {
  const char *type = S_ISDIR(s->st_mode) ? "dir" : S_ISREG(s->st_mode) ? "file" : S_ISLNK(s->st_mode) ? "link" : S_ISFIFO(s->st_mode) ? "fifo" : "other";
  printf("%s: %s %04o nlink %ld", label, type, (unsigned)s->st_mode & 07777, (long)s->st_nlink);
  if (!S_ISDIR(s->st_mode)) printf(" size %lld", (long long)s->st_size);
  printf("\n");
}

static inline void show(const char *path) {
  struct stat s;
  if (lstat(path, &s) < 0) printf("%s: %s\n", path, strerrorname_np(errno));
  else show_stat(path, &s);
}

static inline void show_fd(const char *label, int fd) {
  struct stat s;
  if (fstat(fd, &s) < 0) printf("%s: %s\n", label, strerrorname_np(errno));
  else show_stat(label, &s);
}

static inline void make(const char *path, const char *content) {
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (fd < 0 || write(fd, content, strlen(content)) < 0) printf("cannot make %s: %s\n", path, strerrorname_np(errno));
  close(fd);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Entries in order of name, without '.' and '..'. */
static inline void list(const char *path) {
  char *names[1024];
  int count = 0;
  DIR *dir = opendir(path);
  printf("ls %s:", path);
  if (dir == NULL) { printf(" %s\n", strerrorname_np(errno)); return; }
  for (struct dirent *entry; count < 1024 && (entry = readdir(dir)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names[count++] = strdup(entry->d_name);
  closedir(dir);
  qsort(names, (size_t)count, sizeof *names, by_name);
  for (int i = 0; i < count; i++) printf(" %s", names[i]);
  printf("\n");
}

static inline void read_all(const char *label, int fd) {
  char buffer[256];
  ssize_t count = pread(fd, buffer, sizeof buffer, 0);
  if (count < 0) printf("%s: %s\n", label, strerrorname_np(errno));
  else printf("%s: '%.*s'\n", label, (int)count, buffer);
}

#endif
