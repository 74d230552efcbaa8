/*
 * Makes system calls with random and boundary arguments, chosen by kind after a table that is generated from the rows of the kernel's own
 * table (test/hostile/syscall-table.ts writes calls.h).
 *
 *   syscalls SEED CALLS ROLE      ROLE: user (uid 1000) or root
 *
 * A supervisor forks workers, which do the calls; one that is killed, stuck or replaced by another program is followed by the next. When
 * CALLS have been made it kills everything that is left and prints `calls N workers N seed N`; with FUZZ_SUMMARY set, also how often
 * each call succeeded. The same seed makes the same workers, but how far each one comes depends on time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h" /* enum kind, struct arg, struct call, CALLS, CALL_COUNT */

enum { SLOTS = 6, CALLS_PER_WORKER = 3000, CALLS_PER_CHILD = 30, STUCK_TICKS = 12, TICK_MS = 10, PAGE = 4096 };

/* Where a worker keeps what the kernel reads and writes: far from its own program, with holes around. */
#define ARENA ((unsigned char *)0x30000000UL)
#define ARENA_BYTES (32UL * PAGE)
#define READ_ONLY_PAGE (ARENA + ARENA_BYTES - PAGE)
#define SHARED ((struct shared *)0x2000000000UL)

struct shared {
  struct slot {
    volatile long calls;
    long seen;
    int stuck;
    pid_t pid;
  } slots[SLOTS];
  struct {
    unsigned ok, failed;
  } outcome[CALL_COUNT];
};

static uint64_t random_state;
static long calls_left;
static pid_t supervisor;
static int is_root;
static int slot_index;

static uint64_t random64(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state * 0x2545F4914F6CDD1DULL;
}

static unsigned below(unsigned limit) { return (random64() >> 33) % limit; }
static int one_in(unsigned n) { return below(n) == 0; }

static const uint64_t BOUNDARIES[] = {
    0, 1, 2, 3, 7, 8, 16, 63, 64, 127, 128, 255, 256, 511, 1023, 1024, 4095, 4096, 4097, 8192, 65535, 65536, 1 << 20, 0x7ffffffe, 0x7fffffff,
    0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x3fffffffff, 0x4000000000, 0x1fffffffffffff, 0x20000000000000, 0x7fffffffffffffff,
    0x8000000000000000, 0xffffffff80000000, 0xfffffffffffff000, 0xffffffffffffffff, 999999999, 1000000000, 1000000000000000000,
};

static uint64_t boundary(void) {
  switch (below(6)) {
    case 0:
      return random64();
    case 1:
      return random64() >> below(64);
    case 2:
      return -(random64() >> (32 + below(32)));
    case 3:
      return 1ULL << below(64);
    default:
      return BOUNDARIES[below(sizeof BOUNDARIES / sizeof *BOUNDARIES)];
  }
}

/* Addresses that no call may use, and some that are only odd. */
static uint64_t bad_pointer(void) {
  static const uint64_t POINTERS[] = {
      0, 1, 8, 0xfff, 0x1000, 0x30000000 - 8, 0x3fffffffff, 0x3ffffffff8, 0x4000000000, 0xffffffd600000000, 0xffffffd600001000, 0xffffffff80000000,
      0x8000000000000000, 0x7fffffffffffffff, 0xfffffffffffffff8, 0xffffffffffffffff, 0x80000000, 0xffffffff, 0xfffff000,
  };
  if (one_in(4)) return (uint64_t)READ_ONLY_PAGE + below(PAGE);
  if (one_in(4)) return (uint64_t)ARENA + ARENA_BYTES - below(16);
  return POINTERS[below(sizeof POINTERS / sizeof *POINTERS)];
}

/* Room in the arena; the allocations of one call may overlap, as an attacker's would. */
static unsigned char *room(size_t bytes) {
  size_t usable = ARENA_BYTES - PAGE;
  if (bytes > usable) bytes = usable;
  if (one_in(8)) return ARENA + usable - bytes;
  size_t at = random64() % (usable - bytes + 1);
  return ARENA + (one_in(12) ? at : at & ~(size_t)7);
}

