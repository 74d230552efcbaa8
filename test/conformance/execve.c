/* execve: errors, scripts, what survives and what does not. Runs itself again with a word that says what to do. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[4096];
static char directory[] = "/tmp/conformance-XXXXXX";
extern char **environ;

static void show(const char *what, long value) { printf("%s: %ld %s\n", what, value, strerrorname_np(errno)); }

static void make(const char *name, const void *bytes, size_t length, mode_t mode) {
  int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  write(fd, bytes, length);
  fchmod(fd, mode);
  close(fd);
}

static void script(const char *name, const char *text) { make(name, text, strlen(text), 0755); }

/* Runs in a child, so that success shows as its output; prints an error by name. */
static void run(const char *what, const char *path, char *const argv[], char *const envp[]) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    printf("%s: ", what);
    fflush(stdout);
    execve(path, argv, envp);
    printf("%s\n", strerrorname_np(errno));
    fflush(stdout);
    _exit(99);
  }
  int status;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) printf("killed by %d\n", WTERMSIG(status));
  else if (WEXITSTATUS(status) != 99 && WEXITSTATUS(status) != 0) printf("  status %d\n", WEXITSTATUS(status));
}

static void try_path(const char *what, const char *path) {
  char *argv[] = {(char *)path, "arguments", "one", "two", NULL};
  run(what, path, argv, environ);
}

static void *forever(void *unused) {
  for (;;) pause();
  return unused;
}

static void *exec_from_thread(void *unused) {
  char *argv[] = {self, "thread", NULL};
  char pid[32];
  snprintf(pid, sizeof pid, "PID=%d", (int)getpid());
  char *envp[] = {pid, NULL};
  execve(self, argv, envp);
  return unused;
}

static void on_signal(int signo) { (void)signo; }

static int inner(int argc, char **argv) {
  const char *word = argv[1];
  if (strcmp(word, "arguments") == 0) {
    printf("argc %d", argc);
    for (int i = 2; i < argc; i++) printf(" %s", argv[i]);
    printf("\n");
  } else if (strcmp(word, "environment") == 0) {
    for (char **entry = environ; *entry; entry++) printf("%s ", *entry);
    printf("\n");
  } else if (strcmp(word, "auxv") == 0) {
    printf("pagesz %lu clktck %lu phent %lu secure %lu uid %lu random %d phdr %d entry %d\n", getauxval(AT_PAGESZ),
           getauxval(AT_CLKTCK), getauxval(AT_PHENT), getauxval(AT_SECURE), getauxval(AT_UID), getauxval(AT_RANDOM) != 0,
           getauxval(AT_PHDR) != 0, getauxval(AT_ENTRY) != 0);
    printf("execfn is argv[0]: %d\n", strcmp((char *)getauxval(AT_EXECFN), argv[0]) == 0);
  } else if (strcmp(word, "state") == 0) {
    struct sigaction caught, ignored;
    sigset_t mask, pending;
    stack_t stack;
    char name[16];
    sigaction(SIGUSR1, NULL, &caught);
    sigaction(SIGUSR2, NULL, &ignored);
    sigprocmask(0, NULL, &mask);
    sigpending(&pending);
    sigaltstack(NULL, &stack);
    prctl(PR_GET_NAME, name);
    printf("caught %d ignored %d blocked %d pending %d altstack off %d keep %d cloexec %d name is short %d\n",
           caught.sa_handler == SIG_DFL, ignored.sa_handler == SIG_IGN, sigismember(&mask, SIGHUP),
           sigismember(&pending, SIGHUP), (stack.ss_flags & SS_DISABLE) != 0, fcntl(atoi(argv[2]), F_GETFD),
           fcntl(atoi(argv[3]), F_GETFD), strlen(name) <= 15);
  } else if (strcmp(word, "thread") == 0) {
    printf("same pid %d, leader %d\n", atoi(getenv("PID")) == getpid(), syscall(SYS_gettid) == getpid());
  }
  fflush(stdout);
  return 0;
}

static void elf_errors(void) {
  static unsigned char image[65536];
  int fd = open(self, O_RDONLY);
  ssize_t length = read(fd, image, sizeof image);
  close(fd);
  Elf64_Ehdr *header = (Elf64_Ehdr *)image;
  Elf64_Ehdr good = *header;
#define BROKEN(what, change)           \
  do {                                 \
    change;                            \
    make("elf", image, length, 0755);  \
    try_path(what, "./elf");           \
    *header = good;                    \
  } while (0)
  BROKEN("bad magic", header->e_ident[1] = 'X');
  BROKEN("other machine", header->e_machine = EM_SPARC);
  BROKEN("relocatable", header->e_type = ET_REL);
  BROKEN("phentsize", header->e_phentsize = 55);
  BROKEN("no program headers", header->e_phnum = 0);
  BROKEN("too many program headers", header->e_phnum = 0xffff);
  BROKEN("program headers beyond the file", header->e_phoff = 1l << 40);
  make("elf", image, 63, 0755);
  try_path("cut off", "./elf");
  Elf64_Phdr *segments = (Elf64_Phdr *)(image + good.e_phoff);
  for (int i = 0; i < good.e_phnum; i++) {
    if (segments[i].p_type != PT_LOAD) continue;
    Elf64_Phdr saved = segments[i];
    BROKEN("filesz beyond memsz", segments[i].p_filesz = segments[i].p_memsz + 1);
    segments[i] = saved;
    BROKEN("huge memsz", segments[i].p_memsz = 1ul << 60);
    segments[i] = saved;
    BROKEN("offset and address disagree", segments[i].p_offset += 8);
    segments[i] = saved;
    break;
  }
}

