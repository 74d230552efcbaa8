/* Calls on files, directories and descriptors, for comparing what strace prints. Works in an empty directory of its own. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#define CALL(...) syscall(__VA_ARGS__)

static char big[200];

int main(void) {
  struct stat st;
  struct statx stx;
  char buf[4096];
  CALL(SYS_write, -1, "BEGIN", 5L);
  int fd = CALL(SYS_openat, AT_FDCWD, "a", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  CALL(SYS_openat, AT_FDCWD, "a", O_RDWR | O_CREAT | O_EXCL, 0644);
  CALL(SYS_openat, AT_FDCWD, "missing", O_RDONLY);
  CALL(SYS_openat, fd, "x", O_WRONLY | O_APPEND | O_NONBLOCK | O_SYNC);
  CALL(SYS_openat, AT_FDCWD, "a", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  CALL(SYS_openat, AT_FDCWD, (char *)16, 3 | O_PATH);
  CALL(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR | O_DSYNC | O_NOATIME, 01777);
  CALL(SYS_openat, AT_FDCWD, NULL, 0x40000000);
  CALL(SYS_write, fd, "hello\n\tworld\0x\1\0019\377\"\\", 20L);
  memset(big, 'a', sizeof big);
  CALL(SYS_write, fd, big, (long)sizeof big);
  CALL(SYS_write, fd, big, 32L);
  CALL(SYS_write, fd, big, 33L);
  CALL(SYS_write, fd, (void *)8, 3L);
  CALL(SYS_write, fd, NULL, 0L);
  CALL(SYS_write, 77, "x", 1L);
  struct iovec iov[3] = {{"one", 3}, {"two\n", 4}, {big, 40}};
  CALL(SYS_writev, fd, iov, 3L);
  CALL(SYS_lseek, fd, 3L, SEEK_SET);
  CALL(SYS_lseek, fd, -1L, SEEK_SET);
  CALL(SYS_lseek, fd, 0L, 9);
  CALL(SYS_read, fd, buf, 10L);
  CALL(SYS_read, fd, buf, 100L);
  CALL(SYS_read, 78, buf, 100L);
  CALL(SYS_pread64, fd, buf, 5L, 100000L);
  CALL(SYS_pread64, fd, buf, 5L, 1L);
  CALL(SYS_pwrite64, fd, "zz", 2L, 7L);
  iov[0].iov_base = buf;
  iov[1].iov_base = buf + 100;
  iov[2].iov_base = buf + 200;
  CALL(SYS_readv, fd, iov, 3L);
  CALL(SYS_preadv, fd, iov, 2L, 2L, 0L);
  CALL(SYS_readv, 79, iov, 1L);
  CALL(SYS_fstat, fd, &st);
  CALL(SYS_newfstatat, AT_FDCWD, "a", &st, 0);
  CALL(SYS_newfstatat, AT_FDCWD, "/dev/null", &st, 0);
  CALL(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
  CALL(SYS_newfstatat, AT_FDCWD, "b", &st, AT_SYMLINK_NOFOLLOW);
  CALL(SYS_statx, AT_FDCWD, "b", AT_STATX_SYNC_AS_STAT, STATX_ALL, &stx);
  CALL(SYS_faccessat, AT_FDCWD, "a", R_OK | W_OK);
  CALL(SYS_faccessat, AT_FDCWD, "a", F_OK);
  CALL(SYS_faccessat, AT_FDCWD, "b", X_OK);
  CALL(SYS_mkdirat, AT_FDCWD, "d", 0755);
  CALL(SYS_mkdirat, AT_FDCWD, "d", 07);
  CALL(SYS_symlinkat, "a", AT_FDCWD, "s");
  CALL(SYS_linkat, AT_FDCWD, "a", AT_FDCWD, "l", 0);
  CALL(SYS_readlinkat, AT_FDCWD, "s", buf, sizeof buf);
  CALL(SYS_readlinkat, AT_FDCWD, "a", buf, sizeof buf);
  CALL(SYS_renameat2, AT_FDCWD, "l", AT_FDCWD, "m", RENAME_NOREPLACE);
  CALL(SYS_fchmodat, AT_FDCWD, "a", 0600);
  CALL(SYS_fchmod, fd, 04755);
  CALL(SYS_fchown, fd, -1, -1);
  CALL(SYS_fchownat, AT_FDCWD, "a", 0, 0, AT_SYMLINK_NOFOLLOW);
  struct timespec times[2] = {{1, 2}, {0, UTIME_OMIT}};
  CALL(SYS_utimensat, AT_FDCWD, "a", times, 0);
  CALL(SYS_utimensat, AT_FDCWD, "a", NULL, AT_SYMLINK_NOFOLLOW);
  CALL(SYS_unlinkat, AT_FDCWD, "m", 0);
  CALL(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR);
  CALL(SYS_unlinkat, AT_FDCWD, "s", 0);
  CALL(SYS_truncate, "a", 10L);
  CALL(SYS_ftruncate, fd, 20L);
  CALL(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 0L, 4096L);
  CALL(SYS_fsync, fd);
  CALL(SYS_fdatasync, fd);
  CALL(SYS_flock, fd, LOCK_EX | LOCK_NB);
  CALL(SYS_dup, fd);
  CALL(SYS_dup3, fd, 20, O_CLOEXEC);
  CALL(SYS_dup3, fd, fd, 0);
  CALL(SYS_fcntl, fd, F_GETFD);
  CALL(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  CALL(SYS_fcntl, fd, F_GETFL);
  CALL(SYS_fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
  CALL(SYS_fcntl, fd, F_DUPFD, 30);
  CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 31);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
  CALL(SYS_fcntl, fd, F_SETLK, &lock);
  CALL(SYS_fcntl, fd, F_GETLK, &lock);
  CALL(SYS_fcntl, fd, 999, 1L);
  CALL(SYS_close, 30);
  CALL(SYS_close, 31);
  CALL(SYS_close, 200);
  int pipes[2];
  CALL(SYS_pipe2, pipes, O_CLOEXEC | O_NONBLOCK);
  CALL(SYS_read, pipes[0], buf, 10L);
  CALL(SYS_write, pipes[1], "pp", 2L);
  struct pollfd polls[3] = {{pipes[0], POLLIN | POLLPRI, 0}, {pipes[1], POLLOUT, 0}, {-1, 0, 0}};
  struct timespec zero = {0, 0}, one = {1, 500};
  CALL(SYS_ppoll, polls, 3, &zero, NULL, 8L);
  CALL(SYS_read, pipes[0], buf, 10L);
  CALL(SYS_ppoll, polls, 1, &zero, NULL, 8L);
  CALL(SYS_ppoll, polls, 2, &one, NULL, 8L);
  fd_set rd, wr;
  FD_ZERO(&rd);
  FD_ZERO(&wr);
  FD_SET(pipes[0], &rd);
  FD_SET(pipes[1], &wr);
  CALL(SYS_pselect6, 10, &rd, &wr, NULL, &one, NULL);
  FD_SET(pipes[0], &rd);
  CALL(SYS_pselect6, 10, &rd, NULL, NULL, &zero, NULL);
  int ep = CALL(SYS_epoll_create1, EPOLL_CLOEXEC);
  struct epoll_event ev = {.events = EPOLLOUT | EPOLLET, .data.u64 = 0x123400005678};
  CALL(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, pipes[1], &ev);
  CALL(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, pipes[1], &ev);
  struct epoll_event evs[4];
  CALL(SYS_epoll_pwait, ep, evs, 4, 0, NULL, 8L);
  CALL(SYS_epoll_pwait, ep, evs, 4, 0, NULL, 8L);
  CALL(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, pipes[1], NULL);
  CALL(SYS_eventfd2, 3, EFD_CLOEXEC | EFD_NONBLOCK);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigaddset(&mask, SIGCHLD);
  CALL(SYS_signalfd4, -1, &mask, 8L, SFD_CLOEXEC);
  int tfd = CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  struct itimerspec its = {{0, 0}, {1000, 5}};
  CALL(SYS_timerfd_settime, tfd, 0, &its, NULL);
  CALL(SYS_timerfd_settime, tfd, TFD_TIMER_ABSTIME, &its, NULL);
  CALL(SYS_memfd_create, "name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  struct termios tio;
  int n;
  CALL(SYS_ioctl, fd, TCGETS, &tio);
  CALL(SYS_ioctl, fd, TIOCGWINSZ, &st);
  CALL(SYS_ioctl, pipes[0], FIONREAD, &n);
  CALL(SYS_ioctl, fd, 0x12345678, 1L);
  CALL(SYS_umask, 022);
  CALL(SYS_umask, 077);
  CALL(SYS_chdir, "nowhere");
  CALL(SYS_chdir, "/");
  CALL(SYS_getcwd, buf, sizeof buf);
  CALL(SYS_getcwd, buf, 1L);
  int dir = CALL(SYS_openat, AT_FDCWD, "/dev/shm", O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC);
  CALL(SYS_close, dir);
  CALL(SYS_sendfile, pipes[1], fd, NULL, 5L);
  CALL(SYS_splice, pipes[0], NULL, pipes[1], NULL, 3L, SPLICE_F_NONBLOCK);
  CALL(SYS_copy_file_range, fd, NULL, 99, NULL, 3L, 0);
  CALL(SYS_getxattr, "/nowhere", "user.x", buf, 10L);
  CALL(SYS_mount, "none", "/nowhere", "tmpfs", (long)0x6, NULL);
  CALL(SYS_mknodat, AT_FDCWD, "/nowhere/x", S_IFIFO | 0644, 0);
  CALL(SYS_mknodat, AT_FDCWD, "/nowhere/x", S_IFCHR | 0600, makedev(1, 3));
  CALL(SYS_statfs, "/nowhere", buf);
  CALL(SYS_close_range, 50, 60, 0);
  CALL(SYS_faccessat2, AT_FDCWD, "/", R_OK | X_OK, AT_EACCESS);
  CALL(SYS_exit_group, 7);
}