static const char *const PATHS[] = {
    "a", "b", "c", "d", "d/a", "d/b", "d/e", "d/e/f", "l", "l/a", "./a", "../w0/a", "..", ".", "", "/", "/tmp", "a/", "a/b", "d/../a", "nowhere", "fifo", "/dev/null", "/dev/zero",
    "/dev/full", "/dev/ptmx", "/dev/tty", "/dev/urandom", "/dev/kmsg", "/dev/pts", "/proc", "/proc/self", "/proc/self/exe", "/proc/self/fd", "/proc/self/fd/3", "/proc/self/maps",
    "/proc/self/mem", "/proc/self/status", "/proc/self/stat", "/proc/self/cwd/a", "/proc/self/task", "/proc/self/oom_score_adj", "/proc/self/root/tmp", "/proc/self/ns/mnt", "/proc/1/stat", "/proc/meminfo", "/proc/mounts",
    "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/sys", "/etc/passwd", "/bin/true", "/bin/sh", "/fuzz/calls.h", "/fuzz", "/dev/fd/4", "proc", "tmpfs", "overlay", "user.a", "trusted.overlay.opaque", "system.posix_acl_access",
};

static uint64_t path(void) {
  char *at = (char *)room(5000);
  if (one_in(40)) {
    size_t length = one_in(2) ? 4094 + below(4) : 250 + below(10);
    memset(at, 'x', length);
    if (one_in(2))
      for (size_t i = 0; i < length; i += 1 + below(200)) at[i] = '/';
    at[length] = 0;
  } else if (one_in(30)) {
    size_t length = below(40);
    for (size_t i = 0; i < length; i++) at[i] = (char)(1 + below(255));
    at[length] = 0;
  } else strcpy(at, PATHS[below(sizeof PATHS / sizeof *PATHS)]);
  return (uint64_t)at;
}

static uint64_t fd(void) {
  if (one_in(16)) return (uint64_t)(int64_t)(int)boundary();
  if (one_in(16)) return (uint64_t)-100;
  return below(24);
}

static uint64_t pid(void) {
  switch (below(8)) {
    case 0:
      return 0;
    case 1:
      return (uint64_t)-getpid();
    case 2:
      return getppid() == supervisor && is_root ? (uint64_t)getpid() : (uint64_t)getppid();
    case 3:
      return is_root ? 1 : (uint64_t)-1;
    case 4:
      return getpid() + 1 + below(3);
    case 5:
      return (uint64_t)(int64_t)(int)boundary();
    default:
      return getpid();
  }
}

static uint64_t flag_value(const struct arg *arg) {
  if (arg->value_count == 0 || one_in(24)) return boundary();
  uint64_t value = arg->values[below(arg->value_count)];
  if (arg->is_enum) return value;
  for (int more = below(4); more > 0; more--) value |= arg->values[below(arg->value_count)];
  return one_in(8) ? 0 : value;
}

/* Words of which structs are made. */
static uint64_t word(void) {
  switch (below(8)) {
    case 0:
      return boundary();
    case 1:
      return (uint64_t)room(64);
    case 2:
      return fd();
    case 3:
      return below(8) | (uint64_t)below(8) << 32;
    case 4:
      return 1000 * below(1000);
    default:
      return 0;
  }
}

static void fill(unsigned char *at, size_t bytes) {
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    uint64_t value = word();
    memcpy(at + i, &value, 8);
  }
}

static uint64_t filled(size_t bytes) {
  if (bytes == 0) bytes = 64;
  if (bytes > 2048) bytes = 2048;
  unsigned char *at = room(bytes);
  fill(at, bytes);
  return (uint64_t)at;
}

static uint64_t strings(void) {
  unsigned char *at = room(128);
  unsigned count = below(6);
  for (unsigned i = 0; i < count; i++) {
    uint64_t pointer = one_in(20) ? bad_pointer() : path();
    memcpy(at + 8 * i, &pointer, 8);
  }
  memset(at + 8 * count, 0, 8);
  return (uint64_t)at;
}

