/* The vDSO: an ELF image with versioned symbols, clocks that agree with the system calls', a return from handlers that can be unwound. */
#define _GNU_SOURCE
#include <elf.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#ifdef __riscv
#define VERSION "LINUX_4.15"
#else
#define VERSION "LINUX_2.6"
#endif

static const char *base;

static unsigned long sysv_hash(const char *name) {
  unsigned long h = 0, g;
  for (; *name; name++) {
    h = (h << 4) + (unsigned char)*name;
    if ((g = h & 0xf0000000)) h ^= g >> 24;
    h &= ~g;
  }
  return h;
}

/* The way of an old C library: the hash table, the symbol's version, the version's name. */
static void *lookup(const char *name) {
  const Elf64_Ehdr *header = (const void *)base;
  const Elf64_Phdr *segment = (const void *)(base + header->e_phoff);
  const Elf64_Dyn *dynamic = NULL;
  for (int i = 0; i < header->e_phnum; i++)
    if (segment[i].p_type == PT_DYNAMIC) dynamic = (const void *)(base + segment[i].p_offset);
  const Elf64_Sym *symbols = NULL;
  const char *strings = NULL;
  const Elf64_Half *versions = NULL;
  const char *definitions = NULL;
  unsigned count = 0;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    const char *at = base + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) symbols = (const void *)at;
    if (dynamic->d_tag == DT_STRTAB) strings = at;
    if (dynamic->d_tag == DT_VERSYM) versions = (const void *)at;
    if (dynamic->d_tag == DT_VERDEF) definitions = at;
    if (dynamic->d_tag == DT_VERDEFNUM) count = dynamic->d_un.d_val;
  }
  for (const Elf64_Sym *symbol = symbols + 1; (const char *)symbol < strings && symbol - symbols < 100; symbol++) {
    if (symbol->st_shndx == SHN_UNDEF || strcmp(strings + symbol->st_name, name) != 0) continue;
    const Elf64_Verdef *definition = (const void *)definitions;
    for (unsigned i = 0; i < count; i++) {
      const Elf64_Verdaux *auxiliary = (const void *)((const char *)definition + definition->vd_aux);
      if (definition->vd_ndx == (versions[symbol - symbols] & 0x7fff) && definition->vd_hash == sysv_hash(VERSION) &&
          strcmp(strings + auxiliary->vda_name, VERSION) == 0)
        return (void *)(base + symbol->st_value);
      definition = (const void *)((const char *)definition + definition->vd_next);
    }
  }
  return NULL;
}

static int (*vdso_gettime)(clockid_t, struct timespec *);
static int (*vdso_getres)(clockid_t, struct timespec *);
static int (*vdso_timeofday)(struct timeval *, struct timezone *);
static long (*vdso_getcpu)(unsigned *, unsigned *, void *);

static int before(struct timespec a, struct timespec b) {
  return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static void clocks(void) {
  static const clockid_t all[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
    CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    struct timespec last = {0}, now, res, other;
    int backwards = 0, wrong = 0;
    for (int round = 0; round < 20000; round++) {
      int failed = round % 3 == 0 ? syscall(SYS_clock_gettime, all[i], &now) : vdso_gettime(all[i], &now);
      if (failed || now.tv_nsec < 0 || now.tv_nsec > 999999999) wrong++;
      if (before(now, last)) backwards++;
      last = now;
    }
    vdso_getres(all[i], &res);
    syscall(SYS_clock_getres, all[i], &other);
    printf("clock %d: wrong %d, backwards %d, resolution agrees %d, null %d\n", all[i], wrong, backwards,
      res.tv_sec == 0 && res.tv_nsec == other.tv_nsec, vdso_getres(all[i], NULL));
  }
  struct timespec coarse, fine;
  for (int round = 0, late = 0; round < 3; round++) {
    usleep(30000);
    vdso_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
    vdso_gettime(CLOCK_MONOTONIC, &fine);
    double lag = (fine.tv_sec - coarse.tv_sec) + (fine.tv_nsec - coarse.tv_nsec) / 1e9;
    if (lag < 0 || lag > 0.5) late++;
    printf("coarse is late: %d\n", late);
  }
  struct timespec t;
  printf("no such clock: %d %d %d\n", vdso_gettime(12, &t), vdso_gettime(77, &t), vdso_gettime(-1, &t));
  struct timeval v = {0};
  struct timezone zone = {1, 1};
  struct timespec first, second;
  int outside = 0;
  for (int round = 0; round < 2000; round++) {
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &first);
    vdso_timeofday(&v, &zone);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &second);
    first.tv_nsec -= first.tv_nsec % 1000;
    struct timespec middle = {v.tv_sec, v.tv_usec * 1000};
    if (before(middle, first) || before(second, middle)) outside++;
  }
  printf("timeofday: outside %d, zone %d, nothing asked %d\n", outside, zone.tz_minuteswest, vdso_timeofday(NULL, NULL));
  unsigned cpu, node;
  printf("getcpu: %ld\n", vdso_getcpu(&cpu, &node, NULL));
}

