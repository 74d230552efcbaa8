/**
 * `ringfence run`. Interface: runCommand, RunOptions, bootOptions, superviseGuest.
 * Streams are passed on byte by byte; the guest's exit status is the command's.
 */
import { statSync } from 'node:fs';
import {
  boot,
  openImage,
  SpawnError,
  startProfile,
  startStatistics,
  statisticsText,
  type BootOptions,
  type Exit,
  type GuestProcess,
  type OpenedImage,
  type Output,
  type SpawnRequest,
  type Statistics,
  type StatisticsCounter,
  type Volume,
} from '../index.ts';
import { parseBytes, parseDurationNs } from '../host/sizes.ts';
import type { System } from '../host/system.ts';
import { openStore } from '../image/store-node.ts';
import type { Limits } from '../kernel/kernel.ts';
import { EXIT, isReaderGone } from './failure.ts';
import { claimProcess } from './own-process.ts';
import { openProfile } from './profile.ts';
import { trackScreen, type ScreenModes } from './screen-modes.ts';
import { attachTerminal, terminalEnv, writeBeside } from './terminal.ts';

export interface RunOptions {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly volume: readonly string[];
  readonly env: readonly string[];
  readonly workdir?: string;
  readonly user: string;
  readonly memory: string;
  readonly hostname: string;
  readonly timeout?: string;
  readonly maxInstructions?: number;
  readonly maxProcesses?: number;
  readonly maxFiles?: number;
  readonly maxOutput?: string;
  readonly net: string;
  readonly readOnly?: boolean;
  readonly deterministic?: boolean;
  /** False: --no-translator. */
  readonly translator: boolean;
  /** False: --no-code-cache. */
  readonly codeCache: boolean;
  readonly kernelLog?: boolean;
  readonly json?: boolean;
  readonly profile?: string;
  readonly profileInterval?: number;
  readonly stats?: boolean;
}

const DEFAULT_IMAGE = 'debian-riscv64';

export async function runCommand(imageName: string, command: readonly string[], options: RunOptions): Promise<number> {
  claimProcess();
  const image = await openOrBuild(imageName);
  try {
    const system = await boot(bootOptions(image, options));
    const finishProfile = options.profile === undefined ? undefined : profileInto(options.profile, system, options);
    const statistics = options.stats === true ? startStatistics(system) : undefined;
    const guest = startGuest(system, image, command, options);
    const status = await superviseGuest(system, guest, options, statistics);
    finishProfile?.();
    return status;
  } finally {
    image.close();
  }
}

/** What it gives ends the profile and writes it. */
function profileInto(path: string, system: System, { profileInterval }: RunOptions): () => void {
  const profiler = startProfile(system, profileInterval === undefined ? {} : { interval: profileInterval });
  const write = openProfile(path);
  return () => write(profiler.stop());
}

/** Opens the image; the default one is built when it is not there yet. */
export async function openOrBuild(name: string): Promise<OpenedImage> {
  const store = openStore();
  if (name === DEFAULT_IMAGE && !store.has(name)) {
    const { buildCommand } = await import('./image.ts');
    await buildCommand(name, {});
  }
  return openImage(name, store);
}

export function bootOptions(image: OpenedImage, options: RunOptions): BootOptions {
  if (options.net !== 'none') throw new RangeError(`--net ${options.net}: there is no network yet; use --net none`);
  return {
    root: image,
    memory: parseMemory(options.memory),
    hostname: options.hostname,
    volumes: options.volume.map(parseVolume),
    limits: parseLimits(options),
    readOnlyRoot: options.readOnly ?? false,
    deterministic: options.deterministic ?? false,
    tier: options.translator ? 'both' : 'interpreter',
    codeCache: options.codeCache,
    ...(options.kernelLog === true ? { log: (line: string) => writeBeside(`[kernel] ${line}\n`) } : {}),
  };
}

export function startGuest(
  system: System,
  image: OpenedImage,
  command: readonly string[],
  options: RunOptions,
): GuestProcess {
  const config = image.kind === 'tree' ? image.meta.config : undefined;
  const argv = command.length > 0 ? command : defaultCommand(config);
  const env = { ...defaultEnv(options), ...environmentOf(config), ...parseEnv(options.env) };
  const cwd = options.workdir ?? config?.workingDir ?? '/';
  if (!cwd.startsWith('/')) throw new RangeError(`--workdir ${cwd}: write an absolute path, such as /${cwd}`);
  return spawnIn(cwd, system, argv, {
    cwd,
    env,
    user: parseUser(options.user),
    haltOnExit: true,
    stdin: options.interactive === true ? 'pipe' : 'ignore',
    ...(options.tty === true
      ? { terminal: { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 } }
      : {}),
  });
}

