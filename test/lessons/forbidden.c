/*
 * What the lectures say a user program must not do, done. Each line tells the signal, its si_code and si_addr, or the errno.
 *
 * Machine-dependent parts are RISC-V. Addresses are told relative to what they belong to, so that the answer is the same wherever
 * the program is loaded. With an argument only the lines that qemu-riscv64 (user mode) answers as Linux does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_ADDRESS 0xffffffd600000000UL
#define KERNEL_VECTOR 0xffffffff80000000UL
#define NON_CANONICAL 0x0000800000000000UL
#define FIRST_AFTER_USER 0x4000000000UL

static sigjmp_buf back;
static volatile int got_signal, got_code;
static volatile uintptr_t got_address;

static void on_signal(int signo, siginfo_t *info, void *context) {
  (void)context;
  got_signal = signo;
  got_code = info->si_code;
  got_address = (uintptr_t)info->si_addr;
  siglongjmp(back, 1);
}

static const char *name_of(int signo) {
  switch (signo) {
    case SIGILL:
      return "SIGILL";
    case SIGTRAP:
      return "SIGTRAP";
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "signal";
  }
}

static void tell(const char *what, uintptr_t base) {
  if (got_signal == 0) printf("%s: no signal\n", what);
  else if (got_address - base < 65536) printf("%s: %s code %d at base+%lu\n", what, name_of(got_signal), got_code, (unsigned long)(got_address - base));
  else printf("%s: %s code %d at 0x%lx\n", what, name_of(got_signal), got_code, (unsigned long)got_address);
}

/* The label is at the instruction itself, which is where si_addr must point. */
#define PRIVILEGED(NAME, TEXT)                                                       \
  do {                                                                               \
    uintptr_t at;                                                                    \
    got_signal = 0;                                                                  \
    asm volatile("lla %0, 1f" : "=r"(at));                                           \
    if (sigsetjmp(back, 1) == 0) asm volatile(".option push\n.option norvc\n1:" TEXT "\n.option pop" ::: "t0", "memory"); \
    tell(NAME, at);                                                                  \
  } while (0)

#define TRY(NAME, BASE, STATEMENT)           \
  do {                                       \
    got_signal = 0;                          \
    if (sigsetjmp(back, 1) == 0) STATEMENT;  \
    tell(NAME, (uintptr_t)(BASE));           \
  } while (0)

#define CALL(EXPRESSION)                                                                            \
  do {                                                                                              \
    errno = 0;                                                                                      \
    long result = (long)(EXPRESSION);                                                               \
    printf("%s: %ld %s\n", #EXPRESSION, result, result == -1 ? strerrorname_np(errno) : "ok"); \
  } while (0)

static void privileged_instructions(void) {
  PRIVILEGED("csrr sstatus", "csrr t0, sstatus");
  PRIVILEGED("csrr scause", "csrr t0, scause");
  PRIVILEGED("csrw sepc", "csrw sepc, t0");
  PRIVILEGED("csrw satp", "csrw satp, zero");
  PRIVILEGED("csrr satp", "csrr t0, satp");
  PRIVILEGED("csrw stvec", "csrw stvec, zero");
  PRIVILEGED("csrr mstatus", "csrr t0, mstatus");
  PRIVILEGED("csrr mhartid", "csrr t0, mhartid");
  PRIVILEGED("csrw mtvec", "csrw mtvec, zero");
  PRIVILEGED("csrw cycle", "csrw cycle, zero");
  PRIVILEGED("csrsi sstatus", "csrsi sstatus, 2");
  PRIVILEGED("sret", "sret");
  PRIVILEGED("mret", "mret");
  PRIVILEGED("wfi", "wfi");
  PRIVILEGED("sfence.vma", "sfence.vma zero, zero");
  PRIVILEGED("unknown csr", "csrr t0, 0x5ff");
  PRIVILEGED("all zeros", ".word 0");
  PRIVILEGED("all ones", ".word 0xffffffff");
  PRIVILEGED("ebreak", "ebreak");
}

typedef volatile uint32_t word;

static void memory(void) {
  unsigned char *pages = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *hole = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + 4096, 4096, PROT_READ);
  munmap(pages + 8192, 4096);
  TRY("null read", 0, (void)*(word *)0);
  TRY("null write", 0, *(word *)8 = 1);
  TRY("null call", 0, ((void (*)(void))0)());
  TRY("read of the kernel", KERNEL_ADDRESS, (void)*(word *)KERNEL_ADDRESS);
  TRY("write to the kernel", KERNEL_ADDRESS, *(word *)(KERNEL_ADDRESS + 4096) = 1);
  TRY("call into the kernel", KERNEL_ADDRESS, ((void (*)(void))KERNEL_ADDRESS)());
  TRY("read of the trap vector", KERNEL_VECTOR, (void)*(word *)KERNEL_VECTOR);
  TRY("call of the trap vector", KERNEL_VECTOR, ((void (*)(void))KERNEL_VECTOR)());
  TRY("non-canonical read", NON_CANONICAL, (void)*(word *)NON_CANONICAL);
  TRY("non-canonical write", NON_CANONICAL, *(word *)(NON_CANONICAL + 16) = 1);
  TRY("read past the user's half", FIRST_AFTER_USER, (void)*(word *)FIRST_AFTER_USER);
  TRY("last word of the address space", ~15UL, (void)*(word *)~7UL);
  TRY("write to a read-only page", pages + 4096, pages[4096 + 5] = 1);
  TRY("write to the program's text", (uintptr_t)memory, *(word *)(uintptr_t)memory = 1);
  TRY("write to an unmapped page", pages + 8192, pages[8192 + 7] = 1);
  TRY("read of a page without rights", hole, (void)*(word *)hole);
  TRY("execution of a data page", pages, ((void (*)(void))pages)());
  TRY("word that crosses into an unmapped page", pages + 8192, (void)*(word *)(pages + 8190));
  TRY("atomic on a read-only page", pages + 4096, __atomic_fetch_add((uint32_t *)(pages + 4096), 1, __ATOMIC_SEQ_CST));

  int fd = open("short", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (write(fd, "x", 1) != 1) return;
  unsigned char *file = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  TRY("page beyond the end of a file", file, (void)*(word *)(file + 4096));
  close(fd);
}

static void arithmetic(void) {
  volatile long zero = 0, one = 1, least = (long)1 << 63, minus = -1;
  printf("1 / 0 = %ld, 1 %% 0 = %ld, least / -1 = %ld, least %% -1 = %ld\n", one / zero, one % zero, least / minus, least % minus);
  unsigned char bytes[32] = {0};
  for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)(i + 1);
  volatile uint64_t *odd = (volatile uint64_t *)(bytes + 3);
  printf("misaligned load %lx\n", (unsigned long)*odd);
  *odd = 0x1122334455667788UL;
  printf("misaligned store %x %x %x\n", bytes[2], bytes[3], bytes[10]);
}

