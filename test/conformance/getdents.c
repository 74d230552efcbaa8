/* getdents64, readdir and positions in directories, on a tmpfs; sendfile, copy_file_range and splice; statx. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static void touch(const char *name) { close(open(name, O_CREAT | O_WRONLY, 0644)); }

static void list(const char *what, DIR *dir) {
  printf("%s:", what);
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) printf(" %s/%d", entry->d_name, entry->d_type);
  printf("\n");
}

static void directories(void) {
  char buffer[1024];
  touch("one"), mkdir("two", 0755), symlink("x", "three"), mkfifo("four", 0600), touch("five");
  DIR *dir = opendir(".");
  list("new", dir);
  unlink("three"), touch("six");
  rewinddir(dir);
  list("again", dir);
  rename("one", "seven");
  rewinddir(dir);
  list("renamed", dir);
  rewinddir(dir);
  for (int i = 0; i < 3; i++) readdir(dir);
  long at = telldir(dir);
  char *next = strdup(readdir(dir)->d_name);
  readdir(dir);
  seekdir(dir, at);
  show("seekdir", strcmp(readdir(dir)->d_name, next) == 0);
  closedir(dir);
  int fd = open(".", O_RDONLY | O_DIRECTORY);
  show("small buffer", syscall(SYS_getdents64, fd, buffer, 10));
  show("one entry", syscall(SYS_getdents64, fd, buffer, 24));
  show("bad buffer", syscall(SYS_getdents64, fd, (void *)8, 1000));
  show("the rest", syscall(SYS_getdents64, fd, buffer, sizeof buffer));
  show("end", syscall(SYS_getdents64, fd, buffer, sizeof buffer));
  show("of a file", syscall(SYS_getdents64, open("five", O_RDONLY), buffer, sizeof buffer));
  show("read of a directory", read(fd, buffer, 1));
  mkdir("gone", 0755);
  int gone = open("gone", O_RDONLY);
  rmdir("gone");
  show("removed", syscall(SYS_getdents64, gone, buffer, sizeof buffer));
  for (int i = 0; i < 300; i++) {
    char name[40];
    sprintf(name, "two/a rather long name, %d", i);
    touch(name);
  }
  dir = opendir("two");
  int seen = 0;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    seen++;
    unlinkat(dirfd(dir), entry->d_name, 0);
  }
  show("removed while reading", seen);
  show("rmdir", rmdir("two"));
}

static void copying(void) {
  char buffer[64] = "";
  int in = open("in", O_RDWR | O_CREAT, 0600), out = open("out", O_RDWR | O_CREAT, 0600);
  write(in, "0123456789", 10);
  off_t offset = 4;
  show("sendfile", sendfile(out, in, &offset, 100));
  show("offset", offset);
  show("position", lseek(in, 0, SEEK_CUR));
  lseek(in, 0, SEEK_SET);
  show("sendfile at the position", sendfile(out, in, NULL, 3));
  show("position", lseek(in, 0, SEEK_CUR));
  show("end", sendfile(out, in, &(off_t){50}, 3));
  show("negative", sendfile(out, in, &(off_t){-1}, 3));
  pread(out, buffer, 20, 0);
  printf("out has %s\n", buffer);
  int ends[2];
  pipe(ends);
  show("to a pipe", sendfile(ends[1], in, &(off_t){0}, 4));
  show("from a pipe", sendfile(out, ends[0], NULL, 4));
  show("splice from the pipe", splice(ends[0], NULL, out, &(off_t){0}, 4, 0));
  show("splice to the pipe", splice(in, &(off_t){2}, ends[1], NULL, 5, 0));
  show("offset of a pipe", splice(ends[0], &(off_t){0}, out, NULL, 5, 0));
  show("no pipe", splice(in, NULL, out, NULL, 5, 0));
  show("copy_file_range", copy_file_range(in, &(off_t){0}, out, &(off_t){20}, 100, 0));
  show("flags", copy_file_range(in, NULL, out, NULL, 1, 1));
  show("overlap", copy_file_range(in, &(off_t){0}, in, &(off_t){1}, 5, 0));
  int append = open("out", O_WRONLY | O_APPEND);
  show("append", sendfile(append, in, &(off_t){0}, 3));
  show("copy to append", copy_file_range(in, &(off_t){0}, append, NULL, 3, 0));
  show("size", lseek(out, 0, SEEK_END));
  show("hole", lseek(out, 0, SEEK_HOLE));
  show("data past the end", lseek(out, 1000, SEEK_DATA));
}

static void extended(void) {
  struct statx info;
  mkdir("d", 0750);
  chmod("in", 0640);
  show("statx", statx(AT_FDCWD, "in", 0, STATX_BASIC_STATS, &info));
  printf("mode %o links %u size %llu uid %u\n", info.stx_mode, info.stx_nlink, (unsigned long long)info.stx_size, info.stx_uid);
  show("basic", (info.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
  show("directory", statx(AT_FDCWD, "d", 0, STATX_ALL, &info));
  printf("mode %o links %u\n", info.stx_mode, info.stx_nlink);
  show("mount root", (statx(AT_FDCWD, "/proc", 0, 0, &info), (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0));
  show("empty path", statx(open("in", O_PATH), "", AT_EMPTY_PATH, STATX_SIZE, &info));
  show("empty path without the flag", statx(AT_FDCWD, "", 0, STATX_SIZE, &info));
  show("reserved", statx(AT_FDCWD, "in", 0, 0x80000000u, &info));
  show("both syncs", statx(AT_FDCWD, "in", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0, &info));
  show("bad flag", statx(AT_FDCWD, "in", 0x40000000, 0, &info));
  show("device", (statx(AT_FDCWD, "/dev/null", 0, STATX_TYPE, &info), info.stx_rdev_major * 1000 + info.stx_rdev_minor));
  symlink("in", "link");
  show("symlink", (statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &info), S_ISLNK(info.stx_mode)));
}

int main(void) {
  char place[] = "/dev/shm/getdents-XXXXXX";
  umask(022);
  if (mkdtemp(place) == NULL || chdir(place) != 0) perror(place);
  directories();
  copying();
  extended();
  chdir("/");
  char command[100];
  sprintf(command, "rm -r %s", place);
  return system(command);
}
