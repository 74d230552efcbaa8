/**
 * Signals: numbers and default actions. See signal(7). The numbers are asm-generic's, which x86 shares.
 *
 * Interface: SIGNALS, SignalName, SIGRTMIN, SIGRTMAX, NSIG, SIG_DFL, SIG_IGN, signalName, DefaultAction, defaultAction.
 */

export const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

export type SignalName = keyof typeof SIGNALS;

/** The kernel's first real-time signal. The C library keeps 32 and 33 for itself, so its SIGRTMIN is 34. */
export const SIGRTMIN = 32;
export const SIGRTMAX = 64;
/** Signals are 1 … NSIG. */
export const NSIG = 64;

export const SIG_DFL = 0;
export const SIG_IGN = 1;

const NAMES: readonly (string | undefined)[] = (() => {
  const names: (string | undefined)[] = [];
  for (const [name, signo] of Object.entries(SIGNALS)) names[signo] = name;
  return names;
})();

/** The name as strace prints it; real-time signals as SIGRT_n, counted from SIGRTMIN; others as the number. */
export function signalName(signo: number): string {
  if (signo >= SIGRTMIN && signo <= SIGRTMAX) return signo === SIGRTMIN ? 'SIGRTMIN' : `SIGRT_${signo - SIGRTMIN}`;
  return NAMES[signo] ?? String(signo);
}

/** What a signal does that nobody handles. `core` terminates and would write a core file. */
export type DefaultAction = 'terminate' | 'core' | 'stop' | 'continue' | 'ignore';

const ACTIONS: Readonly<Partial<Record<number, DefaultAction>>> = {
  [SIGNALS.SIGQUIT]: 'core',
  [SIGNALS.SIGILL]: 'core',
  [SIGNALS.SIGTRAP]: 'core',
  [SIGNALS.SIGABRT]: 'core',
  [SIGNALS.SIGBUS]: 'core',
  [SIGNALS.SIGFPE]: 'core',
  [SIGNALS.SIGSEGV]: 'core',
  [SIGNALS.SIGXCPU]: 'core',
  [SIGNALS.SIGXFSZ]: 'core',
  [SIGNALS.SIGSYS]: 'core',
  [SIGNALS.SIGCHLD]: 'ignore',
  [SIGNALS.SIGURG]: 'ignore',
  [SIGNALS.SIGWINCH]: 'ignore',
  [SIGNALS.SIGCONT]: 'continue',
  [SIGNALS.SIGSTOP]: 'stop',
  [SIGNALS.SIGTSTP]: 'stop',
  [SIGNALS.SIGTTIN]: 'stop',
  [SIGNALS.SIGTTOU]: 'stop',
};

export function defaultAction(signo: number): DefaultAction {
  return ACTIONS[signo] ?? 'terminate';
}