/** Says more of a program that is not there: its error is also that of a directory that is not there. */
function spawnIn(cwd: string, system: System, argv: readonly string[], request: SpawnRequest): GuestProcess {
  try {
    return system.spawn(argv, request);
  } catch (error) {
    if (!(error instanceof SpawnError) || (error.code !== 'ENOENT' && error.code !== 'ENOTDIR')) throw error;
    if (error.program.startsWith('-'))
      throw new SpawnError(error.code, error.program, 'no such program; options of Ringfence go before the image');
    if (cwd === '/') throw error;
    throw new SpawnError(error.code, error.program, `no such program, or no directory ${cwd} to start in (--workdir)`);
  }
}

/** Connects the guest to our standard streams until it ends; gives the exit status. */
export async function superviseGuest(
  system: System,
  guest: GuestProcess,
  options: RunOptions,
  statistics?: StatisticsCounter,
): Promise<number> {
  const detach =
    options.tty === true
      ? attachTerminal(system, guest, options.interactive === true)
      : attachPipes(system, guest, options);
  try {
    const screen = options.tty === true && process.stdout.isTTY ? trackScreen() : undefined;
    const outputs = [forward(guest.stdout, process.stdout, screen), forward(guest.stderr, process.stderr)];
    const exit = await guest.exited;
    await Promise.all(outputs);
    const reason = exit.reason ?? (system.kernel.halted?.kind === 'exited' ? null : system.kernel.halted);
    // A program that ends by itself leaves the screen as it wants to.
    if (screen !== undefined && (reason !== null || exit.signal !== null)) process.stdout.write(screen.undo());
    // Before we speak: a raw terminal would not return to the start of a line.
    detach();
    report({ ...exit, reason }, options, statistics?.read());
    return statusOf({ ...exit, reason });
  } finally {
    detach();
  }
}

function statusOf(exit: Exit): number {
  if (exit.reason?.kind === 'limit') return EXIT.limit;
  return exit.reason?.kind === 'oops' ? EXIT.failed : exit.exitCode;
}

function report(exit: Exit, options: RunOptions, statistics: Statistics | undefined): void {
  const { reason } = exit;
  if (reason?.kind === 'limit') process.stderr.write(`ringfence: stopped: ${reason.text}\n`);
  if (reason?.kind === 'oops') process.stderr.write(`ringfence: ${reason.report}\n`);
  if (options.json === true)
    process.stderr.write(`${JSON.stringify({ status: statusOf(exit), ...exit, ...(statistics && { statistics }) })}\n`);
  else if (statistics !== undefined) process.stderr.write(statisticsText(statistics));
}

async function forward(from: Output, to: NodeJS.WriteStream, screen?: ScreenModes): Promise<void> {
  let isOpen = true;
  let goOn = (): void => {};
  to.on('error', (error: NodeJS.ErrnoException) => {
    isOpen = false;
    // The guest learns that the reader went away as it would without us: by its next write.
    if (isReaderGone(error, to)) from.close();
    goOn();
  });
  to.on('drain', () => goOn());
  for await (const chunk of from) {
    if (!isOpen) continue;
    screen?.see(chunk);
    if (!to.write(chunk)) await new Promise<void>((resolve) => (goOn = resolve));
  }
}

/** So many interrupts within this time mean that the guest does not heed them and must go. */
const IMPATIENT_INTERRUPTS = 3;
const IMPATIENT_MS = 1000;

function attachPipes(system: System, guest: GuestProcess, options: RunOptions): () => void {
  let interrupts: number[] = [];
  const passOn = (signal: NodeJS.Signals): void => {
    guest.kill(signal);
    if (signal !== 'SIGINT') return;
    const now = performance.now();
    interrupts = [...interrupts.filter((at) => now - at < IMPATIENT_MS), now];
    if (interrupts.length >= IMPATIENT_INTERRUPTS) endImpatiently(system, guest);
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, passOn);
  const detachInput = options.interactive === true ? attachInput(guest) : () => {};
  return () => {
    for (const signal of signals) process.off(signal, passOn);
    detachInput();
  };
}

