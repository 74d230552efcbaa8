/* Calls with every flag set, for comparing the names of flags and their order. Most fail, which is all right. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(...) syscall(__VA_ARGS__)

int main(void) {
  CALL(SYS_write, -1, "BEGIN", 5L);
  CALL(SYS_openat, -1, "x", 0x7fffff, 0777);
  CALL(SYS_mmap, NULL, 0L, 0xfL, 0x1df933L, -1, 0L);
  CALL(SYS_mprotect, 4097L, 1L, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN);
  CALL(SYS_mremap, 1L, 1L, 1L, 7L, 4096L);
  CALL(SYS_msync, 1L, 0L, 7);
  for (int advice = 0; advice < 24; advice++) CALL(SYS_madvise, 1L, 1L, advice);
  CALL(SYS_newfstatat, -1, "x", NULL, 0xff00);
  CALL(SYS_statx, -1, "x", 0x7900, 0xfffu, NULL);
  CALL(SYS_statx, -1, "x", 0x2100, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, NULL);
  CALL(SYS_unlinkat, -1, "x", 0x200);
  CALL(SYS_linkat, -1, "x", -1, "y", 0x1400);
  CALL(SYS_renameat2, -1, "x", -1, "y", 7);
  CALL(SYS_pipe2, NULL, O_CLOEXEC | O_NONBLOCK | O_DIRECT);
  CALL(SYS_wait4, -1, NULL, 0xb, NULL);
  CALL(SYS_waitid, P_PGID, 1, NULL, 0x0100000f, NULL);
  CALL(SYS_fallocate, -1, 0x7f, 0L, 0L);
  CALL(SYS_flock, -1, LOCK_SH | LOCK_NB);
  CALL(SYS_flock, -1, LOCK_UN);
  CALL(SYS_memfd_create, NULL, 3);
  CALL(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, NULL, NULL);
  CALL(SYS_clock_gettime, CLOCK_BOOTTIME, NULL);
  CALL(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, NULL);
  CALL(SYS_getrandom, NULL, 1L, 7);
  struct pollfd poll = {-1 & 0x7fff, 0x27ff, 0};
  CALL(SYS_ppoll, &poll, 1, &(struct timespec){0, 0}, NULL, 8L);
  struct epoll_event event = {.events = 0xf00027df};
  CALL(SYS_epoll_ctl, -1, EPOLL_CTL_MOD, 0, &event);
  for (int who = 0; who < 16; who++) CALL(SYS_prlimit64, -1, who, NULL, NULL);
  CALL(SYS_fcntl, -1, F_SETFL, 0x7fffff);
  CALL(SYS_fcntl, -1, F_ADD_SEALS, 0x1f);
  CALL(SYS_fcntl, -1, F_GETOWN);
  CALL(SYS_fcntl, -1, F_GETPIPE_SZ);
  CALL(SYS_fcntl, -1, F_SETPIPE_SZ, 4096L);
  CALL(SYS_splice, -1, NULL, -1, NULL, 0L, 0xf);
  CALL(SYS_fadvise64, -1, 0L, 0L, POSIX_FADV_SEQUENTIAL);
  CALL(SYS_sync_file_range, -1, 0L, 0L, 7);
  CALL(SYS_mlockall, 0x10);
  CALL(SYS_faccessat, -1, "x", 7);
  CALL(SYS_mount, NULL, NULL, NULL, 0xffffL, NULL);
  CALL(SYS_umount2, "/nowhere", 0xf);
  CALL(SYS_unshare, 0x40000001);
  CALL(SYS_setpriority, PRIO_USER, 1 << 30, 5);
  CALL(SYS_sched_setscheduler, 0, SCHED_BATCH | SCHED_RESET_ON_FORK, NULL);
  CALL(SYS_getrusage, 5, NULL);
  struct rusage usage;
  CALL(SYS_getrusage, RUSAGE_CHILDREN, &usage);
  CALL(SYS_getitimer, ITIMER_PROF, NULL);
  CALL(SYS_tgkill, -1, -1, 40);
  CALL(SYS_kill, -0x7ffffff, SIGIO);
  struct sigaction { void *handler; unsigned long flags; unsigned long last[2]; } act = {0};
  act.handler = (void *)0x12345;
  act.flags = 0xd8000007;
  CALL(SYS_rt_sigaction, SIGKILL, &act, NULL, 8L);
  CALL(SYS_close_range, 9, 1, 6);
  CALL(SYS_tgkill, getpid(), getpid(), SIGKILL);
}
