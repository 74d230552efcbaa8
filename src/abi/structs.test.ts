/**
 * The layouts against the C compiler's: for each struct a C program is compiled whose constants are sizeof and offsetof,
 * and they are read from the assembly, so that it works for every architecture.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Arch } from './arch.ts';
import { layoutOf, type StructDef } from './struct.ts';
import { STRUCTS } from './structs.ts';
import type { StructName } from './structs.ts';

/** A struct, its type in C, fields whose C names differ (null: not to compare), and where not to compare. */
interface Case {
  readonly struct: StructName;
  readonly c: string;
  readonly names?: Readonly<Record<string, string | null>>;
  readonly only?: readonly Arch[];
  /** False where the header describes the C library's idea of the size rather than the kernel's. */
  readonly compareSize?: boolean;
}

const ALL: readonly Arch[] = ['riscv64', 'x86_64', 'i386'];
const LP64: readonly Arch[] = ['riscv64', 'x86_64'];

const same = (...structs: StructName[]): Case[] => structs.map((struct) => ({ struct, c: `struct ${struct}` }));

/** Fields that have come since Linux 6.1, whose headers may be the installed ones. */
const NEW_IN_STATX = {
  stx_subvol: null,
  stx_atomic_write_unit_min: null,
  stx_atomic_write_unit_max: null,
  stx_atomic_write_segments_max: null,
  stx_dio_read_offset_align: null,
  stx_atomic_write_unit_max_opt: null,
};

const GROUPS: readonly (readonly [headers: readonly string[], cases: readonly Case[]])[] = [
  [
    ['asm/stat.h'],
    [...same('stat'), { struct: 'stat64', c: 'struct stat64', names: { st_ino32: '__st_ino' }, only: ['i386'] }],
  ],
  [['asm/statfs.h'], [...same('statfs'), { struct: 'statfs64', c: 'struct statfs64', only: ['i386'] }]],
  [['linux/stat.h'], [...same('statx_timestamp'), { struct: 'statx', c: 'struct statx', names: NEW_IN_STATX }]],
  [
    ['linux/time_types.h', 'linux/timex.h', 'linux/time.h', 'linux/resource.h', 'linux/times.h', 'linux/utime.h'],
    [
      { struct: 'timespec', c: 'struct __kernel_timespec' },
      { struct: 'itimerspec', c: 'struct __kernel_itimerspec' },
      { struct: 'timex', c: 'struct __kernel_timex' },
      ...same('timeval', 'itimerval', 'timezone', 'rusage', 'rlimit', 'rlimit64', 'tms', 'utimbuf'),
    ],
  ],
  [['asm/fcntl.h'], [...same('flock', 'f_owner_ex'), { struct: 'flock64', c: 'struct flock64', only: ['i386'] }]],
  [
    ['linux/openat2.h', 'linux/uio.h', 'linux/inotify.h', 'linux/fanotify.h', 'linux/mount.h'],
    [
      ...same('open_how', 'iovec', 'inotify_event', 'mount_attr'),
      { struct: 'fanotify_event_metadata', c: 'struct fanotify_event_metadata' },
    ],
  ],
  [
    ['asm/signal.h', 'asm/siginfo.h', 'linux/signalfd.h'],
    [
      { struct: 'sigaction', c: 'struct sigaction', only: LP64, names: { sa_handler: 'sa_handler' } },
      { struct: 'stack_t', c: 'stack_t' },
      { struct: 'siginfo', c: 'siginfo_t', names: { fields: '_sifields' } },
      { struct: 'sigevent', c: 'sigevent_t', names: { sigev_notify_thread_id: '_sigev_un._tid' } },
      ...same('signalfd_siginfo'),
    ],
  ],
  [
    [
      'linux/sched.h',
      'linux/sched/types.h',
      'linux/capability.h',
      'linux/futex.h',
      'linux/rseq.h',
      'linux/sysinfo.h',
      'linux/utsname.h',
      'linux/seccomp.h',
      'linux/filter.h',
    ],
    [
      ...same(
        'clone_args',
        'sched_attr',
        'robust_list',
        'robust_list_head',
        'futex_waitv',
        'rseq_cs',
        'sysinfo',
        'seccomp_data',
        'seccomp_notif_sizes',
        'sock_filter',
        'sock_fprog',
      ),
      { struct: 'rseq', c: 'struct rseq', names: { node_id: null, mm_cid: null } },
      { struct: 'utsname', c: 'struct new_utsname' },
      { struct: 'old_utsname', c: 'struct old_utsname' },
      { struct: 'oldold_utsname', c: 'struct oldold_utsname' },
      { struct: 'user_cap_header', c: 'struct __user_cap_header_struct' },
      { struct: 'user_cap_data', c: 'struct __user_cap_data_struct' },
    ],
  ],
  [
    ['linux/ptrace.h'],
    [
      { struct: 'ptrace_syscall_info', c: 'struct ptrace_syscall_info', names: { stop: 'entry' } },
      ...same('ptrace_peeksiginfo_args'),
    ],
  ],
  [
    [
      'asm/poll.h',
      'linux/eventpoll.h',
      'linux/aio_abi.h',
      'linux/io_uring.h',
      'linux/rtc.h',
      'linux/fs.h',
      'linux/mqueue.h',
    ],
    [
      ...same('pollfd', 'epoll_event', 'iocb', 'io_event', 'rtc_time', 'fsxattr', 'mq_attr'),
      { struct: 'io_uring_params', c: 'struct io_uring_params' },
      { struct: 'io_uring_sqe', c: 'struct io_uring_sqe' },
      { struct: 'io_uring_cqe', c: 'struct io_uring_cqe' },
    ],
  ],
  [['asm/termbits.h', 'asm/termios.h'], same('winsize', 'termios', 'termios2', 'termio')],
  [
    ['linux/ipc.h', 'linux/sem.h', 'linux/shm.h', 'linux/msg.h'],
    same(
      'ipc64_perm',
      'shmid64_ds',
      'semid64_ds',
      'msqid64_ds',
      'sembuf',
      'shminfo64',
      'shm_info',
      'seminfo',
      'msginfo',
    ),
  ],
  [
    ['linux/un.h', 'linux/in.h', 'linux/in6.h', 'linux/netlink.h', 'linux/if_packet.h'],
    [
      ...same(
        'sockaddr_un',
        'sockaddr_in',
        'sockaddr_in6',
        'sockaddr_nl',
        'sockaddr_ll',
        'in_pktinfo',
        'ip_mreqn',
        'nlmsghdr',
      ),
      { struct: 'ipv6_mreq', c: 'struct ipv6_mreq' },
    ],
  ],
  [
    ['linux/if.h'],
    [
      { struct: 'ifreq', c: 'struct ifreq', names: { ifr_name: 'ifr_ifrn', ifr_union: 'ifr_ifru' } },
      { struct: 'ifconf', c: 'struct ifconf', names: { ifc_buf: 'ifc_ifcu' } },
    ],
  ],
  [
    ['asm/ptrace.h', 'asm/sigcontext.h', 'asm/signal.h', 'asm/ucontext.h'],
    [
      { struct: 'riscv_user_regs', c: 'struct user_regs_struct', only: ['riscv64'] },
      { struct: 'riscv_fp_state', c: 'union __riscv_fp_state', names: { f: 'd', fcsr: 'd.fcsr' }, only: ['riscv64'] },
      { struct: 'riscv_d_ext_state', c: 'struct __riscv_d_ext_state', only: ['riscv64'] },
      { struct: 'riscv_sigcontext', c: 'struct sigcontext', only: ['riscv64'] },
      { struct: 'riscv_ucontext', c: 'struct ucontext', only: ['riscv64'] },
    ],
  ],
  [
    ['asm/sigcontext.h', 'asm/signal.h', 'asm/ucontext.h'],
    [
      { struct: 'x86_64_sigcontext', c: 'struct sigcontext', only: ['x86_64'] },
      { struct: 'x86_64_ucontext', c: 'struct ucontext', only: ['x86_64'] },
      { struct: 'x86_fpstate', c: 'struct _fpstate_64', only: ['x86_64'] },
      {
        struct: 'i386_sigcontext',
        c: 'struct sigcontext',
        names: { trapno: null, esp_at_signal: null },
        only: ['i386'],
      },
      { struct: 'i386_ucontext', c: 'struct ucontext', only: ['i386'], compareSize: false },
    ],
  ],
];

