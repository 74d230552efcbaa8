/* rename(2), renameat2(2). */
#include "file-report.h"

static int rename2(const char *from, const char *to, unsigned flags) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

int main(void) {
  umask(022);
  mkdir("a", 0755);
  mkdir("a/b", 0755);
  mkdir("a/b/c", 0755);
  mkdir("z", 0755);
  make("f", "first");
  make("g", "the second");
  TRY(link("f", "f2"));
  TRY(rename("f", "f2"));
  list(".");
  TRY(rename("none", "x"));
  TRY(rename("f", "none/x"));
  TRY(rename("f", "a"));
  TRY(rename("a", "f"));
  TRY(rename("a", "a/b/c/d"));
  TRY(rename("a/b", "a"));
  TRY(rename("a", "a"));
  TRY(rename(".", "x"));
  TRY(rename("a", "."));
  TRY(rename("a/..", "x"));
  TRY(rename("f/", "x"));
  TRY(rename("f", "x/"));
  TRY(rename("z/", "y/"));
  TRY(rename("y", "a/b"));
  TRY(rename("y", "a/b/c"));
  show("a/b");
  TRY(rename2("g", "f", 1));
  TRY(rename2("g", "h", 1));
  TRY(rename2("h", "f", 2));
  show("h");
  show("f");
  TRY(rename2("h", "none", 2));
  TRY(rename2("h", "a", 2));
  show("a");
  list("h");
  TRY(rename2("h", "a", 2));
  TRY(rename2("a", "a/b", 2));
  TRY(rename2("h", "f", 3));
  TRY(rename2("h", "f", 8));
  int open_file = TRY_FD(open("f", O_RDWR));
  TRY(rename("h", "f"));
  read_all("old f", open_file);
  show_fd("old f", open_file);
  mkdir("p", 0755);
  mkdir("q", 0755);
  mkdir("p/in", 0755);
  make("p/in/file", "");
  int dir = TRY_FD(open("p/in", O_RDONLY | O_DIRECTORY));
  TRY(rename("p/in", "q/out"));
  show("p");
  show("q");
  TRY(faccessat(dir, "file", F_OK, 0));
  TRY(faccessat(dir, "../out", F_OK, 0));
  TRY(fchdir(dir));
  TRY(rename("../../q", "../../moved"));
  TRY(access("../../moved/out", F_OK));
  TRY(chdir("../.."));
  list(".");
  return 0;
}