static void calls(void) {
  char *kernel = (char *)KERNEL_ADDRESS, *bad = (char *)NON_CANONICAL, *null = 0;
  char buffer[64];
  int zero = open("/dev/zero", O_RDWR), file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
  if (pipe(ends) != 0 || write(file, "contents", 8) != 8) return;
  lseek(file, 0, SEEK_SET);
  CALL(read(zero, kernel, 16));
  CALL(read(file, kernel, 8));
  CALL(read(file, bad, 8));
  CALL(write(file, kernel, 8));
  CALL(write(ends[1], kernel, 8));
  CALL(write(ends[1], bad, 8));
  CALL(pread(file, null, 4, 0));
  CALL(syscall(SYS_getcwd, kernel, 4096));
  CALL(open(kernel, O_RDONLY));
  CALL(stat(kernel, (struct stat *)buffer));
  CALL(syscall(SYS_fstat, file, kernel));
  CALL(syscall(SYS_uname, kernel));
  CALL(syscall(SYS_clock_gettime, 0, kernel));
  CALL(syscall(SYS_gettimeofday, kernel, 0));
  CALL(syscall(SYS_nanosleep, kernel, 0));
  CALL(syscall(SYS_rt_sigaction, SIGUSR1, kernel, 0, 8));
  CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, kernel, 0, 8));
  CALL(syscall(SYS_pipe2, kernel, 0));
  CALL(syscall(SYS_execve, kernel, 0, 0));
  CALL(syscall(SYS_execve, "/bin/true", kernel, 0));
  CALL(syscall(SYS_getdents64, open(".", O_RDONLY), kernel, 4096));
  CALL(syscall(SYS_ppoll, kernel, 1, 0, 0, 8));
  CALL(syscall(SYS_futex, kernel, 0, 0, 0, 0, 0));
  CALL(syscall(SYS_getrandom, kernel, 16, 0));
  CALL(syscall(SYS_wait4, -1, kernel, 0, 0));
  CALL(syscall(SYS_readv, file, kernel, 1));
  CALL(syscall(SYS_getrlimit, RLIMIT_NOFILE, kernel));
  CALL(syscall(2000));
  CALL(syscall(-1));
  CALL(syscall(0x7fffffff));
  CALL(syscall(0x100000000UL + SYS_getpid));
}

__attribute__((noinline)) static int deeper(volatile char *above) {
  volatile char frame[4096];
  frame[0] = above[0];
  return deeper(frame) + frame[0];
}

static void stack_overflow(void) {
  static char other[65536];
  stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
  sigaltstack(&stack, 0);
  volatile char first = 0;
  got_signal = 0;
  if (sigsetjmp(back, 1) == 0) deeper(&first);
  printf("stack overflow: %s code %d\n", name_of(got_signal), got_code);
}

/* Without a handler the process dies of it. */
static void death(const char *what, void (*act)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    for (int signo = 1; signo < 32; signo++) signal(signo, SIG_DFL);
    act();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("%s: ends with %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void act_null(void) { *(word *)0 = 1; }
static void act_sret(void) { asm volatile("sret"); }
static void act_blocked(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  *(word *)KERNEL_ADDRESS = 1;
}
static void act_ignored(void) {
  signal(SIGILL, SIG_IGN);
  asm volatile("csrr t0, sstatus" ::: "t0");
}

int main(int argc, char **argv) {
  (void)argv;
  setvbuf(stdout, 0, _IONBF, 0);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  for (int signo = 4; signo <= 11; signo++)
    if (signo == SIGILL || signo == SIGTRAP || signo == SIGBUS || signo == SIGFPE || signo == SIGSEGV) sigaction(signo, &action, 0);
  arithmetic();
  if (argc < 2) privileged_instructions();
  if (argc < 2) memory();
  if (argc < 2) calls();
  death("null write without a handler", act_null);
  death("sret without a handler", act_sret);
  death("fault with all signals blocked", act_blocked);
  death("illegal instruction that is ignored", act_ignored);
  stack_overflow();
  return 0;
}
