/**
 * A real terminal for tests: a tmux server of its own, with keys sent and the screen read.
 * Interface: openTerminal, Terminal. Everything waits for what is on the screen; nothing sleeps for a fixed time.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { requireTool } from '../support/tools.ts';

const POLL_MS = 40;
const PATIENCE_MS = 20_000;

export interface Terminal {
  /** The screen's lines without trailing blanks. */
  screen(): string;
  /** Types text as it stands. */
  type(text: string): void;
  /** Presses keys by tmux's names: Enter, Tab, C-c, Left. */
  press(...keys: string[]): void;
  /** Types a line and presses Enter. */
  enter(line: string): void;
  /** Pastes as a terminal does. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen matches; gives the screen. */
  expect(pattern: RegExp): Promise<string>;
  /** Process of the program that the window's shell runs. */
  childOfShell(): number;
  /** Closes the window, as a person does: the programs in it hear SIGHUP. */
  close(): void;
}

/** Runs a shell command in a new terminal of that size. */
export function openTerminal(command: string, columns = 80, rows = 24): Terminal {
  requireTool('tmux');
  const server = `ringfence-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const tmux = (args: readonly string[], input?: string): string => {
    const { stdout, stderr, status } = spawnSync('tmux', ['-L', server, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...process.env, LANG: 'C.UTF-8' },
      ...(input === undefined ? {} : { input }),
    });
    if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  tmux(['-u', 'new-session', '-d', '-x', String(columns), '-y', String(rows), command]);
  tmux(['set-option', '-g', 'remain-on-exit', 'on']);

  const screen = (): string => tmux(['capture-pane', '-p']).replace(/[ \n]+$/, '');
  const press = (...keys: string[]): void => void tmux(['send-keys', ...keys]);
  const type = (text: string): void => void tmux(['send-keys', '-l', text]);
  return {
    screen,
    type,
    press,
    enter(line) {
      type(line);
      press('Enter');
    },
    paste(text) {
      tmux(['load-buffer', '-'], text);
      tmux(['paste-buffer', '-r']);
    },
    resize: (width, height) => void tmux(['resize-window', '-x', String(width), '-y', String(height)]),
    async expect(pattern) {
      for (const end = Date.now() + PATIENCE_MS; ;) {
        const text = screen();
        if (pattern.test(text)) return text;
        if (Date.now() > end) throw new Error(`the screen never matched ${String(pattern)}:\n${text}`);
        await delay(POLL_MS);
      }
    },
    childOfShell() {
      const shell = tmux(['display-message', '-p', '#{pane_pid}']).trim();
      const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', shell], { encoding: 'utf8' });
      return Number(stdout.trim().split('\n')[0]);
    },
    close: () => void spawnSync('tmux', ['-L', server, 'kill-server']),
  };
}