const COMPILERS: Readonly<Record<Arch, readonly string[]>> = {
  riscv64: ['riscv64-linux-gnu-gcc'],
  x86_64: ['gcc'],
  i386: ['gcc', '-m32', '-I/usr/include/x86_64-linux-gnu'],
};

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-structs-'));
  // Kernel headers reach for the C library's stubs for 32 bits, which only gcc-multilib has; an empty file will do.
  mkdirSync(join(directory, 'gnu'));
  writeFileSync(join(directory, 'gnu', 'stubs-32.h'), '');
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(ALL)('struct layouts on %s', (arch) => {
  it.each(GROUPS)('%s', (headers, cases) => {
    const wanted = cases.filter(({ only }) => (only ?? ALL).includes(arch));
    const expressions: string[] = [];
    const ours: string[] = [];
    for (const { struct, c, names = {}, compareSize = true } of wanted) {
      const layout = layoutOf(STRUCTS[struct] as StructDef, arch);
      if (compareSize) {
        expressions.push(`sizeof(${c})`);
        ours.push(`${struct}: size ${layout.size}`);
      }
      for (const field of layout.fields) {
        const name = names[field.name] === undefined ? field.name : names[field.name];
        if (field.isPadding || name === null) continue;
        expressions.push(`__builtin_offsetof(${c}, ${name})`);
        ours.push(`${struct}.${field.name}: offset ${field.offset}`);
      }
    }
    if (expressions.length === 0) return;
    const theirs = constants(arch, headers, expressions);
    expect(ours).toEqual(ours.map((line, index) => line.replace(/\d+$/, String(theirs[index]))));
  });
});

/** The values of constant C expressions on an architecture. */
function constants(arch: Arch, headers: readonly string[], expressions: readonly string[]): number[] {
  const source = join(directory, 'constants.c');
  const includes = ['stddef.h', ...headers].map((header) => `#include <${header}>\n`).join('');
  // `+ 1` keeps zeros out of the assembler's .zero runs.
  writeFileSync(
    source,
    `${includes}const int values[] = {\n${expressions.map((e) => `(int)(${e}) + 1,\n`).join('')}};\n`,
  );
  const [compiler = 'gcc', ...options] = COMPILERS[arch];
  let assembly: string;
  try {
    const flags = [...options, `-I${directory}`, '-ffreestanding', '-w', '-S', '-o', '-', source];
    assembly = execFileSync(compiler, flags, { encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${compiler} is missing: apt install gcc gcc-riscv64-linux-gnu linux-libc-dev`, { cause: error });
  }
  return [...assembly.matchAll(/^\t\.(?:word|long)\t(\d+)$/gm)].map(([, value]) => Number(value) - 1);
}
