/**
 * Flags and codes of sigaction(2), sigprocmask(2), sigaltstack(2), signalfd(2) and siginfo_t.
 *
 * Interface: SIGACTION, SIGPROCMASK, SIGALTSTACK, SIGNALFD, SI_CODE, SI_CODE_ILL, SI_CODE_FPE, SI_CODE_SEGV, SI_CODE_BUS, SI_CODE_TRAP, SI_CODE_CHLD, SI_CODE_POLL, SI_CODE_SYS, SIGEV_NOTIFY. Values: asm/signal.h, asm/siginfo.h, linux/signalfd.h.
 */

import { flagSet } from '../flag-set.ts';

export const SIGACTION = flagSet(
  'sigaction',
  {
    SA_NOCLDSTOP: 1,
    SA_NOCLDWAIT: 2,
    SA_SIGINFO: 4,
    SA_UNSUPPORTED: 0x400,
    SA_EXPOSE_TAGBITS: 0x800,
    SA_ONSTACK: 0x8000000,
    SA_RESTART: 0x10000000,
    SA_NODEFER: 0x40000000,
    SA_RESETHAND: 0x80000000,
  },
  {
    perArch: { x86_64: { SA_RESTORER: 0x4000000 }, i386: { SA_RESTORER: 0x4000000 } },
    noEffect: ['SA_EXPOSE_TAGBITS'],
  },
);

export const SIGPROCMASK = flagSet(
  'sigprocmask',
  {
    SIG_BLOCK: 0,
    SIG_UNBLOCK: 1,
    SIG_SETMASK: 2,
  },
  { kind: 'enum', unsupported: [] },
);

export const SIGALTSTACK = flagSet(
  'sigaltstack',
  {
    SS_ONSTACK: 1,
    SS_DISABLE: 2,
    SS_AUTODISARM: 0x80000000,
  },
  { unsupported: [] },
);

export const SIGNALFD = flagSet(
  'signalfd',
  {
    SFD_CLOEXEC: 0o2000000,
    SFD_NONBLOCK: 0o4000,
  },
  { unsupported: [] },
);

export const SI_CODE = flagSet(
  'si-code',
  {
    SI_USER: 0,
    SI_KERNEL: 128,
    SI_QUEUE: -1,
    SI_TIMER: -2,
    SI_MESGQ: -3,
    SI_ASYNCIO: -4,
    SI_SIGIO: -5,
    SI_TKILL: -6,
    SI_DETHREAD: -7,
    SI_ASYNCNL: -60,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_ILL = flagSet(
  'si-code-ill',
  {
    ILL_ILLOPC: 1,
    ILL_ILLOPN: 2,
    ILL_ILLADR: 3,
    ILL_ILLTRP: 4,
    ILL_PRVOPC: 5,
    ILL_PRVREG: 6,
    ILL_COPROC: 7,
    ILL_BADSTK: 8,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_FPE = flagSet(
  'si-code-fpe',
  {
    FPE_INTDIV: 1,
    FPE_INTOVF: 2,
    FPE_FLTDIV: 3,
    FPE_FLTOVF: 4,
    FPE_FLTUND: 5,
    FPE_FLTRES: 6,
    FPE_FLTINV: 7,
    FPE_FLTSUB: 8,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_SEGV = flagSet(
  'si-code-segv',
  {
    SEGV_MAPERR: 1,
    SEGV_ACCERR: 2,
    SEGV_BNDERR: 3,
    SEGV_PKUERR: 4,
    SEGV_CPERR: 10,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_BUS = flagSet(
  'si-code-bus',
  {
    BUS_ADRALN: 1,
    BUS_ADRERR: 2,
    BUS_OBJERR: 3,
    BUS_MCEERR_AR: 4,
    BUS_MCEERR_AO: 5,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_TRAP = flagSet(
  'si-code-trap',
  {
    TRAP_BRKPT: 1,
    TRAP_TRACE: 2,
    TRAP_BRANCH: 3,
    TRAP_HWBKPT: 4,
    TRAP_UNK: 5,
    TRAP_PERF: 6,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_CHLD = flagSet(
  'si-code-chld',
  {
    CLD_EXITED: 1,
    CLD_KILLED: 2,
    CLD_DUMPED: 3,
    CLD_TRAPPED: 4,
    CLD_STOPPED: 5,
    CLD_CONTINUED: 6,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_POLL = flagSet(
  'si-code-poll',
  {
    POLL_IN: 1,
    POLL_OUT: 2,
    POLL_MSG: 3,
    POLL_ERR: 4,
    POLL_PRI: 5,
    POLL_HUP: 6,
  },
  { kind: 'enum', unsupported: [] },
);

export const SI_CODE_SYS = flagSet(
  'si-code-sys',
  {
    SYS_SECCOMP: 1,
    SYS_USER_DISPATCH: 2,
  },
  { kind: 'enum', unsupported: [] },
);

export const SIGEV_NOTIFY = flagSet(
  'sigev-notify',
  {
    SIGEV_SIGNAL: 0,
    SIGEV_NONE: 1,
    SIGEV_THREAD: 2,
    SIGEV_THREAD_ID: 4,
  },
  { kind: 'enum', unsupported: [] },
);