int main(int argc, char **argv) {
  if (argc > 1) return inner(argc, argv);
  setvbuf(stdout, NULL, _IOLBF, 0);
  readlink("/proc/self/exe", self, sizeof self);
  if (self[0] == 0) strcpy(self, argv[0]);
  mkdtemp(directory);
  chdir(directory);

  try_path("plain", self);
  try_path("missing", "./missing");
  try_path("directory", ".");
  try_path("below a file", "/dev/null/x");
  make("plain", "text\n", 5, 0755);
  try_path("text", "./plain");
  make("plain", "", 0, 0755);
  try_path("empty", "./plain");
  make("plain", "x", 1, 0644);
  try_path("not executable", "./plain");
  try_path("device", "/dev/null");
  symlink("loop", "loop");
  try_path("link to itself", "./loop");
  int writer = open("plain", O_WRONLY);
  close(writer);
  run("bad path", (char *)8, (char *[]){"x", NULL}, environ);
  run("bad arguments", self, (char **)8, environ);
  run("bad argument", self, (char *[]){"x", (char *)8, NULL}, environ);
  run("empty path", "", (char *[]){"x", NULL}, environ);

  char text[8300];
  snprintf(text, sizeof text, "#!%s arguments\n", self);
  script("s1", text);
  try_path("script", "./s1");
  snprintf(text, sizeof text, "#! \t%s   arguments  of one  \t\n", self);
  script("s1", text);
  run("script with spaces", "./s1", (char *[]){"./s1", NULL}, environ);
  script("s1", "#!./missing\n");
  try_path("script without interpreter", "./s1");
  script("s1", "#!\n");
  try_path("script without a name", "./s1");
  script("s1", "#!   ");
  try_path("script of spaces", "./s1");
  memset(text, 'a', 300);
  memcpy(text, "#!/", 3);
  text[300] = 0;
  script("s1", text);
  try_path("script with a long name", "./s1");
  snprintf(text, sizeof text, "#!%s arguments", self);
  script("s1", text);
  try_path("script without newline", "./s1");
  script("s1", "#!./s1\n");
  try_path("script of itself", "./s1");
  snprintf(text, sizeof text, "#!%s arguments\n", self);
  script("n0", text);
  for (int i = 1; i <= 5; i++) {
    char name[8];
    snprintf(name, sizeof name, "n%d", i);
    snprintf(text, sizeof text, "#!./n%d\n", i - 1);
    script(name, text);
  }
  run("nested 4", "./n4", (char *[]){"n", NULL}, environ);
  run("nested 5", "./n5", (char *[]){"n", NULL}, environ);

  run("environment", self, (char *[]){self, "environment", NULL}, (char *[]){"A=1", "B=", "C", NULL});
  run("no environment", self, (char *[]){self, "environment", NULL}, NULL);
  run("auxv", self, (char *[]){self, "auxv", NULL}, environ);

  char *big = malloc(200000);
  memset(big, 'x', 200000);
  big[131072] = 0;
  run("string of 128 KiB", self, (char *[]){self, "quiet", big, NULL}, environ);
  big[131071] = 0;
  run("string just below", self, (char *[]){self, "quiet", big, NULL}, environ);
  printf("\n");
  char **many = calloc(101, sizeof *many);
  for (int i = 0; i < 100; i++) many[i] = big;
  run("too much in all", self, many, environ);

  signal(SIGUSR1, on_signal);
  signal(SIGUSR2, SIG_IGN);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGHUP);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  static char alternate[65536];
  sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL);
  char keep[16], gone[16];
  snprintf(keep, sizeof keep, "%d", open("/dev/null", O_RDONLY));
  snprintf(gone, sizeof gone, "%d", open("/dev/null", O_RDONLY | O_CLOEXEC));
  prctl(PR_SET_NAME, "something");
  fflush(stdout);
  if (fork() == 0) {
    raise(SIGHUP);
    execve(self, (char *[]){self, "state", keep, gone, NULL}, environ);
  }
  wait(NULL);

  if (fork() == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, forever, NULL);
    pthread_create(&thread, NULL, forever, NULL);
    pthread_create(&thread, NULL, exec_from_thread, NULL);
    for (;;) pause();
  }
  wait(NULL);

  int fd = open(self, O_PATH | O_CLOEXEC);
  fflush(stdout);
  if (fork() == 0) {
    syscall(SYS_execveat, fd, "", (char *[]){self, "arguments", "by", "descriptor", NULL}, environ, AT_EMPTY_PATH);
    _exit(1);
  }
  wait(NULL);
  show("execveat bad flags", syscall(SYS_execveat, fd, "", NULL, NULL, 0x10));
  show("execveat bad descriptor", syscall(SYS_execveat, 1000, "x", NULL, NULL, 0));
  snprintf(text, sizeof text, "#!%s arguments\n", self);
  script("s1", text);
  fd = open("s1", O_RDONLY | O_CLOEXEC);
  show("script by closing descriptor", syscall(SYS_execveat, fd, "", (char *[]){"x", NULL}, environ, AT_EMPTY_PATH));
  elf_errors();
  return 0;
}
