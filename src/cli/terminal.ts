/**
 * Our terminal as the guest's. Interface: attachTerminal, terminalEnv, writeBeside.
 * Every key goes to the guest's line discipline; the mode that we found is put back however we leave.
 */
import { spawnSync } from 'node:child_process';
import { isatty } from 'node:tty';
import type { GuestProcess } from '../index.ts';
import type { System } from '../host/system.ts';

/** Terminals that Debian's ncurses-base describes. */
const DESCRIBED =
  /^(ansi|dumb|linux|rxvt(-unicode)?(-256color)?|screen.*|tmux(-256color)?|vt(52|100|102|220)|xterm(-256color|-color|-mono|-r5|-r6|-vt220|-xfree86)?)$/;
/** How long a guest may take to end once its terminal is gone. */
const HANGUP_GRACE_MS = 2000;
/** What a keyboard sends for the end of file (VEOF). */
const END_OF_FILE = '\x04';

/** What a program finds in its environment about our terminal. A guest does not know every kind; nearly all do what xterm does. */
export function terminalEnv(term = 'xterm'): Record<string, string> {
  return { TERM: DESCRIBED.test(term) ? term : 'xterm-256color', LANG: 'C.UTF-8' };
}

/** Connects keyboard and size; the result puts everything back. */
export function attachTerminal(system: System, guest: GuestProcess, interactive: boolean): () => void {
  const { stdin, stdout } = process;
  const isRaw = interactive && stdin.isTTY;
  let grace: NodeJS.Timeout | undefined;
  let isAttached = true;

  const onData = (chunk: Buffer): void => {
    stdin.pause();
    void guest.stdin.write(chunk).then(() => isAttached && stdin.resume());
  };
  const onResize = (): void => guest.resize(stdout.columns || 80, stdout.rows || 24);
  const restore = (): void => {
    if (isRaw) stdin.setRawMode(false);
  };
  // Shells heed SIGHUP, not SIGTERM; whatever heeds neither must not stay behind unseen.
  const onHangup = (): void => {
    guest.kill('SIGHUP');
    grace ??= setTimeout(() => system.stop(), HANGUP_GRACE_MS);
  };
  const onEnd = (): void => (isRaw ? onHangup() : void guest.stdin.write(END_OF_FILE));
  const onInterrupt = (): void => guest.kill('SIGINT');
  const onQuit = (): void => guest.kill('SIGQUIT');
  // The shell that stopped us has set modes of its own; Node does not know, and would see no change.
  const onContinue = (): void => {
    if (!isRaw) return;
    stdin.setRawMode(false);
    makeRaw(stdin);
    onResize();
  };
  const signals: readonly [NodeJS.Signals, () => void][] = [
    ['SIGTERM', onHangup],
    ['SIGHUP', onHangup],
    ['SIGINT', onInterrupt],
    ['SIGQUIT', onQuit],
    ['SIGCONT', onContinue],
  ];

  if (isRaw) makeRaw(stdin);
  if (interactive) stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
  stdout.on('resize', onResize);
  process.on('exit', restore);
  for (const [signal, handler] of signals) process.on(signal, handler);
  return () => {
    isAttached = false;
    stdin.off('data', onData).off('end', onEnd);
    stdout.off('resize', onResize);
    process.off('exit', restore);
    for (const [signal, handler] of signals) process.off(signal, handler);
    // An error handler stays: restoring a terminal that went away emits one.
    restore();
    clearTimeout(grace);
    stdin.pause();
    stdin.unref?.();
    // Node aborts when it cannot reset a terminal as it exits; to die of the hang-up is what is due anyway.
    if (isRaw && !isatty(stdin.fd)) process.kill(process.pid, 'SIGHUP');
  };
}

/** Node's raw mode still makes CR LF of a line feed on its way out, which the guest's terminal has done, or left out on purpose. */
function makeRaw(stdin: NodeJS.ReadStream): void {
  stdin.setRawMode(true);
  if (process.platform !== 'win32') spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** Writes lines on standard error, which may be the terminal that the guest has. */
export function writeBeside(text: string, encoding: BufferEncoding = 'utf8'): void {
  const isRaw = process.stderr.isTTY && process.stdin.isRaw;
  process.stderr.write(isRaw ? text.replaceAll('\n', '\r\n') : text, encoding);
}
