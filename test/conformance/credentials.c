/* User and group ids, capabilities and what execve and set*id do to them. To be run as root. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <grp.h>

/* CAP_CHOWN, CAP_KILL and CAP_SETUID only: what else root has depends on where this runs. */
#define SHOWN ((1u << CAP_CHOWN) | (1u << CAP_KILL) | (1u << CAP_SETUID) | (1u << CAP_SETGID))

static void show(const char *what, long value) { printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : ""); }

static void state(const char *what) {
  uid_t r, e, s;
  gid_t gr, ge, gs;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  getresuid(&r, &e, &s);
  getresgid(&gr, &ge, &gs);
  syscall(SYS_capget, &header, data);
  printf("%s: uid %d %d %d fs %d, gid %d %d %d, e %x p %x i %x\n", what, r, e, s, setfsuid(-1), gr, ge, gs,
         data[0].effective & SHOWN, data[0].permitted & SHOWN, data[0].inheritable & SHOWN);
}

static void in_child(void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
}

static void drop(void) {
  show("setgroups", setgroups(3, (gid_t[]){30, 10, 20}));
  gid_t groups[3] = {0};
  show("getgroups", getgroups(3, groups));
  printf("sorted: %d %d %d\n", groups[0], groups[1], groups[2]);
  show("getgroups with little room", getgroups(2, groups));
  show("setgid", setgid(100));
  show("setuid", setuid(1000));
  state("after setuid");
  show("back", setuid(0));
  show("setgroups", setgroups(0, NULL));
  show("setgid to another", setgid(0));
  show("setresuid", setresuid(0, -1, -1));
  show("setuid of -1", setuid(-1));
}

static void effective(void) {
  show("seteuid", seteuid(1000));
  state("after seteuid");
  show("setreuid of another", setreuid(5, -1));
  show("seteuid back", seteuid(0));
  state("after seteuid back");
  show("setreuid", setreuid(1000, 0));
  state("after setreuid");
  show("swap", setreuid(0, 1000));
  state("after swap");
  show("swap back", setreuid(1000, 0));
  show("setresuid", setresuid(1, 2, 3));
  state("after setresuid");
  show("own ids", setresuid(3, 1, 2));
  state("after own ids");
}

static void fs(void) {
  printf("setfsuid gives the old: %d", setfsuid(7));
  printf(" %d\n", setfsuid(-1));
  state("fsuid 7");
  setresuid(5, 5, 5);
  printf("not allowed: %d", setfsuid(9));
  printf(" %d\n", setfsuid(-1));
}

static void keep(void) {
  show("keepcaps", prctl(PR_GET_KEEPCAPS));
  show("set keepcaps", prctl(PR_SET_KEEPCAPS, 1));
  show("bad keepcaps", prctl(PR_SET_KEEPCAPS, 2));
  setresuid(1000, 1000, 1000);
  state("kept");
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  data[0].effective = 1u << CAP_KILL;
  data[0].permitted = 1u << CAP_KILL | 1u << CAP_CHOWN;
  data[0].inheritable = 1u << CAP_CHOWN;
  data[1].effective = data[1].permitted = data[1].inheritable = 0;
  show("capset", syscall(SYS_capset, &header, data));
  state("fewer");
  data[0].permitted |= 1u << CAP_SETUID;
  show("capset more", syscall(SYS_capset, &header, data));
  show("ambient raise", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
  show("ambient raise without", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
  show("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
  show("bounding drop", prctl(PR_CAPBSET_DROP, CAP_KILL));
  show("bounding read", prctl(PR_CAPBSET_READ, CAP_KILL));
  show("bounding bad", prctl(PR_CAPBSET_READ, 64));
}

static void calls(void) {
  struct __user_cap_header_struct header = {0, 0};
  struct __user_cap_data_struct data[2];
  show("capget bad version", syscall(SYS_capget, &header, data));
  printf("preferred %x\n", header.version);
  header.version = 0;
  show("capget version only", syscall(SYS_capget, &header, NULL));
  header.pid = -1;
  show("capget bad pid", syscall(SYS_capget, &header, data));
  header.pid = 1 << 30;
  show("capget nobody", syscall(SYS_capget, &header, data));
  header.pid = getppid();
  show("capset of another", syscall(SYS_capset, &header, data));
  show("securebits", prctl(PR_GET_SECUREBITS));
  show("set securebits", prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED));
  show("locked", prctl(PR_SET_SECUREBITS, 0));
  show("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  show("set no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  show("unset no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  show("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  show("dumpable", prctl(PR_GET_DUMPABLE));
  show("set dumpable", prctl(PR_SET_DUMPABLE, 2));
  seteuid(1);
  show("dumpable after seteuid", prctl(PR_GET_DUMPABLE));
  show("unknown prctl", prctl(123456));
  char name[16];
  prctl(PR_SET_NAME, "a name that is too long");
  prctl(PR_GET_NAME, name);
  printf("name: %s\n", name);
}

int main(void) {
  prctl(PR_SET_DUMPABLE, 1);
  state("start");
  in_child(drop);
  in_child(effective);
  in_child(fs);
  in_child(keep);
  in_child(calls);
  return 0;
}