static uint64_t vectors(void) {
  unsigned char *at = room(16 * 16);
  for (unsigned i = 0; i < 16; i++) {
    uint64_t base = one_in(16) ? bad_pointer() : (uint64_t)room(256);
    uint64_t length = one_in(8) ? boundary() : below(512);
    memcpy(at + 16 * i, &base, 8);
    memcpy(at + 16 * i + 8, &length, 8);
  }
  return (uint64_t)at;
}

static uint64_t polls(void) {
  unsigned char *at = room(8 * 16);
  for (unsigned i = 0; i < 16; i++) {
    int32_t number = (int32_t)fd();
    uint16_t events = (uint16_t)random64();
    memcpy(at + 8 * i, &number, 4);
    memcpy(at + 8 * i + 4, &events, 2);
  }
  return (uint64_t)at;
}

static uint64_t argument(const struct arg *arg) {
  int is_pointer = arg->is_pointer;
  if (is_pointer && one_in(14)) return bad_pointer();
  if (is_pointer && arg->nullable && one_in(3)) return 0;
  switch (arg->kind) {
    case KIND_fd:
    case KIND_atFd:
      return fd();
    case KIND_path:
      return path();
    case KIND_cstring:
      return path();
    case KIND_pid:
      return pid();
    case KIND_flags:
    case KIND_enum:
    case KIND_clockId:
      return flag_value(arg);
    case KIND_signal:
      return one_in(4) ? boundary() : below(66);
    case KIND_mode:
      return one_in(4) ? boundary() : below(010000);
    case KIND_uid:
    case KIND_gid:
      return one_in(2) ? 1000 : one_in(2) ? 0 : boundary();
    case KIND_size:
      if (arg->size_hint != 0 && !one_in(6)) return arg->size_hint;
      return one_in(2) ? boundary() : below(600);
    case KIND_offset:
    case KIND_loff:
      return one_in(2) ? boundary() : below(10000);
    case KIND_address:
      if (one_in(3)) return (uint64_t)ARENA + PAGE * below(ARENA_BYTES / PAGE);
      if (one_in(3)) return (uint64_t)room(8);
      return one_in(2) ? 0x40000000UL + (uint64_t)PAGE * below(4096) : boundary();
    case KIND_strvec:
      return strings();
    case KIND_iovec:
      return vectors();
    case KIND_pollfds:
      return polls();
    case KIND_sigset: {
      unsigned char *at = room(8);
      uint64_t set = one_in(2) ? 0 : random64() & ~(1UL << (SIGALRM - 1));
      memcpy(at, &set, 8);
      return (uint64_t)at;
    }
    case KIND_bytes:
    case KIND_struct:
    case KIND_array:
    case KIND_value:
    case KIND_sockaddr:
    case KIND_fdset:
    case KIND_dirents:
    case KIND_opaque:
      return filled(arg->bytes);
    case KIND_ioctlArg:
    case KIND_fcntlArg:
      return one_in(2) ? filled(64) : one_in(2) ? fd() : boundary();
    case KIND_timerId:
      return below(4);
    default:
      return one_in(2) ? boundary() : below(32);
  }
}

static void run_calls(void);

/* What a new task does that a call made: a few calls of its own, on whatever stack it was given. */
__attribute__((noreturn, used)) static void new_task(void) {
  if (calls_left > CALLS_PER_CHILD) calls_left = CALLS_PER_CHILD;
  random_state ^= (uint64_t)gettid() * 0x9E3779B97F4A7C15ULL | 1;
  run_calls();
  for (;;) syscall(SYS_exit_group, 0);
}

static int64_t raw_call(long number, const uint64_t args[6]) {
  register uint64_t a0 asm("a0") = args[0];
  register uint64_t a1 asm("a1") = args[1];
  register uint64_t a2 asm("a2") = args[2];
  register uint64_t a3 asm("a3") = args[3];
  register uint64_t a4 asm("a4") = args[4];
  register uint64_t a5 asm("a5") = args[5];
  register long a7 asm("a7") = number;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
  if (a0 == 0 && (number == SYS_clone || number == SYS_clone3)) asm volatile("andi sp, sp, -16\n\tj new_task" ::: "memory");
  return (int64_t)a0;
}

