/* mmap, munmap, mprotect, mremap, msync, madvise and the faults they cause. Prints facts that hold on every Linux with 4 KiB pages. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
static sigjmp_buf jump;
static char *base;

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static void on_fault(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("  %s code %d at page %ld\n", sigabbrev_np(signo), info->si_code, ((char *)info->si_addr - base) / PAGE);
  siglongjmp(jump, 1);
}

static void try_read(const char *what, volatile char *at) {
  printf("read %s\n", what);
  if (sigsetjmp(jump, 1) == 0) printf("  value %d\n", *at);
}

static void try_write(const char *what, volatile char *at, char value) {
  printf("write %s\n", what);
  if (sigsetjmp(jump, 1) == 0) {
    *at = value;
    printf("  done\n");
  }
}

static char *map(int pages, int prot, int flags, int fd) {
  return mmap(NULL, pages * PAGE, prot, flags, fd, 0);
}

static void arguments(void) {
  show("length 0", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  show("no type", (long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
  show("bad fd", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
  show("odd offset", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 0, 1));
  show("fixed, odd", (long)mmap((void *)0x10000001, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  show("huge", (long)mmap(NULL, 1L << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  show("munmap odd", munmap((void *)1, PAGE));
  show("munmap 0", munmap((void *)PAGE, 0));
  show("munmap nothing", munmap((void *)0x7000000, PAGE));
  show("mprotect hole", mprotect((void *)0x7000000, PAGE, PROT_READ));
  show("mprotect odd", mprotect((void *)1, PAGE, PROT_READ));
  show("madvise bad", madvise((void *)0x7000000, PAGE, 12345));
  show("madvise hole", madvise((void *)0x7000000, PAGE, MADV_DONTNEED));
  show("msync both", msync((void *)0x7000000, PAGE, MS_SYNC | MS_ASYNC));
  show("msync hole", msync((void *)0x7000000, PAGE, MS_SYNC));
  int fd = open("readonly", O_RDONLY | O_CREAT, 0600);
  show("shared write of read-only", (long)mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0));
  show("private write of read-only", mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
  close(fd);
  fd = open("writeonly", O_WRONLY | O_CREAT, 0600);
  show("read of write-only", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
  close(fd);
  fd = open(".", O_RDONLY);
  show("directory", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
  close(fd);
}

static void partial(void) {
  base = map(5, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  for (int i = 0; i < 5; i++) base[i * PAGE] = i + 1;
  show("unmap the middle", munmap(base + 2 * PAGE, PAGE));
  try_read("before the hole", base + PAGE);
  try_read("in the hole", base + 2 * PAGE);
  try_read("after the hole", base + 3 * PAGE);
  show("map into the hole", mmap(base + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == base + 2 * PAGE);
  try_read("the new page", base + 2 * PAGE);
  try_write("the new page", base + 2 * PAGE, 1);
  show("no replace", (long)mmap(base, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  show("fixed over", mmap(base, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == base);
  try_read("replaced", base + PAGE);
  show("unmap all", munmap(base, 5 * PAGE));
  try_read("gone", base);
}

static void protection(void) {
  base = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  base[PAGE] = 7;
  show("read-only", mprotect(base + PAGE, PAGE, PROT_READ));
  try_read("read-only", base + PAGE);
  try_write("read-only", base + PAGE, 1);
  show("none", mprotect(base + PAGE, 2 * PAGE, PROT_NONE));
  try_read("none", base + PAGE);
  show("writable again", mprotect(base, 4 * PAGE, PROT_READ | PROT_WRITE));
  try_read("kept", base + PAGE);
  munmap(base + 3 * PAGE, PAGE);
  show("mprotect into a hole", mprotect(base + 2 * PAGE, 2 * PAGE, PROT_READ));
  try_write("before that hole", base + 2 * PAGE, 1);
  int pipes[2];
  pipe(pipes);
  mprotect(base, PAGE, PROT_NONE);
  show("write from none", write(pipes[1], base, 1));
  write(pipes[1], "x", 1);
  show("read into none", read(pipes[0], base, 1));
  show("madvise", madvise(base + PAGE, PAGE, MADV_DONTNEED));
  try_read("after dontneed", base + PAGE);
  munmap(base, 3 * PAGE);
}

static void files(void) {
  int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  write(fd, "hello", 5);
  base = map(3, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  char *copy = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
  printf("contents %s, rest of the page %d\n", base, base[100]);
  try_read("past the end", base + PAGE);
  base[0] = 'j';
  printf("private sees %c\n", copy[0]);
  copy[1] = 'u';
  char buffer[8] = "";
  pread(fd, buffer, 5, 0);
  printf("file has %s\n", buffer);
  pwrite(fd, "J", 1, 0);
  printf("maps have %c %c\n", base[0], copy[0]);
  show("longer", ftruncate(fd, 2 * PAGE));
  try_write("the second page", base + PAGE, 9);
  show("shorter", ftruncate(fd, 10));
  try_read("the second page again", base + PAGE);
  show("longer", ftruncate(fd, 2 * PAGE));
  try_read("the second page", base + PAGE);
  close(fd);
  base[2] = 'L';
  show("msync", msync(base, PAGE, MS_SYNC));
  fd = open("file", O_RDONLY);
  pread(fd, buffer, 5, 0);
  printf("file has %s\n", buffer);
  munmap(base, 3 * PAGE);
  munmap(copy, 3 * PAGE);
  close(fd);
}

static void after_fork(void) {
  char *private = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  char *shared = map(2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
  char *dont = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  char *wipe = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  private[0] = shared[0] = dont[0] = wipe[0] = 1;
  show("dontfork", madvise(dont, PAGE, MADV_DONTFORK));
  show("wipeonfork", madvise(wipe, PAGE, MADV_WIPEONFORK));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    base = dont;
    try_read("dontfork", dont);
    try_read("wipeonfork", wipe);
    private[0] = shared[0] = 2;
    private[PAGE] = shared[PAGE] = 2;
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  printf("private %d %d, shared %d %d\n", private[0], private[PAGE], shared[0], shared[PAGE]);
}

static void remap(void) {
  char *old = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  old[0] = 1;
  old[PAGE] = 2;
  show("shrink", mremap(old, 2 * PAGE, PAGE, 0) == old);
  base = old;
  try_read("cut off", old + PAGE);
  char *guard = mmap(old + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  show("in the way", (long)mremap(old, PAGE, 2 * PAGE, 0));
  char *moved = mremap(old, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
  show("moved", moved != old && moved[0] == 1 && moved[2 * PAGE] == 0);
  try_read("where it was", old);
  munmap(guard, PAGE);
  char *target = map(3, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  show("fixed", mremap(moved, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target && target[0] == 1);
  show("fixed alone", (long)mremap(target, PAGE, PAGE, MREMAP_FIXED, old));
  show("to nothing", (long)mremap(target, PAGE, 0, 0));
  show("of nothing", (long)mremap(old, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
  char *kept = mremap(target, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  show("dontunmap", kept != MAP_FAILED && kept[0] == 1 && target[0] == 0);
}

static void brk_and_core(void) {
  char *end = sbrk(0);
  show("grow", sbrk(3 * PAGE) == end);
  end[PAGE] = 5;
  show("shrink", brk(end));
  show("grow again", sbrk(2 * PAGE) == end && end[PAGE] == 0);
  unsigned char in_core[3];
  char *pages = map(3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  pages[PAGE] = 1;
  show("mincore", mincore(pages, 3 * PAGE, in_core));
  printf("%d%d%d\n", in_core[0] & 1, in_core[1] & 1, in_core[2] & 1);
  munmap(pages + PAGE, PAGE);
  show("mincore of a hole", mincore(pages, 3 * PAGE, in_core));
  int memory = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ftruncate(memory, PAGE);
  show("seal", fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
  show("write", write(memory, "x", 1));
  show("grow", ftruncate(memory, 2 * PAGE));
  show("map", (long)mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, memory, 0));
  show("seals", fcntl(memory, F_GET_SEALS));
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  arguments();
  partial();
  protection();
  files();
  after_fork();
  remap();
  brk_and_core();
  return 0;
}
