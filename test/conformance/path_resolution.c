/* path_resolution(7): '.', '..', slashes, symbolic links, limits on names and links. */
#include "file-report.h"

static char *repeat(const char *part, int count, const char *end) {
  char *text = malloc(strlen(part) * (size_t)count + strlen(end) + 1);
  text[0] = 0;
  for (int i = 0; i < count; i++) strcat(text, part);
  return strcat(text, end);
}

int main(void) {
  umask(022);
  TRY(mkdir("d", 0755));
  TRY(mkdir("d/e", 0755));
  make("file", "hello");
  TRY(access("d/../file", F_OK));
  TRY(access("d/./e/../e/..//../file", F_OK));
  TRY(access("file/", F_OK));
  TRY(access("file/..", F_OK));
  TRY(access("file/.", F_OK));
  TRY(access("none/..", F_OK));
  TRY(access("d/", F_OK));
  TRY(access("", F_OK));
  TRY(access(repeat("a", 255, ""), F_OK));
  TRY(access(repeat("a", 256, ""), F_OK));
  TRY(access(repeat("./", 2045, "file"), F_OK));
  TRY(access(repeat("./", 2046, "file"), F_OK));
  TRY(symlink("d", "link"));
  TRY(symlink("loop", "loop"));
  TRY(symlink("nowhere", "dangling"));
  TRY(symlink(".", "dot"));
  TRY(symlink("", "empty"));
  TRY(symlink("d/", "slashed"));
  show("link");
  show("link/");
  show("slashed/e");
  TRY(access("link/e", F_OK));
  TRY(access("link/../file", F_OK));
  TRY(access("loop", F_OK));
  TRY(access("loop/x", F_OK));
  TRY(access("dangling", F_OK));
  TRY(access(repeat("dot/", 40, "file"), F_OK));
  TRY(access(repeat("dot/", 41, "file"), F_OK));
  TRY(faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
  char buffer[16];
  TRY(readlink("link", buffer, sizeof buffer));
  TRY(readlink("dangling", buffer, 3));
  TRY(readlink("file", buffer, sizeof buffer));
  int dir = TRY_FD(open("d", O_RDONLY | O_DIRECTORY));
  int file = TRY_FD(open("file", O_RDONLY));
  TRY(faccessat(dir, "e", F_OK, 0));
  TRY(faccessat(dir, "../file", F_OK, 0));
  TRY(faccessat(file, "x", F_OK, 0));
  TRY(faccessat(99, "x", F_OK, 0));
  TRY(faccessat(99, "/", F_OK, 0));
  TRY(chdir("link/e"));
  TRY(access("../../file", F_OK));
  TRY(fchdir(dir));
  TRY(access("e", F_OK));
  TRY(fchdir(file));
  TRY(chdir(".."));
  TRY(mkdir("dangling", 0755));
  TRY(mkdir("new/", 0755));
  TRY(mkdir("d/.", 0755));
  TRY(mkdir("d/..", 0755));
  TRY(mknod("fifo/", S_IFIFO | 0644, 0));
  TRY(mknod("fifo", S_IFIFO | 0644, 0));
  show("fifo");
  list(".");
  return 0;
}