/* Whether a path leads to the workers' own directories. Asked before mounts, which would otherwise hide the programs that check. */
static int is_ours(uint64_t path) {
  char resolved[4096];
  return path >= (uint64_t)ARENA && path < (uint64_t)READ_ONLY_PAGE && realpath((const char *)path, resolved) != 0 && strncmp(resolved, "/tmp/fuzz/", 10) == 0;
}

static int ends_the_run(const struct call *call, const uint64_t args[6]) {
  if (call->number == SYS_reboot) return (uint32_t)args[0] == 0xfee1dead;
  if (call->number == SYS_pivot_root) return is_root;
  if (call->number == SYS_mount) return is_root && !is_ours(args[1]);
  if (call->number == SYS_umount2) return is_root && !is_ours(args[0]);
  /* Root's worker could stop or rename the one who watches over it, which proves nothing. */
  if (call->number == SYS_kill && is_root) return (int)args[0] == -1 || (int)args[0] == supervisor;
  return 0;
}

static void run_calls(void) {
  uint64_t args[6];
  while (calls_left-- > 0) {
    const struct call *call = &CALLS[below(CALL_COUNT)];
    if (call->is_rare && !one_in(24)) continue;
    for (int i = 0; i < 6; i++) args[i] = i < call->arg_count ? argument(&call->args[i]) : random64();
    if (ends_the_run(call, args)) continue;
    long number = one_in(4000) ? (long)boundary() : call->number;
    SHARED->slots[slot_index].calls++;
    int64_t result = raw_call(number, args);
    if (number != call->number) continue;
    if (result < 0 && result > -4096) SHARED->outcome[call - CALLS].failed++;
    else SHARED->outcome[call - CALLS].ok++;
  }
}

static void nothing(int signo) { (void)signo; }

/* As root still: an earlier worker may have taken the rights from its directory, or put something else in its place. */
static void enter_directory(uint64_t seed) {
  char name[64];
  snprintf(name, sizeof name, "/tmp/fuzz/w%d", slot_index);
  mkdir(name, 0777);
  if (chmod(name, 0777) == 0 && chown(name, 1000, 1000) == 0 && chdir(name) == 0) return;
  snprintf(name, sizeof name, "/tmp/fuzz/w%d-%lu", slot_index, seed);
  mkdir(name, 0777);
  if (chown(name, 1000, 1000) != 0 || chdir(name) != 0) _exit(3);
}

static void prepare_files(void) {
  int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 1); /* 2 stays the host's pipe */
  mkdir("d", 0777);
  mkdir("d/e", 0777);
  symlink("d", "l");
  mkfifo("fifo", 0666);
  int ends[2];
  for (int i = 3; i < 24; i++) close(i);
  open("a", O_RDWR | O_CREAT, 0666); /* 3 */
  open("b", O_RDWR | O_CREAT | O_APPEND, 0666);
  open("d", O_RDONLY | O_DIRECTORY);
  open(".", O_RDONLY | O_DIRECTORY);
  if (pipe2(ends, 0) != 0) return; /* 7, 8 */
  if (pipe2(ends, O_NONBLOCK) != 0) return;
  eventfd(1, 0); /* 11 */
  epoll_create1(0);
  timerfd_create(CLOCK_MONOTONIC, 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  signalfd(-1, &set, SFD_NONBLOCK); /* 14 */
  open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
  open("/proc/self/stat", O_RDONLY);
  open("/proc", O_RDONLY | O_DIRECTORY);
  open("/dev/null", O_RDWR);
  open("/dev/zero", O_RDWR);
  open("/fuzz/calls.h", O_RDONLY); /* 20: a file of the host */
  open("a", O_PATH);
  syscall(SYS_memfd_create, "m", 2);
}

static void limit(int resource, unsigned long value) {
  struct rlimit both = {value, value};
  setrlimit(resource, &both);
}

