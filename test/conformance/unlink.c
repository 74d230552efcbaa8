/* unlink(2), rmdir(2): what is left of files and directories that lost their names. */
#include "file-report.h"

int main(void) {
  umask(022);
  make("f", "content");
  mkdir("d", 0755);
  mkdir("d/sub", 0755);
  symlink("d", "link");
  TRY(unlink("none"));
  TRY(unlink("d"));
  TRY(unlink("d/"));
  TRY(unlink("f/"));
  TRY(unlink("."));
  TRY(unlink("d/.."));
  TRY(unlink(""));
  TRY(rmdir("none"));
  TRY(rmdir("f"));
  TRY(rmdir("d"));
  TRY(rmdir("."));
  TRY(rmdir(".."));
  TRY(rmdir("d/."));
  TRY(rmdir("/"));
  TRY(rmdir("link"));
  TRY(rmdir("link/"));
  TRY(unlinkat(AT_FDCWD, "f", 1));
  TRY(link("f", "hard"));
  show("f");
  int fd = TRY_FD(open("f", O_RDWR));
  TRY(unlink("f"));
  show_fd("open", fd);
  TRY(unlink("hard"));
  show_fd("open", fd);
  TRY(write(fd, "CON", 3));
  read_all("open", fd);
  TRY(ftruncate(fd, 20));
  show_fd("open", fd);
  TRY(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
  TRY(rmdir("d/sub/"));
  int dir = TRY_FD(open("d", O_RDONLY | O_DIRECTORY));
  TRY(chdir("d"));
  TRY(rmdir("../d"));
  show_fd("removed", dir);
  char buffer[256];
  TRY(syscall(SYS_getcwd, buffer, sizeof buffer));
  TRY(syscall(SYS_getdents64, dir, buffer, sizeof buffer));
  TRY(mkdir("x", 0755));
  TRY_FD(open("x", O_CREAT | O_RDWR, 0644));
  TRY(access(".", F_OK));
  TRY(access("x", F_OK));
  TRY(chdir(".."));
  TRY(mkdirat(dir, "x", 0755));
  TRY(mkdir("d", 0755));
  TRY(unlink("link"));
  list(".");
  return 0;
}