static void maps(void) {
  FILE *file = fopen("/proc/self/maps", "r");
  char line[512], perms[8], offset[32], device[16], inode[16], name[64];
  while (fgets(line, sizeof line, file)) {
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx %7s %31s %15s %15s %63s", &start, &end, perms, offset, device, inode, name) != 7) continue;
    /* Newer kernels have more data pages. */
    if (strcmp(name, "[vdso]") == 0) printf("%s %s %s %s, is AT_SYSINFO_EHDR %d\n", perms, device, inode, name, start == (unsigned long)base);
    if (strcmp(name, "[vvar]") == 0) printf("%s %s %s %s\n", perms, device, inode, name);
  }
  fclose(file);
}

static sigjmp_buf jump;
static void on_fault(int signo) { siglongjmp(jump, signo); }

static void faults(void) {
  signal(SIGSEGV, on_fault);
  int signo = sigsetjmp(jump, 1);
  if (signo == 0) printf("gave %d\n", vdso_gettime(CLOCK_MONOTONIC, (void *)8));
  else printf("bad pointer: signal %d\n", signo);
  signo = sigsetjmp(jump, 1);
  if (signo == 0) *(volatile char *)base = 1;
  printf("write: signal %d\n", signo);
  pid_t child = fork();
  if (child == 0) _exit(vdso_gettime(CLOCK_MONOTONIC, &(struct timespec){0}));
  int status;
  waitpid(child, &status, 0);
  printf("child: %d\n", status);
}

static volatile int seen_handler, seen_raiser;
static void raiser(void);
static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *data) {
  (void)data;
  void *function = _Unwind_FindEnclosingFunction((void *)_Unwind_GetIP(context));
  if (function == (void *)raiser) seen_raiser++;
  return _URC_NO_REASON;
}
static void on_signal(int signo) {
  _Unwind_Backtrace(on_frame, NULL);
  seen_handler += signo == SIGALRM;
}
/* The signal comes while this function runs. */
static __attribute__((noinline)) void raiser(void) {
  int before = seen_handler;
  struct itimerval soon = {.it_value = {0, 1000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  while (seen_handler == before) continue;
}

static void *in_thread(void *data) {
  struct timespec t;
  for (int i = 0; i < 10000; i++)
    if (vdso_gettime(CLOCK_MONOTONIC, &t)) return data;
  return NULL;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  base = (const char *)getauxval(AT_SYSINFO_EHDR);
  printf("ELF: %d\n", memcmp(base, ELFMAG, SELFMAG) == 0);
  vdso_gettime = lookup("__vdso_clock_gettime");
  vdso_getres = lookup("__vdso_clock_getres");
  vdso_timeofday = lookup("__vdso_gettimeofday");
  vdso_getcpu = lookup("__vdso_getcpu");
  printf("found: %d %d %d %d, not there: %d\n", !!vdso_gettime, !!vdso_getres, !!vdso_timeofday, !!vdso_getcpu, !!lookup("__vdso_nothing"));
  clocks();
  maps();
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, NULL);
  raiser();
  printf("handler %d, interrupted function on the stack %d\n", seen_handler, seen_raiser);
  pthread_t thread;
  void *result;
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, &result);
  printf("thread: %d\n", result == NULL);
  faults();
  return 0;
}