__attribute__((noreturn)) static void worker(uint64_t seed) {
  random_state = (seed * 0x9E3779B97F4A7C15ULL) ^ 0x1234567DEADBEEF;
  calls_left = CALLS_PER_WORKER;
  setsid();
  umask(0);
  limit(RLIMIT_CPU, 5);
  limit(RLIMIT_AS, 256UL << 20);
  limit(RLIMIT_FSIZE, 2UL << 20);
  limit(RLIMIT_NPROC, 64);
  enter_directory(seed);
  if (!is_root && (setgid(1000) != 0 || setuid(1000) != 0)) _exit(3);
  prepare_files();
  mmap(ARENA, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(READ_ONLY_PAGE, PAGE, PROT_READ);
  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 3000}, {0, 3000}};
  setitimer(ITIMER_REAL, &often, 0);
  run_calls();
  _exit(0);
}

static void start_worker(int index, uint64_t seed) {
  struct slot *slot = &SHARED->slots[index];
  slot->stuck = 0;
  slot->seen = slot->calls;
  pid_t child = fork();
  if (child < 0) return;
  if (child == 0) {
    slot_index = index;
    worker(seed);
  }
  slot->pid = child;
}

static void reap(void) {
  int status;
  for (pid_t dead; (dead = waitpid(-1, &status, WNOHANG)) > 0;)
    for (int i = 0; i < SLOTS; i++)
      if (SHARED->slots[i].pid == dead) SHARED->slots[i].pid = 0;
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void kill_stuck(void) {
  for (int i = 0; i < SLOTS; i++) {
    struct slot *slot = &SHARED->slots[i];
    slot->stuck = slot->calls == slot->seen ? slot->stuck + 1 : 0;
    slot->seen = slot->calls;
    if (slot->pid > 0 && slot->stuck > STUCK_TICKS) kill(slot->pid, SIGKILL);
  }
}

/* Everything but this process and process 1. */
static void kill_the_rest(void) {
  struct timespec tick = {0, TICK_MS * 1000000L};
  for (int i = 0; i < 500 && kill(-1, SIGKILL) == 0; i++) {
    while (waitpid(-1, 0, WNOHANG) > 0) continue;
    nanosleep(&tick, 0);
  }
  while (waitpid(-1, 0, WNOHANG) > 0) continue;
}

/* What root's workers mounted. */
static void unmount_ours(void) {
  for (int found = 1, rounds = 0; found && rounds < 200; rounds++) {
    char line[8192], target[4096];
    FILE *mounts = fopen("/proc/self/mounts", "r");
    found = 0;
    while (mounts && fgets(line, sizeof line, mounts))
      if (sscanf(line, "%*s %4095s", target) == 1 && strncmp(target, "/tmp/fuzz", 9) == 0 && umount2(target, 2) == 0) found = 1;
    if (mounts) fclose(mounts);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  uint64_t seed = strtoull(argv[1], 0, 0);
  long wanted = atol(argv[2]);
  is_root = strcmp(argv[3], "root") == 0;
  supervisor = getpid();
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  mkdir("/tmp/fuzz", 0777);
  chmod("/tmp/fuzz", 0777);
  if (mmap(SHARED, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) return 3;
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, 0);
  unsigned workers = 0;
  long looked_ms = now_ms();
  for (long done = 0; done < wanted;) {
    for (int i = 0; i < SLOTS; i++)
      if (SHARED->slots[i].pid == 0) start_worker(i, seed * 1000003 + workers++);
    struct timespec tick = {0, TICK_MS * 1000000L};
    sigtimedwait(&child, 0, &tick);
    if (now_ms() - looked_ms >= TICK_MS) {
      kill_stuck();
      looked_ms = now_ms();
    }
    reap();
    done = 0;
    for (int i = 0; i < SLOTS; i++) done += SHARED->slots[i].calls;
  }
  kill_the_rest();
  unmount_ours();
  long done = 0;
  for (int i = 0; i < SLOTS; i++) done += SHARED->slots[i].calls;
  printf("calls %ld workers %u seed %lu\n", done, workers, seed);
  if (getenv("FUZZ_SUMMARY"))
    for (int i = 0; i < CALL_COUNT; i++)
      printf("%s ok %u failed %u\n", CALLS[i].name, SHARED->outcome[i].ok, SHARED->outcome[i].failed);
  return 0;
}
