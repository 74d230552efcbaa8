/**
 * A process that the host started in a system: its streams and its end.
 *
 * Interface: GuestProcess, SpawnRequest, Exit. Made by System.spawn; the system's pump moves its bytes.
 */
import type { ExitReason } from '../kernel/kernel.ts';
import type { Input } from './input.ts';
import type { Output } from './output.ts';

export interface SpawnRequest {
  /** Working directory; default '/'. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Numeric ids; default 0:0. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Gives the process a terminal in place of the three pipes. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  /** 'pipe' (default): write to `stdin`. 'ignore': reads end of file at once. */
  readonly stdin?: 'pipe' | 'ignore';
  /** The whole system stops when this process ends. */
  readonly haltOnExit?: boolean;
}

export interface Exit {
  /** Exit status, or 128 + signal where a signal killed it: what a shell would show. */
  readonly exitCode: number;
  /** The signal that killed it ('SIGSEGV'), or null. */
  readonly signal: string | null;
  readonly coreDumped: boolean;
  readonly usage: GuestUsage;
  /** Why it was stopped, when that was not its own doing: a limit of the sandbox, a kernel bug. */
  readonly reason: ExitReason | null;
}

/** What a process used, its waited-for children included. */
export interface GuestUsage {
  readonly userMs: number;
  readonly systemMs: number;
  readonly maxRssBytes: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
}

export interface GuestProcess {
  readonly pid: number;
  /** Standard input, or the terminal's keyboard. */
  readonly stdin: Input;
  /** Standard output, or all that the terminal shows. */
  readonly stdout: Output;
  /** Standard error; ends at once when there is a terminal. */
  readonly stderr: Output;
  readonly exited: Promise<Exit>;
  /** Sends a signal by name or number; default SIGTERM. */
  kill(signal?: string | number): void;
  /** The terminal's new size: its foreground processes get SIGWINCH. */
  resize(columns: number, rows: number): void;
}