/** Only where it is asked for: to make process.stdin takes some milliseconds. */
function attachInput(guest: GuestProcess): () => void {
  const { stdin } = process;
  const onEnd = (): void => guest.stdin.end();
  const onData = (chunk: Buffer): void => {
    stdin.pause();
    void guest.stdin.write(chunk).then(() => stdin.resume());
  };
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
  return () => {
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
    stdin.pause();
    stdin.unref?.();
  };
}

/** Kills the guest; Ringfence itself, should that not be enough. */
function endImpatiently(system: System, guest: GuestProcess): void {
  guest.kill('SIGKILL');
  system.stop();
  setTimeout(() => process.exit(EXIT.interrupted), IMPATIENT_MS).unref();
}

function parseVolume(text: string): Volume {
  const match = /^(.+?):(\/[^:]*)(?::(ro|rw))?$/.exec(text);
  if (!match)
    throw new RangeError(
      `--volume ${text}: write HOST:GUEST, with an absolute GUEST, and :ro or :rw behind it if you like`,
    );
  const host = match[1]!;
  const found = statSync(host, { throwIfNoEntry: false });
  if (found === undefined)
    throw new RangeError(`--volume ${text}: there is no ${host} on this machine; make the directory first`);
  if (!found.isDirectory())
    throw new RangeError(`--volume ${text}: ${host} is not a directory; share the directory it is in`);
  return { host, guest: match[2]!, readOnly: match[3] !== 'rw' };
}

const LEAST_MEMORY = 8 * 2 ** 20;
const MOST_MEMORY = 3.5 * 2 ** 30;

function parseMemory(text: string): number {
  const bytes = named('--memory', () => parseBytes(text));
  if (bytes < LEAST_MEMORY)
    throw new RangeError(`--memory ${text}: that is too little to start a program; 8m is the least`);
  if (bytes > MOST_MEMORY) throw new RangeError(`--memory ${text}: a machine can have at most 3.5g`);
  return bytes;
}

/** Puts the option's name before what its value's parser has to say. */
function named<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${option}: ${error.message}`) : error;
  }
}

function parseLimits(options: RunOptions): Partial<Limits> {
  return {
    ...(options.timeout === undefined ? {} : { wallNs: named('--timeout', () => parseDurationNs(options.timeout!)) }),
    ...(options.maxInstructions === undefined ? {} : { instructions: options.maxInstructions }),
    ...(options.maxProcesses === undefined ? {} : { processes: options.maxProcesses }),
    ...(options.maxFiles === undefined ? {} : { openFiles: options.maxFiles }),
    ...(options.maxOutput === undefined
      ? {}
      : { outputBytes: named('--max-output', () => parseBytes(options.maxOutput!)) }),
  };
}

/** The one above means 'no id' to the kernel. */
const MOST_ID = 2 ** 32 - 2;

function parseUser(text: string): { uid: number; gid: number } {
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  if (!match) throw new RangeError(`--user ${text}: write a number, or UID:GID`);
  const [uid, gid] = [Number(match[1]), Number(match[2] ?? match[1])];
  if (uid > MOST_ID || gid > MOST_ID) throw new RangeError(`--user ${text}: ids go up to ${MOST_ID}`);
  return { uid, gid };
}

function parseEnv(entries: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at === 0 || entry === '') throw new RangeError(`--env ${entry}: write NAME=VALUE`);
    if (at > 0) env[entry.slice(0, at)] = entry.slice(at + 1);
    else if (process.env[entry] !== undefined) env[entry] = process.env[entry];
  }
  return env;
}

function defaultEnv(options: RunOptions): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: parseUser(options.user).uid === 0 ? '/root' : '/',
    HOSTNAME: options.hostname,
    ...(options.tty === true ? terminalEnv(process.env['TERM']) : {}),
  };
}

type Config = NonNullable<Extract<OpenedImage, { kind: 'tree' }>['meta']['config']>;

function environmentOf(config: Config | undefined): Record<string, string> {
  return parseEnv((config?.env ?? []).filter((entry) => entry.includes('=')));
}

function defaultCommand(config: Config | undefined): readonly string[] {
  const argv = [...(config?.entrypoint ?? []), ...(config?.cmd ?? [])];
  return argv.length > 0 ? argv : ['/bin/sh'];
}
